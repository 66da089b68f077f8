import type { MonotonicClock, Schedule } from './deadline.ts';
import { FairQueue, type QueueEntry, type Room } from './fair-queue.ts';

export interface WaitOptions {
  /** Takes the call out of the queue. */
  readonly signal?: AbortSignal;
  /** Place in line, from 1: at once when the call has to wait, then when it has changed. Must not throw. */
  readonly onQueued?: (position: number) => void;
}

/** How a wait ended. `limit` and `queued` describe the bound of the queue. */
export type WaitOutcome<Grant> =
  | { readonly type: 'granted'; readonly grant: Grant; readonly waitedMs: number }
  | { readonly type: 'full'; readonly limit: number; readonly queued: number }
  | { readonly type: 'expired'; readonly limit: number; readonly queued: number }
  | { readonly type: 'cancelled' }
  | { readonly type: 'failed'; readonly error: unknown };

export interface WaitingCallsOptions {
  readonly max: number;
  /** Longest wait of one call. */
  readonly waitMs: number;
  /** Changed places in line are reported at most this often. */
  readonly positionIntervalMs: number;
  readonly clock: MonotonicClock;
  readonly schedule: Schedule;
}

/**
 * The calls in the fair queue with what hangs on them: their time, their abort signal and the reports of their place.
 * Each ends exactly once and leaves no timer or listener behind.
 */
export class WaitingCalls<Grant> {
  readonly #options: WaitingCallsOptions;
  readonly #queue: FairQueue<Waiter<Grant>>;
  #cancelReport: (() => void) | undefined;

  constructor(options: WaitingCallsOptions) {
    this.#options = options;
    this.#queue = new FairQueue(options.max);
  }

  get max(): number {
    return this.#queue.max;
  }

  /** For calls that come from now on. */
  setMax(max: number): void {
    this.#queue.setMax(max);
  }

  get size(): number {
    return this.#queue.size;
  }

  sizeOf(session: string): number {
    return this.#queue.sizeOf(session);
  }

  sizesByProvider(): ReadonlyMap<string | null, number> {
    return this.#queue.sizesByProvider();
  }

  sizes(): Iterable<readonly [session: string, size: number]> {
    return this.#queue.sizes();
  }

  /** `onEnd` is called once, within `add` itself when the queue is full. */
  add(
    session: string,
    provider: string | null,
    options: WaitOptions,
    onEnd: (outcome: WaitOutcome<Grant>) => void,
  ): void {
    const { signal, onQueued } = options;
    const waiter = new Waiter(onEnd, onQueued, this.#options.clock());
    const admission = this.#queue.add(session, provider, waiter);
    if (admission.type === 'full') {
      waiter.end(admission);
      return;
    }
    const { entry } = admission;
    const onAbort = (): void => this.#leave(entry, { type: 'cancelled' });
    signal?.addEventListener('abort', onAbort, { once: true });
    const cancelTimer = this.#options.schedule(() => {
      this.#leave(entry, { type: 'expired', limit: this.#queue.max, queued: this.#queue.size });
    }, this.#options.waitMs);
    waiter.cleanUp = () => {
      cancelTimer();
      signal?.removeEventListener('abort', onAbort);
    };
    if (onQueued !== undefined) this.#report(entry, this.#queue.positionOf(entry));
  }

  /** Ends the wait of the call whose turn it is with what `grant` takes for it; false when none can start. */
  startNext(room: Room, grant: (call: { session: string; provider: string | null }) => Grant): boolean {
    const entry = this.#queue.take(room);
    if (entry === undefined) return false;
    const { value: waiter } = entry;
    waiter.end({ type: 'granted', grant: grant(entry), waitedMs: this.#options.clock() - waiter.since });
    this.#placesChanged();
    return true;
  }

  /** Ends every wait of this session, or of all, as cancelled. */
  cancel(session?: string): void {
    for (const { value: waiter } of this.#queue.removeAll(session)) waiter.end({ type: 'cancelled' });
    this.#placesChanged();
  }

  #leave(entry: QueueEntry<Waiter<Grant>>, outcome: WaitOutcome<Grant>): void {
    if (!this.#queue.remove(entry)) return;
    entry.value.end(outcome);
    this.#placesChanged();
  }

  #placesChanged(): void {
    if (this.#queue.size === 0) {
      this.#cancelReport?.();
      this.#cancelReport = undefined;
      return;
    }
    this.#cancelReport ??= this.#options.schedule(() => {
      this.#cancelReport = undefined;
      for (const [index, entry] of this.#queue.inLine().entries()) this.#report(entry, index + 1);
    }, this.#options.positionIntervalMs);
  }

  /** A caller that throws here ends its own wait; the others do not notice. */
  #report(entry: QueueEntry<Waiter<Grant>>, position: number): void {
    try {
      entry.value.report(position);
    } catch (error) {
      this.#leave(entry, { type: 'failed', error });
    }
  }
}

class Waiter<Grant> {
  readonly since: number;
  readonly #onEnd: (outcome: WaitOutcome<Grant>) => void;
  readonly #onQueued: ((position: number) => void) | undefined;
  cleanUp: (() => void) | undefined;
  #position = 0;
  #hasEnded = false;

  constructor(
    onEnd: (outcome: WaitOutcome<Grant>) => void,
    onQueued: ((position: number) => void) | undefined,
    since: number,
  ) {
    this.#onEnd = onEnd;
    this.#onQueued = onQueued;
    this.since = since;
  }

  end(outcome: WaitOutcome<Grant>): void {
    this.#hasEnded = true;
    this.cleanUp?.();
    this.#onEnd(outcome);
  }

  report(position: number): void {
    if (this.#hasEnded || position === this.#position) return;
    this.#position = position;
    this.#onQueued?.(position);
  }
}
