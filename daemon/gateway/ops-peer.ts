import type { Failure } from '../../protocol/errors.ts';
import type { RequestId } from '../../protocol/ids.ts';
import { limits } from '../../protocol/limits.ts';
import { cancelledFailure } from '../calls/call-failures.ts';
import { canonicalHash } from '../calls/content-hash.ts';
import type { CallReply, Dispatcher } from '../calls/dispatcher.ts';
import { type Coalesce, ResultStore, type RunningCall } from '../calls/result-store.ts';
import type { EventBus } from '../observe/event-bus.ts';
import type { Session, SessionPeer } from '../sessions/session.ts';
import {
  callAnswer,
  type Echo,
  echoed,
  isSilent,
  type OpsOptions,
  type OpsPayload,
  type OpsRequest,
  opsError,
  opsPayload,
} from './ops-frames.ts';

export interface OpsPeerOptions {
  readonly session: Session;
  readonly dispatcher: Dispatcher;
  readonly bus: EventBus;
  readonly answers: OpsOptions;
  readonly repeats: {
    readonly coalesce: Coalesce;
    readonly neverCoalesceTools: ReadonlySet<string>;
    readonly ttlMs: number;
    readonly undeliveredMs: number;
  };
  /** Calls one connection may have open. */
  readonly maxOpen: number;
  /** Monotonic milliseconds. */
  now(): number;
}

/** One connection of the session, as calls see it. */
export interface OpsClient {
  /** Took the session over after its last connection was lost (WIRE §4.5, exception 1). */
  readonly isReattached: boolean;
  send(text: string): void;
}

/** Someone who waits for a call: an ask on a connection. */
interface Asker {
  readonly client: OpsClient;
  readonly echo: Echo;
  readonly flags: Readonly<Record<string, true>>;
  readonly wantsStream: boolean;
  /** Monotonic milliseconds. */
  readonly receivedAt: number;
  nextChunk: number;
}

interface OpsCall {
  readonly cancel: AbortController;
  readonly askers: Asker[];
  readonly toolName: string;
}

type CallRequest = Extract<OpsRequest, { type: 'call_tool' }>;
type CancelRequest = Extract<OpsRequest, { type: 'cancel' }>;

/** The calls of one ops session. It outlives connections, so that a reconnecting client finds its calls (WIRE §4). */
export class OpsPeer implements SessionPeer {
  readonly isResumable = true;
  readonly #options: OpsPeerOptions;
  readonly #session: Session;
  readonly #store: ResultStore<OpsCall, OpsPayload>;
  readonly #running = new Set<OpsCall>();
  #client: OpsClient | null = null;

  constructor(options: OpsPeerOptions) {
    this.#options = options;
    this.#session = options.session;
    this.#store = new ResultStore({ ttlMs: options.repeats.ttlMs, undeliveredMs: options.repeats.undeliveredMs });
  }

  get inflight(): number {
    return this.#running.size;
  }

  attach(client: OpsClient): OpsClient {
    this.#client = client;
    return client;
  }

  onDetached(): void {
    if (this.#client !== null) this.#store.connectionGone(this.#client);
    this.#client = null;
  }

  onEnded(): void {
    this.#client = null;
    for (const call of this.#running) call.cancel.abort();
  }

  sweep(): void {
    this.#store.sweep(this.#options.now());
  }

  call(client: OpsClient, request: CallRequest, bytes: number): void {
    const { echo, name, args } = request;
    const receivedAt = this.#options.now();
    this.#session.lastActiveAt = Date.now() / 1000;
    if (this.#running.size >= this.#options.maxOpen) {
      const capacity = {
        scope: 'session',
        limit: this.#options.maxOpen,
        inflight: this.#running.size,
        queued: 0,
      } as const;
      this.#refuse(
        { client, echo, receivedAt },
        {
          code: 'OVER_CAPACITY',
          message: 'This connection has too many open requests.',
          retryAfterMs: limits.retryAfterMs,
          capacity,
        },
      );
      return;
    }
    if (this.#isExpired()) {
      this.#refuse(
        { client, echo, receivedAt },
        {
          code: 'UNAUTHORIZED',
          message: 'The user token of this session has expired.',
          hint: 'Get a new token and reconnect.',
        },
      );
      return;
    }
    const requestId = echo.request_id ?? echo.id;
    const contentHash = canonicalHash(name, args);
    const asker: Asker = { client, echo, flags: {}, wantsStream: args['stream'] === true, receivedAt, nextChunk: 0 };
    const { coalesce, neverCoalesceTools } = this.#options.repeats;
    const decision = this.#store.decide({
      requestId,
      contentHash,
      isLegacyReattached: client.isReattached,
      coalesce,
      toolExcepted: neverCoalesceTools.has(name),
      now: receivedAt,
    });
    const ask = { requestId, contentHash, connection: client };
    switch (decision.type) {
      case 'run':
        void this.#run(asker, request, bytes, ask);
        return;
      case 'join':
        this.#store.attach(decision.running, ask);
        this.#join(decision.running, asker);
        return;
      case 'adopt':
        this.#store.attach(decision.from, ask);
        if (decision.from.state === 'running') this.#join(decision.from, asker);
        else this.#replay(asker, decision.from.payload);
        return;
      case 'replay':
        this.#store.attach(decision.stored, ask);
        this.#replay(asker, decision.stored.payload);
        return;
      case 'duplicate':
        this.#refuse(
          asker,
          {
            code: 'DUPLICATE',
            message: 'Another call with this id is still running.',
            hint: 'Use a new id for each call.',
          },
          decision.originalRequestId,
        );
        return;
    }
  }

  cancel(client: OpsClient, request: CancelRequest): void {
    const receivedAt = this.#options.now();
    const found = this.#store.cancel(request.target);
    const frame = {
      op: 'cancelled',
      ...echoed(request.echo),
      target: request.target,
      ok: true,
      found: found !== undefined,
      timestamp: Date.now() / 1000,
    };
    this.#answer({ client, receivedAt }, 'cancel', JSON.stringify(frame));
    if (found === undefined) return;
    const { call } = found.running;
    if (found.isLast) {
      call.cancel.abort();
      return;
    }
    // Others still want the call: only this asker gets its answer now.
    const index = call.askers.findIndex(({ echo }) => (echo.request_id ?? echo.id) === request.target);
    const [asker] = index < 0 ? [] : call.askers.splice(index, 1);
    if (asker !== undefined) this.#refuse(asker, { code: 'CANCELLED', message: 'The call was cancelled.' });
  }

  async #run(
    first: Asker,
    request: CallRequest,
    bytes: number,
    ask: { requestId: RequestId | undefined; contentHash: string; connection: object },
  ): Promise<void> {
    const call: OpsCall = { cancel: new AbortController(), askers: [first], toolName: request.name };
    const entry = this.#store.begin(ask, call);
    this.#running.add(call);
    this.#session.callsTotal += 1;
    const toAll = (frame: (asker: Asker) => Record<string, unknown>): void => {
      for (const asker of call.askers) if (!isSilent(asker.echo)) asker.client.send(JSON.stringify(frame(asker)));
    };
    const progress = (fields: Record<string, unknown>): void =>
      toAll(({ echo }) => ({ op: 'progress', ...echoed(echo), name: request.name, t: Date.now() / 1000, ...fields }));
    const reply = await this.#options.dispatcher.call({
      caller: this.#session,
      toolName: request.name,
      arguments: request.args,
      requestBytes: bytes,
      cancelled: call.cancel.signal,
      canceller: call.cancel,
      sessionGone: this.#session.gone,
      onQueued: (position) => progress({ note: 'queued', details: { position } }),
      onStarted: ({ callId, deadlineMs, wasQueued }) =>
        toAll(({ echo }) => ({
          op: 'call_tool_ack',
          ...echoed(echo),
          accepted: true,
          timeout: Math.ceil(deadlineMs / 1000),
          name: request.name,
          call_id: callId,
          queued: wasQueued,
        })),
      onProgress: (value) => progress({ ...value, level: 'info' }),
      onHeartbeat: () => progress({ note: 'running' }),
      onChunk: (text) => {
        for (const asker of call.askers) this.#sendChunk(asker, text);
      },
    });
    this.#running.delete(call);
    if (this.#session.state === 'ended') return;
    this.#finish(entry, opsPayload(request.name, afterCancel(reply, call), this.#options.answers));
  }

  #finish(entry: RunningCall<OpsCall>, payload: OpsPayload): void {
    const isPresent = entry.call.askers.some(({ client }) => client === this.#client);
    if (payload.ok) {
      const bytes = JSON.stringify(payload.body).length;
      this.#store.succeed(entry, { payload, bytes, isDelivered: isPresent, now: this.#options.now() });
    } else {
      this.#store.fail(entry);
    }
    for (const asker of entry.call.askers) {
      if (asker.nextChunk > 0) {
        asker.client.send(
          JSON.stringify({ op: 'stream_complete', ...echoed(asker.echo), timestamp: new Date().toISOString() }),
        );
      }
      this.#answer(asker, 'call_tool', callAnswer(asker.echo, payload, asker.flags), payload.ok);
    }
  }

  #join(running: RunningCall<OpsCall>, asker: Asker): void {
    running.call.askers.push({ ...asker, flags: { from_inflight: true } });
    this.#options.bus.emit({ type: 'call.joined', sessionId: this.#session.sessionId });
    if (isSilent(asker.echo)) return;
    const frame = {
      op: 'progress',
      ...echoed(asker.echo),
      name: running.call.toolName,
      t: Date.now() / 1000,
      note: 'joined',
    };
    asker.client.send(JSON.stringify(frame));
  }

  #replay(asker: Asker, payload: OpsPayload): void {
    this.#options.bus.emit({ type: 'result.replayed', sessionId: this.#session.sessionId });
    this.#answer(asker, 'call_tool', callAnswer(asker.echo, payload, { from_cache: true }), payload.ok);
  }

  #sendChunk(asker: Asker, text: string): void {
    if (!asker.wantsStream || isSilent(asker.echo)) return;
    const frame = {
      op: 'stream_chunk',
      ...echoed(asker.echo),
      seq: asker.nextChunk,
      chunk: text,
      timestamp: new Date().toISOString(),
    };
    asker.nextChunk += 1;
    asker.client.send(JSON.stringify(frame));
  }

  #refuse(
    { client, echo, receivedAt }: Pick<Asker, 'client' | 'echo' | 'receivedAt'>,
    failure: Failure,
    original?: RequestId,
  ): void {
    this.#options.bus.emit({ type: 'error.answered', jsonrpcCode: 0, code: failure.code });
    const text = callAnswer(echo, { ok: false, body: { error: opsError(failure, original) } });
    this.#answer({ client, receivedAt }, 'call_tool', text, false);
  }

  #answer(
    { client, receivedAt }: Pick<Asker, 'client' | 'receivedAt'>,
    answerTo: 'call_tool' | 'cancel',
    text: string,
    isOk = true,
  ): void {
    const latencyMs = this.#options.now() - receivedAt;
    const kind = isOk ? 'response' : 'error';
    this.#options.bus.emit({ type: 'message.sent', kind, bytes: text.length, answerTo, latencyMs });
    client.send(text);
  }

  #isExpired(): boolean {
    const { expiresAt } = this.#session.owner;
    return expiresAt !== null && Date.now() > expiresAt * 1000 + limits.jwtSkewMs;
  }
}

/**
 * A tool that answers at once has its result before the next frame is read, and its answer leaves a moment later. Who was
 * told in between that the call was found is owed CANCELLED (WIRE §4.4); that it may have run is true.
 */
function afterCancel(reply: CallReply, { cancel }: OpsCall): CallReply {
  if (reply.type === 'failure' || !cancel.signal.aborted) return reply;
  const { callId, timing } = reply;
  return { type: 'failure', callId, failure: { ...cancelledFailure, callId }, timing };
}
