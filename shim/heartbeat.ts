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
 *
 * While reading is paused nobody is judged. The daemon's own pings are not answered then, so it is sent some, often
 * enough to show it life and seldom enough not to look like a flood, however often reading stops and goes on.
 */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  #cancelTimer: (() => void) | undefined;
  #cancelLifeTimer: (() => void) | undefined;
  #isStopped = false;

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  start(): void {
    if (this.#options.intervalMs > 0) this.#waitForQuiet();
  }

  /** Reading has been paused. Safe to call as often as that happens. */
  onReadingPaused(): void {
    const { clock, intervalMs, timeoutMs } = this.#options;
    if (intervalMs === 0 || this.#isStopped || this.#cancelLifeTimer !== undefined) return;
    const delayMs = Math.max(1, Math.min(intervalMs, timeoutMs) / 2);
    this.#cancelLifeTimer = clock.schedule(() => this.#showLife(), delayMs);
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancelTimer?.();
    this.#cancelLifeTimer?.();
  }

  #showLife(): void {
    this.#cancelLifeTimer = undefined;
    if (!this.#options.isReadingPaused()) return;
    this.#options.sendPing();
    this.onReadingPaused();
  }

  #waitForQuiet(): void {
    const { clock, intervalMs, lastReadAt, isReadingPaused } = this.#options;
    const quietMs = isReadingPaused() ? 0 : Math.max(0, clock.now() - lastReadAt());
    this.#cancelTimer = clock.schedule(
      () => {
        if (isReadingPaused() || clock.now() - lastReadAt() < intervalMs) this.#waitForQuiet();
        else this.#pingAndJudge();
      },
      Math.max(1, intervalMs - quietMs),
    );
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
