import type { Envelope, EnvelopeResult } from '../../protocol/envelope.ts';
import type { Hello } from '../../protocol/hello.ts';
import type { RequestId } from '../../protocol/ids.ts';
import { limits } from '../../protocol/limits.ts';
import { mcpRevisions, version } from '../../protocol/version.ts';
import type { CallJournal, JournalVerdict } from '../calls/call-journal.ts';
import type { Dispatcher } from '../calls/dispatcher.ts';
import type { EventBus } from '../observe/event-bus.ts';
import type { ResumeBuffer } from '../sessions/resume-buffer.ts';
import type { Session, SessionPeer } from '../sessions/session.ts';
import { mcpFailures, tooManyOpen, unknownMethod } from './mcp-failures.ts';
import { type McpOutlet, Outbox } from './outbox.ts';
import { type McpParameters, readParameters } from './parameters.ts';
import { ProgressReporter } from './progress-reporter.ts';
import type { ToolCatalog } from './tool-catalog.ts';

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
  readonly #running = new Map<RequestId, RunningRequest>();
  readonly #outbox: Outbox;
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
    if (this.#isInitialized) this.#outbox.notify('notifications/tools/list_changed', undefined, 'message');
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
    if (id === undefined || id === null) this.#onNotification(method, parameters);
    else this.#onRequest(id, method, parameters, bytes.length, receivedAt);
  }

  #onNotification(method: string, parameters: McpParameters): void {
    if (method !== 'notifications/cancelled') return;
    const target = parameters.requestId();
    const running = target === undefined ? undefined : this.#running.get(target);
    if (running !== undefined) cancelRequest(running);
  }

  #onRequest(id: RequestId, method: string, parameters: McpParameters, bytes: number, receivedAt: number): void {
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
      case 'tools/list':
        if (!this.#confirm()) return;
        this.#outbox.answerResult(id, this.#options.catalog.listResult, receivedAt);
        return;
      case 'tools/call':
        if (!this.#confirm()) return;
        void this.#callTool(id, parameters, bytes, receivedAt);
        return;
      case 'prompts/list':
        if (!this.#confirm()) return;
        this.#outbox.answerResult(id, '{"prompts":[]}', receivedAt);
        return;
      case 'resources/list':
        if (!this.#confirm()) return;
        this.#outbox.answerResult(id, '{"resources":[]}', receivedAt);
        return;
      case 'resources/templates/list':
        if (!this.#confirm()) return;
        this.#outbox.answerResult(id, '{"resourceTemplates":[]}', receivedAt);
        return;
      case 'resources/read':
        this.#outbox.answerResource(id, parameters.text('uri') ?? '', receivedAt);
        return;
      case 'prompts/get':
        this.#outbox.answerFailure(id, mcpFailures.noSuchPrompt, receivedAt);
        return;
      case 'logging/setLevel':
        this.#outbox.answerResult(id, '{}', receivedAt);
        return;
      default:
        this.#outbox.answerFailure(id, unknownMethod(method), receivedAt);
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

  /** False when the session has ended over it: the table was full by now, and nobody is there to answer to. */
  #confirm(): boolean {
    if (this.#isInitialized && !this.#session.isConfirmed) this.#options.onConfirmed();
    return this.#session.state !== 'ended';
  }

  async #callTool(id: RequestId, parameters: McpParameters, bytes: number, receivedAt: number): Promise<void> {
    const toolName = parameters.text('name');
    if (toolName === undefined) {
      this.#outbox.answerFailure(id, mcpFailures.noToolName, receivedAt);
      return;
    }
    if (this.#running.size >= limits.maxPendingRequests) {
      this.#outbox.answerFailure(id, tooManyOpen(this.#running.size), receivedAt);
      return;
    }
    const request: RunningRequest = {
      cancel: new AbortController(),
      deadlineAt: receivedAt + this.#options.longestCallMs,
      isCancelled: false,
    };
    this.#running.set(id, request);
    this.#session.callsTotal += 1;
    const token = parameters.progressToken();
    const progress =
      token === undefined
        ? undefined
        : new ProgressReporter(token, (method, params) => this.#outbox.notify(method, params, 'progress', id));
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
    this.#running.delete(id);
    // A client that cancelled waits for no answer; an ended session has nobody to answer to.
    if (request.isCancelled || this.#session.state === 'ended') return;
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

/** Undefined when the parameters are not JSON. */
function parametersOf(envelope: Envelope, bytes: Buffer): McpParameters | undefined {
  if (envelope.params === undefined) return readParameters(undefined);
  try {
    return readParameters(JSON.parse(bytes.toString('utf8', envelope.params.start, envelope.params.end)) as unknown);
  } catch {
    return undefined; // the caller answers with the parse error
  }
}
