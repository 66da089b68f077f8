import type { Logger } from '../platform/json-logger.ts';
import { limits } from '../protocol/limits.ts';
import type { StartResult } from './autostart.ts';
import { type AutostartFacts, shouldAutostart } from './autostart-policy.ts';
import type { Clock } from './clock.ts';

export interface DaemonStarterOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** `EXAI_WS_AUTOSTART`. */
  readonly isOn: boolean;
  readonly startDaemon: (
    launch: readonly string[] | undefined,
    isStillAbsent: () => Promise<boolean>,
  ) => Promise<StartResult>;
  /** Asked while holding the lock on starting: another window may have been faster. */
  readonly isStillAbsent: () => Promise<boolean>;
  /** A daemon has been started and is not there yet. */
  readonly onStarted: () => void;
  /** None could be started; the reason is in `problem`. */
  readonly onFailed: (problem: string) => void;
}

/** What the decision needs besides the starter's own history. */
export type StartQuestion = Pick<
  AutostartFacts,
  'wasConnected' | 'awayMs' | 'lastDaemon' | 'hasOwner' | 'isWaitedFor'
> & {
  readonly isStartable: boolean;
  readonly launch: readonly string[] | undefined;
};

/** Starts the daemon for this window, when that is sensible (WIRE §5.3), and remembers how it went. */
export class DaemonStarter {
  readonly #options: DaemonStarterOptions;
  #starts = 0;
  #lastStartAt = 0;
  #isStarting = false;
  #release: (() => void) | undefined;
  #problem: string | undefined;

  constructor(options: DaemonStarterOptions) {
    this.#options = options;
  }

  /** Why a daemon that this window started, or tried to start, is not there. */
  get problem(): string | undefined {
    return this.#problem;
  }

  consider(question: StartQuestion): void {
    const now = this.#options.clock.now();
    const isSensible = shouldAutostart({
      ...question,
      isAllowed: this.#options.isOn && question.isStartable && !this.#isStarting && this.#release === undefined,
      starts: this.#starts,
      sinceLastStartMs: now - this.#lastStartAt,
    });
    if (!isSensible) return;
    this.#starts += 1;
    this.#lastStartAt = now;
    this.#isStarting = true;
    // Starting a process takes time: what the editor waits for goes out first.
    setImmediate(() => void this.#start(question.launch));
  }

  /** The daemon that this window started has ended. */
  onEnded(problem: string): void {
    this.#problem = problem;
  }

  /** The daemon is there. */
  reached(): void {
    this.#starts = 0;
    this.#problem = undefined;
    this.stop();
  }

  /** Others may start the daemon from now on. Safe to call again. */
  stop(): void {
    this.#release?.();
    this.#release = undefined;
  }

  async #start(launch: readonly string[] | undefined): Promise<void> {
    const { startDaemon, isStillAbsent, onStarted, onFailed, logger, clock } = this.#options;
    const result = await startDaemon(launch, isStillAbsent);
    this.#isStarting = false;
    switch (result.type) {
      case 'elsewhere':
        this.#starts -= 1; // not ours: no reason to wait longer next time
        return;
      case 'failed':
        this.#problem = result.message;
        logger.warn('no daemon was started', { reason: result.message });
        onFailed(result.message);
        return;
      case 'started':
        this.#release = () => result.release();
        clock.schedule(() => this.stop(), limits.startLockStaleMs);
        onStarted();
    }
  }
}
