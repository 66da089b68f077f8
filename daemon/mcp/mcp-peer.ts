import { longestLineBytes } from '../../protocol/client-limits.ts';
import type { Envelope, EnvelopeResult } from '../../protocol/envelope.ts';
import { type Failure, jsonRpcError, parseErrorCode } from '../../protocol/errors.ts';
import type { Hello } from '../../protocol/hello.ts';
import { type RequestId, requestIdKey } from '../../protocol/ids.ts';
import { limits } from '../../protocol/limits.ts';
import { mcpRevisions, version } from '../../protocol/version.ts';
import type { CallJournal, JournalVerdict } from '../calls/call-journal.ts';
import type { CallReply, Dispatcher } from '../calls/dispatcher.ts';
import type { EventBus } from '../observe/event-bus.ts';
import type { ResumeBuffer } from '../sessions/resume-buffer.ts';
import type { Session, SessionPeer } from '../sessions/session.ts';
import type { ToolProgress } from '../tools/tool.ts';
import { OversizedResults } from './oversized-results.ts';
import { type McpParameters, readParameters } from './parameters.ts';
import type { ToolCatalog } from './tool-catalog.ts';

/** Where frames of an MCP session go while it has a connection. */
export interface McpOutlet {
  sendMessage(text: string | Uint8Array): void;
}

export interface McpPeerOptions {
  readonly session: Session;
  readonly dispatcher: Dispatcher;
  readonly catalog: ToolCatalog;
  readonly bus: EventBus;
  readonly maxFrameBytes: number;
  /** Present for shims: answers are kept until confirmed, and unsafe calls are journalled. */
  readonly resumable: { readonly buffer: ResumeBuffer; readonly journal: CallJournal; readonly shimId: string } | null;
  /** The client is a window and no probe (CLIENTS S18). */
  onConfirmed(): void;
  /** Wait for a slot and deadline together: how long a call that has just come may take. */
  readonly longestCallMs: number;
  /** Epoch milliseconds. */
  now(): number;
  /** Milliseconds that no change of the wall clock moves. */
  monotonicNow(): number;
}

/** What the daemon knows of a request that a shim still waits for (WIRE §5.2). */
export type PendingState =
  | { readonly type: 'running'; readonly remainingMs: number }
  | { readonly type: 'stored'; readonly bytes: Uint8Array }
  | { readonly type: 'expired' }
  | { readonly type: 'never-seen' };

interface RunningRequest {
  readonly cancel: AbortController;
  /** Epoch milliseconds. */
  deadlineAt: number;
  isCancelled: boolean;
}

/** Capabilities of every window; the shim's stand-in answer says the same (CLIENTS S5). */
export const serverCapabilities = { tools: { listChanged: true }, logging: {} } as const;
export const serverTitle = 'EXAI';

/**
 * The MCP server that one session talks to. It outlives connections: calls go on while the client is away, and their
 * answers wait in the resume buffer.
 */
export class McpPeer implements SessionPeer {
  readonly #options: McpPeerOptions;
  readonly #session: Session;
  readonly #running = new Map<string, RunningRequest>();
  readonly #oversized = new OversizedResults();
  #outlet: McpOutlet | null = null;
  #isInitialized = false;
  #protocolVersion: string = mcpRevisions[0];

  constructor(options: McpPeerOptions) {
    this.#options = options;
    this.#session = options.session;
  }

  get isResumable(): boolean {
    return this.#options.resumable !== null;
  }

  get inflight(): number {
    return this.#running.size;
  }

  attach(outlet: McpOutlet): void {
    this.#outlet = outlet;
  }

  onDetached(): void {
    this.#outlet = null;
  }

  onEnded(): void {
    this.#outlet = null;
    for (const request of this.#running.values()) request.cancel.abort();
    this.#options.resumable?.buffer.clear();
  }

  /** The resume buffer is bounded by size and by what the client confirms, not by time. */
  sweep(): void {}

  /** Continues a session of an earlier daemon, or one whose `initialize` the shim answered itself (WIRE §5.2, CLIENTS S5). */
  restore(resume: NonNullable<Hello['resume']>): void {
    const initialize = resume.initialize ?? null;
    if (initialize !== null) this.#identify(readParameters(initialize));
    if (typeof resume.protocolVersion === 'string' && resume.protocolVersion !== '')
      this.#protocolVersion = resume.protocolVersion;
    if (initialize !== null) {
      this.#isInitialized = true;
      this.#session.lastActiveAt = this.#options.now() / 1000;
    }
  }

  /** The client may have missed a change of the tools while it was away. */
  announceLists(): void {
    if (this.#isInitialized) this.#notify('notifications/tools/list_changed', undefined, 'message');
  }

  pendingState(id: RequestId): PendingState {
    const running = this.#running.get(requestIdKey(id));
    if (running !== undefined)
      return { type: 'running', remainingMs: Math.max(0, running.deadlineAt - this.#options.monotonicNow()) };
    return this.#options.resumable?.buffer.answer(id) ?? { type: 'never-seen' };
  }

  /** Ids of requests that run here; those the shim no longer waits for were cancelled while it was away. */
  cancelAllBut(pending: readonly RequestId[]): void {
    const wanted = new Set(pending.map(requestIdKey));
    for (const [key, request] of this.#running) if (!wanted.has(key)) cancelRequest(request);
  }

  confirmReceived(ids: readonly RequestId[]): void {
    this.#options.resumable?.buffer.confirm(ids);
  }

  sendStored(bytes: Uint8Array): void {
    this.#outlet?.sendMessage(bytes);
  }

  sendMissedNotifications(): void {
    for (const bytes of this.#options.resumable?.buffer.takeNotifications() ?? []) this.#outlet?.sendMessage(bytes);
  }

  /** Answers a request whose fate an earlier daemon run took with it. */
  answerLost(id: RequestId, verdict: Extract<JournalVerdict, 'may-have-run'> | 'expired'): void {
    const failure: Failure =
      verdict === 'expired'
        ? {
            code: 'RESULT_EXPIRED',
            message: 'The call ran, but its answer is no longer stored.',
            hint: 'Check what it did before you repeat it.',
          }
        : {
            code: 'DAEMON_RESTARTED',
            message: 'The daemon was restarted while this call ran.',
            hint: 'It may have had an effect. Check before you repeat it.',
          };
    this.#answerFailure(id, failure);
  }

  /** One JSON-RPC message from the client and what its envelope says. Never throws. */
  receive(bytes: Buffer, read: EnvelopeResult): void {
    this.#session.lastActiveAt = this.#options.now() / 1000;
    switch (read.type) {
      case 'object':
        this.#receiveEnvelope(read.envelope, bytes);
        return;
      case 'array':
        this.#answerFailure(null, {
          code: 'INVALID_REQUEST',
          message: 'Batches are not supported.',
          hint: 'Send one message per frame.',
        });
        return;
      case 'scalar':
        this.#answerFailure(null, { code: 'INVALID_REQUEST', message: 'A message must be a JSON object.' });
        return;
      case 'invalid':
        this.#answerFailure(null, notJson);
        return;
    }
  }

  #receiveEnvelope(envelope: Envelope, bytes: Buffer): void {
    const { method, id } = envelope;
    this.#options.bus.emit({
      type: 'message.received',
      kind: method === undefined ? 'response' : envelope.hasId ? 'request' : 'notification',
      clientName: this.#session.client.name,
      bytes: bytes.length,
    });
    if (method === undefined) {
      if (envelope.hasResult || envelope.hasError) {
        this.#options.bus.emit({ type: 'frame.ignored', kind: 'response' });
        return;
      }
      this.#answerFailure(id ?? null, { code: 'INVALID_REQUEST', message: 'The message has no method.' });
      return;
    }
    if (!envelope.isJsonRpc || (envelope.hasId && (id === undefined || id === null))) {
      const what = envelope.isJsonRpc ? 'The id must be a string or a number.' : 'The message is not JSON-RPC 2.0.';
      this.#answerFailure(id ?? null, { code: 'INVALID_REQUEST', message: what });
      return;
    }
    const parameters = parametersOf(envelope, bytes);
    if (parameters === undefined) {
      this.#answerFailure(id ?? null, notJson);
      return;
    }
    if (id === undefined || id === null) this.#onNotification(method, parameters);
    else this.#onRequest(id, method, parameters, bytes.length);
  }

  #onNotification(method: string, parameters: McpParameters): void {
    if (method !== 'notifications/cancelled') return;
    const target = parameters.requestId();
    const running = target === undefined ? undefined : this.#running.get(requestIdKey(target));
    if (running !== undefined) cancelRequest(running);
  }

  #onRequest(id: RequestId, method: string, parameters: McpParameters, bytes: number): void {
    if (this.#running.has(requestIdKey(id))) {
      this.#sendFailure(id, {
        code: 'INVALID_REQUEST',
        message: 'A request with this id is still running.',
        hint: 'Use a new id for each request.',
      });
      return;
    }
    if (this.#isExpired()) {
      this.#answerFailure(id, {
        code: 'UNAUTHORIZED',
        message: 'The user token of this session has expired.',
        hint: 'Get a new token and reconnect.',
      });
      return;
    }
    switch (method) {
      case 'initialize':
        this.#answerResult(id, this.#initialize(parameters));
        return;
      case 'ping':
        this.#answerResult(id, '{}');
        return;
      case 'tools/list':
        this.#confirm();
        this.#answerResult(id, this.#options.catalog.listResult);
        return;
      case 'tools/call':
        this.#confirm();
        void this.#callTool(id, parameters, bytes);
        return;
      case 'prompts/list':
        this.#confirm();
        this.#answerResult(id, '{"prompts":[]}');
        return;
      case 'resources/list':
        this.#confirm();
        this.#answerResult(id, '{"resources":[]}');
        return;
      case 'resources/templates/list':
        this.#confirm();
        this.#answerResult(id, '{"resourceTemplates":[]}');
        return;
      case 'resources/read':
        this.#readResource(id, parameters);
        return;
      case 'prompts/get':
        this.#answerFailure(id, {
          code: 'NOT_FOUND',
          message: 'There is no such prompt.',
          hint: 'Ask for the list of prompts.',
        });
        return;
      case 'logging/setLevel':
        this.#answerResult(id, '{}');
        return;
      default:
        this.#answerFailure(id, {
          code: 'METHOD_NOT_FOUND',
          message: `The method ${JSON.stringify(method.slice(0, 128))} does not exist here.`,
        });
    }
  }

  #initialize(parameters: McpParameters): string {
    const asked = parameters.text('protocolVersion');
    this.#protocolVersion = mcpRevisions.find((revision) => revision === asked) ?? mcpRevisions[0];
    this.#identify(parameters);
    this.#isInitialized = true;
    const { serverId, hello } = this.#session;
    const window = hello?.instance?.serverName;
    return JSON.stringify({
      protocolVersion: this.#protocolVersion,
      capabilities: serverCapabilities,
      serverInfo: { name: serverId ?? 'exai', title: serverTitle, version },
      ...(window === undefined ? {} : { instructions: `EXAI tools for the window ${window}.` }),
    });
  }

  #identify(parameters: McpParameters): void {
    const client = parameters.clientInfo();
    if (client !== undefined) this.#session.client = client;
    this.#options.bus.emit({
      type: 'session.identified',
      session: this.#session.info(),
      protocolVersion: this.#protocolVersion,
    });
  }

  #confirm(): void {
    if (this.#isInitialized && !this.#session.isConfirmed) this.#options.onConfirmed();
  }

  async #callTool(id: RequestId, parameters: McpParameters, bytes: number): Promise<void> {
    const toolName = parameters.text('name');
    if (toolName === undefined) {
      this.#answerFailure(id, { code: 'VALIDATION_ERROR', message: 'tools/call needs the name of a tool.' });
      return;
    }
    if (this.#running.size >= limits.maxPendingRequests) {
      const capacity = {
        scope: 'session',
        limit: limits.maxPendingRequests,
        inflight: this.#running.size,
        queued: 0,
      } as const;
      this.#answerFailure(id, {
        code: 'OVER_CAPACITY',
        message: 'This connection has too many open requests.',
        retryAfterMs: limits.retryAfterMs,
        capacity,
      });
      return;
    }
    const key = requestIdKey(id);
    const request: RunningRequest = {
      cancel: new AbortController(),
      deadlineAt: this.#options.monotonicNow() + this.#options.longestCallMs,
      isCancelled: false,
    };
    this.#running.set(key, request);
    this.#session.callsTotal += 1;
    const token = parameters.progressToken();
    const progress =
      token === undefined
        ? undefined
        : new ProgressReporter(token, (method, params) => this.#notify(method, params, 'progress'));
    const { resumable } = this.#options;
    let journalledAs: string | undefined;
    const reply = await this.#options.dispatcher.call({
      caller: this.#session,
      toolName,
      arguments: parameters.value('arguments'),
      requestBytes: bytes,
      cancelled: request.cancel.signal,
      canceller: request.cancel,
      sessionGone: this.#session.gone,
      onStarted: ({ callId, deadlineMs, isSafe }) => {
        request.deadlineAt = this.#options.monotonicNow() + deadlineMs;
        if (resumable !== null && !isSafe) {
          journalledAs = callId;
          resumable.journal.start({ shimId: resumable.shimId, id, callId });
        }
      },
      ...(progress === undefined
        ? {}
        : {
            onQueued: (position) => progress.report({ message: `waiting, position ${position}` }),
            onProgress: (value) => progress.report(value),
            onHeartbeat: () => progress.beat(),
          }),
    });
    if (journalledAs !== undefined) resumable?.journal.end(journalledAs);
    this.#running.delete(key);
    // A client that cancelled waits for no answer; an ended session has nobody to answer to.
    if (request.isCancelled || this.#session.state === 'ended') return;
    this.#answerReply(id, reply);
  }

  #answerReply(id: RequestId, reply: CallReply): void {
    if (reply.type === 'failure') {
      this.#answerFailure(id, reply.failure);
      return;
    }
    const text = JSON.stringify(reply.result);
    const limit = longestLineBytes(this.#session.client.name, this.#options.maxFrameBytes);
    const envelopeBytes = 64 + (typeof id === 'string' ? id.length * 6 : 24);
    if (text.length * 3 + envelopeBytes > limit) {
      const actual = Buffer.byteLength(text, 'utf8') + envelopeBytes;
      if (actual > limit) {
        this.#answerResult(id, JSON.stringify(this.#oversized.replace(reply.callId, reply.result, actual, limit)));
        return;
      }
    }
    this.#answerResult(id, text);
  }

  #readResource(id: RequestId, parameters: McpParameters): void {
    const uri = parameters.text('uri') ?? '';
    const limit = longestLineBytes(this.#session.client.name, this.#options.maxFrameBytes);
    const part = this.#oversized.read(uri, limit);
    if (part === undefined)
      this.#answerFailure(id, {
        code: 'NOT_FOUND',
        message: 'There is no such resource.',
        hint: 'Ask for the list of resources.',
      });
    else this.#answerResult(id, JSON.stringify(part));
  }

  #isExpired(): boolean {
    const { expiresAt } = this.#session.owner;
    return expiresAt !== null && this.#options.now() > expiresAt * 1000 + limits.jwtSkewMs;
  }

  #answerResult(id: RequestId, resultJson: string): void {
    this.#answer(id, `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${resultJson}}`, 'response');
  }

  /** The answer of a request: kept for a client that may be away. */
  #answerFailure(id: RequestId | null, failure: Failure): void {
    this.#answer(id, this.#failureText(id, failure), 'error');
  }

  /** An error that is not the answer of the request with this id, which runs on. */
  #sendFailure(id: RequestId, failure: Failure): void {
    this.#outlet?.sendMessage(this.#failureText(id, failure));
  }

  #failureText(id: RequestId | null, failure: Failure): string {
    const error = jsonRpcError(failure);
    this.#options.bus.emit({ type: 'error.answered', jsonrpcCode: error.code, code: failure.code });
    return JSON.stringify({ jsonrpc: '2.0', id, error });
  }

  #answer(id: RequestId | null, text: string, kind: string): void {
    const { resumable } = this.#options;
    this.#options.bus.emit({ type: 'message.sent', kind, bytes: text.length });
    if (resumable === null || id === null) {
      this.#outlet?.sendMessage(text);
      return;
    }
    const bytes = Buffer.from(text, 'utf8');
    resumable.buffer.storeAnswer(id, bytes);
    this.#outlet?.sendMessage(bytes);
  }

  #notify(method: string, params: Record<string, unknown> | undefined, kind: 'progress' | 'message'): void {
    const text = JSON.stringify({ jsonrpc: '2.0', method, ...(params === undefined ? {} : { params }) });
    this.#options.bus.emit({ type: 'message.sent', kind: 'notification', bytes: text.length });
    if (this.#outlet !== null) this.#outlet.sendMessage(text);
    else if (kind === 'progress') this.#options.resumable?.buffer.storeNotification(Buffer.from(text, 'utf8'));
  }
}

const notJson: Failure = { code: 'INVALID_REQUEST', message: 'The message is not JSON.', jsonrpcCode: parseErrorCode };

function cancelRequest(request: RunningRequest): void {
  request.isCancelled = true;
  request.cancel.abort();
}

/** Undefined when the parameters are not JSON. */
function parametersOf(envelope: Envelope, bytes: Buffer): McpParameters | undefined {
  if (envelope.params === undefined) return readParameters(undefined);
  try {
    return readParameters(JSON.parse(bytes.toString('utf8', envelope.params.start, envelope.params.end)) as unknown);
  } catch {
    return undefined; // the caller answers with the parse error
  }
}

/** Progress under the caller's token: real values, and between them a heartbeat that grows without overtaking (WIRE §5.1). */
class ProgressReporter {
  readonly #token: RequestId;
  readonly #send: (method: string, params: Record<string, unknown>) => void;
  /** The tool's own last value. */
  #last = 0;
  #sent = 0;
  #beats = 0;
  #hasReportedSinceBeat = false;

  constructor(token: RequestId, send: (method: string, params: Record<string, unknown>) => void) {
    this.#token = token;
    this.#send = send;
  }

  report(progress: ToolProgress): void {
    this.#hasReportedSinceBeat = true;
    if (progress.progress === undefined) {
      this.beat(progress.message, true);
      return;
    }
    this.#last = progress.progress;
    this.#sent = progress.progress;
    this.#beats = 0;
    this.#send('notifications/progress', { progressToken: this.#token, ...progress });
  }

  beat(message?: string, isForced = false): void {
    if (this.#hasReportedSinceBeat && !isForced) {
      this.#hasReportedSinceBeat = false;
      return;
    }
    this.#beats += 1;
    const value = this.#last + this.#beats * 1e-6;
    if (value <= this.#sent) return; // a float this large cannot express the step
    this.#sent = value;
    this.#send('notifications/progress', {
      progressToken: this.#token,
      progress: value,
      ...(message === undefined ? {} : { message }),
    });
  }
}
