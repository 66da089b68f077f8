import type { Clock } from '../clock.ts';

interface Planned {
  at: number;
  readonly callback: () => void;
}

/** Time that goes on only when a test says so. */
export class ManualClock implements Clock {
  #now = 1_000_000;
  readonly #planned = new Set<Planned>();

  now(): number {
    return this.#now;
  }

  schedule(callback: () => void, delayMs: number): () => void {
    const planned = { at: this.#now + delayMs, callback };
    this.#planned.add(planned);
    return () => this.#planned.delete(planned);
  }

  /** The machine sleeps: the clock goes on, timers fire late and all at once. */
  sleep(ms: number): void {
    this.#now += ms;
  }

  /** Fires what is due, in order, and lets what was woken run. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settle();
      const [next] = [...this.#planned].filter(({ at }) => at <= end).toSorted((a, b) => a.at - b.at);
      if (next === undefined) break;
      this.#planned.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
    }
    this.#now = Math.max(this.#now, end);
  }
}

/** Lets promises that are settled already call back. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
