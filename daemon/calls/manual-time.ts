import type { MonotonicClock, Schedule } from './deadline.ts';

/** Clock and timers for tests: time stands still until `advance`. */
export class ManualTime {
  #now = 0;
  readonly #timers = new Set<{ readonly at: number; readonly task: () => void }>();

  readonly clock: MonotonicClock = () => this.#now;

  readonly schedule: Schedule = (task, delayMs) => {
    const timer = { at: this.#now + delayMs, task };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  };

  /** Timers that are set and have neither run nor been taken back. */
  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Runs what falls due, in order of time. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#timers].filter((timer) => timer.at <= end).toSorted((left, right) => left.at - right.at)[0];
      if (due === undefined) break;
      this.#timers.delete(due);
      this.#now = Math.max(this.#now, due.at);
      due.task();
    }
    this.#now = end;
  }
}
