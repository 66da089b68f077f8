/** Where lines end up; `platform/rotating-file.ts` is one. */
export interface LineSink {
  /** One line, or several that end in `\n`, kept or dropped together. @returns whether they were written. Never throws */
  append(lines: string): boolean;
  close(): void;
}

export interface BatchedLogOptions<Item> {
  readonly sink: LineSink;
  /** One line without `\n`. Must not throw. */
  readonly format: (item: Item) => string;
  /** How long an item waits at most. */
  readonly flushMs: number;
  /** How long a failing sink is left alone before the last line is tried again. */
  readonly retryMs?: number;
}

const maxPending = 512;
/** Well below the smallest size at which a log rotates (64 KiB), at three bytes a character. */
const maxChunkChars = 16 * 1024;

/**
 * A log that nobody waits for: items are noted, made into lines and written together a moment later. A failing sink
 * drops lines and counts them; the newest one is kept and tried again, so that `isFailing` ends by itself when the disk
 * has room again, also when nothing more happens.
 */
export class BatchedLog<Item> {
  readonly #options: BatchedLogOptions<Item>;
  #pending: Item[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isFailing = false;
  #droppedLines = 0;
  #isClosed = false;

  constructor(options: BatchedLogOptions<Item>) {
    this.#options = options;
  }

  /** The last write was refused. */
  get isFailing(): boolean {
    return this.#isFailing;
  }

  /** Lines lost so far. */
  get droppedLines(): number {
    return this.#droppedLines;
  }

  add(item: Item): void {
    if (this.#isClosed) {
      this.#droppedLines += 1;
      return;
    }
    this.#pending.push(item);
    if (this.#pending.length >= maxPending) this.flush();
    else this.#arm(this.#options.flushMs);
  }

  /** Writes what is pending now. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const items = this.#pending;
    this.#pending = [];
    const written = this.#write(items);
    this.#isFailing = items.length === 0 ? this.#isFailing : written < items.length;
    const last = items.at(-1);
    if (!this.#isFailing || last === undefined) return;
    this.#droppedLines += items.length - written - 1;
    this.#pending.push(last);
    this.#arm(this.#options.retryMs ?? 10_000);
  }

  /** Writes what is pending and closes the sink. Later items are dropped. Safe to call twice. */
  close(): void {
    if (this.#isClosed) return;
    this.flush();
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#droppedLines += this.#pending.length;
    this.#pending = [];
    this.#options.sink.close();
  }

  #arm(delayMs: number): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => this.flush(), delayMs);
    this.#timer.unref();
  }

  /** How many of the items were written; the first refusal ends it. */
  #write(items: readonly Item[]): number {
    const { sink, format } = this.#options;
    let written = 0;
    let chunk = '';
    let inChunk = 0;
    for (const item of items) {
      const line = `${format(item)}\n`;
      if (inChunk > 0 && chunk.length + line.length > maxChunkChars) {
        if (!sink.append(chunk)) return written;
        written += inChunk;
        chunk = '';
        inChunk = 0;
      }
      chunk += line;
      inChunk += 1;
    }
    return inChunk > 0 && sink.append(chunk) ? written + inChunk : written;
  }
}
