import { linkHeadBytes } from './link.ts';

export type LinkDecodeResult = { readonly type: 'ok' } | { readonly type: 'too-big'; readonly bytes: number };

/**
 * Cuts the byte stream of a link into frames (see link.ts). A frame that lies inside one chunk is passed on as a view
 * of that chunk; one that spans chunks is gathered once. A frame above the limit is refused from its head alone.
 */
export class LinkDecoder {
  maxFrameBytes: number;
  readonly #onFrame: (type: number, payload: Uint8Array) => void;
  readonly #head = new Uint8Array(linkHeadBytes);
  #headFilled = 0;
  #payload: Uint8Array | undefined;
  #payloadFilled = 0;
  #type = 0;
  #isStopped = false;

  constructor(maxFrameBytes: number, onFrame: (type: number, payload: Uint8Array) => void) {
    this.maxFrameBytes = maxFrameBytes;
    this.#onFrame = onFrame;
  }

  /** True while a frame has begun and not ended. */
  get isMidFrame(): boolean {
    return this.#headFilled > 0;
  }

  /** After this, further bytes are dropped. */
  stop(): void {
    this.#isStopped = true;
    this.#payload = undefined;
  }

  /** Feeds one chunk. After `too-big` the decoder has stopped. */
  push(chunk: Uint8Array): LinkDecodeResult {
    let at = 0;
    while (at < chunk.length && !this.#isStopped) {
      if (this.#payload === undefined) {
        while (this.#headFilled < linkHeadBytes && at < chunk.length) {
          this.#head[this.#headFilled] = chunk[at] ?? 0;
          this.#headFilled += 1;
          at += 1;
        }
        if (this.#headFilled < linkHeadBytes) break;
        const length = payloadLength(this.#head);
        this.#type = this.#head[4] ?? 0;
        if (length > this.maxFrameBytes) {
          this.stop();
          return { type: 'too-big', bytes: length };
        }
        if (chunk.length - at >= length) {
          this.#headFilled = 0;
          const payload = chunk.subarray(at, at + length);
          at += length;
          this.#onFrame(this.#type, payload);
          continue;
        }
        this.#payload = new Uint8Array(length);
        this.#payloadFilled = 0;
      }
      const wanted = this.#payload.length - this.#payloadFilled;
      const part = chunk.subarray(at, at + Math.min(wanted, chunk.length - at));
      this.#payload.set(part, this.#payloadFilled);
      this.#payloadFilled += part.length;
      at += part.length;
      if (this.#payloadFilled === this.#payload.length) {
        const payload = this.#payload;
        this.#payload = undefined;
        this.#headFilled = 0;
        this.#onFrame(this.#type, payload);
      }
    }
    return { type: 'ok' };
  }
}

function payloadLength(head: Uint8Array): number {
  return (head[0] ?? 0) * 0x1000000 + ((head[1] ?? 0) << 16) + ((head[2] ?? 0) << 8) + (head[3] ?? 0);
}
