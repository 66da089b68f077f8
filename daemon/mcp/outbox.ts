import { longestLineBytes } from '../../protocol/client-limits.ts';
import { type ErrorCode, type Failure, jsonRpcError } from '../../protocol/errors.ts';
import type { RequestId } from '../../protocol/ids.ts';
import type { CallReply } from '../calls/dispatcher.ts';
import type { EventBus } from '../observe/event-bus.ts';
import type { ResumeBuffer } from '../sessions/resume-buffer.ts';
import type { Session } from '../sessions/session.ts';
import { RelayedResult } from '../tools/tool.ts';
import { mcpFailures } from './mcp-failures.ts';
import { OversizedResults } from './oversized-results.ts';
import { uriScheme } from './uri-scheme.ts';

/** The client's request that a message belongs to. Streamable HTTP has a stream for each. */
export interface MessageContext {
  readonly requestId: RequestId;
  /** The last word on that request. */
  readonly isAnswer: boolean;
}

/** Where frames of an MCP session go while it has a connection. */
export interface McpOutlet {
  /** Without `about` the message concerns the session as a whole. */
  sendMessage(text: string | Uint8Array, about?: MessageContext): void;
}

export interface OutboxOptions {
  readonly session: Session;
  readonly bus: EventBus;
  readonly maxFrameBytes: number;
  /** Null: the client has no second chance, and nothing is kept. */
  readonly buffer: ResumeBuffer | null;
  /** Milliseconds that no change of the wall clock moves. */
  monotonicNow(): number;
}

/**
 * Everything that the MCP server of one session says: answers, kept for a client that may be away, and notifications.
 * Without an outlet it goes on, into the resume buffer. `receivedAt` is the monotonic time at which a request came.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #oversized = new OversizedResults();
  #outlet: McpOutlet | null = null;

  constructor(options: OutboxOptions) {
    this.#options = options;
  }

  attach(outlet: McpOutlet): void {
    this.#outlet = outlet;
  }

  detach(): void {
    this.#outlet = null;
  }

  sendStored(bytes: Uint8Array): void {
    this.#outlet?.sendMessage(bytes);
  }

  sendMissedNotifications(): void {
    for (const bytes of this.#options.buffer?.takeNotifications() ?? []) this.#outlet?.sendMessage(bytes);
  }

  /** How a call ended. A result too long for the client's line is replaced by its beginning and a link. */
  answerReply(id: RequestId, reply: CallReply, receivedAt: number): void {
    if (reply.type === 'failure') {
      if (reply.relayed === undefined) this.answerFailure(id, reply.failure, receivedAt);
      else this.answerRelayed(id, 'error', reply.relayed, receivedAt);
      return;
    }
    if (reply.result instanceof RelayedResult) {
      this.#answerRelayedResult(id, reply.callId, reply.result, receivedAt);
      return;
    }
    const text = JSON.stringify(reply.result);
    const limit = this.#longestLineBytes();
    const envelopeBytes = envelopeBytesOf(id);
    if (text.length * 3 + envelopeBytes > limit) {
      const actual = Buffer.byteLength(text, 'utf8') + envelopeBytes;
      if (actual > limit) {
        const replaced = this.#oversized.replace(reply.callId, reply.result, actual, limit);
        this.answerResult(id, JSON.stringify(replaced), receivedAt);
        return;
      }
    }
    this.answerResult(id, text, receivedAt);
  }

  #answerRelayedResult(id: RequestId, callId: string, result: RelayedResult, receivedAt: number): void {
    const limit = this.#longestLineBytes();
    const actual = result.raw.length + envelopeBytesOf(id);
    if (actual <= limit) this.answerRelayed(id, 'result', result.raw, receivedAt);
    else {
      const replaced = this.#oversized.replace(callId, result.parsed(), actual, limit);
      this.answerResult(id, JSON.stringify(replaced), receivedAt);
    }
  }

  /** What a server has answered: its bytes under the client's id. */
  answerRelayed(id: RequestId, outcome: 'result' | 'error', payload: Buffer, receivedAt: number): void {
    const head = Buffer.from(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"${outcome}":`, 'utf8');
    const bytes = Buffer.concat([head, payload, Buffer.from('}')]);
    this.#answer(id, bytes, outcome === 'result' ? 'response' : 'error', receivedAt);
  }

  /** A request of a server to the client, or a notification, as bytes. */
  sendRelayed(bytes: Buffer, kind: 'request' | 'notification', relatedTo?: RequestId): void {
    this.#options.bus.emit({ type: 'message.sent', kind, bytes: bytes.length });
    const about = relatedTo === undefined ? undefined : { requestId: relatedTo, isAnswer: false };
    this.#outlet?.sendMessage(bytes, about);
  }

  /** Whether this address names a part of a result that was too long for one line. */
  hasResource(uri: string): boolean {
    return this.#oversized.read(uri, this.#longestLineBytes()) !== undefined;
  }

  /** A part of a result that was too long for one line. */
  answerResource(id: RequestId, uri: string, receivedAt: number): void {
    const part = this.#oversized.read(uri, this.#longestLineBytes());
    const failure = part === undefined ? mcpFailures.noSuchResource : undefined;
    this.countResource(uri, failure?.code ?? null);
    if (failure === undefined) this.answerResult(id, JSON.stringify(part), receivedAt);
    else this.answerFailure(id, failure, receivedAt);
  }

  countResource(uri: string, errorCode: ErrorCode | null): void {
    const { bus, session } = this.#options;
    bus.emit({ type: 'resource.read', scheme: uriScheme(uri), clientName: session.client.name, errorCode });
  }

  answerResult(id: RequestId, resultJson: string, receivedAt: number): void {
    this.#answer(id, `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${resultJson}}`, 'response', receivedAt);
  }

  /** The answer of a request, or, without a time of receipt, of what was none or came to an earlier daemon run. */
  answerFailure(id: RequestId | null, failure: Failure, receivedAt?: number): void {
    this.#answer(id, this.#failureText(id, failure), 'error', receivedAt);
  }

  /** An error that is not the answer of the request with this id, which runs on. */
  sendFailure(id: RequestId, failure: Failure): void {
    this.#outlet?.sendMessage(this.#failureText(id, failure), { requestId: id, isAnswer: false });
  }

  /** `requestId`: the request of the client that caused it, if one did. */
  notify(
    method: string,
    params: Record<string, unknown> | undefined,
    kind: 'progress' | 'message',
    requestId?: RequestId,
  ): void {
    const text = JSON.stringify({ jsonrpc: '2.0', method, ...(params === undefined ? {} : { params }) });
    this.#options.bus.emit({ type: 'message.sent', kind: 'notification', bytes: text.length });
    const about = requestId === undefined ? undefined : { requestId, isAnswer: false };
    if (this.#outlet !== null) this.#outlet.sendMessage(text, about);
    else if (kind === 'progress') this.#options.buffer?.storeNotification(Buffer.from(text, 'utf8'));
  }

  #answer(id: RequestId | null, text: string | Buffer, kind: string, receivedAt: number | undefined): void {
    const { buffer, bus } = this.#options;
    if (receivedAt === undefined) bus.emit({ type: 'message.sent', kind, bytes: text.length });
    else {
      const latencyMs = this.#options.monotonicNow() - receivedAt;
      bus.emit({ type: 'message.sent', kind, bytes: text.length, answerTo: 'request', latencyMs });
    }
    const about = id === null ? undefined : { requestId: id, isAnswer: true };
    if (buffer === null || id === null) {
      this.#outlet?.sendMessage(text, about);
      return;
    }
    const bytes = typeof text === 'string' ? Buffer.from(text, 'utf8') : text;
    buffer.storeAnswer(id, bytes);
    this.#outlet?.sendMessage(bytes, about);
  }

  #failureText(id: RequestId | null, failure: Failure): string {
    const error = jsonRpcError(failure);
    this.#options.bus.emit({ type: 'error.answered', jsonrpcCode: error.code, code: failure.code });
    return JSON.stringify({ jsonrpc: '2.0', id, error });
  }

  #longestLineBytes(): number {
    return longestLineBytes(this.#options.session.client.name, this.#options.maxFrameBytes);
  }
}

function envelopeBytesOf(id: RequestId): number {
  return 64 + (typeof id === 'string' ? id.length * 6 : 24);
}
