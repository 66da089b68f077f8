const seconds = 60;

/** How often something has happened in the last minute, to the second, in constant memory. */
export class SlidingMinute {
  readonly #now: () => number;
  readonly #counts = new Uint32Array(seconds);
  #total = 0;
  /** Second of the newest count. */
  #second = 0;
  #since: number | null = null;

  /** `now`: epoch milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  add(): void {
    this.#turn();
    this.#since ??= this.#now() / 1000;
    this.#counts[this.#second % seconds] = (this.#counts[this.#second % seconds] ?? 0) + 1;
    this.#total += 1;
  }

  get total(): number {
    this.#turn();
    return this.#total;
  }

  /** Epoch seconds of the first event since the last quiet minute; null while the minute is empty. */
  get since(): number | null {
    this.#turn();
    return this.#since;
  }

  /** Forgets what has become a minute old, and everything when the clock was set back. */
  #turn(): void {
    const second = Math.floor(this.#now() / 1000);
    if (second === this.#second) return;
    const passed = second - this.#second;
    if (passed < 0 || passed >= seconds) {
      this.#counts.fill(0);
      this.#total = 0;
    } else {
      for (let at = this.#second + 1; at <= second; at += 1) {
        this.#total -= this.#counts[at % seconds] ?? 0;
        this.#counts[at % seconds] = 0;
      }
    }
    this.#second = second;
    if (this.#total === 0) this.#since = null;
  }
}
