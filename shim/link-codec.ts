import { linkFrame, linkHeadBytes } from '../protocol/link.ts';
import { LinkDecoder } from '../protocol/link-decoder.ts';
import { type CodecEvents, closePayload, type FrameCodec, readClosePayload } from './frame-codec.ts';

/** Payloads up to this size are copied behind their head, so that a frame is one part. */
const copyBelowBytes = 16 * 1024;
const noPayload = Buffer.alloc(0);

/** The shim's own framing on the local socket (protocol/link.ts). */
export class LinkCodec implements FrameCodec {
  readonly #events: CodecEvents;
  readonly #decoder: LinkDecoder;

  constructor(maxFrameBytes: number, events: CodecEvents) {
    this.#events = events;
    this.#decoder = new LinkDecoder(maxFrameBytes, (type, payload) => this.#onFrame(type, payload));
  }

  get maxFrameBytes(): number {
    return this.#decoder.maxFrameBytes;
  }

  set maxFrameBytes(bytes: number) {
    this.#decoder.maxFrameBytes = bytes;
  }

  control(text: string): readonly Uint8Array[] {
    return frame(linkFrame.control, Buffer.from(text, 'utf8'));
  }

  message(bytes: Uint8Array): readonly Uint8Array[] {
    return frame(linkFrame.message, bytes);
  }

  ping(): readonly Uint8Array[] {
    return frame(linkFrame.ping, noPayload);
  }

  pong(payload: Uint8Array): readonly Uint8Array[] {
    return frame(linkFrame.pong, payload);
  }

  close(code: number, reason: string): readonly Uint8Array[] {
    return frame(linkFrame.close, closePayload(code, reason));
  }

  push(chunk: Uint8Array): void {
    if (this.#decoder.push(chunk).type === 'too-big') this.#events.onBroken(1009, 'frame too big');
  }

  stop(): void {
    this.#decoder.stop();
  }

  #onFrame(type: number, payload: Uint8Array): void {
    switch (type) {
      case linkFrame.control:
      case linkFrame.message:
        this.#events.onFrame(payload, type === linkFrame.control);
        return;
      case linkFrame.ping:
        this.#events.onPing(payload);
        return;
      case linkFrame.pong:
        return;
      case linkFrame.close: {
        const { code, reason } = readClosePayload(payload);
        this.#events.onClose(code, reason);
        return;
      }
      default:
        this.stop();
        this.#events.onBroken(1002, 'unknown frame type');
    }
  }
}

function frame(type: number, payload: Uint8Array): readonly Uint8Array[] {
  const isSmall = payload.length <= copyBelowBytes;
  const head = Buffer.allocUnsafe(isSmall ? linkHeadBytes + payload.length : linkHeadBytes);
  head.writeUInt32BE(payload.length, 0);
  head[4] = type;
  if (!isSmall) return [head, payload];
  head.set(payload, linkHeadBytes);
  return [head];
}
