import type { Failure } from '../protocol/errors.ts';
import type { RequestId } from '../protocol/ids.ts';
import { limits } from '../protocol/limits.ts';
import { failureMessage } from './answers.ts';
import { AwayQueue } from './away-queue.ts';
import { failures, neverAnswered, neverSent, tooLarge, tooManyOpen } from './failures.ts';
import { type PendingRequest, PendingRequests } from './pending-requests.ts';
import { ReceivedReport } from './received-report.ts';
import type { RelayLink, RelayOptions } from './relay-options.ts';
import { type DaemonVerdict, planResume } from './resume-plan.ts';
import { type RunningRequest, SilenceWatch } from './silence-watch.ts';

/** A request that the shim has answered in the daemon's place. */
export interface AnsweredRequest {
  readonly id: RequestId;
  readonly method: string;
  readonly bytes: Uint8Array;
}

/**
 * The requests of the editor on their way: sent, queued while the daemon is away, sent again after a resume, answered
 * exactly once (WIRE §§5.2, 5.3, 7.2).
 */
export class OpenRequests {
  readonly #options: RelayOptions;
  readonly #pending = new PendingRequests();
  readonly #queue: AwayQueue;
  readonly #received: ReceivedReport;
  readonly #silence: SilenceWatch;
  #link: RelayLink | undefined;
  #isDraining = false;
  #awaySince: number;
  /** Why there is no daemon, for the person who waits. */
  #problem: string | undefined;
  #cancelExpiry: (() => void) | undefined;

  constructor(options: RelayOptions) {
    this.#options = options;
    const { clock, bounds } = options;
    this.#awaySince = clock.now();
    this.#queue = new AwayQueue({
      maxFrames: bounds.queueMax,
      maxBytes: limits.shimQueueBytes,
      maxAgeMs: bounds.queueMs,
    });
    this.#received = new ReceivedReport(clock, (ids) => this.#link?.sendControl({ op: 'received', ids: [...ids] }));
    this.#silence = new SilenceWatch({
      clock,
      rpcTimeoutMs: bounds.rpcTimeoutMs,
      ackGraceMs: bounds.ackGraceMs,
      open: () => this.#pending.sent(),
      sendQuery: (queryId, pending) =>
        this.#link?.sendControl({ op: 'query', request_id: queryId, pending: [...pending] }),
      onDead: options.onDeadLink,
    });
  }

  get isLinked(): boolean {
    return this.#link !== undefined;
  }

  /** A request waits that only a daemon can answer. */
  get isWaitedFor(): boolean {
    return this.#queue.length > 0;
  }

  get(id: RequestId): PendingRequest | undefined {
    return this.#pending.get(id);
  }

  all(): readonly PendingRequest[] {
    return this.#pending.all();
  }

  /** Ids for `hello.resume.pending`: sent, and neither answered nor cancelled. */
  sentIds(): RequestId[] {
    return this.#pending.sent().map(({ id }) => id);
  }

  /** A new request of the editor. Its id must not be open. */
  submit(id: RequestId, method: string, bytes: Uint8Array): void {
    const open = this.#pending.size;
    const maxPending = this.#link?.maxPending ?? limits.maxPendingRequests;
    const request = this.#newRequest(id, method, bytes);
    this.#pending.add(request);
    if (open >= maxPending) this.fail(request, tooManyOpen(open, maxPending));
    else if (this.#link !== undefined && !this.#isDraining) this.#send(this.#link, request);
    else this.#enqueue(bytes, request);
  }

  /** A message that nobody answers: a notification of the editor. Dropped where there is no room for it. */
  forward(bytes: Uint8Array): void {
    if (this.#link !== undefined) this.#sendMessage(this.#link, bytes);
    else this.#enqueue(bytes, undefined);
  }

  /** The editor no longer waits. Returns what the daemon knows of the request. */
  cancel(id: RequestId): 'unknown' | 'unsent' | 'sent' {
    const request = this.#pending.get(id);
    if (request === undefined || request.isAnswered || request.method === 'initialize') return 'unknown';
    this.#pending.remove(request);
    if (request.state === 'sent') return 'sent';
    this.#queue.remove(request);
    return 'unsent';
  }

  /** The one answer of a request. False when it has been answered or cancelled already. */
  answer(request: PendingRequest, message: Uint8Array): boolean {
    if (!this.#pending.remove(request)) return false;
    // What went nowhere is reported too: the daemon need not keep it.
    if (request.isAnswered) this.#received.add(request.id);
    else this.#options.toEditor(message, () => this.#received.add(request.id));
    return true;
  }

  fail(request: PendingRequest, failure: Failure): void {
    if (this.#pending.remove(request) && !request.isAnswered)
      this.#options.toEditor(failureMessage(request.id, failure));
  }

  /** An answer that nobody waits for: the daemon need not keep it. */
  discard(id: RequestId): void {
    this.#received.add(id);
  }

  /**
   * The shim has answered in the daemon's place. Returns false when the daemon has not been sent the request: it is then
   * no longer open.
   */
  markAnswered(request: PendingRequest): boolean {
    request.isAnswered = true;
    if (request.state === 'sent') return true;
    this.#queue.remove(request);
    this.#pending.remove(request);
    return false;
  }

  noteNews(request: PendingRequest): void {
    request.lastNewsAt = this.#options.clock.now();
    request.deadlineAt = undefined;
  }

  /** `query_res`. */
  onQueryAnswer(queryId: unknown, running: readonly RunningRequest[], verdict: DaemonVerdict): void {
    if (this.#link !== undefined && this.#silence.onQueryAnswer(queryId, running, (id) => this.#pending.get(id))) {
      this.#apply(this.#link, verdict);
    }
  }

  /** The daemon is about to stop: what comes now waits for the next one; what runs is finished here. */
  drain(): void {
    this.#isDraining = true;
  }

  /** Nothing is read from the daemon while the editor does not read. */
  setReadingPaused(isPaused: boolean): void {
    if (isPaused) this.#silence.pause();
    else this.#silence.resume();
  }

  /** `first` goes out before everything that is queued; the editor has its answer already. */
  linkUp(link: RelayLink, isResumed: boolean, verdict: DaemonVerdict, first: AnsweredRequest | undefined): void {
    this.#link = link;
    this.#isDraining = false;
    this.#problem = undefined;
    this.#received.release(isResumed);
    for (const request of this.#pending.sent()) this.noteNews(request);
    this.#apply(link, verdict);
    if (first !== undefined) {
      const request = { ...this.#newRequest(first.id, first.method, first.bytes), isAnswered: true };
      this.#pending.add(request);
      this.#send(link, request);
    }
    for (const { bytes, request } of this.#queue.takeAll()) {
      if (request === undefined) this.#sendMessage(link, bytes);
      else this.#send(link, request);
    }
    if (this.#pending.size > 0) this.#silence.watch();
    this.#rearm();
  }

  linkDown(): void {
    if (this.#link === undefined) return;
    this.#link = undefined;
    this.#isDraining = false;
    this.#awaySince = this.#options.clock.now();
    this.#received.hold();
    this.#silence.stop();
    this.#rearm();
  }

  /** Why there is no daemon; part of the answers from now on. */
  setProblem(problem: string): void {
    this.#problem = problem;
  }

  /** Answers everything that is open with `failure`: there will be no connection soon. */
  failAll(failure: Failure): void {
    for (const request of this.#pending.all()) {
      const mayHaveRun = request.state === 'sent' && request.method === 'tools/call';
      this.fail(request, mayHaveRun ? { ...failure, retryable: false, mayHaveRun } : failure);
    }
    this.#queue.takeAll();
    this.#rearm();
  }

  /** Requests that a new connection could not name. */
  abandon(ids: readonly RequestId[]): void {
    for (const id of ids) {
      const request = this.#pending.get(id);
      if (request !== undefined) this.fail(request, neverAnswered(request.method, this.#problem));
    }
  }

  /** The daemon closed because a frame was too big: the longest one that it was sent. */
  failLongest(limitBytes: number): void {
    const [longest] = this.#pending.sent().toSorted((a, b) => b.bytes.length - a.bytes.length);
    if (longest !== undefined) this.fail(longest, tooLarge('request', longest.bytes.length, limitBytes));
  }

  #newRequest(id: RequestId, method: string, bytes: Uint8Array): PendingRequest {
    const now = this.#options.clock.now();
    return { id, method, bytes, state: 'queued', isAnswered: false, lastNewsAt: now, deadlineAt: undefined };
  }

  #apply(link: RelayLink, verdict: DaemonVerdict): void {
    const { resend, mayHaveRun } = planResume(this.#pending.sent(), verdict);
    for (const request of mayHaveRun) this.fail(request, failures.restarted);
    for (const request of resend) this.#send(link, request);
    if (resend.length > 0) this.#options.logger.info('sent again', { requests: resend.length });
  }

  #send(link: RelayLink, request: PendingRequest): void {
    if (request.bytes.length > link.maxFrameBytes) {
      this.fail(request, tooLarge('request', request.bytes.length, link.maxFrameBytes));
      return;
    }
    // An id in use again: the daemon must drop the first answer before it stores the second.
    if (this.#received.has(request.id)) this.#received.flush();
    request.state = 'sent';
    this.noteNews(request);
    link.sendMessage(request.bytes);
    this.#silence.watch();
  }

  #sendMessage(link: RelayLink, bytes: Uint8Array): void {
    if (bytes.length <= link.maxFrameBytes) link.sendMessage(bytes);
    else
      this.#options.logger.warn('a message is too long and was dropped', {
        bytes: bytes.length,
        limit: link.maxFrameBytes,
      });
  }

  #enqueue(bytes: Uint8Array, request: PendingRequest | undefined): void {
    if (this.#queue.add({ bytes, request, queuedAt: this.#options.clock.now() })) this.#rearm();
    else if (request !== undefined) this.fail(request, neverSent(this.#problem));
    else this.#options.logger.debug('a notification found no room and was dropped');
  }

  #rearm(): void {
    this.#cancelExpiry?.();
    this.#cancelExpiry = undefined;
    const { clock } = this.#options;
    const times = [this.#queue.nextExpiryAt(), this.#sentExpiryAt()].filter((time) => time !== undefined);
    if (times.length === 0) return;
    this.#cancelExpiry = clock.schedule(() => this.#expire(), Math.max(0, Math.min(...times) - clock.now()));
  }

  /** When the daemon has been away too long for what it had been sent. */
  #sentExpiryAt(): number | undefined {
    if (this.#link !== undefined || this.#pending.sent().length === 0) return undefined;
    return this.#awaySince + this.#options.bounds.reconnectMs;
  }

  #expire(): void {
    const now = this.#options.clock.now();
    for (const { request } of this.#queue.takeExpired(now))
      if (request !== undefined) this.fail(request, neverSent(this.#problem));
    const sentExpiryAt = this.#sentExpiryAt();
    if (sentExpiryAt !== undefined && sentExpiryAt <= now) {
      for (const request of this.#pending.sent()) this.fail(request, neverAnswered(request.method, this.#problem));
    }
    this.#rearm();
  }
}
