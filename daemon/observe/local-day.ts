/**
 * Days of the daemon's time zone, told apart by a number: counters of another day count as 0. Asking is a comparison; the
 * calendar is only looked at once a day, or when somebody has set the clock back.
 */
export class LocalDay {
  readonly #now: () => number;
  #number = 0;
  #startsAtMs = 0;
  #endsAtMs = 0;

  /** `now`: epoch milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Changes at local midnight. */
  get number(): number {
    const now = this.#now();
    if (now >= this.#endsAtMs || now < this.#startsAtMs) this.#turnTo(now);
    return this.#number;
  }

  #turnTo(now: number): void {
    const day = new Date(now);
    this.#startsAtMs = day.setHours(0, 0, 0, 0);
    this.#endsAtMs = day.setDate(day.getDate() + 1); // 23 or 25 hours later where clocks change
    this.#number += 1;
  }
}
