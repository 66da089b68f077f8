import type { PendingRequest } from './pending-requests.ts';

/** A frame that waits for the daemon; `request` when the editor waits for an answer to it. */
export interface QueuedFrame {
  readonly bytes: Uint8Array;
  readonly queuedAt: number;
  readonly request: PendingRequest | undefined;
}

export interface QueueBounds {
  readonly maxFrames: number;
  readonly maxBytes: number;
  readonly maxAgeMs: number;
}

/** What the editor sent while the daemon was away, in order (WIRE §5.3). Times are monotonic milliseconds. */
export class AwayQueue {
  readonly #bounds: QueueBounds;
  #frames: QueuedFrame[] = [];
  #bytes = 0;

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds;
  }

  get length(): number {
    return this.#frames.length;
  }

  /** Whether there was room. */
  add(frame: QueuedFrame): boolean {
    const isBounded = !isInitialize(frame);
    if (
      isBounded &&
      (this.#frames.length >= this.#bounds.maxFrames || this.#bytes + frame.bytes.length > this.#bounds.maxBytes)
    ) {
      return false;
    }
    this.#frames.push(frame);
    this.#bytes += frame.bytes.length;
    return true;
  }

  remove(request: PendingRequest): void {
    this.#keep((frame) => frame.request !== request);
  }

  takeAll(): QueuedFrame[] {
    const frames = this.#frames;
    this.#frames = [];
    this.#bytes = 0;
    return frames;
  }

  /** Takes out what has waited too long. */
  takeExpired(now: number): QueuedFrame[] {
    const expired = this.#frames.filter((frame) => this.#expiresAt(frame) <= now);
    if (expired.length > 0) this.#keep((frame) => !expired.includes(frame));
    return expired;
  }

  /** When the next frame has waited too long; undefined for never. */
  nextExpiryAt(): number | undefined {
    const first = this.#frames.find((frame) => !isInitialize(frame));
    return first === undefined ? undefined : this.#expiresAt(first);
  }

  #expiresAt(frame: QueuedFrame): number {
    return isInitialize(frame) ? Number.POSITIVE_INFINITY : frame.queuedAt + this.#bounds.maxAgeMs;
  }

  #keep(isKept: (frame: QueuedFrame) => boolean): void {
    this.#frames = this.#frames.filter(isKept);
    this.#bytes = this.#frames.reduce((bytes, frame) => bytes + frame.bytes.length, 0);
  }
}

/** Not subject to the bounds: it is answered within a second in any case (CLIENTS S5). */
function isInitialize({ request }: QueuedFrame): boolean {
  return request?.method === 'initialize';
}
