import type { RequestId } from '../../protocol/ids.ts';
import { limits } from '../../protocol/limits.ts';
import type { FrameOwner, ResumeBudget, StoredFrame } from '../sessions/resume-budget.ts';

export interface EventStoreLimits {
  readonly maxFrames: number;
  readonly maxBytes: number;
}

/** Where an event stands: stream 0 is the session's own, every request has one of its own. */
export interface EventPosition {
  readonly stream: number;
  readonly number: number;
}

export function eventId({ stream, number }: EventPosition): string {
  return `${stream}-${number}`;
}

/** Undefined for what is no id of ours. */
export function readEventId(id: string): EventPosition | undefined {
  const match = /^(\d{1,15})-(\d{1,15})$/.exec(id);
  return match === null ? undefined : { stream: Number(match[1]), number: Number(match[2]) };
}

interface StoredEvent extends EventPosition {
  readonly frame: StoredFrame;
}

/**
 * The last events of one HTTP session, so that a client whose stream broke can ask for what it missed. Bounded by number
 * and bytes here and by the bytes of all sessions together; notifications go first, then the oldest answers.
 */
export class EventStore implements FrameOwner {
  readonly #limits: EventStoreLimits;
  readonly #budget: ResumeBudget;
  readonly #now: () => number;
  readonly #onForgotten: (stream: number) => void;
  /** In the order of storing. */
  readonly #events = new Map<StoredFrame, StoredEvent>();
  /** When streams without a further event ended, in monotonic milliseconds; the oldest first. */
  readonly #ended = new Map<number, number>();
  #bytes = 0;

  /**
   * @param now monotonic milliseconds
   * @param onForgotten told of each stream that has ended when it can be asked for no longer
   */
  constructor(
    storeLimits: EventStoreLimits,
    budget: ResumeBudget,
    now: () => number,
    onForgotten: (stream: number) => void,
  ) {
    this.#limits = storeLimits;
    this.#budget = budget;
    this.#now = now;
    this.#onForgotten = onForgotten;
  }

  /** @param answerTo the request whose answer this is; null for what may be dropped before answers are */
  add(position: EventPosition, bytes: Uint8Array, answerTo: RequestId | null): void {
    this.prune();
    if (bytes.length > Math.min(this.#limits.maxBytes, this.#budget.maxBytes)) return;
    const frame: StoredFrame = { id: answerTo, bytes, owner: this, older: undefined, newer: undefined };
    this.#events.set(frame, { ...position, frame });
    this.#bytes += bytes.length;
    this.#budget.add(frame);
    while (this.#events.size > this.#limits.maxFrames || this.#bytes > this.#limits.maxBytes) {
      const oldest = this.#oldest();
      if (oldest === undefined) break;
      this.#remove(oldest);
    }
    this.#budget.enforce();
  }

  /** The events of a stream behind a position, in order. */
  after({ stream, number }: EventPosition): readonly Uint8Array[] {
    const found: Uint8Array[] = [];
    for (const event of this.#events.values()) {
      if (event.stream === stream && event.number > number) found.push(event.frame.bytes);
    }
    return found;
  }

  /** No further event comes in this stream; what it had can be asked for a little longer. */
  streamEnded(stream: number): void {
    this.#ended.set(stream, this.#now());
  }

  /** Drops what nobody will ask for any more. */
  prune(): void {
    const since = this.#now() - limits.sseReplayMs;
    for (const [stream, endedAt] of this.#ended) {
      if (endedAt > since) return;
      this.#ended.delete(stream);
      for (const event of this.#events.values()) if (event.stream === stream) this.#remove(event.frame);
      this.#onForgotten(stream);
    }
  }

  clear(): void {
    for (const frame of this.#events.keys()) this.#remove(frame);
    this.#ended.clear();
  }

  onEvicted(frame: StoredFrame): void {
    this.#bytes -= frame.bytes.length;
    this.#events.delete(frame);
  }

  #oldest(): StoredFrame | undefined {
    let answer: StoredFrame | undefined;
    for (const frame of this.#events.keys()) {
      if (frame.id === null) return frame;
      answer ??= frame;
    }
    return answer;
  }

  #remove(frame: StoredFrame): void {
    this.#budget.remove(frame);
    this.onEvicted(frame);
  }
}
