import { performance } from 'node:perf_hooks';

export interface HeartbeatOptions {
  /** 0 switches the heartbeat off. */
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Monotonic milliseconds of the last byte received. */
  lastReadAt(): number;
  sendPing(): void;
  onLost(): void;
  readonly clock?: HeartbeatClock;
}

/** Monotonic time and one timer; replaced in tests. */
export interface HeartbeatClock {
  now(): number;
  schedule(action: () => void, delayMs: number): () => void;
}

/** Timers run before sockets are read: after a busy moment, what has arrived is read before a peer is judged. */
const lastLookMs = 50;

const systemClock: HeartbeatClock = {
  now: () => performance.now(),
  schedule: (action, delayMs) => {
    const timer = setTimeout(action, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/**
 * Pings a quiet peer and reports it lost when nothing at all comes back (WIRE §5.1). A timer that fires late by more
 * than an interval means that the machine slept: the peer gets a fresh ping and the full time-out before it is judged.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #clock: HeartbeatClock;
  #cancel: (() => void) | undefined;
  #isStopped = false;
  #toleratedMs = 0;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
  }

  start(): void {
    if (this.#options.intervalMs > 0) this.#schedulePing();
  }

  /** From now on a peer is not judged before it has been silent for so long, however many pings it left unanswered. */
  tolerate(silenceMs: number): void {
    this.#toleratedMs = silenceMs;
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel?.();
  }

  #schedulePing(): void {
    const quietFor = this.#clock.now() - this.#options.lastReadAt();
    const delayMs = Math.max(1, this.#options.intervalMs - Math.max(0, quietFor));
    this.#cancel = this.#clock.schedule(() => {
      if (this.#isStopped) return;
      const quietNow = this.#clock.now() - this.#options.lastReadAt();
      if (quietNow < this.#options.intervalMs) this.#schedulePing();
      else this.#pingAndJudge();
    }, delayMs);
  }

  #pingAndJudge(): void {
    const pingedAt = this.#clock.now();
    this.#options.sendPing();
    this.#judge(pingedAt, this.#options.timeoutMs, false);
  }

  #judge(pingedAt: number, delayMs: number, isLastLook: boolean): void {
    const dueAt = this.#clock.now() + delayMs;
    this.#cancel = this.#clock.schedule(() => {
      if (this.#isStopped) return;
      if (this.#options.lastReadAt() >= pingedAt) this.#schedulePing();
      else if (this.#clock.now() - dueAt > this.#options.intervalMs) this.#pingAndJudge();
      else if (this.#clock.now() - this.#options.lastReadAt() < this.#toleratedMs) this.#pingAndJudge();
      else if (isLastLook) this.#options.onLost();
      else this.#judge(pingedAt, lastLookMs, true);
    }, delayMs);
  }
}
