import { limits } from '../protocol/limits.ts';
import type { Clock } from './clock.ts';

export interface ExitSteps {
  readonly clock: Clock;
  /** Takes no more input and says goodbye; must not block. */
  readonly stop: () => void;
  /** Bytes that the editor has not been given yet. */
  readonly pendingBytes: () => number;
  /** Calls back when there are none any more. */
  readonly onDrained: (done: () => void) => void;
  /** Writes the last line of the log and closes it. */
  readonly closeLog: (reason: string) => Promise<void>;
  readonly exit: (code: number) => void;
}

/** Left for closing the log and for the process itself, of the 200 ms that CLIENTS S7 allows. */
const reserveMs = 60;

/**
 * The one way out (CLIENTS S7, S8): output that is pending gets the time there is, then the process ends. Further calls
 * do nothing, except that a broken stdout ends the wait.
 */
export class ExitProcedure {
  readonly #steps: ExitSteps;
  #isExiting = false;
  #finish: (() => void) | undefined;

  constructor(steps: ExitSteps) {
    this.#steps = steps;
  }

  get isExiting(): boolean {
    return this.#isExiting;
  }

  exit(reason: string, code = 0): void {
    if (this.#isExiting) return;
    this.#isExiting = true;
    const { clock, stop, pendingBytes, onDrained, closeLog, exit } = this.#steps;
    const cancel = clock.schedule(() => this.#finish?.(), limits.shimExitMs - reserveMs);
    this.#finish = () => {
      this.#finish = undefined;
      cancel();
      void closeLog(reason).finally(() => exit(code));
    };
    stop();
    if (pendingBytes() === 0) this.#finish();
    else onDrained(() => this.#finish?.());
  }

  /** Nobody reads any more: nothing to wait for. */
  stdoutBroken(reason: string): void {
    if (this.#isExiting) this.#finish?.();
    else {
      this.exit(reason);
      this.#finish?.();
    }
  }
}
