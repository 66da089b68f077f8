import type { RequestId } from '../../protocol/ids.ts';
import type { FrameOwner, ResumeBudget, StoredFrame } from './resume-budget.ts';

export interface ResumeLimits {
  readonly maxFrames: number;
  readonly maxBytes: number;
  /** Ids remembered without their answer. */
  readonly maxRememberedIds: number;
}

export type StoredAnswer =
  | { readonly type: 'stored'; readonly bytes: Uint8Array }
  /** The request ran and its answer was dropped by a bound. */
  | { readonly type: 'expired' }
  | { readonly type: 'never-seen' };

/**
 * Answers of one session that its client has not confirmed, so that a dropped connection loses none (WIRE §5.2), and
 * notifications that came while it was away. Bounds: progress and log notifications go first, then the oldest answers.
 * The budget, which all sessions share, may take some away at any time.
 */
export class ResumeBuffer implements FrameOwner {
  readonly #limits: ResumeLimits;
  readonly #budget: ResumeBudget;
  /** By id as it came: `1` and `"1"` are two keys of a Map too. */
  readonly #answers = new Map<RequestId, StoredFrame>();
  readonly #expired = new Set<RequestId>();
  readonly #notifications = new Set<StoredFrame>();
  #bytes = 0;

  constructor(limits: ResumeLimits, budget: ResumeBudget) {
    this.#limits = limits;
    this.#budget = budget;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get #mostBytes(): number {
    return Math.min(this.#limits.maxBytes, this.#budget.maxBytes);
  }

  storeAnswer(id: RequestId, bytes: Uint8Array): void {
    this.#drop(id);
    this.#expired.delete(id);
    if (bytes.length > this.#mostBytes) {
      this.#remember(id); // it could not stay even alone, so no other answer has to give way
      return;
    }
    const frame = this.#store(id, bytes);
    this.#answers.set(id, frame);
    this.#enforce();
  }

  storeNotification(bytes: Uint8Array): void {
    if (bytes.length > this.#mostBytes) return;
    this.#notifications.add(this.#store(null, bytes));
    this.#enforce();
  }

  /** The client has handed these answers on: their copies go, and the ids are free for reuse. */
  confirm(ids: readonly RequestId[]): void {
    for (const id of ids) {
      this.#drop(id);
      this.#expired.delete(id);
    }
  }

  answer(id: RequestId): StoredAnswer {
    const frame = this.#answers.get(id);
    if (frame !== undefined) return { type: 'stored', bytes: frame.bytes };
    return this.#expired.has(id) ? { type: 'expired' } : { type: 'never-seen' };
  }

  takeNotifications(): readonly Uint8Array[] {
    const taken = [...this.#notifications];
    this.#notifications.clear();
    for (const frame of taken) this.#free(frame);
    return taken.map(({ bytes }) => bytes);
  }

  clear(): void {
    for (const frame of this.#answers.values()) this.#free(frame);
    for (const frame of this.#notifications) this.#free(frame);
    this.#answers.clear();
    this.#notifications.clear();
    this.#expired.clear();
  }

  onEvicted(frame: StoredFrame): void {
    this.#bytes -= frame.bytes.length;
    this.#forget(frame);
  }

  #store(id: RequestId | null, bytes: Uint8Array): StoredFrame {
    const frame: StoredFrame = { id, bytes, owner: this, older: undefined, newer: undefined };
    this.#bytes += bytes.length;
    this.#budget.add(frame);
    return frame;
  }

  /** The bounds of this session first: what it loses by them it need not take from others. */
  #enforce(): void {
    while (this.#isOver()) {
      const oldest = first(this.#notifications) ?? first(this.#answers.values());
      if (oldest === undefined) break;
      this.#free(oldest);
      this.#forget(oldest);
    }
    this.#budget.enforce();
  }

  #isOver(): boolean {
    const frames = this.#answers.size + this.#notifications.size;
    return frames > this.#limits.maxFrames || this.#bytes > this.#limits.maxBytes;
  }

  /** Drops a frame that a bound took away; of an answer it stays known that there was one. */
  #forget(frame: StoredFrame): void {
    if (frame.id === null) {
      this.#notifications.delete(frame);
      return;
    }
    this.#answers.delete(frame.id);
    this.#remember(frame.id);
  }

  #remember(id: RequestId): void {
    this.#expired.add(id);
    if (this.#expired.size <= this.#limits.maxRememberedIds) return;
    const oldest = first(this.#expired);
    if (oldest !== undefined) this.#expired.delete(oldest);
  }

  #drop(id: RequestId): void {
    const frame = this.#answers.get(id);
    if (frame === undefined) return;
    this.#answers.delete(id);
    this.#free(frame);
  }

  #free(frame: StoredFrame): void {
    this.#bytes -= frame.bytes.length;
    this.#budget.remove(frame);
  }
}

function first<Value>(values: Iterable<Value>): Value | undefined {
  for (const value of values) return value;
  return undefined;
}
