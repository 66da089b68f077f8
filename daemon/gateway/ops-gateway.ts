import type { Failure } from '../../protocol/errors.ts';
import { limits } from '../../protocol/limits.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import type { Dispatcher } from '../calls/dispatcher.ts';
import type { Coalesce } from '../calls/result-store.ts';
import type { RateRefusal } from '../calls/token-bucket.ts';
import type { ToolCatalog } from '../mcp/tool-catalog.ts';
import type { EventBus } from '../observe/event-bus.ts';
import type { Session } from '../sessions/session.ts';
import type { ClientConnection } from './client-connection.ts';
import { answerOpOf, echoed, type OpsRequest, problemFrame, readOpsRequest } from './ops-frames.ts';
import { OpsPeer } from './ops-peer.ts';

export interface OpsGatewayOptions {
  readonly dispatcher: Dispatcher;
  readonly catalog: ToolCatalog;
  readonly authenticator: Authenticator;
  readonly bus: EventBus;
  readonly compatText: boolean;
  readonly ensureNonEmptyOutput: boolean;
  readonly coalesce: Coalesce;
  readonly neverCoalesceTools: readonly string[];
  readonly resultTtlMs: number;
  readonly sessionGraceMs: number;
  /** The object of the health file (WIRE §8.1). */
  healthBody(): Record<string, unknown>;
  /** Monotonic milliseconds. */
  now(): number;
}

/** Sessions in ops mode: the protocol of the predecessor's shims (WIRE §4). */
export class OpsGateway {
  readonly #options: OpsGatewayOptions;

  constructor(options: OpsGatewayOptions) {
    this.#options = options;
  }

  /** Binds a session to a connection and returns the handler of its frames. */
  connect(
    session: Session,
    connection: ClientConnection,
    options: { rate(): RateRefusal | undefined },
  ): (bytes: Buffer) => void {
    const peer = session.peer instanceof OpsPeer ? session.peer : this.#newPeer(session);
    const isReattached = session.resumes > 0 && session.hello?.shimId === undefined;
    const client = peer.attach({ isReattached, send: (text) => connection.send('control', text) });
    return (bytes) => {
      const receivedAt = this.#options.now();
      const request = readOpsRequest(bytes);
      const send = (frame: Record<string, unknown>, kind: 'response' | 'error' = 'response'): void => {
        const text = JSON.stringify(frame);
        const latencyMs = this.#options.now() - receivedAt;
        this.#options.bus.emit({ type: 'message.sent', kind, bytes: text.length, answerTo: request.type, latencyMs });
        connection.send('control', text);
      };
      this.#options.bus.emit({
        type: 'message.received',
        kind: request.type,
        clientName: session.client.name,
        bytes: bytes.length,
      });
      const refusal = request.type === 'problem' ? undefined : options.rate();
      if (refusal !== undefined) {
        const failure: Failure = {
          code: 'RATE_LIMITED',
          message: 'Too many requests.',
          retryAfterMs: refusal.retryAfterMs,
          details: { scope: refusal.scope, limit: refusal.limit },
        };
        const { echo } = request;
        send(
          problemFrame({ type: 'problem', echo, op: answerOpOf(request.type), message: 'rate_limited', failure }),
          'error',
        );
        return;
      }
      if (request.type === 'call_tool') peer.call(client, request, bytes.length);
      else if (request.type === 'cancel') peer.cancel(client, request);
      else void this.#answer(session, request, send);
    };
  }

  async #answer(
    session: Session,
    request: Exclude<OpsRequest, { type: 'call_tool' | 'cancel' }>,
    send: (frame: Record<string, unknown>, kind?: 'error') => void,
  ): Promise<void> {
    const ids = echoed(request.echo);
    switch (request.type) {
      case 'list_tools': {
        send({ op: 'list_tools_res', ...ids, tools: this.#options.catalog.listed, timestamp: Date.now() / 1000 });
        return;
      }
      case 'ping':
        send({ op: 'pong', ...ids, timestamp: new Date().toISOString() });
        return;
      case 'health':
        send({ op: 'health_res', ...ids, ok: true, health: this.#options.healthBody() });
        return;
      case 'rotate_token': {
        const { principal, isAdmin } = session.owner;
        const result = await this.#options.authenticator.rotateToken({
          old: request.old,
          new: request.new,
          principal,
          isAdmin,
        });
        send({ op: 'rotate_token_res', ...ids, ...result });
        return;
      }
      case 'problem':
        this.#options.bus.emit({ type: 'error.answered', jsonrpcCode: 0, code: request.failure.code });
        send(problemFrame(request), 'error');
        return;
    }
  }

  #newPeer(session: Session): OpsPeer {
    const {
      dispatcher,
      bus,
      compatText,
      ensureNonEmptyOutput,
      coalesce,
      neverCoalesceTools,
      resultTtlMs,
      sessionGraceMs,
    } = this.#options;
    const peer = new OpsPeer({
      session,
      dispatcher,
      bus,
      now: () => this.#options.now(),
      answers: {
        compatText,
        ensureNonEmptyOutput,
        isModern: session.hello?.protocol !== undefined,
        sessionId: session.sessionId,
      },
      repeats: {
        coalesce,
        neverCoalesceTools: new Set(neverCoalesceTools),
        ttlMs: resultTtlMs,
        undeliveredMs: sessionGraceMs,
      },
      maxOpen: limits.maxPendingRequests,
    });
    session.peer = peer;
    return peer;
  }
}
