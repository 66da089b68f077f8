/** A log file that is open. */
export interface OpenLog {
  append(line: string): void;
  close(): void;
}

export interface LogSinkOptions {
  /** Opens the log file. Must not throw. */
  readonly open: () => Promise<OpenLog>;
}

/** Lines kept while there is no file; more means that something is badly wrong, and the first ones say what. */
const maxHeldLines = 1_000;
const serious = /^\{"t":[^,]*,"level":"(?:warn|error)"/;

/**
 * The lines of one shim. They wait in memory until the window has proved to be one: a probe (CLIENTS S18) must not take
 * the name of its log file, and opening it is no part of the way to the first answer. A warning does not wait.
 */
export class LogSink {
  readonly #options: LogSinkOptions;
  #held: string[] = [];
  #opening: Promise<void> | undefined;
  #log: OpenLog | undefined;
  #isClosed = false;

  constructor(options: LogSinkOptions) {
    this.#options = options;
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

  /** Safe to call again. */
  open(): Promise<void> {
    this.#opening ??= this.#openOnce();
    return this.#opening;
  }

  /** Lines that nobody has asked to be written are dropped with it. */
  async close(): Promise<void> {
    if (this.#opening !== undefined) await this.#opening;
    this.#isClosed = true;
    this.#log?.close();
    this.#log = undefined;
  }

  async #openOnce(): Promise<void> {
    const log = await this.#options.open();
    for (const line of this.#held) log.append(line);
    this.#held = [];
    this.#log = log;
  }
}
