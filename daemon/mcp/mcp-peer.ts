import type { Envelope, EnvelopeResult } from '../../protocol/envelope.ts';
import { type Failure, FailureError } from '../../protocol/errors.ts';
import type { Hello } from '../../protocol/hello.ts';
import type { RequestId } from '../../protocol/ids.ts';
import { limits } from '../../protocol/limits.ts';
import { mcpRevisions, version } from '../../protocol/version.ts';
import type { CallJournal, JournalVerdict } from '../calls/call-journal.ts';
import type { Dispatcher } from '../calls/dispatcher.ts';
import type { EventBus } from '../observe/event-bus.ts';
import type { ResumeBuffer } from '../sessions/resume-buffer.ts';
import type { Session, SessionPeer } from '../sessions/session.ts';
import { RelayedError } from '../upstreams/calling-window.ts';
import { mcpFailures, tooManyOpen, unknownMethod } from './mcp-failures.ts';
import type { McpHub } from './mcp-hub.ts';
import { type McpOutlet, Outbox } from './outbox.ts';
import { type McpParameters, readParameters } from './parameters.ts';
import { ProgressReporter } from './progress-reporter.ts';
import type { SessionRouter } from './session-router.ts';

export interface McpPeerOptions {
  readonly session: Session;
  readonly dispatcher: Dispatcher;
  readonly hub: McpHub;
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

interface ReceivedRequest {
  readonly id: RequestId;
  readonly method: string;
  readonly parameters: McpParameters;
  /** The bytes of `params`; `{}` when there are none. */
  readonly raw: Buffer;
  /** Size of the whole message. */
  readonly bytes: number;
  readonly receivedAt: number;
}

/** Capabilities of every window; the shim's stand-in answer says the same (CLIENTS S5). */
export const serverCapabilities = {
  tools: { listChanged: true },
  prompts: { listChanged: true },
  resources: { subscribe: true, listChanged: true },
  completions: {},
  logging: {},
} as const;
export const serverTitle = 'EXAI';

/**
 * The MCP server that one session talks to. It outlives connections: calls go on while the client is away, and their
 * answers wait in the resume buffer.
 */
export class McpPeer implements SessionPeer {
  readonly #options: McpPeerOptions;
  readonly #session: Session;
  readonly #running = new Map<RequestId, RunningRequest>();
  readonly #outbox: Outbox;
  readonly #router: SessionRouter;
  #isInitialized = false;
  #protocolVersion: string = mcpRevisions[0];

  constructor(options: McpPeerOptions) {
    this.#options = options;
    this.#session = options.session;
    const { session, bus, maxFrameBytes, resumable } = options;
    this.#outbox = new Outbox({
      session,
      bus,
      maxFrameBytes,
      buffer: resumable?.buffer ?? null,
      monotonicNow: () => options.monotonicNow(),
    });
    this.#router = options.hub.join(session, this.#outbox, () => this.#isInitialized);
  }

  get isResumable(): boolean {
    return this.#options.resumable !== null;
  }

  get inflight(): number {
    return this.#running.size;
  }

  /** The revision agreed on with `initialize`; the newest one before. */
  get protocolVersion(): string {
    return this.#protocolVersion;
  }

  attach(outlet: McpOutlet): void {
    this.#outbox.attach(outlet);
  }

  onDetached(): void {
    this.#outbox.detach();
  }

  onEnded(): void {
    this.#outbox.detach();
    for (const request of this.#running.values()) request.cancel.abort();
    this.#options.hub.leave(this.#session.key);
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
    if (!this.#isInitialized) return;
    for (const list of ['tools', 'prompts', 'resources']) {
      this.#outbox.notify(`notifications/${list}/list_changed`, undefined, 'message');
    }
  }

  pendingState(id: RequestId): PendingState {
    const running = this.#running.get(id);
    if (running !== undefined)
      return { type: 'running', remainingMs: Math.max(0, running.deadlineAt - this.#options.monotonicNow()) };
    return this.#options.resumable?.buffer.answer(id) ?? { type: 'never-seen' };
  }

  /** Ids of requests that run here; those the shim no longer waits for were cancelled while it was away. */
  cancelAllBut(pending: readonly RequestId[]): void {
    const wanted = new Set(pending);
    for (const [id, request] of this.#running) if (!wanted.has(id)) cancelRequest(request);
  }

  confirmReceived(ids: readonly RequestId[]): void {
    this.#options.resumable?.buffer.confirm(ids);
  }

  sendStored(bytes: Uint8Array): void {
    this.#outbox.sendStored(bytes);
  }

  sendMissedNotifications(): void {
    this.#outbox.sendMissedNotifications();
    this.#router.resumed();
  }

  /** Answers a request whose fate an earlier daemon run took with it. */
  answerLost(id: RequestId, verdict: Extract<JournalVerdict, 'may-have-run'> | 'expired'): void {
    const { answerExpired, daemonRestarted } = mcpFailures;
    this.#outbox.answerFailure(id, verdict === 'expired' ? answerExpired : daemonRestarted);
  }

  /** One JSON-RPC message from the client and what its envelope says. Never throws. */
  receive(bytes: Buffer, read: EnvelopeResult): void {
    this.#session.lastActiveAt = this.#options.now() / 1000;
    switch (read.type) {
      case 'object':
        this.#receiveEnvelope(read.envelope, bytes);
        return;
      case 'array':
        this.#outbox.answerFailure(null, mcpFailures.batch);
        return;
      case 'scalar':
        this.#outbox.answerFailure(null, mcpFailures.notObject);
        return;
      case 'invalid':
        this.#outbox.answerFailure(null, mcpFailures.notJson);
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
        if (this.#isAnswer(envelope, bytes)) return;
        this.#options.bus.emit({ type: 'frame.ignored', kind: 'response' });
        return;
      }
      this.#outbox.answerFailure(id ?? null, mcpFailures.noMethod);
      return;
    }
    if (!envelope.isJsonRpc || (envelope.hasId && (id === undefined || id === null))) {
      this.#outbox.answerFailure(id ?? null, envelope.isJsonRpc ? mcpFailures.badId : mcpFailures.notJsonRpc);
      return;
    }
    const receivedAt = this.#options.monotonicNow();
    const parameters = parametersOf(envelope, bytes);
    if (parameters === undefined) {
      this.#outbox.answerFailure(id ?? null, mcpFailures.notJson);
      return;
    }
    const { params } = envelope;
    const raw = params === undefined ? Buffer.from('{}') : bytes.subarray(params.start, params.end);
    if (id === undefined || id === null) this.#onNotification(method, parameters, raw);
    else this.#onRequest({ id, method, parameters, raw, bytes: bytes.length, receivedAt });
  }

  /** The client answers what a server has asked it. */
  #isAnswer({ id, result, error }: Envelope, bytes: Buffer): boolean {
    if (id === undefined || id === null) return false;
    const slice = (part: Envelope['result']): Buffer | undefined =>
      part === undefined ? undefined : bytes.subarray(part.start, part.end);
    return this.#router.onResponse(id, slice(result), slice(error));
  }

  #onNotification(method: string, parameters: McpParameters, raw: Buffer): void {
    if (method !== 'notifications/cancelled') {
      this.#router.onNotification(method, raw);
      return;
    }
    const target = parameters.requestId();
    const running = target === undefined ? undefined : this.#running.get(target);
    if (running !== undefined) cancelRequest(running);
  }

  #onRequest(request: ReceivedRequest): void {
    const { id, method, parameters, receivedAt } = request;
    if (this.#running.has(id)) {
      this.#outbox.sendFailure(id, mcpFailures.idInUse);
      return;
    }
    if (this.#isExpired()) {
      this.#outbox.answerFailure(id, mcpFailures.userExpired, receivedAt);
      return;
    }
    switch (method) {
      case 'initialize':
        this.#outbox.answerResult(id, this.#initialize(parameters), receivedAt);
        return;
      case 'ping':
        this.#outbox.answerResult(id, '{}', receivedAt);
        return;
      case 'tools/call':
        if (!this.#confirm()) return;
        void this.#callTool(request);
        return;
      case 'resources/read': {
        const uri = parameters.text('uri') ?? '';
        if (this.#outbox.hasResource(uri)) this.#outbox.answerResource(id, uri, receivedAt);
        else void this.#relay(request);
        return;
      }
      default:
        if (!this.#router.handles(method)) {
          this.#outbox.answerFailure(id, unknownMethod(method), receivedAt);
          return;
        }
        if (method.endsWith('/list') && !this.#confirm()) return;
        void this.#relay(request);
    }
  }

  /** Everything that servers answer but tool calls: no slot, the same cancellation and the same deadline. */
  async #relay({ id, method, parameters, raw, receivedAt }: ReceivedRequest): Promise<void> {
    const { hub, longestCallMs } = this.#options;
    if (hub.aggregate.isEmpty && method.endsWith('/list')) {
      this.#outbox.answerResult(id, this.#router.listNow(method), receivedAt);
      return;
    }
    const request = this.#begin(id, receivedAt);
    if (request === undefined) return;
    const progress = this.#progressOf(id, parameters);
    const timeout = AbortSignal.timeout(longestCallMs);
    try {
      const result = await this.#router.request({
        id,
        method,
        params: raw,
        signal: AbortSignal.any([request.cancel.signal, this.#session.gone, timeout]),
        onProgress: progress === undefined ? undefined : (value) => progress.report(value),
      });
      if (!this.#end(id, request)) return;
      if (method === 'resources/read') this.#outbox.countResource(parameters.text('uri') ?? '', null);
      if (typeof result === 'string') this.#outbox.answerResult(id, result, receivedAt);
      else this.#outbox.answerRelayed(id, 'result', result, receivedAt);
    } catch (error) {
      if (!this.#end(id, request)) return;
      const failure = timeout.aborted ? tookTooLong(longestCallMs) : failureOf(error);
      if (method === 'resources/read') this.#outbox.countResource(parameters.text('uri') ?? '', failure.code);
      if (error instanceof RelayedError) this.#outbox.answerRelayed(id, 'error', error.error, receivedAt);
      else this.#outbox.answerFailure(id, failure, receivedAt);
    }
  }

  /** Undefined when too many run already; the client has been told. */
  #begin(id: RequestId, receivedAt: number): RunningRequest | undefined {
    if (this.#running.size >= limits.maxPendingRequests) {
      this.#outbox.answerFailure(id, tooManyOpen(this.#running.size), receivedAt);
      return undefined;
    }
    const request: RunningRequest = {
      cancel: new AbortController(),
      deadlineAt: receivedAt + this.#options.longestCallMs,
      isCancelled: false,
    };
    this.#running.set(id, request);
    return request;
  }

  /** False when nobody waits for the answer: it was cancelled, or the session has ended. */
  #end(id: RequestId, request: RunningRequest): boolean {
    this.#running.delete(id);
    return !request.isCancelled && this.#session.state !== 'ended';
  }

  #progressOf(id: RequestId, parameters: McpParameters): ProgressReporter | undefined {
    const token = parameters.progressToken();
    if (token === undefined) return undefined;
    return new ProgressReporter(token, (method, params) => this.#outbox.notify(method, params, 'progress', id));
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
    this.#router.identified(parameters.value('capabilities'));
    this.#options.bus.emit({
      type: 'session.identified',
      session: this.#session.info(),
      protocolVersion: this.#protocolVersion,
    });
  }

  /** False when the session has ended over it: the table was full by now, and nobody is there to answer to. */
  #confirm(): boolean {
    if (this.#isInitialized && !this.#session.isConfirmed) this.#options.onConfirmed();
    return this.#session.state !== 'ended';
  }

  async #callTool({ id, parameters, raw, bytes, receivedAt }: ReceivedRequest): Promise<void> {
    const toolName = parameters.text('name');
    if (toolName === undefined) {
      this.#outbox.answerFailure(id, mcpFailures.noToolName, receivedAt);
      return;
    }
    const request = this.#begin(id, receivedAt);
    if (request === undefined) return;
    this.#session.callsTotal += 1;
    if (!this.#router.knowsTool(toolName)) {
      await this.#router.prepareCall(request.cancel.signal).catch(() => undefined); // a cancelled call ends below
    }
    const progress = this.#progressOf(id, parameters);
    const { resumable } = this.#options;
    let journalledAs: string | undefined;
    const reply = await this.#options.dispatcher.call({
      caller: this.#session,
      toolName,
      arguments: parameters.value('arguments'),
      requestBytes: bytes,
      relay: { params: raw, window: this.#router.window(id) },
      cancelled: request.cancel.signal,
      canceller: request.cancel,
      sessionGone: this.#session.gone,
      onStarted: ({ callId, deadlineMs, isSafe, isRelayed }) => {
        request.deadlineAt = this.#options.monotonicNow() + deadlineMs;
        if (resumable !== null && !isSafe) {
          journalledAs = callId;
          const { journal, shimId } = resumable;
          if (isRelayed) journal.startBeforeNextTask({ shimId, id, callId });
          else journal.start({ shimId, id, callId });
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
    if (!this.#end(id, request)) return;
    this.#outbox.answerReply(id, reply, receivedAt);
  }

  #isExpired(): boolean {
    const { expiresAt } = this.#session.owner;
    return expiresAt !== null && this.#options.now() > expiresAt * 1000 + limits.jwtSkewMs;
  }
}

function cancelRequest(request: RunningRequest): void {
  request.isCancelled = true;
  request.cancel.abort();
}

function failureOf(error: unknown): Failure {
  if (error instanceof FailureError) return error.failure;
  if (error instanceof RelayedError) return { code: 'EXEC_ERROR', message: error.message };
  return { code: 'INTERNAL_ERROR', message: 'The daemon failed.', hint: 'Look at its log.' };
}

function tookTooLong(ms: number): Failure {
  return { code: 'TIMEOUT', message: `The server did not answer within ${ms / 1000} s.` };
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
