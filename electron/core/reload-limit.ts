const withinMs = 60_000;
const most = 3;

/** A page that has died is loaded again, but not for ever: one that dies while it loads would fill the crash log. */
export class ReloadLimit {
  readonly #now: () => number;
  #times: number[] = [];

  /** @param now milliseconds that only grow */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether it may be loaded once more; counts it when it may. At most three times in a minute. */
  allows(): boolean {
    const now = this.#now();
    this.#times = this.#times.filter((time) => now - time < withinMs);
    if (this.#times.length >= most) return false;
    this.#times.push(now);
    return true;
  }
}
