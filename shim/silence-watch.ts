import type { RequestId } from '../protocol/ids.ts';
import { limits } from '../protocol/limits.ts';
import type { Clock } from './clock.ts';
import type { PendingRequest } from './pending-requests.ts';

export interface SilenceWatchOptions {
  readonly clock: Clock;
  /** Silence about a request after which the daemon is asked. */
  readonly rpcTimeoutMs: number;
  /** Margin over what the daemon itself said a call may still take. */
  readonly ackGraceMs: number;
  readonly open: () => readonly PendingRequest[];
  readonly sendQuery: (queryId: string, pending: readonly RequestId[]) => void;
  /** The connection is dead although its heartbeat lives. */
  readonly onDead: (reason: string) => void;
}

/** What `query_res` says about a running request. */
export interface RunningRequest {
  readonly id: RequestId;
  readonly remainingMs: number;
}

/**
 * Asks after requests that nothing is heard of (WIRE §7.2): never an error and never a second execution, but a `query`
 * with the same id. Three queries without an answer, or no answer by the daemon's own word plus a margin, mean that the
 * connection is dead.
 */
export class SilenceWatch {
  readonly #options: SilenceWatchOptions;
  #cancelTimer: (() => void) | undefined;
  #query: { readonly id: string; readonly sentAt: number } | undefined;
  #unanswered = 0;
  #count = 0;
  #isPaused = false;
  #plannedAt = 0;

  constructor(options: SilenceWatchOptions) {
    this.#options = options;
  }

  /** A request was sent. */
  watch(): void {
    if (this.#cancelTimer === undefined && !this.#isPaused) this.#schedule(this.#options.rpcTimeoutMs);
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#query = undefined;
    this.#unanswered = 0;
  }

  /** Nothing is read while the editor does not read: silence then says nothing about the daemon. */
  pause(): void {
    this.#isPaused = true;
    this.stop();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    const now = this.#options.clock.now();
    for (const request of this.#options.open()) request.lastNewsAt = now;
    if (this.#options.open().length > 0) this.watch();
  }

  /** Returns whether this answers the open query. */
  onQueryAnswer(
    queryId: unknown,
    running: readonly RunningRequest[],
    find: (id: RequestId) => PendingRequest | undefined,
  ): boolean {
    if (this.#query?.id !== queryId) return false;
    this.#query = undefined;
    this.#unanswered = 0;
    const now = this.#options.clock.now();
    for (const request of this.#options.open()) request.lastNewsAt = now; // what is stored arrives next
    for (const { id, remainingMs } of running) {
      const request = find(id);
      // A call that is over its time keeps the deadline that it was given before.
      if (request !== undefined && (remainingMs > 0 || request.deadlineAt === undefined)) {
        request.deadlineAt = now + remainingMs + this.#options.ackGraceMs;
      }
    }
    this.#reschedule();
    return true;
  }

  #check(): void {
    this.#cancelTimer = undefined;
    const { clock, open, rpcTimeoutMs, sendQuery, onDead } = this.#options;
    const now = clock.now();
    const requests = open();
    if (requests.length === 0) {
      this.#query = undefined;
      this.#unanswered = 0;
      return;
    }
    const hasSlept = now - this.#plannedAt > limits.queryTimeoutMs;
    if (!hasSlept && requests.some(({ deadlineAt }) => deadlineAt !== undefined && deadlineAt <= now)) {
      onDead('a request was not answered in the time the daemon gave');
      return;
    }
    if (this.#query !== undefined) {
      if (!hasSlept && now - this.#query.sentAt < limits.queryTimeoutMs) {
        this.#reschedule();
        return;
      }
      if (!hasSlept) this.#unanswered += 1;
      this.#query = undefined;
      if (this.#unanswered >= limits.queriesBeforeDead) {
        onDead('the daemon does not answer queries');
        return;
      }
    }
    const silent = requests.filter(({ lastNewsAt }) => now - lastNewsAt >= rpcTimeoutMs);
    if (silent.length > 0) {
      this.#count += 1;
      this.#query = { id: `query-${this.#count}`, sentAt: now };
      sendQuery(
        this.#query.id,
        silent.map(({ id }) => id),
      );
    }
    this.#reschedule();
  }

  #reschedule(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    const { clock, open, rpcTimeoutMs } = this.#options;
    const now = clock.now();
    const times = open().flatMap(({ lastNewsAt, deadlineAt }) => [
      ...(this.#query === undefined ? [lastNewsAt + rpcTimeoutMs] : []),
      ...(deadlineAt === undefined ? [] : [deadlineAt]),
    ]);
    if (this.#query !== undefined) times.push(this.#query.sentAt + limits.queryTimeoutMs);
    if (times.length > 0) this.#schedule(Math.max(1, Math.min(...times) - now));
  }

  #schedule(delayMs: number): void {
    this.#plannedAt = this.#options.clock.now() + delayMs;
    this.#cancelTimer = this.#options.clock.schedule(() => this.#check(), delayMs);
  }
}
