const newline = 0x0a;
const carriageReturn = 0x0d;
/** Kept of both ends of a line that is too long: somewhere there its id stands. */
const keptBytes = 512;

export interface LineReaderHandlers {
  /** One line without its end; never empty. A view of the chunk it came in where it lay inside one. */
  onLine(line: Buffer): void;
  /** A line above the limit. It was not kept, only `ends`: its first and its last bytes. */
  onOversized(bytes: number, ends: string): void;
}

/** Cuts the output of a server into lines. A line above `maxLineBytes` is read over without being kept. */
export class LineReader {
  readonly #maxLineBytes: number;
  readonly #handlers: LineReaderHandlers;
  #parts: Buffer[] = [];
  #bytes = 0;
  #head = '';
  #tail: Buffer = Buffer.alloc(0);
  #isOver = false;

  constructor(maxLineBytes: number, handlers: LineReaderHandlers) {
    this.#maxLineBytes = maxLineBytes;
    this.#handlers = handlers;
  }

  /** The chunk must not be changed afterwards. */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      const end = chunk.indexOf(newline, at);
      this.#take(chunk.subarray(at, end < 0 ? chunk.length : end));
      if (end < 0) return;
      this.#endLine();
      at = end + 1;
    }
  }

  #take(part: Buffer): void {
    this.#bytes += part.length;
    if (this.#isOver) {
      this.#keepTail(part);
      return;
    }
    this.#parts.push(part);
    if (this.#bytes <= this.#maxLineBytes) return;
    this.#isOver = true;
    this.#head = Buffer.concat(this.#parts, keptBytes).toString('latin1');
    for (const kept of this.#parts) this.#keepTail(kept);
    this.#parts = [];
  }

  #keepTail(part: Buffer): void {
    const joined = part.length >= keptBytes ? part : Buffer.concat([this.#tail, part]);
    this.#tail = Buffer.from(joined.subarray(Math.max(0, joined.length - keptBytes)));
  }

  #endLine(): void {
    const parts = this.#parts;
    const bytes = this.#bytes;
    const isOver = this.#isOver;
    this.#parts = [];
    this.#bytes = 0;
    this.#isOver = false;
    if (isOver) {
      const ends = `${this.#head}\n${this.#tail.toString('latin1')}`;
      this.#tail = Buffer.alloc(0);
      this.#handlers.onOversized(bytes, ends);
      return;
    }
    const [first] = parts;
    const whole = parts.length === 1 && first !== undefined ? first : Buffer.concat(parts, bytes);
    const line = whole.at(-1) === carriageReturn ? whole.subarray(0, -1) : whole;
    if (line.length > 0) this.#handlers.onLine(line);
  }
}
