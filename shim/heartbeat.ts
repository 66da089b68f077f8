import type { Clock } from './clock.ts';

export interface HeartbeatOptions {
  readonly clock: Clock;
  /** 0 switches the heartbeat off. */
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Monotonic milliseconds of the last byte received. */
  readonly lastReadAt: () => number;
  /** Reading is paused because the editor does not read: silence then says nothing. */
  readonly isReadingPaused: () => boolean;
  readonly sendPing: () => void;
  readonly onLost: () => void;
}

/**
 * Pings a quiet daemon and reports it lost when nothing at all comes back (WIRE §5.1). A timer that fires late by more
 * than an interval means that the machine slept: the daemon gets a fresh ping and the full time-out before it is judged.
 * While reading is paused it only pings, so that the daemon sees life. Pausing is noticed by `check`.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #cancelTimer: (() => void) | undefined;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#options.intervalMs > 0) this.#waitForQuiet();
  }

  /** Reading has been paused or continued. */
  check(): void {
    if (this.#cancelTimer === undefined) return;
    this.stop();
    this.#waitForQuiet();
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #waitForQuiet(): void {
    const { clock, intervalMs, lastReadAt, isReadingPaused } = this.#options;
    if (isReadingPaused()) {
      this.#showLife();
      return;
    }
    const quietMs = Math.max(0, clock.now() - lastReadAt());
    this.#cancelTimer = clock.schedule(
      () => {
        if (isReadingPaused() || clock.now() - lastReadAt() < intervalMs) this.#waitForQuiet();
        else this.#pingAndJudge();
      },
      Math.max(1, intervalMs - quietMs),
    );
  }

  /** The daemon's own pings are not read now. What it gets from us must come more often than it judges. */
  #showLife(): void {
    const { clock, intervalMs, timeoutMs, sendPing } = this.#options;
    sendPing();
    this.#cancelTimer = clock.schedule(() => this.#waitForQuiet(), Math.max(1, Math.min(intervalMs, timeoutMs) / 2));
  }

  #pingAndJudge(): void {
    const { clock, intervalMs, timeoutMs, lastReadAt, isReadingPaused, sendPing, onLost } = this.#options;
    const pingedAt = clock.now();
    sendPing();
    this.#cancelTimer = clock.schedule(() => {
      if (isReadingPaused() || lastReadAt() >= pingedAt) {
        this.#waitForQuiet();
        return;
      }
      const lateMs = clock.now() - pingedAt - timeoutMs;
      if (lateMs > intervalMs) this.#pingAndJudge();
      else onLost();
    }, timeoutMs);
  }
}
