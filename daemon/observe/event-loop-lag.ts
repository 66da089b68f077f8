import { performance } from 'node:perf_hooks';

export interface EventLoopLagOptions {
  /** Between two looks. Each look wakes the process: 500 ms cost 0.01 % of a core. */
  readonly intervalMs?: number;
  /** Looks that are remembered: the reading is the worst of them. */
  readonly remembered?: number;
  /** Monotonic milliseconds. */
  readonly clock?: () => number;
}

/**
 * How late the loop is: a timer notes by how much it was late, and the reading is the worst of the last 10 s. Coarse
 * on purpose: the histogram of `perf_hooks` sees every hiccup, but wakes an idle daemon a hundred times as often.
 */
export class EventLoopLag {
  readonly #intervalMs: number;
  readonly #clock: () => number;
  readonly #lags: number[];
  #next = 0;
  #dueAt = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor({ intervalMs = 500, remembered = 20, clock = () => performance.now() }: EventLoopLagOptions = {}) {
    this.#intervalMs = intervalMs;
    this.#clock = clock;
    this.#lags = Array.from({ length: remembered }, () => 0);
  }

  /** The longest delay among the last looks, in milliseconds; 0 before the first. */
  get maxMs(): number {
    return Math.max(...this.#lags);
  }

  /** Does not keep the process alive. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#dueAt = this.#clock() + this.#intervalMs;
    this.#timer = setInterval(() => this.#look(), this.#intervalMs);
    this.#timer.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #look(): void {
    const now = this.#clock();
    this.#lags[this.#next] = Math.max(0, now - this.#dueAt);
    this.#next = (this.#next + 1) % this.#lags.length;
    // A Node interval counts from the start of the last run, so this is when the next one is due.
    this.#dueAt = now + this.#intervalMs;
  }
}
