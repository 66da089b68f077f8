import { type MessageOutline, OutlineScanner } from './outline-scanner.ts';

const newline = 0x0a;
const carriageReturn = 0x0d;
const byteOrderMark = [0xef, 0xbb, 0xbf] as const;

/** A line above the limit. It was not kept; `outline` is what its top level says. */
export interface OversizedLine {
  readonly bytes: number;
  readonly outline: MessageOutline;
}

export interface LineHandlers {
  /** One line without its end. A view of the chunk it came in where it lay inside one. */
  onLine(line: Buffer): void;
  onOversized(line: OversizedLine): void;
}

/**
 * Cuts the bytes of stdin into lines at 0x0A and nowhere else (CLIENTS S1): a line separator of Unicode or a lone CR is
 * legal inside JSON. A CR before the line end and a byte order mark at the start of the stream are dropped.
 */
export class LineCutter {
  readonly #maxLineBytes: number;
  readonly #handlers: LineHandlers;
  #parts: Buffer[] = [];
  #partBytes = 0;
  #isFirstLine = true;
  #skipped: { readonly scanner: OutlineScanner; bytes: number } | undefined;

  constructor(maxLineBytes: number, handlers: LineHandlers) {
    this.#maxLineBytes = maxLineBytes;
    this.#handlers = handlers;
  }

  /** The chunk must not be changed afterwards: lines are views of it. */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length) {
      const end = chunk.indexOf(newline, at);
      const part = chunk.subarray(at, end < 0 ? chunk.length : end);
      this.#take(part);
      if (end < 0) return;
      this.#endLine();
      at = end + 1;
    }
  }

  #take(part: Buffer): void {
    if (this.#skipped !== undefined) {
      this.#skipped.scanner.push(part);
      this.#skipped.bytes += part.length;
      return;
    }
    this.#parts.push(part);
    this.#partBytes += part.length;
    // A CR and a byte order mark do not count; whether they are there is known at the end of the line.
    if (this.#partBytes > this.#maxLineBytes + byteOrderMark.length + 1) this.#skip(this.#parts, this.#partBytes);
  }

  #skip(parts: readonly Buffer[], bytes: number): void {
    const scanner = new OutlineScanner();
    for (const part of parts) scanner.push(part);
    this.#skipped = { scanner, bytes };
    this.#parts = [];
    this.#partBytes = 0;
  }

  #endLine(): void {
    if (this.#skipped === undefined) {
      const [first] = this.#parts;
      const whole =
        this.#parts.length === 1 && first !== undefined ? first : Buffer.concat(this.#parts, this.#partBytes);
      const line = this.#trimmed(whole);
      if (line.length <= this.#maxLineBytes) {
        this.#parts = [];
        this.#partBytes = 0;
        this.#handlers.onLine(line);
        return;
      }
      this.#skip([line], line.length);
    }
    const skipped = this.#skipped;
    this.#skipped = undefined;
    this.#isFirstLine = false;
    if (skipped !== undefined) {
      this.#handlers.onOversized({ bytes: skipped.bytes, outline: skipped.scanner.outline() });
    }
  }

  #trimmed(line: Buffer): Buffer {
    const isMarked = this.#isFirstLine && byteOrderMark.every((byte, index) => line[index] === byte);
    this.#isFirstLine = false;
    const start = isMarked ? byteOrderMark.length : 0;
    const end = line[line.length - 1] === carriageReturn ? line.length - 1 : line.length;
    return start === 0 && end === line.length ? line : line.subarray(start, Math.max(start, end));
  }
}
