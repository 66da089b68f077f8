import type { ServerResponse } from 'node:http';
import type { EnvelopeResult } from '../../protocol/envelope.ts';
import type { Failure } from '../../protocol/errors.ts';
import type { RequestId } from '../../protocol/ids.ts';
import { type CloseReason, closeCodes, limits } from '../../protocol/limits.ts';
import type { McpPeer } from '../mcp/mcp-peer.ts';
import type { McpOutlet, MessageContext } from '../mcp/outbox.ts';
import type { ResumeBudget } from '../sessions/resume-budget.ts';
import type { SessionConnection } from '../sessions/session.ts';
import { EventStore, type EventStoreLimits, readEventId } from './event-store.ts';
import type { FrameScheduler, Inbox } from './frame-scheduler.ts';
import { HttpExchange } from './mcp-http-exchange.ts';
import { EventStream } from './mcp-http-stream.ts';

export interface HttpSessionOptions {
  /** Value of `Mcp-Session-Id`: known to the client and to nobody else. */
  readonly id: string;
  readonly scheduler: FrameScheduler;
  readonly resume: { readonly limits: EventStoreLimits; readonly budget: ResumeBudget };
  /** Told once, when the session has ended. */
  onClosed(): void;
  /** Monotonic milliseconds. */
  now(): number;
}

/** The server behind the session, as far as it matters here. */
export type HttpPeer = Pick<McpPeer, 'receive' | 'protocolVersion'>;

/** A message of the client. */
export interface HttpMessage {
  readonly bytes: Buffer;
  readonly read: EnvelopeResult;
  /** Called when the bytes are not held any more. */
  release(): void;
}

/** A message that has not been handled yet. */
interface Incoming extends HttpMessage {
  /** Null for what gets no answer. */
  readonly exchange: HttpExchange | null;
}

export type Resumption =
  | { readonly type: 'connected' }
  /** That stream has ended and the client has all of it. */
  | { readonly type: 'over' }
  | { readonly type: 'bad-event-id' };

/** The first revision whose clients know an event without data. */
const primedSince = '2025-11-25';
/** Stream of what belongs to no request. */
const standalone = 0;

const sessionEnded: Failure = {
  code: 'CANCELLED',
  message: 'The session has ended.',
  hint: 'Begin again with initialize.',
};
const daemonStopped: Failure = {
  code: 'DAEMON_UNAVAILABLE',
  message: 'The daemon was stopped while this request ran.',
  retryable: false,
  mayHaveRun: true,
};

/**
 * One session over Streamable HTTP: many short connections, which stand for one. Says on which of them a message leaves:
 * what belongs to a request on the stream of its POST, everything else on the client's own stream (GET).
 */
export class McpHttpSession implements SessionConnection, McpOutlet {
  readonly id: string;
  readonly #options: HttpSessionOptions;
  readonly #store: EventStore;
  readonly #inbox: Inbox;
  readonly #incoming: Incoming[] = [];
  readonly #exchanges = new Map<RequestId, HttpExchange>();
  /** By number; those that have ended stay as long as their events may be asked for. */
  readonly #streams = new Map<number, EventStream>();
  #peer: HttpPeer | undefined;
  #nextStream = standalone + 1;
  #lastUsedAt: number;
  #isClosed = false;

  constructor(options: HttpSessionOptions) {
    this.id = options.id;
    this.#options = options;
    this.#lastUsedAt = options.now();
    const forget = (stream: number): void => {
      this.#streams.delete(stream);
    };
    this.#store = new EventStore(options.resume.limits, options.resume.budget, () => options.now(), forget);
    // Every message has a connection of its own, so there is none to pause: the number of open requests is the bound.
    const flow = { pause: () => undefined, resume: () => undefined };
    this.#inbox = options.scheduler.open((bytes) => this.#handle(bytes), flow);
    this.#streams.set(standalone, this.#makeStream(standalone));
  }

  start(peer: HttpPeer): void {
    this.#peer = peer;
  }

  /** Milliseconds without a request or stream; 0 while one is open. */
  idleMs(): number {
    const isBusy = this.#exchanges.size > 0 || [...this.#streams.values()].some((one) => one.openConnections > 0);
    return isBusy ? 0 : this.#options.now() - this.#lastUsedAt;
  }

  isRunning(id: RequestId): boolean {
    return this.#exchanges.has(id);
  }

  /** A request. Its answer goes to `response`. */
  post(id: RequestId, message: HttpMessage, response: ServerResponse, headers: Record<string, string>): void {
    this.#touch();
    const exchange = new HttpExchange({
      id,
      response,
      headers,
      openStream: () => this.#openStream(),
    });
    response.once('close', () => this.#touch());
    this.#exchanges.set(id, exchange);
    this.#push({ ...message, exchange });
    exchange.streamSoon();
  }

  /** A notification, or the answer to a request of ours. */
  postQuietly(message: HttpMessage, cancels: RequestId | undefined): void {
    this.#touch();
    this.#push({ ...message, exchange: null });
    if (cancels === undefined) return;
    // A cancelled request gets no answer (WIRE §6.1), and its stream would stay open for ever.
    const cancelled = this.#exchanges.get(cancels);
    if (cancelled === undefined || cancelled.isDone) return;
    cancelled.abandon();
    this.#exchanges.delete(cancels);
  }

  /** The client's own stream, or with the id of the last event it has seen the rest of any stream. */
  listen(response: ServerResponse, headers: Record<string, string>, lastEventId: string | undefined): Resumption {
    this.#touch();
    this.#store.prune();
    if (lastEventId === undefined) {
      this.#streams.get(standalone)?.connect(response, headers);
      this.#streams.get(standalone)?.keepAtMost(limits.sseStandaloneMax);
      return { type: 'connected' };
    }
    const position = readEventId(lastEventId);
    if (position === undefined) return { type: 'bad-event-id' };
    const stream = this.#streams.get(position.stream);
    if (stream === undefined || (stream.isEnded && this.#store.after(position).length === 0)) return { type: 'over' };
    stream.connect(response, headers, position.number);
    return { type: 'connected' };
  }

  sendMessage(message: string | Uint8Array, about?: MessageContext): void {
    this.#inbox.charge(message.length);
    const exchange = about === undefined ? undefined : this.#exchanges.get(about.requestId);
    if (about?.isAnswer === true) {
      this.#exchanges.delete(about.requestId);
      exchange?.answer(message);
      return;
    }
    if (exchange === undefined) this.#streams.get(standalone)?.send(message, null);
    else exchange.send(message);
  }

  /** Frames of our own protocol are for shims; nothing of it concerns an HTTP client. */
  send(kind: 'control' | 'message', payload: string | Uint8Array): void {
    if (kind === 'message') this.sendMessage(payload);
  }

  /** The session has ended: nothing is left open. */
  close({ code }: CloseReason): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const failure = code === closeCodes.shutdown.code ? daemonStopped : sessionEnded;
    for (const exchange of this.#exchanges.values()) exchange.fail(failure);
    this.#exchanges.clear();
    this.#inbox.close();
    for (const stream of this.#streams.values()) stream.end();
    this.#store.clear();
    this.#options.onClosed();
  }

  sweep(): void {
    this.#store.prune();
  }

  #push(incoming: Incoming): void {
    this.#incoming.push(incoming);
    this.#inbox.push(incoming.bytes);
  }

  #handle(bytes: Buffer): void {
    const incoming = this.#incoming.shift();
    incoming?.release();
    if (incoming === undefined || this.#isClosed) return;
    const { read, exchange } = incoming;
    if (exchange?.isDone === true) return; // cancelled while it waited for its turn
    this.#peer?.receive(bytes, read);
  }

  #openStream(): EventStream {
    const number = this.#nextStream;
    this.#nextStream += 1;
    const stream = this.#makeStream(number);
    this.#streams.set(number, stream);
    this.#store.prune();
    return stream;
  }

  #makeStream(number: number): EventStream {
    return new EventStream({
      stream: number,
      store: this.#store,
      isPrimed: () => (this.#peer?.protocolVersion ?? '') >= primedSince,
      onGone: () => this.#touch(),
    });
  }

  #touch(): void {
    this.#lastUsedAt = this.#options.now();
  }
}
