import type { Logger } from '../../platform/json-logger.ts';
import type { TransportKind } from '../../protocol/events.ts';
import type { Hello, HelloAck, HelloError, HelloWarning } from '../../protocol/hello.ts';
import type { RequestId } from '../../protocol/ids.ts';
import { closeCodes, limits } from '../../protocol/limits.ts';
import { protocolVersion } from '../../protocol/version.ts';
import type { Authenticator, AuthResult } from '../auth/authenticator.ts';
import type { FailureThrottle } from '../auth/failure-throttle.ts';
import type { RateLimiter } from '../calls/token-bucket.ts';
import type { FrameSocket, UpgradeInfo } from '../listen/frame-socket.ts';
import type { EventBus } from '../observe/event-bus.ts';
import type { Session } from '../sessions/session.ts';
import type { SessionRegistry } from '../sessions/session-registry.ts';
import { ClientConnection, type ConnectionOptions } from './client-connection.ts';
import { directMcpRefusal, helloRefusal, readFirstFrame } from './handshake.ts';
import type { McpGateway } from './mcp-gateway.ts';
import type { OpsGateway } from './ops-gateway.ts';

export interface GatewayOptions {
  readonly daemonRunId: string;
  readonly authenticator: Authenticator;
  readonly throttle: FailureThrottle;
  readonly rates: RateLimiter;
  readonly registry: SessionRegistry;
  readonly mcp: McpGateway;
  readonly ops: OpsGateway;
  readonly bus: EventBus;
  readonly logger: Logger;
  readonly helloTimeoutMs: number;
  readonly maxFrameBytes: number;
  readonly connection: ConnectionOptions;
  readonly ackLimits: HelloAck['limits'];
}

/** How often a session with an expired token is looked at while its last calls run. */
const expiryLookMs = 1_000;
/** Longer timers fire at once. */
const longestTimerMs = 2 ** 31 - 1;

type Accepted = Extract<AuthResult, { type: 'accepted' }>;

/** Takes framed sockets from first byte to session: first frame, credential, ack, then the mode's own connection. */
export class Gateway {
  readonly #options: GatewayOptions;
  readonly #connections = new Set<ClientConnection>();

  constructor(options: GatewayOptions) {
    this.#options = options;
  }

  get openConnections(): number {
    return this.#connections.size;
  }

  /** Says goodbye to everybody (daemon stop); resolves when all have read what was sent to them and are gone. */
  closeAll(): Promise<void> {
    for (const connection of this.#connections) connection.close(closeCodes.shutdown);
    return Promise.all([...this.#connections].map((connection) => connection.gone)).then(() => undefined);
  }

  accept(socket: FrameSocket, upgrade: UpgradeInfo, authenticated: () => void): void {
    new PendingConnection(this.#options, this.#connections, socket, upgrade, authenticated).start();
  }
}

/** One connection until its handshake is decided. Frames pipelined behind the first are held, then handled in order. */
class PendingConnection {
  readonly #options: GatewayOptions;
  readonly #connections: Set<ClientConnection>;
  readonly #socket: FrameSocket;
  readonly #upgrade: UpgradeInfo;
  readonly #authenticated: () => void;
  readonly #held: Buffer[] = [];
  #connection: ClientConnection | undefined;
  #helloTimer: NodeJS.Timeout | undefined;
  #hasFirstFrame = false;
  #isClosed = false;

  constructor(
    options: GatewayOptions,
    connections: Set<ClientConnection>,
    socket: FrameSocket,
    upgrade: UpgradeInfo,
    authenticated: () => void,
  ) {
    this.#options = options;
    this.#connections = connections;
    this.#socket = socket;
    this.#upgrade = upgrade;
    this.#authenticated = authenticated;
  }

  start(): void {
    this.#helloTimer = setTimeout(() => {
      this.#handshakeFailed('hello_timeout', 'ops');
      this.#socket.close(closeCodes.helloTimeout);
    }, this.#options.helloTimeoutMs);
    this.#helloTimer.unref();
    this.#socket.setHandlers({
      onFrame: (bytes) => this.#onFrame(bytes),
      onClose: (code, reason) => this.#onClose(code, reason),
    });
  }

  #onFrame(bytes: Buffer): void {
    if (this.#connection !== undefined) {
      this.#connection.receive(bytes);
      return;
    }
    if (this.#hasFirstFrame) {
      this.#held.push(bytes);
      this.#socket.pause(); // no more than what was read already, until the credential is decided
      return;
    }
    this.#hasFirstFrame = true;
    clearTimeout(this.#helloTimer);
    this.#decide(bytes);
  }

  #onClose(code: number, reason: string): void {
    this.#isClosed = true;
    clearTimeout(this.#helloTimer);
    this.#authenticated();
    this.#connection?.closed(code, reason);
  }

  #decide(bytes: Buffer): void {
    const first = readFirstFrame(bytes);
    switch (first.type) {
      case 'refused':
        this.#refuseHello(first.error, first.hint, 'ops');
        return;
      case 'hello': {
        const { hello, transport } = first;
        const result = this.#options.authenticator.authenticate({
          token: hello.token ?? null,
          jwt: hello.jwt ?? null,
          bearer: this.#upgrade.bearer,
        });
        whenReady(result, (auth) => this.#onHelloChecked(hello, transport, auth));
        return;
      }
      case 'direct-mcp': {
        const result = this.#options.authenticator.authenticate({
          token: null,
          jwt: null,
          bearer: this.#upgrade.bearer,
        });
        whenReady(result, (auth) => this.#onDirectChecked(first.id, auth, bytes));
        return;
      }
    }
  }

  #onHelloChecked(hello: Hello, transport: TransportKind, auth: AuthResult): void {
    if (this.#isClosed) return;
    if (auth.type === 'refused') {
      this.#refuseCredential(auth, () => this.#refuseHello(auth.error, auth.hint, transport));
      return;
    }
    const connection = this.#openConnection();
    const opened = this.#options.registry.open({
      owner: auth,
      transport,
      hello,
      connection,
      tokenGeneration: auth.tokenGeneration,
    });
    if (opened.type === 'refused') {
      this.#connection = undefined;
      this.#connections.delete(connection);
      this.#refuseHello('session_limit', 'The daemon has no room for another session.', transport);
      return;
    }
    const { session } = opened;
    if (transport === 'shim') connection.tolerateSilence();
    const warnings: HelloWarning[] = [...auth.warnings, ...(opened.isRenamed ? (['SESSION_RENAMED'] as const) : [])];
    const isResumed = opened.type === 'resumed';
    const resume =
      transport === 'shim'
        ? this.#options.mcp.planResume(session, hello, isResumed)
        : { lost: [], unknown: [], afterAck: () => undefined };
    const ack: HelloAck = {
      op: 'hello_ack',
      ok: true,
      session_id: session.sessionId,
      daemonRunId: this.#options.daemonRunId,
      protocol: protocolVersion,
      mode: hello.mode ?? null,
      heartbeat: {
        intervalMs: this.#options.connection.pingIntervalMs,
        timeoutMs: this.#options.connection.pingTimeoutMs,
      },
      tokenGeneration: auth.tokenGeneration,
      auth: auth.auth,
      resumed: isResumed,
      lost: resume.lost,
      unknown: resume.unknown,
      limits: this.#options.ackLimits,
      warnings,
    };
    connection.send('control', JSON.stringify(ack));
    this.#options.bus.emit({ type: 'handshake.finished', transport, result: 'ok' });
    this.#options.logger.info('session opened', {
      sessionId: session.sessionId,
      instanceId: session.instanceId,
      shimId: hello.shimId,
      auth: auth.auth,
      isResumed,
      framing: this.#upgrade.framing,
    });
    this.#startMode(hello.mode, transport, session, connection);
    resume.afterAck(); // needs the outlet that has just been attached
    this.#releaseHeld(connection);
  }

  #startMode(
    mode: 'ops' | 'mcp' | undefined,
    transport: TransportKind,
    session: Session,
    connection: ClientConnection,
  ): void {
    const rate = (): ReturnType<RateLimiter['take']> =>
      this.#upgrade.peer.isExempt ? undefined : this.#options.rates.take(this.#upgrade.peer.address, session.key);
    const mayChoose = mode === undefined;
    if (mode === 'mcp') {
      const receive = this.#options.mcp.connect(session, connection, { rate, isResumable: transport === 'shim' });
      this.#run(connection, session, receive);
      return;
    }
    // Without a mode the first frame after the ack decides for the rest of the connection (WIRE §3.1).
    let receive = mayChoose ? undefined : this.#options.ops.connect(session, connection, { rate });
    this.#run(connection, session, (bytes) => {
      receive ??= this.#options.mcp.isMcpFrame(bytes)
        ? this.#options.mcp.connect(session, connection, { rate, isResumable: false })
        : this.#options.ops.connect(session, connection, { rate });
      receive(bytes);
    });
  }

  #onDirectChecked(id: RequestId | null, auth: AuthResult, first: Buffer): void {
    if (this.#isClosed) return;
    if (auth.type === 'refused') {
      const answer = (): void => this.#refuseDirect(id, auth);
      if (this.#upgrade.isBearerCounted) answer();
      else this.#refuseCredential(auth, answer);
      return;
    }
    const connection = this.#openConnection();
    const opened = this.#options.registry.open({
      owner: auth,
      transport: 'ws',
      hello: null,
      connection,
      tokenGeneration: auth.tokenGeneration,
    });
    if (opened.type === 'refused') {
      this.#connection = undefined;
      this.#connections.delete(connection);
      this.#handshakeFailed('session_limit', 'ws');
      this.#socket.send(
        'message',
        directMcpRefusal(id, {
          code: 'SESSION_LIMIT',
          message: 'The daemon has no room for another session.',
          hint: 'Close a window, or raise SESSION_MAX_CONCURRENT.',
        }),
      );
      this.#socket.close(closeCodes.sessionLimit);
      return;
    }
    this.#options.bus.emit({ type: 'handshake.finished', transport: 'ws', result: 'ok' });
    this.#startMode('mcp', 'ws', opened.session, connection);
    connection.receive(first);
    this.#releaseHeld(connection);
  }

  #refuseDirect(id: RequestId | null, { error, hint }: Exclude<AuthResult, Accepted>): void {
    this.#handshakeFailed(error, 'ws');
    this.#socket.send(
      'message',
      directMcpRefusal(id, { code: 'UNAUTHORIZED', message: 'This daemon needs a token.', hint }),
    );
    this.#socket.close(error === 'jwt_required' ? closeCodes.jwtRequired : closeCodes.unauthorized);
  }

  #openConnection(): ClientConnection {
    const connection = new ClientConnection(this.#socket, this.#upgrade, this.#options.connection);
    this.#connection = connection;
    this.#connections.add(connection);
    this.#authenticated();
    this.#socket.setMaxFrameBytes(this.#options.maxFrameBytes);
    return connection;
  }

  #run(connection: ClientConnection, session: Session, receive: (bytes: Buffer) => void): void {
    const { bus, registry, logger } = this.#options;
    bus.emit({ type: 'connection.opened', transport: session.transport });
    const stopWatching = this.#watchExpiry(session, connection);
    // What a superseded connection still had in line is dropped: the resume has already told the client that it is lost.
    const current = (bytes: Buffer): void => {
      if (session.connection === connection) receive(bytes);
    };
    connection.start(current, (code, reason) => {
      stopWatching();
      this.#connections.delete(connection);
      bus.emit({ type: 'connection.closed', transport: session.transport, code });
      logger.info('connection closed', { sessionId: session.sessionId, code, reason });
      registry.detach(session, connection, `closed ${code}`);
    });
  }

  /** A user token has run out: new requests are refused already, and after the last running call the socket closes (WIRE §3.5). */
  #watchExpiry(session: Session, connection: ClientConnection): () => void {
    const { expiresAt } = session.owner;
    if (expiresAt === null) return () => undefined;
    let timer: NodeJS.Timeout | undefined;
    const check = (): void => {
      const leftMs = expiresAt * 1000 + limits.jwtSkewMs - Date.now();
      if (leftMs <= 0 && (session.peer?.inflight ?? 0) === 0) {
        connection.close(closeCodes.unauthorized);
        return;
      }
      timer = setTimeout(check, Math.min(Math.max(leftMs, expiryLookMs), longestTimerMs));
      timer.unref();
    };
    check();
    return () => clearTimeout(timer);
  }

  #releaseHeld(connection: ClientConnection): void {
    for (const bytes of this.#held.splice(0)) connection.receive(bytes);
    this.#socket.resume();
  }

  #refuseHello(error: HelloError, hint: string, transport: TransportKind): void {
    this.#handshakeFailed(error, transport);
    const { ack, close } = helloRefusal(error, hint);
    this.#socket.send('control', JSON.stringify(ack));
    this.#socket.close(close);
  }

  /** Guard 8: after many failures of one address the answer waits, loopback not exempt. */
  #refuseCredential(refused: Exclude<AuthResult, Accepted>, answer: () => void): void {
    const { delayMs, shouldLog } = this.#options.throttle.failed(this.#upgrade.peer.address);
    if (shouldLog)
      this.#options.logger.warn('authentication failed', {
        address: this.#upgrade.peer.address,
        reason: refused.error,
      });
    if (delayMs === 0) {
      answer();
      return;
    }
    setTimeout(() => {
      if (!this.#isClosed) answer();
    }, delayMs).unref();
  }

  #handshakeFailed(result: string, transport: TransportKind): void {
    this.#options.bus.emit({ type: 'handshake.finished', transport, result });
  }
}

/** Calls back at once when nothing has to be waited for, so that a handshake stays in one tick. */
function whenReady<T>(value: T | Promise<T>, use: (value: T) => void): void {
  if (value instanceof Promise) void value.then(use);
  else use(value);
}
