import type { RequestId } from '../../protocol/ids.ts';

/** Where a stored frame lies; told when the daemon-wide bound takes it away. */
export interface FrameOwner {
  /** Forgets `frame`, which the budget has removed already. */
  onEvicted(frame: StoredFrame): void;
}

/** A frame kept for a client that may come back, and its place among the frames of its kind over all sessions. */
export interface StoredFrame {
  /** Of the request that it answers; null for a notification. */
  readonly id: RequestId | null;
  readonly bytes: Uint8Array;
  readonly owner: FrameOwner;
  /** Neighbours in the order of storing; the budget's alone. */
  older: StoredFrame | undefined;
  newer: StoredFrame | undefined;
}

/**
 * Bounds the bytes of stored frames over all sessions (WIRE §5.3); one per daemon. Beyond the bound the oldest goes,
 * whoever stores: progress and log notifications first, then answers. Every step costs the same, however many sessions
 * and frames there are.
 */
export class ResumeBudget {
  readonly maxBytes: number;
  readonly #answers = new AgeOrder();
  readonly #notifications = new AgeOrder();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The newest of its kind from now on. Nothing is evicted before `enforce`. */
  add(frame: StoredFrame): void {
    this.#order(frame).append(frame);
    this.#bytes += frame.bytes.length;
  }

  /** Exactly once for each added frame that was not evicted. */
  remove(frame: StoredFrame): void {
    this.#order(frame).remove(frame);
    this.#bytes -= frame.bytes.length;
  }

  enforce(): void {
    while (this.#bytes > this.maxBytes) {
      const frame = this.#notifications.oldest ?? this.#answers.oldest;
      if (frame === undefined) return;
      this.remove(frame);
      frame.owner.onEvicted(frame);
    }
  }

  #order(frame: StoredFrame): AgeOrder {
    return frame.id === null ? this.#notifications : this.#answers;
  }
}

/** Frames linked from the oldest to the newest, so that any of them leaves without a search. */
class AgeOrder {
  oldest: StoredFrame | undefined;
  #newest: StoredFrame | undefined;

  append(frame: StoredFrame): void {
    frame.older = this.#newest;
    if (this.#newest === undefined) this.oldest = frame;
    else this.#newest.newer = frame;
    this.#newest = frame;
  }

  remove(frame: StoredFrame): void {
    const { older, newer } = frame;
    if (older === undefined) this.oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    frame.older = undefined;
    frame.newer = undefined;
  }
}
