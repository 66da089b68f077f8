import { performance } from 'node:perf_hooks';

/** Milliseconds since some fixed moment. Never jumps: setting the wall clock does not move it. */
export type MonotonicClock = () => number;

export const monotonicClock: MonotonicClock = () => performance.now();

/** Runs `task` once after `delayMs`; the returned function takes it back and may be called at any time. */
export type Schedule = (task: () => void, delayMs: number) => () => void;

/** Timers of the event loop, which run on monotonic time. They do not keep the process alive. */
export const scheduleUnref: Schedule = (task, delayMs) => {
  const timer = setTimeout(task, delayMs);
  timer.unref();
  return () => clearTimeout(timer);
};

/** Why a call was aborted. `cancelled` stands for the client or an admin, `timeout` for the daemon's deadline. */
export type CallAbortReason = 'cancelled' | 'session-ended' | 'timeout' | 'shutdown';

const abortTexts: Readonly<Record<CallAbortReason, string>> = {
  cancelled: 'The call was cancelled.',
  'session-ended': 'The session of this call has ended.',
  timeout: 'The call did not finish before its deadline.',
  shutdown: 'The daemon is stopping.',
};

/** What `signal.reason` of an aborted call is, so that tools can throw it as it stands. */
export class CallAbortError extends Error {
  readonly reason: CallAbortReason;

  constructor(reason: CallAbortReason) {
    super(abortTexts[reason]);
    this.name = 'AbortError';
    this.reason = reason;
  }
}

export interface CallSignalOptions {
  /** Milliseconds from now (WIRE §7.2: from the moment the lease is held). Absent: no deadline. */
  readonly deadlineMs?: number;
  /** Aborts when the client, or an admin, cancels this call. */
  readonly cancelled?: AbortSignal;
  /** Aborts when the session of this call ends. */
  readonly sessionGone?: AbortSignal;
  /** Aborts when the daemon will wait for calls no longer. */
  readonly shutdown?: AbortSignal;
  readonly clock?: MonotonicClock;
  readonly schedule?: Schedule;
}

export interface CallSignal {
  readonly signal: AbortSignal;
  /** Undefined while the call has not been aborted. The first cause wins and stays. */
  reason(): CallAbortReason | undefined;
  /** Milliseconds to the deadline, never below 0; undefined without one. */
  remainingMs(): number | undefined;
  /** Aborts from outside; without effect once aborted or disposed. */
  abort(reason: CallAbortReason): void;
  /**
   * Takes timer and listeners away. Who created the signal calls it when the call has settled; safe to call twice.
   * Nothing aborts the signal afterwards.
   */
  dispose(): void;
}

/**
 * The one signal of a call: client cancel ∪ session gone ∪ shutdown ∪ deadline. A parent that is aborted already aborts
 * it at once, in that order.
 */
export function createCallSignal(options: CallSignalOptions): CallSignal {
  return new ParentedCallSignal(options);
}

class ParentedCallSignal implements CallSignal {
  readonly #controller = new AbortController();
  readonly #clock: MonotonicClock;
  readonly #deadlineAt: number | undefined;
  #cleanUps: (() => void)[] = [];
  #reason: CallAbortReason | undefined;
  #isClosed = false;

  constructor(options: CallSignalOptions) {
    const { deadlineMs, clock = monotonicClock, schedule = scheduleUnref } = options;
    this.#clock = clock;
    this.#follow(options.cancelled, 'cancelled');
    this.#follow(options.sessionGone, 'session-ended');
    this.#follow(options.shutdown, 'shutdown');
    this.#deadlineAt = deadlineMs === undefined ? undefined : clock() + deadlineMs;
    if (deadlineMs !== undefined && !this.#isClosed) {
      this.#cleanUps.push(schedule(() => this.abort('timeout'), deadlineMs));
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  reason(): CallAbortReason | undefined {
    return this.#reason;
  }

  remainingMs(): number | undefined {
    return this.#deadlineAt === undefined ? undefined : Math.max(0, this.#deadlineAt - this.#clock());
  }

  abort(reason: CallAbortReason): void {
    if (this.#isClosed) return;
    this.#reason = reason;
    this.dispose();
    this.#controller.abort(new CallAbortError(reason));
  }

  dispose(): void {
    this.#isClosed = true;
    for (const cleanUp of this.#cleanUps) cleanUp();
    this.#cleanUps = [];
  }

  #follow(parent: AbortSignal | undefined, reason: CallAbortReason): void {
    if (parent === undefined || this.#isClosed) return;
    if (parent.aborted) {
      this.abort(reason);
      return;
    }
    const onAbort = (): void => this.abort(reason);
    parent.addEventListener('abort', onAbort, { once: true });
    this.#cleanUps.push(() => parent.removeEventListener('abort', onAbort));
  }
}
