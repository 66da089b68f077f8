import { readEnvelope } from '../../protocol/envelope.ts';
import { jsonRpcError } from '../../protocol/errors.ts';
import type { DaemonControl, Hello } from '../../protocol/hello.ts';
import type { RequestId } from '../../protocol/ids.ts';
import { type CallJournal, type JournalVerdict, PastJournal } from '../calls/call-journal.ts';
import type { Dispatcher } from '../calls/dispatcher.ts';
import type { RateRefusal } from '../calls/token-bucket.ts';
import type { McpHub } from '../mcp/mcp-hub.ts';
import { McpPeer } from '../mcp/mcp-peer.ts';
import type { McpOutlet } from '../mcp/outbox.ts';
import type { EventBus } from '../observe/event-bus.ts';
import type { ResumeBudget } from '../sessions/resume-budget.ts';
import { ResumeBuffer, type ResumeLimits } from '../sessions/resume-buffer.ts';
import type { Session } from '../sessions/session.ts';
import type { SessionRegistry } from '../sessions/session-registry.ts';
import type { ClientConnection } from './client-connection.ts';
import { rateFailure } from './rate-failure.ts';
import { parseShimControl } from './shim-control.ts';

/** Journals of earlier runs that are kept in memory; no more than two are on the disk. */
const maxKeptJournals = 4;

export interface McpGatewayOptions {
  readonly dispatcher: Dispatcher;
  readonly hub: McpHub;
  readonly registry: SessionRegistry;
  readonly bus: EventBus;
  readonly journal: CallJournal;
  readonly daemonRunId: string;
  readonly resume: { readonly limits: ResumeLimits; readonly budget: ResumeBudget };
  readonly maxFrameBytes: number;
  /** Wait for a slot and deadline together, in milliseconds. */
  readonly longestCallMs: number;
  /** Journal file of another daemon run. */
  journalPath(daemonRunId: string): string;
}

export interface ConnectOptions {
  /** Guard 9: undefined when the frame may pass. */
  rate(): RateRefusal | undefined;
  readonly isResumable: boolean;
}

/** What the ack says about a shim's pending requests, and what follows it. */
export interface ResumePlan {
  readonly lost: readonly RequestId[];
  readonly unknown: readonly RequestId[];
  afterAck(): void;
}

/** Sessions in mcp mode: their peers, control frames and resume (WIRE §5). */
export class McpGateway {
  readonly #options: McpGatewayOptions;
  readonly #peers = new Map<Session, McpPeer>();
  readonly #journals = new Map<string, PastJournal>();

  constructor(options: McpGatewayOptions) {
    this.#options = options;
  }

  /** Answers the first frame after the ack of a client that named no mode. */
  isMcpFrame(bytes: Buffer): boolean {
    const read = readEnvelope(bytes);
    return read.type === 'object' && read.envelope.isJsonRpc && read.envelope.op === undefined;
  }

  /**
   * Decides the fate of every request that the shim still waits for (table of WIRE §5.2). Stored answers and errors
   * leave after the ack.
   */
  planResume(session: Session, hello: Hello, isResumed: boolean): ResumePlan {
    const peer = this.#peerOf(session, true);
    const resume = hello.resume ?? null;
    if (resume === null) {
      // A fresh start of the same shim, or a session kept here that the shim knows nothing of.
      return { lost: [], unknown: [], afterAck: () => (isResumed ? peer.cancelAllBut([]) : undefined) };
    }
    if (!isResumed) peer.restore(resume);
    const lost: RequestId[] = [];
    const unknown: RequestId[] = [];
    const actions: (() => void)[] = [];
    for (const id of resume.pending) {
      const state = peer.pendingState(id);
      switch (state.type) {
        case 'running':
          break;
        case 'stored':
          actions.push(() => peer.sendStored(state.bytes));
          break;
        case 'expired':
          actions.push(() => peer.answerLost(id, 'expired'));
          break;
        case 'never-seen': {
          const verdict = isResumed ? 'not-started' : this.#pastVerdict(resume.daemonRunId, hello.shimId ?? '', id);
          if (verdict === 'not-started') lost.push(id);
          else if (verdict === 'unreadable') unknown.push(id);
          else actions.push(() => peer.answerLost(id, 'may-have-run'));
          break;
        }
      }
    }
    const { bus } = this.#options;
    return {
      lost,
      unknown,
      afterAck: () => {
        if (isResumed) {
          peer.cancelAllBut(resume.pending);
          peer.sendMissedNotifications();
        }
        for (const action of actions) action();
        if (!isResumed) {
          peer.announceLists();
          this.#confirmRestored(session, resume);
        }
        bus.emit({
          type: 'session.resumed',
          session: session.info(),
          result: isResumed ? 'resumed' : 'restored',
          lost: lost.length,
        });
      },
    };
  }

  /** Binds a session to a connection and returns the handler of its frames. */
  connect(session: Session, connection: ClientConnection, options: ConnectOptions): (bytes: Buffer) => void {
    const peer = this.#peerOf(session, options.isResumable);
    peer.attach({ sendMessage: (text) => connection.send('message', text) });
    return (bytes) => this.#receive(session, peer, connection, options, bytes);
  }

  /** Binds a session to an outlet that tells its answers apart (Streamable HTTP). Nothing is kept for a resume here. */
  open(session: Session, outlet: McpOutlet): McpPeer {
    const peer = this.#peerOf(session, false);
    peer.attach(outlet);
    return peer;
  }

  /** Tells every shim that the daemon will be away for a moment, so that it queues instead of sending. */
  announceDraining(maxMs: number): void {
    const control: DaemonControl = { op: 'draining', maxMs };
    for (const session of this.#peers.keys()) {
      if (session.transport === 'shim') session.connection?.send('control', JSON.stringify(control));
    }
  }

  #receive(
    session: Session,
    peer: McpPeer,
    connection: ClientConnection,
    options: ConnectOptions,
    bytes: Buffer,
  ): void {
    const read = readEnvelope(bytes);
    if (read.type === 'object' && read.envelope.op !== undefined && !read.envelope.isJsonRpc) {
      this.#onControl(session, peer, connection, bytes);
      return;
    }
    if (read.type === 'object' && read.envelope.method !== undefined && read.envelope.hasId) {
      const refusal = options.rate();
      if (refusal !== undefined) {
        const error = jsonRpcError(rateFailure(refusal));
        connection.send('message', JSON.stringify({ jsonrpc: '2.0', id: read.envelope.id ?? null, error }));
        return;
      }
    }
    peer.receive(bytes, read);
  }

  #onControl(session: Session, peer: McpPeer, connection: ClientConnection, bytes: Buffer): void {
    const control = parseShimControl(bytes);
    switch (control?.op) {
      case 'received':
        peer.confirmReceived(control.ids);
        return;
      case 'query': {
        const running: { id: RequestId; remainingMs: number }[] = [];
        const lost: RequestId[] = [];
        const actions: (() => void)[] = [];
        for (const id of control.pending) {
          const state = peer.pendingState(id);
          if (state.type === 'running') running.push({ id, remainingMs: state.remainingMs });
          else if (state.type === 'stored') actions.push(() => peer.sendStored(state.bytes));
          else if (state.type === 'expired') actions.push(() => peer.answerLost(id, 'expired'));
          else lost.push(id);
        }
        const answer: DaemonControl = { op: 'query_res', request_id: control.request_id, running, lost, unknown: [] };
        connection.send('control', JSON.stringify(answer));
        for (const action of actions) action();
        return;
      }
      case 'log_opened':
        session.logFile = control.log;
        return;
      case 'bye':
        this.#options.registry.end(session, 'bye');
        return;
      case undefined:
        this.#options.bus.emit({ type: 'frame.ignored', kind: 'control' });
    }
  }

  /** A window that the last daemon run knew is a window here, without a new `initialize` and list. */
  #confirmRestored(session: Session, resume: NonNullable<Hello['resume']>): void {
    if (resume.initialize === null || resume.initialize === undefined || resume.daemonRunId === '') return;
    this.#confirm(session);
  }

  #confirm(session: Session): void {
    const renamedTo = this.#options.registry.confirm(session);
    if (renamedTo === undefined) return;
    const { connection } = session;
    const control: DaemonControl = { op: 'session_renamed', session_id: renamedTo };
    connection?.send('control', JSON.stringify(control));
  }

  #pastVerdict(daemonRunId: string, shimId: string, id: RequestId): JournalVerdict {
    if (daemonRunId === '') return 'not-started'; // the shim has never reached a daemon
    if (!/^[A-Za-z0-9-]{1,64}$/.test(daemonRunId)) return 'unreadable';
    const known = this.#journals.get(daemonRunId);
    if (known !== undefined) return known.verdict(shimId, id);
    const journal = new PastJournal(this.#options.journalPath(daemonRunId));
    // Our own journal grows: it is read anew each time. Run ids that a client makes up must not fill the memory.
    if (daemonRunId !== this.#options.daemonRunId && this.#journals.size < maxKeptJournals) {
      this.#journals.set(daemonRunId, journal);
    }
    return journal.verdict(shimId, id);
  }

  #peerOf(session: Session, isResumable: boolean): McpPeer {
    const known = this.#peers.get(session);
    if (known !== undefined) return known;
    const options = this.#options;
    const { dispatcher, hub, bus, journal, resume, maxFrameBytes } = options;
    const shimId = session.hello?.shimId;
    const peer = new McpPeer({
      session,
      dispatcher,
      hub,
      bus,
      maxFrameBytes,
      resumable:
        isResumable && shimId !== undefined
          ? { buffer: new ResumeBuffer(resume.limits, resume.budget), journal, shimId }
          : null,
      onConfirmed: () => this.#confirm(session),
      get longestCallMs() {
        return options.longestCallMs; // changes with the queue, at run time
      },
      now: Date.now,
      monotonicNow: () => performance.now(),
    });
    this.#peers.set(session, peer);
    session.peer = peer;
    session.gone.addEventListener('abort', () => this.#peers.delete(session), { once: true });
    return peer;
  }
}
