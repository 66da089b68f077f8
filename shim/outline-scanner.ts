import type { RequestId } from '../protocol/ids.ts';

/** What the top level of a JSON object says, as far as it could be read. */
export interface MessageOutline {
  /** Undefined when there is none, or it is neither string nor number, or absurdly long. */
  readonly id: RequestId | undefined;
  readonly hasMethod: boolean;
  /** `result` or `error` is there. */
  readonly isResponse: boolean;
}

const quote = 0x22;
const backslash = 0x5c;
const colon = 0x3a;
const comma = 0x2c;
const openers: ReadonlySet<number> = new Set([0x7b, 0x5b]);
const closers: ReadonlySet<number> = new Set([0x7d, 0x5d]);
const spaces: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);

const longestKeyBytes = 32;
const longestIdBytes = 4096;

/**
 * Reads the id of a JSON message that is too long to keep, from its bytes as they pass. The id may stand behind the
 * payload, where the MCP SDK puts it. Memory stays constant; what is not JSON gives an outline without id.
 */
export class OutlineScanner {
  #depth = 0;
  #isInString = false;
  #isEscaped = false;
  /** At depth 1: whether the next string is a key. */
  #isKeyNext = true;
  #key = '';
  #captured: number[] = [];
  #isCapturing = false;
  #id: RequestId | undefined;
  #hasMethod = false;
  #isResponse = false;

  push(bytes: Uint8Array): void {
    for (const byte of bytes) {
      if (this.#isInString) this.#readInString(byte);
      else this.#read(byte);
    }
  }

  outline(): MessageOutline {
    return { id: this.#id, hasMethod: this.#hasMethod, isResponse: this.#isResponse };
  }

  #readInString(byte: number): void {
    this.#capture(byte);
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === backslash) this.#isEscaped = true;
    else if (byte === quote) {
      this.#isInString = false;
      if (this.#depth === 1 && this.#isKeyNext) this.#endKey();
    }
  }

  #read(byte: number): void {
    if (byte === quote) {
      this.#isInString = true;
      if (this.#depth === 1 && this.#isKeyNext) this.#startCapture();
      this.#capture(byte);
      return;
    }
    if (openers.has(byte)) {
      this.#depth += 1;
      return;
    }
    const isEnd = closers.has(byte);
    if (this.#depth === 1) {
      if (byte === colon) {
        this.#isKeyNext = false;
        if (this.#key === 'id') this.#startCapture();
        return;
      }
      if (byte === comma || isEnd) {
        this.#endValue();
        this.#isKeyNext = true;
      } else if (!spaces.has(byte)) this.#capture(byte);
    }
    if (isEnd) this.#depth -= 1;
  }

  #startCapture(): void {
    this.#captured = [];
    this.#isCapturing = true;
  }

  #capture(byte: number): void {
    if (!this.#isCapturing || this.#depth !== 1) return;
    if (this.#captured.length >= (this.#isKeyNext ? longestKeyBytes : longestIdBytes)) {
      this.#captured = [];
      this.#isCapturing = false;
    } else this.#captured.push(byte);
  }

  #endKey(): void {
    const key = this.#endCapture();
    this.#key = typeof key === 'string' ? key : '';
    this.#hasMethod ||= this.#key === 'method';
    this.#isResponse ||= this.#key === 'result' || this.#key === 'error';
  }

  #endValue(): void {
    if (this.#key !== 'id') return;
    const value = this.#endCapture();
    this.#id = typeof value === 'string' || (typeof value === 'number' && Number.isFinite(value)) ? value : undefined;
    this.#key = '';
  }

  #endCapture(): unknown {
    const text = Buffer.from(this.#captured).toString('utf8');
    const isWhole = this.#isCapturing;
    this.#captured = [];
    this.#isCapturing = false;
    if (!isWhole || text === '') return undefined;
    try {
      return JSON.parse(text);
    } catch {
      return undefined; // no key or id of ours
    }
  }
}
