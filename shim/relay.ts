import { longestLineBytes } from '../protocol/client-limits.ts';
import { type Envelope, readEnvelope } from '../protocol/envelope.ts';
import type { Failure } from '../protocol/errors.ts';
import type { RequestId } from '../protocol/ids.ts';
import { failureMessage, notificationMessage, resultMessage } from './answers.ts';
import { parseFrame, revisionOf, runningRequests } from './daemon-frames.ts';
import { DaemonRequests } from './daemon-requests.ts';
import { type EditorMessage, readEditorMessage, readParameters } from './editor-message.ts';
import { failures, tooLarge } from './failures.ts';
import { type AcceptedHello, requestIds } from './hello-ack.ts';
import type { HelloResume } from './hello-frame.ts';
import { type AnsweredRequest, OpenRequests } from './open-requests.ts';
import { findProgressOwner } from './progress-owner.ts';
import type { RelayLink, RelayOptions } from './relay-options.ts';
import { rememberedMethods, SessionMemory } from './session-memory.ts';
import { StandIn } from './stand-in.ts';
import type { OversizedLine } from './stdio-lines.ts';

type EditorRequest = Extract<EditorMessage, { type: 'request' }>;
type EditorNotification = Extract<EditorMessage, { type: 'notification' }>;

/**
 * Between the editor's lines and the daemon's frames (WIRE §5): passes messages on as the same bytes and answers only
 * what the daemon cannot or need not. Knows nothing of sockets; who connects calls `linkUp` and `linkDown`.
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #open: OpenRequests;
  readonly #memory = new SessionMemory();
  readonly #daemonRequests = new DaemonRequests();
  readonly #standIn: StandIn;
  #link: RelayLink | undefined;
  /** While set, every request is answered with it (WIRE §3.6). */
  #refusal: Failure | undefined;
  /** Run id of the daemon last connected to; empty before the first. */
  #daemonRunId = '';
  #initializeId: RequestId | undefined;
  /** Answered by us before any daemon was sent it. */
  #unsentInitialize: AnsweredRequest | undefined;
  #isListFromMemory = false;
  /** A request behind `initialize` has been seen. */
  #hasAsked = false;
  #isConfirmed = false;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#open = new OpenRequests(options);
    this.#standIn = new StandIn({
      clock: options.clock,
      names: options.names,
      facts: options.facts,
      answer: (resultJson, protocolVersion) => this.#answerInitialize(resultJson, protocolVersion),
    });
  }

  /** The editor waits for an answer that only a daemon can give. */
  get isWaitedFor(): boolean {
    return this.#open.isWaitedFor;
  }

  /** `clientInfo.name`, empty before `initialize`. */
  get clientName(): string {
    return this.#memory.clientName;
  }

  /** One line of the editor. */
  receiveLine(line: Buffer): void {
    const message = readEditorMessage(line);
    switch (message.type) {
      case 'blank':
        return;
      case 'wrong':
        this.#options.toEditor(failureMessage(message.id, message.failure));
        return;
      case 'response':
        if (message.id === null || this.#daemonRequests.answer(message.id, line)) this.#link?.sendMessage(line);
        return;
      case 'notification':
        this.#onNotification(message, line);
        return;
      case 'request':
        this.#onRequest(message, line);
    }
  }

  /** A line above the frame limit, which was skipped (CLIENTS S1). */
  receiveOversized({ bytes, outline }: OversizedLine): void {
    const { maxFrameBytes } = this.#options.bounds;
    this.#options.logger.warn('a line of the editor is too long', { bytes, limit: maxFrameBytes });
    if (outline.id === undefined) return;
    const answer = failureMessage(outline.id, tooLarge('request', bytes, maxFrameBytes));
    if (!outline.isResponse || outline.hasMethod) this.#options.toEditor(answer);
    else if (this.#daemonRequests.answer(outline.id, answer)) this.#link?.sendMessage(answer);
  }

  /** One frame of the daemon after its ack. */
  receiveFrame(bytes: Uint8Array, isControl: boolean | undefined): void {
    const read = readEnvelope(bytes);
    if (read.type !== 'object') {
      this.#options.logger.warn('a frame of the daemon is not a message and was dropped', { bytes: bytes.length });
      return;
    }
    const { envelope } = read;
    if (isControl ?? (envelope.op !== undefined && !envelope.isJsonRpc)) this.#onControl(bytes);
    else if (envelope.method === undefined) this.#onResponse(envelope, bytes);
    else if (envelope.hasId) this.#onDaemonRequest(envelope, bytes);
    else this.#onDaemonNotification(envelope, bytes);
  }

  /** For the next `hello`; undefined when there is nothing to continue. */
  resume(): HelloResume | undefined {
    const remembered = this.#memory.remembered();
    if (this.#daemonRunId === '' && remembered.initialize === null) return undefined;
    return { daemonRunId: this.#daemonRunId, pending: this.#open.sentIds(), ...remembered };
  }

  /** The handshake is done. `resume` is what the hello said, `dropped` what found no room in it. */
  linkUp(link: RelayLink, hello: AcceptedHello, resume: HelloResume | undefined, dropped: readonly RequestId[]): void {
    this.#link = link;
    this.#refusal = undefined;
    this.#daemonRunId = hello.daemonRunId;
    this.#options.onNamed?.(hello.sessionId);
    this.#standIn.setDaemonAbsent(false);
    if (!hello.isResumed) this.#forgetDaemonRequests();
    this.#open.abandon(dropped);
    const unsent = this.#unsentInitialize;
    this.#unsentInitialize = undefined;
    const isHandedOver = (resume?.initialize ?? null) !== null;
    this.#open.linkUp(link, hello.isResumed, hello, isHandedOver ? undefined : unsent);
    // A daemon that was handed the session announces its lists itself.
    if (this.#isListFromMemory && !isHandedOver)
      this.#options.toEditor(notificationMessage('notifications/tools/list_changed'));
    this.#isListFromMemory = false;
  }

  linkDown(): void {
    this.#link = undefined;
    this.#open.linkDown();
  }

  /** No daemon for now: `problem` says why, `isAbsent` that nobody listens. */
  daemonUnavailable(problem: string, isAbsent: boolean): void {
    this.#open.setProblem(problem);
    if (isAbsent) this.#standIn.setDaemonAbsent(true);
  }

  /** From now on every request is answered with `failure`, until `linkUp`. */
  refuse(failure: Failure): void {
    this.#refusal = failure;
    this.#standIn.end();
    this.#open.failAll(failure);
  }

  /** Whoever refused this window is gone: requests wait again. */
  allow(): void {
    this.#refusal = undefined;
  }

  /** The daemon closed because a frame was too big. */
  failLongest(limitBytes: number): void {
    this.#open.failLongest(limitBytes);
  }

  /** Nothing is read from the daemon while the editor does not read. */
  setReadingPaused(isPaused: boolean): void {
    this.#open.setReadingPaused(isPaused);
  }

  #onRequest(message: EditorRequest, line: Buffer): void {
    const { id, method } = message;
    const { toEditor } = this.#options;
    if (method === 'ping') toEditor(resultMessage(id, '{}'));
    else if (method === 'server/discover') toEditor(failureMessage(id, failures.noDiscover));
    else if (this.#open.get(id) !== undefined) toEditor(failureMessage(id, failures.duplicateId));
    else if (this.#refusal !== undefined) toEditor(failureMessage(id, this.#refusal));
    else if (method === 'initialize') this.#onInitialize(message, line);
    else {
      this.#hasAsked = true;
      this.#confirm();
      if (rememberedMethods.has(method)) this.#memory.noteRequest(method, readParameters(line, message.envelope));
      if (method === 'tools/list' && this.#answerListFromMemory(message, line)) return;
      this.#open.submit(id, method, line);
    }
  }

  #onInitialize({ id, method, envelope }: EditorRequest, line: Buffer): void {
    this.#memory.noteInitialize(readParameters(line, envelope));
    this.#initializeId = id;
    this.#unsentInitialize = undefined;
    this.#open.submit(id, method, line);
    this.#standIn.begin(this.#memory.askedRevision);
  }

  #answerInitialize(resultJson: string, protocolVersion: string): void {
    const request = this.#initializeId === undefined ? undefined : this.#open.get(this.#initializeId);
    if (request === undefined) return;
    const { id } = request;
    if (!this.#open.markAnswered(request)) this.#unsentInitialize = request;
    this.#memory.noteInitialized(protocolVersion);
    this.#confirm();
    this.#options.toEditor(resultMessage(id, resultJson));
    this.#options.logger.info('initialize answered from the last known facts', { protocolVersion });
  }

  /** While the daemon is away and the editor has been initialised without it. A page of a list is the daemon's business. */
  #answerListFromMemory({ id, envelope }: EditorRequest, line: Buffer): boolean {
    if (this.#open.isLinked || !this.#memory.isInitialized || this.#daemonRunId !== '') return false;
    if (readParameters(line, envelope)?.['cursor'] !== undefined) return false;
    const result = this.#standIn.toolsResult();
    if (result === undefined) return false;
    this.#isListFromMemory = true;
    this.#options.toEditor(resultMessage(id, result));
    return true;
  }

  #onNotification({ method, envelope }: EditorNotification, line: Buffer): void {
    if (this.#refusal !== undefined) return;
    if (method !== 'notifications/cancelled') {
      this.#open.forward(line);
      return;
    }
    const target = readParameters(line, envelope)?.['requestId'];
    const known = typeof target === 'string' || typeof target === 'number' ? this.#open.cancel(target) : 'unknown';
    // While the daemon is away, a request that is missing in the next hello counts as cancelled.
    if (known !== 'unsent' && this.#link !== undefined) this.#open.forward(line);
  }

  #onResponse(envelope: Envelope, bytes: Uint8Array): void {
    const { id } = envelope;
    if (typeof id !== 'string' && typeof id !== 'number') {
      this.#options.toEditor(bytes); // an error about a message whose id the daemon could not read
      return;
    }
    const request = this.#open.get(id);
    if (request?.state !== 'sent') {
      this.#open.discard(id);
      this.#options.logger.debug('an answer that nobody waits for was dropped');
      return;
    }
    if (request.method === 'initialize' && !request.isAnswered) {
      this.#standIn.end();
      if (envelope.hasResult) this.#memory.noteInitialized(revisionOf(bytes));
      this.#confirm();
    }
    const limit = this.#longestLineBytes();
    const isCall = request.method === 'tools/call';
    const message =
      bytes.length <= limit
        ? bytes
        : failureMessage(id, { ...tooLarge('answer', bytes.length, limit), mayHaveRun: isCall });
    this.#open.answer(request, message);
  }

  #onDaemonRequest(envelope: Envelope, bytes: Uint8Array): void {
    const { id } = envelope;
    if (typeof id !== 'string' && typeof id !== 'number') return;
    const limit = this.#longestLineBytes();
    if (bytes.length > limit) {
      this.#link?.sendMessage(failureMessage(id, { ...tooLarge('request', bytes.length, limit), mayHaveRun: false }));
      return;
    }
    const fate = this.#daemonRequests.receive(id);
    if (fate.type === 'forward') this.#options.toEditor(bytes);
    else if (fate.type === 'answered') this.#link?.sendMessage(fate.response);
  }

  #onDaemonNotification(envelope: Envelope, bytes: Uint8Array): void {
    const { logger, toEditor } = this.#options;
    if (bytes.length > this.#longestLineBytes()) {
      logger.warn('a notification is too long for this client and was dropped', { bytes: bytes.length });
      return;
    }
    toEditor(bytes);
    if (envelope.method !== 'notifications/progress') return;
    const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const owner = findProgressOwner(readParameters(view, envelope)?.['progressToken'], this.#open.all());
    if (owner !== undefined) this.#open.noteNews(owner);
  }

  #onControl(bytes: Uint8Array): void {
    const control = parseFrame(bytes);
    switch (control['op']) {
      case 'query_res':
        this.#open.onQueryAnswer(control['request_id'], runningRequests(control['running']), {
          lost: requestIds(control['lost']),
          unknown: requestIds(control['unknown']),
        });
        return;
      case 'draining':
        this.#options.logger.info('the daemon is about to stop', { maxMs: control['maxMs'] });
        this.#open.drain();
        return;
      case 'session_renamed':
        this.#onRenamed(control['session_id']);
        return;
      default:
        this.#options.logger.debug('an unknown control frame was ignored');
    }
  }

  /** Later hellos still announce the configured name: the daemon numbers it anew. */
  #onRenamed(sessionId: unknown): void {
    if (typeof sessionId !== 'string') return;
    this.#options.onNamed?.(sessionId);
    this.#options.logger.info('session renamed', { sessionId });
  }

  #forgetDaemonRequests(): void {
    for (const requestId of this.#daemonRequests.forget()) {
      this.#options.toEditor(
        notificationMessage('notifications/cancelled', { requestId, reason: 'The daemon that asked was restarted.' }),
      );
    }
  }

  /** Clients that do not wait for answers have asked before `initialize` is answered. */
  #confirm(): void {
    if (this.#isConfirmed || !this.#hasAsked || !this.#memory.isInitialized) return;
    this.#isConfirmed = true;
    this.#options.onConfirmed();
  }

  #longestLineBytes(): number {
    return longestLineBytes(this.#memory.clientName, this.#options.bounds.maxFrameBytes);
  }
}
