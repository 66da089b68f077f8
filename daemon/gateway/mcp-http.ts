import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '../../platform/json-logger.ts';
import { type Envelope, readEnvelope } from '../../protocol/envelope.ts';
import type { Failure } from '../../protocol/errors.ts';
import { isAnnouncedName } from '../../protocol/ids.ts';
import { closeCodes, limits } from '../../protocol/limits.ts';
import type { Authenticator, AuthResult } from '../auth/authenticator.ts';
import type { FailureThrottle } from '../auth/failure-throttle.ts';
import type { RateLimiter } from '../calls/token-bucket.ts';
import type { Peer } from '../listen/frame-socket.ts';
import { bearerOf } from '../listen/guards.ts';
import { BodyBudget, type BodyRead, readBody } from '../listen/read-body.ts';
import { mcpFailures } from '../mcp/mcp-failures.ts';
import type { McpOutlet } from '../mcp/outbox.ts';
import type { EventBus } from '../observe/event-bus.ts';
import type { ResumeBudget } from '../sessions/resume-budget.ts';
import type { Session } from '../sessions/session.ts';
import type { SessionRegistry } from '../sessions/session-registry.ts';
import type { EventStoreLimits } from './event-store.ts';
import type { FrameScheduler } from './frame-scheduler.ts';
import { decideEra, revisionInMeta } from './mcp-era.ts';
import { allowListedOrigin } from './mcp-http-cors.ts';
import { cancelledBy, idOf, structureFailure } from './mcp-http-message.ts';
import { accepts, httpRefusals, isJsonType, refuse, refuseEra } from './mcp-http-reply.ts';
import { type HttpPeer, McpHttpSession } from './mcp-http-session.ts';
import { rateFailure } from './rate-failure.ts';

export interface McpHttpOptions {
  readonly authenticator: Pick<Authenticator, 'authenticate'>;
  readonly throttle: FailureThrottle;
  readonly rates: RateLimiter;
  readonly registry: SessionRegistry;
  readonly mcp: { open(session: Session, outlet: McpOutlet): HttpPeer };
  readonly bus: EventBus;
  readonly logger: Logger;
  readonly scheduler: FrameScheduler;
  readonly resume: { readonly limits: EventStoreLimits; readonly budget: ResumeBudget };
  readonly maxFrameBytes: number;
  readonly allowedOrigins: readonly string[];
  /** Time without request and stream after which a session ends. */
  readonly sessionTimeoutMs: number;
  isDraining(): boolean;
  /** Monotonic milliseconds. */
  now?(): number;
}

type ReadBody = Extract<BodyRead, { type: 'read' }>;
type Accepted = Extract<AuthResult, { type: 'accepted' }>;

/** A session and the connections that stand for it. */
interface Entry {
  readonly session: Session;
  readonly http: McpHttpSession;
}

/** A request that has passed the guards and shown a credential. */
interface Visit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly peer: Peer;
  readonly auth: Accepted;
}

const sessionIdBytes = 24;

/** MCP over Streamable HTTP: `POST`, `GET` and `DELETE /mcp` (WIRE §1.2). The guards have let the request through. */
export class McpHttp {
  readonly #options: McpHttpOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #bodies = new BodyBudget(limits.httpBodiesBytes);

  constructor(options: McpHttpOptions) {
    this.#options = options;
  }

  async serve(request: IncomingMessage, response: ServerResponse, peer: Peer): Promise<void> {
    if (allowListedOrigin(request, response, this.#options.allowedOrigins)) {
      request.resume();
      return;
    }
    const { method } = request;
    if (method !== 'POST' && method !== 'GET' && method !== 'DELETE') {
      this.#refuseUnread(request, response, httpRefusals.wrongMethod, {
        status: 405,
        headers: { Allow: 'GET, POST, DELETE' },
      });
      return;
    }
    const auth = await this.#authenticate(request, response, peer);
    if (auth === undefined || response.destroyed) return;
    const visit: Visit = { request, response, peer, auth };
    if (method === 'POST') await this.#post(visit);
    else this.#ofSession(visit, method);
  }

  /** Ends the sessions that nobody has used for long, and drops what nobody will ask for. */
  sweep(): void {
    const { registry, sessionTimeoutMs } = this.#options;
    for (const { session, http } of this.#entries.values()) {
      if (http.idleMs() >= sessionTimeoutMs) registry.end(session, 'idle');
      else http.sweep();
    }
  }

  async #post(visit: Visit): Promise<void> {
    const { request, response } = visit;
    const { accept } = request.headers;
    if (!isJsonType(request.headers['content-type'])) {
      this.#refuseUnread(request, response, httpRefusals.notJsonType, { status: 415 });
      return;
    }
    if (!accepts(accept, 'application/json') || !accepts(accept, 'text/event-stream')) {
      this.#refuseUnread(request, response, httpRefusals.notAcceptable, { status: 406 });
      return;
    }
    const sessionId = headerOf(request, 'mcp-session-id');
    if (sessionId !== undefined && this.#find(visit) === undefined) {
      this.#refuseUnread(request, response, httpRefusals.unknownSession);
      return;
    }
    const body = await readBody(request, this.#options.maxFrameBytes, this.#bodies);
    if (body.type === 'cut-off') return;
    if (body.type !== 'read') {
      this.#refuse(response, body.type === 'busy' ? httpRefusals.busy : httpRefusals.tooLarge);
      return;
    }
    if (!this.#onMessage(visit, sessionId, body)) body.release();
  }

  /** False when the message goes no further, and its bytes with it. */
  #onMessage(visit: Visit, sessionId: string | undefined, { bytes, release }: ReadBody): boolean {
    const { request, response } = visit;
    const read = readEnvelope(bytes);
    const malformed = structureFailure(read, bytes);
    if (read.type !== 'object' || malformed !== undefined) {
      this.#refuse(response, malformed ?? mcpFailures.notJson, { id: idOf(read) });
      return false;
    }
    const era = decideEra(headerOf(request, 'mcp-protocol-version'), revisionInMeta(bytes));
    if (era.type === 'refused') {
      this.#options.bus.emit({ type: 'probe.seen', kind: 'refused' });
      refuseEra(response, idOf(read), era.error);
      return false;
    }
    const { envelope } = read;
    // Looked up again: while the body came in the session may have ended.
    const entry = sessionId === undefined ? this.#begin(visit, envelope) : this.#find(visit);
    if (entry === undefined) {
      if (sessionId !== undefined) this.#refuse(response, httpRefusals.unknownSession, { id: idOf(read) });
      return false;
    }
    const { id } = envelope;
    if (envelope.method === undefined || id === undefined || id === null) {
      entry.http.postQuietly({ bytes, read, release }, cancelledBy(envelope, bytes));
      response.writeHead(202, { 'Content-Length': 0 });
      response.end();
      return true;
    }
    if (entry.http.isRunning(id)) {
      this.#refuse(response, mcpFailures.idInUse, { id });
      return false;
    }
    const refusal = visit.peer.isExempt ? undefined : this.#options.rates.take(visit.peer.address, entry.session.key);
    if (refusal !== undefined) {
      this.#refuse(response, rateFailure(refusal), { id });
      return false;
    }
    entry.http.post(id, { bytes, read, release }, response, { 'Mcp-Session-Id': entry.http.id });
    return true;
  }

  /** `initialize` opens a session; nothing else may come without one. */
  #begin(visit: Visit, { method, id }: Envelope): Entry | undefined {
    const { response, request, auth } = visit;
    if (method !== 'initialize' || id === undefined || id === null) {
      this.#refuse(response, httpRefusals.noSession, { id: id ?? null });
      return undefined;
    }
    if (this.#options.isDraining()) {
      this.#refuse(response, httpRefusals.draining, { id });
      return undefined;
    }
    const { registry, mcp, bus, logger } = this.#options;
    const http = this.#newConnection();
    const opened = registry.open({
      owner: auth,
      transport: 'http',
      hello: null,
      announcedName: announcedName(request, auth),
      connection: http,
      tokenGeneration: auth.tokenGeneration,
    });
    if (opened.type === 'refused') {
      bus.emit({ type: 'handshake.finished', transport: 'http', result: opened.error });
      this.#refuse(response, httpRefusals.sessionLimit, { id });
      return undefined;
    }
    const { session } = opened;
    const entry = { session, http };
    this.#entries.set(http.id, entry);
    http.start(mcp.open(session, http));
    bus.emit({ type: 'handshake.finished', transport: 'http', result: 'ok' });
    bus.emit({ type: 'connection.opened', transport: 'http' });
    logger.info('session opened', {
      sessionId: session.sessionId,
      instanceId: session.instanceId,
      auth: auth.auth,
      framing: 'http',
    });
    return entry;
  }

  #newConnection(): McpHttpSession {
    const { scheduler, resume, bus } = this.#options;
    const id = randomBytes(sessionIdBytes).toString('base64url');
    return new McpHttpSession({
      id,
      scheduler,
      resume,
      onClosed: () => {
        if (this.#entries.delete(id))
          bus.emit({ type: 'connection.closed', transport: 'http', code: closeCodes.normal.code });
      },
      now: () => this.#options.now?.() ?? performance.now(),
    });
  }

  /** `GET`: the session's stream. `DELETE`: its end. */
  #ofSession(visit: Visit, method: 'GET' | 'DELETE'): void {
    const { request, response } = visit;
    request.resume();
    if (headerOf(request, 'mcp-session-id') === undefined) {
      this.#refuse(response, httpRefusals.noStream, { status: 405, headers: { Allow: 'POST' } });
      return;
    }
    const entry = this.#find(visit);
    if (entry === undefined) {
      this.#refuse(response, httpRefusals.unknownSession);
      return;
    }
    const era = decideEra(headerOf(request, 'mcp-protocol-version'), undefined);
    if (era.type === 'refused') {
      refuseEra(response, null, era.error);
      return;
    }
    if (method === 'DELETE') {
      this.#options.registry.end(entry.session, 'deleted by the client');
      response.writeHead(204);
      response.end();
      return;
    }
    if (!accepts(request.headers.accept, 'text/event-stream')) {
      this.#refuse(response, httpRefusals.noEventStream, { status: 406 });
      return;
    }
    const listening = entry.http.listen(
      response,
      { 'Mcp-Session-Id': entry.http.id },
      headerOf(request, 'last-event-id'),
    );
    if (listening.type === 'bad-event-id') this.#refuse(response, httpRefusals.badEventId);
    else if (listening.type === 'over') {
      response.writeHead(204); // tells a client not to come back
      response.end();
    }
  }

  /** The session of a request, if it belongs to whoever sent it. A credential may have been renewed meanwhile. */
  #find({ request, auth }: Visit): Entry | undefined {
    const entry = this.#entries.get(headerOf(request, 'mcp-session-id') ?? '');
    if (entry === undefined || entry.session.state === 'ended') return undefined;
    if (entry.session.owner.principal !== auth.principal) return undefined;
    entry.session.owner = auth;
    entry.session.tokenGeneration = auth.tokenGeneration;
    return entry;
  }

  async #authenticate(request: IncomingMessage, response: ServerResponse, peer: Peer): Promise<Accepted | undefined> {
    const { authenticator, throttle, logger, bus } = this.#options;
    const auth = await authenticator.authenticate({ token: null, jwt: null, bearer: bearerOf(request) });
    if (auth.type === 'accepted') return auth;
    request.resume();
    const { delayMs, shouldLog } = throttle.failed(peer.address);
    if (shouldLog) logger.warn('authentication failed', { address: peer.address, reason: auth.error });
    bus.emit({ type: 'handshake.finished', transport: 'http', result: auth.error });
    if (delayMs > 0) await delay(delayMs, undefined, { ref: false });
    const failure: Failure = { code: 'UNAUTHORIZED', message: 'This daemon needs a token.', hint: auth.hint };
    if (!response.destroyed)
      this.#refuse(response, failure, { headers: { 'WWW-Authenticate': 'Bearer realm="exai"' } });
    return undefined;
  }

  /** The body is dropped, so that the answer can leave. */
  #refuseUnread(request: IncomingMessage, ...refusal: Parameters<typeof refuse>): void {
    request.resume();
    this.#refuse(...refusal);
  }

  #refuse(...[response, failure, more]: Parameters<typeof refuse>): void {
    this.#options.bus.emit({ type: 'probe.seen', kind: 'refused' });
    refuse(response, failure, more);
  }
}

/** What a client calls itself, else the instance that its token stands for. */
function announcedName(request: IncomingMessage, auth: Accepted): string | undefined {
  const asked = headerOf(request, 'x-exai-session');
  if (isAnnouncedName(asked)) return asked;
  return auth.instanceId ?? undefined;
}

function headerOf(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}
