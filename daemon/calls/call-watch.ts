import {
  type CallSignal,
  type CallSignalOptions,
  createCallSignal,
  type MonotonicClock,
  monotonicClock,
} from './deadline.ts';

export interface CallWatchOptions extends CallSignalOptions {
  readonly deadlineMs: number;
  /** Monotonic milliseconds from which the deadline counts. */
  readonly startedAt: number;
}

/**
 * The {@link CallSignal} of a call, made when somebody first looks at it. A tool that answers at once, without having
 * looked, cannot be aborted in between: nothing else runs on the loop. For such a call timer and listeners were the
 * dearest part.
 */
export class CallWatch {
  readonly #options: CallWatchOptions;
  readonly #clock: MonotonicClock;
  #made: CallSignal | undefined;
  #isDisposed = false;

  constructor(options: CallWatchOptions) {
    this.#options = options;
    this.#clock = options.clock ?? monotonicClock;
  }

  /** From now on abort and deadline are watched, until `dispose`. */
  get call(): CallSignal {
    if (this.#made !== undefined) return this.#made;
    if (this.#isDisposed) {
      this.#made = createCallSignal({}); // nobody's child: it is never aborted
      return this.#made;
    }
    const { startedAt, deadlineMs } = this.#options;
    const usedMs = Math.floor(this.#clock() - startedAt);
    this.#made = createCallSignal({ ...this.#options, deadlineMs: Math.max(0, deadlineMs - usedMs) });
    return this.#made;
  }

  /** Whether the call has been aborted. Makes no signal. */
  get isAborted(): boolean {
    if (this.#made !== undefined) return this.#made.signal.aborted;
    if (this.#isDisposed) return false;
    const { cancelled, sessionGone, shutdown } = this.#options;
    return cancelled?.aborted === true || sessionGone?.aborted === true || shutdown?.aborted === true;
  }

  /** Whether anything that is still reported comes too late: aborted, or answered. */
  get isOver(): boolean {
    return this.#isDisposed || this.isAborted;
  }

  /** The call has settled: nothing aborts it any more. Safe to call twice. */
  dispose(): void {
    this.#isDisposed = true;
    this.#made?.dispose();
  }
}
