import type { RequestId } from '../../protocol/ids.ts';

/** Bytes of stored answers over all sessions; one per daemon. */
export class ResumeBudget {
  readonly maxBytes: number;
  bytes = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }
}

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
 */
export class ResumeBuffer {
  readonly #limits: ResumeLimits;
  readonly #budget: ResumeBudget;
  /** By id as it came: `1` and `"1"` are two keys of a Map too. */
  readonly #answers = new Map<RequestId, Uint8Array>();
  readonly #expired = new Set<RequestId>();
  #notifications: Uint8Array[] = [];
  #bytes = 0;

  constructor(limits: ResumeLimits, budget: ResumeBudget) {
    this.#limits = limits;
    this.#budget = budget;
  }

  get bytes(): number {
    return this.#bytes;
  }

  storeAnswer(id: RequestId, bytes: Uint8Array): void {
    this.#drop(id);
    this.#expired.delete(id);
    this.#answers.set(id, bytes);
    this.#grow(bytes.length);
    this.#enforce();
  }

  storeNotification(bytes: Uint8Array): void {
    this.#notifications.push(bytes);
    this.#grow(bytes.length);
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
    const bytes = this.#answers.get(id);
    if (bytes !== undefined) return { type: 'stored', bytes };
    return this.#expired.has(id) ? { type: 'expired' } : { type: 'never-seen' };
  }

  takeNotifications(): readonly Uint8Array[] {
    const taken = this.#notifications;
    this.#notifications = [];
    for (const bytes of taken) this.#grow(-bytes.length);
    return taken;
  }

  clear(): void {
    this.#grow(-this.#bytes);
    this.#answers.clear();
    this.#notifications = [];
    this.#expired.clear();
  }

  #enforce(): void {
    while (this.#isOver()) {
      const notification = this.#notifications.shift();
      if (notification !== undefined) {
        this.#grow(-notification.length);
        continue;
      }
      const oldest = this.#answers.keys().next();
      if (oldest.done === true) return;
      this.#drop(oldest.value);
      this.#expired.add(oldest.value);
      if (this.#expired.size > this.#limits.maxRememberedIds) {
        const first = this.#expired.values().next();
        if (first.done !== true) this.#expired.delete(first.value);
      }
    }
  }

  #isOver(): boolean {
    return (
      this.#answers.size + this.#notifications.length > this.#limits.maxFrames ||
      this.#bytes > this.#limits.maxBytes ||
      this.#budget.bytes > this.#budget.maxBytes
    );
  }

  #drop(id: RequestId): void {
    const bytes = this.#answers.get(id);
    if (bytes === undefined) return;
    this.#answers.delete(id);
    this.#grow(-bytes.length);
  }

  #grow(bytes: number): void {
    this.#bytes += bytes;
    this.#budget.bytes += bytes;
  }
}
