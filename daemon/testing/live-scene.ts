import { randomUUID } from 'node:crypto';
import { applyFeedMessage, emptyFeedState, type FeedState } from '../../protocol/apply-feed.ts';
import { feedFrameMs, feedMessageSchema } from '../../protocol/feed.ts';
import type { SessionView } from '../../protocol/snapshot.ts';
import { type CallReply, Dispatcher } from '../calls/dispatcher.ts';
import { Limiter } from '../calls/limiter.ts';
import { ManualTime } from '../calls/manual-time.ts';
import { EventBus } from '../observe/event-bus.ts';
import type { FeedReader } from '../observe/feed.ts';
import { LiveView } from '../observe/live-view.ts';
import type { DaemonStatus } from '../observe/status.ts';
import type { Session, SessionOwner, SessionPeer } from '../sessions/session.ts';
import { SessionRegistry } from '../sessions/session-registry.ts';
import type { ToolContext } from '../tools/tool.ts';
import { hello, RecordedConnection, sharedOwner } from './sessions.ts';
import { fakeTool, textResult } from './tools.ts';

export interface LiveSceneOptions {
  readonly status: DaemonStatus;
  readonly sessionCap?: number;
  readonly queueMax?: number;
  readonly maskText?: (text: string) => string;
  readonly tokenGraceMs?: number;
}

/** A call that has reached its tool. */
interface Run {
  readonly args: unknown;
  readonly context: ToolContext;
  finish(error?: Error): void;
}

export interface SceneCall {
  readonly reply: Promise<CallReply>;
  readonly context: () => ToolContext | undefined;
  finish(error?: Error): void;
}

/** Epoch milliseconds at which a scene begins: a noon, in whatever zone. */
const startMs = new Date(2026, 9, 1, 12).getTime();

/** A live view over a real registry, dispatcher and limiter; time stands still until `advance`. */
export class LiveScene {
  readonly time = new ManualTime();
  readonly bus = new EventBus();
  readonly registry: SessionRegistry;
  readonly dispatcher: Dispatcher;
  readonly limiter: Limiter;
  readonly live: LiveView;
  readonly authenticator = { policy: 'token' as 'open' | 'token', tokenGeneration: 1 };
  status: DaemonStatus;
  readonly #runs: Run[] = [];

  constructor(options: LiveSceneOptions) {
    const { sessionCap = 4, queueMax = 0, maskText = (text: string) => text, tokenGraceMs = 0 } = options;
    const { time, bus } = this;
    const now = (): number => this.nowMs;
    this.status = options.status;
    this.registry = new SessionRegistry({
      graceMs: 10_000,
      maxSessions: 1_000,
      maxPerUser: null,
      bus,
      now,
      schedule: time.schedule,
    });
    this.limiter = new Limiter({
      caps: { session: sessionCap, global: 8, providers: { KIMI: 2 } },
      queue: { max: queueMax, waitMs: 30_000 },
      retryAfterMs: 1000,
      clock: time.clock,
      schedule: time.schedule,
    });
    const tools = [null, 'KIMI'].map((provider) =>
      fakeTool(
        provider === null ? 'work' : 'kimi_work',
        (args, context) =>
          new Promise((resolve, reject) => {
            const finish = (error?: Error): void => (error === undefined ? resolve(textResult('')) : reject(error));
            this.#runs.push({ args, finish, context });
            context.signal.addEventListener('abort', () => finish(new Error('aborted')));
          }),
        provider === null ? {} : { provider },
      ),
    );
    this.dispatcher = new Dispatcher({
      tools: { find: (name) => tools.find((tool) => tool.name === name) },
      limiter: this.limiter,
      bus,
      callTimeoutMs: 120_000,
      cancelGraceMs: 5_000,
      progressIntervalMs: 8_000,
      retryAfterMs: 1_000,
      toolCallMaxBytes: 1_000_000_000,
      providerOf: (_name, _args, ofTool) => ofTool,
    });
    bus.subscribe((event) => {
      if (event.type === 'session.ended') this.limiter.endSession(event.session.key);
    });
    this.live = new LiveView({
      bus,
      registry: this.registry,
      dispatcher: this.dispatcher,
      limiter: this.limiter,
      status: { status: () => this.status },
      authenticator: this.authenticator,
      tokenGraceMs,
      maskText,
      toolCount: () => tools.length,
      configuredCaps: () => ({ global: 8, providers: { KIMI: 2 }, queue: queueMax }),
      now,
      clock: time.clock,
      every: (task, intervalMs) => {
        let cancel: (() => void) | undefined;
        const next = (): void => {
          cancel = time.schedule(() => {
            next(); // before the task, which may stop it
            task();
          }, intervalMs);
        };
        next();
        return () => cancel?.();
      },
    });
  }

  get nowMs(): number {
    return startMs + this.time.clock();
  }

  /** A window; with a shim id it can be resumed by {@link resume}. */
  connect(name: string, fields: Readonly<Record<string, unknown>> = {}, owner: SessionOwner = sharedOwner): Session {
    const shimId = randomUUID();
    const opened = this.registry.open({
      owner,
      transport: 'shim',
      hello: hello({ session_id: name, mode: 'mcp', shimId, ...fields }),
      connection: new RecordedConnection(),
      tokenGeneration: this.authenticator.tokenGeneration,
    });
    if (opened.type === 'refused') throw new Error(opened.error);
    const { session } = opened;
    session.peer = new IdlePeer();
    this.bus.emit({ type: 'connection.opened', transport: 'shim' });
    this.registry.confirm(session);
    return session;
  }

  detach(session: Session): void {
    if (session.connection !== null) this.registry.detach(session, session.connection, 'closed 1006');
  }

  resume(session: Session): void {
    this.registry.open({
      owner: session.owner,
      transport: 'shim',
      hello: session.hello,
      connection: new RecordedConnection(),
      tokenGeneration: this.authenticator.tokenGeneration,
    });
    this.bus.emit({ type: 'connection.opened', transport: 'shim' });
    this.bus.emit({ type: 'session.resumed', session: session.info(), result: 'resumed', lost: 0 });
  }

  rotate(): void {
    this.authenticator.tokenGeneration += 1;
    this.authenticator.policy = 'token';
    this.bus.emit({ type: 'token.rotated', generation: this.authenticator.tokenGeneration });
  }

  /** Starts a call; it has its slot, or its place in line, when this resolves. */
  async call(session: Session, options: { tool?: string; args?: unknown; bytes?: number } = {}): Promise<SceneCall> {
    const canceller = new AbortController();
    const args = options.args ?? {};
    const reply = this.dispatcher.call({
      caller: session,
      toolName: options.tool ?? 'work',
      arguments: args,
      requestBytes: options.bytes ?? 2,
      cancelled: canceller.signal,
      canceller,
      sessionGone: session.gone,
    });
    await settled();
    const mine = (): Run | undefined => this.#runs.find((run) => run.args === args);
    return { reply, context: () => mine()?.context, finish: (error) => mine()?.finish(error) };
  }

  /** Frames and timers up to then; what they set going is settled. */
  async advance(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= feedFrameMs) {
      this.time.advance(Math.min(left, feedFrameMs));
      await settled();
    }
  }

  /** To a moment at which a frame has been sent that was not there before. */
  async advanceToFrame(): Promise<void> {
    await this.advance(2 * feedFrameMs - (this.time.clock() % feedFrameMs));
  }

  read(): RecordedReader {
    const reader = new RecordedReader();
    this.live.open(reader);
    return reader;
  }

  row(session: Session): SessionView | undefined {
    return this.live.snapshot().sessions.find(({ key }) => key === session.key);
  }
}

class IdlePeer implements SessionPeer {
  readonly isResumable = true;
  readonly inflight = 0;
  onDetached(): void {}
  onEnded(): void {}
  sweep(): void {}
}

/** Checks every line against the contract and keeps the state that it leads to. */
export class RecordedReader implements FeedReader {
  readonly lines: string[] = [];
  readonly buffers: Uint8Array[] = [];
  unsentBytes = 0;
  hasEnded = false;
  state: FeedState = emptyFeedState;

  send(line: Uint8Array): void {
    const text = Buffer.from(line).toString('utf8');
    if (this.hasEnded || !text.endsWith('\n')) throw new Error(`no line of its own: ${text}`);
    this.lines.push(text);
    this.buffers.push(line);
    this.state = applyFeedMessage(this.state, feedMessageSchema.parse(JSON.parse(text)));
  }

  end(line: Uint8Array): void {
    this.send(line);
    this.hasEnded = true;
  }

  types(): string[] {
    return this.lines.map((line) => feedMessageSchema.parse(JSON.parse(line)).type);
  }
}

/** Lets promises that are due run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
