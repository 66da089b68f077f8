import type { Clock } from './clock.ts';

/** A log file that is open. */
export interface OpenLog {
  /** Name of the file, without folder. */
  readonly name: string;
  readonly append: (line: string) => void;
  readonly close: () => void;
}

export interface LogSinkOptions {
  readonly clock: Clock;
  /** Opens the log file. Must not throw. */
  readonly open: () => Promise<OpenLog>;
  /** Called once, with the name of the file. */
  readonly onOpened?: (name: string) => void;
}

/** Lines kept while there is no file; more means that something is badly wrong, and the first ones say what. */
const maxHeldLines = 1_000;
const serious = /^\{"t":[^,]*,"level":"(?:warn|error)"/;
/** A probe is gone by then; a window that waits for its user gets its log all the same. */
const waitForProbeMs = 1_000;
/** Opening costs some milliseconds, which belong to the first answers. */
const waitForAnswersMs = 200;

/**
 * The lines of one shim. They wait in memory until the window has proved to be one: a probe (CLIENTS S18) must not take
 * the name of its log file, and opening it is no part of the way to the first answer. A warning does not wait.
 */
export class LogSink {
  readonly #options: LogSinkOptions;
  #held: string[] = [];
  #isWanted = false;
  #cancelTimer: (() => void) | undefined;
  #opening: Promise<void> | undefined;
  #log: OpenLog | undefined;
  #isClosed = false;

  constructor(options: LogSinkOptions) {
    this.#options = options;
    this.#openIn(waitForProbeMs);
  }

  write(line: string): void {
    if (this.#log !== undefined) {
      this.#log.append(line);
      return;
    }
    if (this.#isClosed) return;
    if (this.#held.length < maxHeldLines) this.#held.push(line);
    if (serious.test(line)) void this.open();
  }

  /** This is a window: its lines are written, at the latest when it closes. */
  confirm(): void {
    this.#isWanted = true;
    if (this.#opening === undefined) this.#openIn(waitForAnswersMs);
  }

  /** Safe to call again. */
  open(): Promise<void> {
    this.#cancelTimer?.();
    this.#opening ??= this.#openOnce();
    return this.#opening;
  }

  /** Lines of a probe are dropped with it. */
  async close(): Promise<void> {
    this.#cancelTimer?.();
    if (this.#isWanted || this.#opening !== undefined) await this.open();
    this.#isClosed = true;
    this.#log?.close();
    this.#log = undefined;
  }

  #openIn(delayMs: number): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#options.clock.schedule(() => void this.open(), delayMs);
  }

  async #openOnce(): Promise<void> {
    const log = await this.#options.open();
    for (const line of this.#held) log.append(line);
    this.#held = [];
    this.#log = log;
    this.#options.onOpened?.(log.name);
  }
}
