/** The part of a writable stream that a {@link StdoutWriter} uses. */
export interface LineStream {
  write(chunk: Uint8Array, callback?: (error?: Error | null) => void): boolean;
  cork(): void;
  uncork(): void;
  /** Bytes accepted and not yet taken by the operating system. */
  readonly writableLength: number;
}

/** Lines up to this size are copied behind each other with their line end; longer ones are handed over as they are. */
const copyBelowBytes = 16 * 1024;
const newline = 0x0a;
const carriageReturn = 0x0d;
const space = 0x20;
const lineEnd = Buffer.from('\n');

export interface StdoutWriterOptions {
  readonly stream: LineStream;
  /** Bytes waiting for the reader from which on `onFull` asks for a pause. */
  readonly fullAtBytes: number;
  onFull(): void;
}

/**
 * The only writer of the editor's pipe. Whole lines only; the lines of one tick leave in one system call. Memory stays
 * bounded because the caller stops reading from the daemon at `onFull`, until the stream's `drain`.
 */
export class StdoutWriter {
  readonly #options: StdoutWriterOptions;
  #isCorked = false;

  constructor(options: StdoutWriterOptions) {
    this.#options = options;
  }

  get pendingBytes(): number {
    return this.#options.stream.writableLength;
  }

  get isFull(): boolean {
    return this.pendingBytes > this.#options.fullAtBytes;
  }

  /** `onWritten` runs once the operating system has the line; never when the reader is gone. */
  writeLine(message: Uint8Array, onWritten?: () => void): void {
    const { stream } = this.#options;
    const line = onOneLine(message);
    if (!this.#isCorked) {
      this.#isCorked = true;
      stream.cork();
      process.nextTick(() => this.flush());
    }
    const written = onWritten === undefined ? ignoreError : (error?: Error | null) => (error ? undefined : onWritten());
    if (line.length <= copyBelowBytes) {
      const whole = Buffer.allocUnsafe(line.length + 1);
      whole.set(line);
      whole[line.length] = newline;
      stream.write(whole, written);
    } else {
      stream.write(line);
      stream.write(lineEnd, written);
    }
    if (this.isFull) this.#options.onFull();
  }

  /** Hands over what was written in this tick. */
  flush(): void {
    if (!this.#isCorked) return;
    this.#isCorked = false;
    this.#options.stream.uncork();
  }
}

/** A broken pipe also raises `error` on the stream, which ends the process. */
function ignoreError(): void {}

/** Line ends between the tokens of a message mean nothing in JSON, but two messages to the editor. */
function onOneLine(message: Uint8Array): Uint8Array {
  if (!message.includes(newline) && !message.includes(carriageReturn)) return message;
  return message.map((byte) => (byte === newline || byte === carriageReturn ? space : byte));
}
