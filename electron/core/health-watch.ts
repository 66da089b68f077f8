import type { Clock } from './clock.ts';

export interface HealthWatchOptions {
  readonly clock: Clock;
  /** How often the feed says that it is alive when nothing else happens. */
  readonly heartbeatMs: number;
  /** Asks the daemon itself; resolves within the time given. */
  readonly isAnswering: (timeoutMs: number) => Promise<boolean>;
  /** It has not answered once, or it answers again. */
  readonly onSilence: (isSilent: boolean) => void;
  /** It has not answered three times in a row. */
  readonly onDead: () => void;
  /** It was looked at far too late: the machine slept. */
  readonly onSlept?: () => void;
}

const missedBeforeDead = 3;

/**
 * Judges a daemon that has a process by what is heard of it. Silence alone proves nothing (the machine may have slept, the
 * feed may have broken): before it counts, the daemon is asked.
 */
export class HealthWatch {
  readonly #options: HealthWatchOptions;
  #heardAt: number;
  #lookedAt: number;
  #missed = 0;
  #isStopped = false;
  #isAsking = false;
  #cancel: () => void = () => undefined;

  constructor(options: HealthWatchOptions) {
    this.#options = options;
    this.#heardAt = this.#lookedAt = options.clock.now();
    this.#plan();
  }

  /** Anything came from the daemon. */
  heard(): void {
    this.#heardAt = this.#options.clock.now();
    if (this.#missed === 0) return;
    this.#missed = 0;
    this.#options.onSilence(false);
  }

  /** What was heard so far says nothing any more: asks at once. */
  recheck(): void {
    if (this.#isStopped || this.#isAsking) return;
    this.#cancel();
    this.#lookedAt = this.#options.clock.now();
    this.#heardAt = Number.NEGATIVE_INFINITY;
    void this.#look();
  }

  stop(): void {
    this.#isStopped = true;
    this.#cancel();
  }

  #plan(): void {
    const { clock, heartbeatMs } = this.#options;
    this.#cancel = clock.schedule(() => void this.#look(), heartbeatMs);
  }

  async #look(): Promise<void> {
    const { clock, heartbeatMs, isAnswering, onSilence, onDead, onSlept } = this.#options;
    const now = clock.now();
    // Far too late: the machine slept. What was heard before that says nothing, so silence counts from here.
    if (now - this.#lookedAt > 3 * heartbeatMs) {
      this.#heardAt = now;
      onSlept?.();
    }
    if (now - this.#heardAt > 1.5 * heartbeatMs) {
      this.#isAsking = true;
      const answers = await isAnswering(heartbeatMs);
      this.#isAsking = false;
      if (this.#isStopped) return;
      if (answers) this.heard();
      else {
        this.#missed += 1;
        if (this.#missed === 1) onSilence(true);
        if (this.#missed >= missedBeforeDead) {
          onDead();
          return;
        }
      }
    }
    this.#lookedAt = clock.now();
    this.#plan();
  }
}
