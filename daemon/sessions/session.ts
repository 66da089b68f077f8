import type { SessionInfo, SessionState, TransportKind } from '../../protocol/events.ts';
import type { AuthKind, CredentialSource, Hello } from '../../protocol/hello.ts';
import type { CloseReason } from '../../protocol/limits.ts';

/** Who a session belongs to and how it authenticated. The principal is fixed for its life; a reconnect may renew the rest. */
export interface SessionOwner {
  readonly principal: string;
  readonly auth: AuthKind;
  readonly isAdmin: boolean;
  readonly instanceId: string | null;
  readonly userId: string | null;
  /** Epoch seconds after which new requests are refused, or null. */
  readonly expiresAt: number | null;
}

/** What a session needs of the connection it is attached to. */
export interface SessionConnection {
  send(kind: 'control' | 'message', payload: string | Uint8Array): void;
  close(reason: CloseReason): void;
  /** Of a session whose client comes and goes (HTTP): milliseconds since anything was open; 0 while something is. */
  idleMs?(): number;
}

/** The protocol state that outlives connections: ops or mcp. Told what happens to its session. */
export interface SessionPeer {
  /** The connection is gone; calls go on, slots stay held. */
  onDetached(): void;
  /** The session is over: running calls are to be cancelled, stored answers dropped. */
  onEnded(): void;
  /** Drops what has expired. Called now and then; nothing but memory depends on it. */
  sweep(): void;
  /** Whether a client that comes back can find its calls; otherwise the session ends with its connection. */
  readonly isResumable: boolean;
  readonly inflight: number;
}

export interface SessionClient {
  readonly name: string;
  readonly version: string | null;
}

/**
 * One client as the daemon knows it. A session is attached to at most one connection at a time and survives a lost one
 * for the grace time (WIRE §3.4).
 */
export class Session {
  readonly key: string;
  owner: SessionOwner;
  readonly transport: TransportKind;
  readonly hello: Hello | null;
  /** Name without suffix; names with a suffix are given by the registry. */
  readonly base: string;
  readonly connectedAt: number;
  sessionId: string;
  state: SessionState = 'connected';
  /** False until `initialize` and one list or call: a probe is no window (CLIENTS S18). */
  isConfirmed = false;
  tokenGeneration: number;
  connection: SessionConnection | null = null;
  peer: SessionPeer | null = null;
  client: SessionClient;
  workspace: string | null;
  /** As the shim says; null for other clients and older shims. */
  credentialSource: CredentialSource | null;
  /** Name of the shim's log file, once it is known. */
  logFile: string | null;
  /** The name an admin gave it, for people. */
  label: string | null = null;
  lastActiveAt: number;
  callsTotal = 0;
  resumes = 0;
  readonly #gone = new AbortController();

  constructor(options: {
    key: string;
    sessionId: string;
    base: string;
    owner: SessionOwner;
    transport: TransportKind;
    hello: Hello | null;
    tokenGeneration: number;
    now: number;
  }) {
    const { hello } = options;
    this.key = options.key;
    this.sessionId = options.sessionId;
    this.base = options.base;
    this.owner = options.owner;
    this.transport = options.transport;
    this.hello = hello;
    this.tokenGeneration = options.tokenGeneration;
    this.connectedAt = options.now;
    this.lastActiveAt = options.now;
    this.client = {
      name: hello?.clientInfo?.name ?? hello?.client?.name ?? 'unknown',
      version: hello?.clientInfo?.version ?? hello?.client?.version ?? null,
    };
    this.workspace = hello?.client?.workspace ?? null;
    this.credentialSource = hello?.client?.credential ?? null;
    this.logFile = hello?.client?.log ?? null;
  }

  /** Aborts when the session ends. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  get instanceId(): string | null {
    return this.owner.instanceId ?? this.hello?.instance?.id ?? null;
  }

  get serverId(): string | null {
    return this.hello?.instance?.serverId ?? null;
  }

  markEnded(): void {
    this.state = 'ended';
    this.#gone.abort();
  }

  info(): SessionInfo {
    return {
      key: this.key,
      sessionId: this.sessionId,
      state: this.state,
      transport: this.transport,
      auth: this.owner.auth,
      principal: this.owner.principal,
      tokenGeneration: this.tokenGeneration,
      instanceId: this.instanceId,
      serverId: this.serverId,
      serverName: this.hello?.instance?.serverName ?? null,
      configFingerprint: this.hello?.instance?.configFingerprint ?? null,
      shimId: this.hello?.shimId ?? null,
      clientName: this.client.name,
      clientVersion: this.client.version,
      editor: this.hello?.client?.editor ?? null,
      workspace: this.workspace,
      pid: this.hello?.client?.pid ?? null,
      connectedAt: this.connectedAt,
      lastActiveAt: this.lastActiveAt,
      inflight: this.peer?.inflight ?? 0,
      callsTotal: this.callsTotal,
      resumes: this.resumes,
    };
  }
}
