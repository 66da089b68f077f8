import { isUtf8 } from 'node:buffer';
import { type CodecEvents, closePayload, type FrameCodec, readClosePayload } from './frame-codec.ts';
import { randomBytes } from './random-bytes.ts';

const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const finalBit = 0x80;
const reservedBits = 0x70;
const maskBit = 0x80;
const longestControlBytes = 125;
const maskBytes = 4;
/** Masks are drawn from a pool of so many random bytes. */
const poolBytes = 4096;
const noPayload = Buffer.alloc(0);

interface Head {
  readonly isFinal: boolean;
  readonly opcode: number;
  readonly length: number;
}

/**
 * The client's side of WebSocket framing (RFC 6455), without extensions: all that a shim needs on TCP.
 *
 * Why not the package `ws`: it brings `node:http` and a bundle three times the size of the shim's own, and parsing that
 * delays the start of every window, also of those on the local socket (docs/performance.md). The tests run against `ws`.
 */
export class WebSocketCodec implements FrameCodec {
  maxFrameBytes: number;
  readonly #events: CodecEvents;
  #received: Buffer = noPayload;
  #head: Head | undefined;
  /** Payload of the current frame while it spans reads. */
  #payload: Buffer | undefined;
  #payloadFilled = 0;
  /** Parts of a fragmented message, and its size so far. */
  #parts: Buffer[] = [];
  #partBytes = 0;
  #isFragmented = false;
  #isText = false;
  #isStopped = false;
  #pool: Buffer = noPayload;
  #poolAt = 0;

  constructor(maxFrameBytes: number, events: CodecEvents) {
    this.maxFrameBytes = maxFrameBytes;
    this.#events = events;
  }

  control(text: string): readonly Uint8Array[] {
    return this.#frame(opcode.text, Buffer.from(text, 'utf8'));
  }

  message(bytes: Uint8Array): readonly Uint8Array[] {
    return this.#frame(opcode.text, bytes);
  }

  ping(): readonly Uint8Array[] {
    return this.#frame(opcode.ping, noPayload);
  }

  pong(payload: Uint8Array): readonly Uint8Array[] {
    return this.#frame(opcode.pong, payload);
  }

  close(code: number, reason: string): readonly Uint8Array[] {
    return this.#frame(opcode.close, closePayload(code, reason));
  }

  stop(): void {
    this.#isStopped = true;
    this.#payload = undefined;
    this.#parts = [];
  }

  push(chunk: Uint8Array): void {
    let rest: Buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    while (!this.#isStopped) {
      if (this.#head === undefined) {
        if (this.#received.length > 0) rest = Buffer.concat([this.#received, rest]);
        const headBytes = headLength(rest);
        if (rest.length < headBytes) {
          this.#received = Buffer.from(rest);
          return;
        }
        this.#received = noPayload;
        this.#head = this.#readHead(rest);
        rest = rest.subarray(headBytes);
        if (this.#head === undefined) return;
      }
      const { length } = this.#head;
      if (this.#payload === undefined && rest.length >= length) {
        const payload = rest.subarray(0, length);
        rest = rest.subarray(length);
        this.#endFrame(this.#head, payload);
      } else {
        this.#payload ??= Buffer.allocUnsafe(length);
        const copied = rest.copy(this.#payload, this.#payloadFilled);
        this.#payloadFilled += copied;
        rest = rest.subarray(copied);
        if (this.#payloadFilled < length) return;
        this.#endFrame(this.#head, this.#payload);
      }
      if (rest.length === 0) return;
    }
  }

  /** Undefined when the daemon broke the protocol. */
  #readHead(bytes: Buffer): Head | undefined {
    const first = bytes[0] ?? 0;
    const second = bytes[1] ?? 0;
    const short = second & ~maskBit;
    const code = first & 0x0f;
    const isFinal = (first & finalBit) !== 0;
    const isControl = code >= opcode.close;
    if ((first & reservedBits) !== 0 || (second & maskBit) !== 0)
      return this.#broken(1002, 'unexpected bits in a frame head');
    if (isControl && (!isFinal || short > longestControlBytes || code > opcode.pong))
      return this.#broken(1002, 'bad control frame');
    if (!isControl && code > opcode.binary) return this.#broken(1002, 'unknown opcode');
    if (!isControl && (code === opcode.continuation) !== this.#isFragmented)
      return this.#broken(1002, 'fragments out of order');
    const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    if (!isControl && this.#partBytes + length > this.maxFrameBytes) return this.#broken(1009, 'frame too big');
    return { isFinal, opcode: code, length };
  }

  #endFrame(head: Head, payload: Buffer): void {
    this.#head = undefined;
    this.#payload = undefined;
    this.#payloadFilled = 0;
    switch (head.opcode) {
      case opcode.ping:
        this.#events.onPing(payload);
        return;
      case opcode.pong:
        return;
      case opcode.close: {
        const { code, reason } = readClosePayload(payload);
        this.#events.onClose(code, reason);
        return;
      }
      default:
        this.#endFragment(head, payload);
    }
  }

  #endFragment(head: Head, payload: Buffer): void {
    if (head.opcode !== opcode.continuation) this.#isText = head.opcode === opcode.text;
    if (!head.isFinal || this.#isFragmented) {
      this.#parts.push(head.isFinal ? payload : Buffer.from(payload));
      this.#partBytes += payload.length;
    }
    this.#isFragmented = !head.isFinal;
    if (!head.isFinal) return;
    const whole = this.#parts.length === 0 ? payload : Buffer.concat(this.#parts, this.#partBytes);
    this.#parts = [];
    this.#partBytes = 0;
    if (this.#isText && !isUtf8(whole)) this.#broken(1007, 'text is not UTF-8');
    else this.#events.onFrame(whole, undefined);
  }

  #broken(code: 1002 | 1007 | 1009, reason: string): undefined {
    this.stop();
    this.#events.onBroken(code, reason);
    return undefined;
  }

  #frame(code: number, payload: Uint8Array): readonly Uint8Array[] {
    const { length } = payload;
    const lengthBytes = length < 126 ? 0 : length < 65_536 ? 2 : 8;
    const head = Buffer.allocUnsafe(2 + lengthBytes + maskBytes);
    head[0] = finalBit | code;
    head[1] = maskBit | (lengthBytes === 0 ? length : lengthBytes === 2 ? 126 : 127);
    if (lengthBytes === 2) head.writeUInt16BE(length, 2);
    else if (lengthBytes === 8) head.writeBigUInt64BE(BigInt(length), 2);
    const mask = this.#nextMask();
    head.set(mask, 2 + lengthBytes);
    return [head, masked(payload, mask)];
  }

  #nextMask(): Uint8Array {
    if (this.#poolAt + maskBytes > this.#pool.length) {
      this.#pool = randomBytes(poolBytes);
      this.#poolAt = 0;
    }
    this.#poolAt += maskBytes;
    return this.#pool.subarray(this.#poolAt - maskBytes, this.#poolAt);
  }
}

/** Bytes of a frame head that begins with these bytes; its first two tell. */
function headLength(bytes: Buffer): number {
  if (bytes.length < 2) return 2;
  const short = (bytes[1] ?? 0) & ~maskBit;
  return short < 126 ? 2 : short === 126 ? 4 : 10;
}

/** A masked copy: the payload may be sent again later. Four bytes at a time, for messages of many megabytes. */
function masked(payload: Uint8Array, mask: Uint8Array): Uint8Array {
  const copy = new Uint8Array(payload.length);
  copy.set(payload);
  const [maskWord = 0] = new Uint32Array(Uint8Array.from(mask).buffer);
  const words = new Uint32Array(copy.buffer, 0, copy.length >> 2);
  for (let index = 0; index < words.length; index++) words[index] = (words[index] ?? 0) ^ maskWord;
  for (let index = words.length * 4; index < copy.length; index++)
    copy[index] = (copy[index] ?? 0) ^ (mask[index & 3] ?? 0);
  return copy;
}
