import { randomUUID } from 'node:crypto';
import type { SessionInfo, TransportKind } from '../../protocol/events.ts';
import type { Hello } from '../../protocol/hello.ts';
import { type CloseReason, closeCodes, limits } from '../../protocol/limits.ts';
import type { EventBus } from '../observe/event-bus.ts';
import { baseName, freeName, shimKey } from './identity.ts';
import { Session, type SessionConnection, type SessionOwner } from './session.ts';

export interface OpenRequest {
  readonly owner: SessionOwner;
  readonly transport: TransportKind;
  readonly hello: Hello | null;
  /** The name of a client that sends no hello. */
  readonly announcedName?: string | undefined;
  readonly connection: SessionConnection;
  readonly tokenGeneration: number;
}

export type OpenResult =
  | { readonly type: 'opened'; readonly session: Session; readonly isRenamed: boolean }
  /** The same shim, or a legacy client that came back under its name. `superseded` = its old connection was still open. */
  | {
      readonly type: 'resumed';
      readonly session: Session;
      readonly isSuperseding: boolean;
      readonly isRenamed: boolean;
    }
  | { readonly type: 'refused'; readonly error: 'session_limit' };

export interface RegistryOptions {
  readonly graceMs: number;
  readonly maxSessions: number;
  readonly maxPerUser: number | null;
  readonly bus: EventBus;
  /** Wall clock in epoch milliseconds, for what people read. */
  readonly now?: () => number;
  /** Runs `action` once after `delayMs`; returns how to take it back. */
  readonly schedule?: (action: () => void, delayMs: number) => () => void;
}

/** All sessions of this daemon run: their names, attachment, grace and end (WIRE §§3.3, 3.4). */
export class SessionRegistry {
  readonly #options: RegistryOptions;
  readonly #now: () => number;
  readonly #schedule: (action: () => void, delayMs: number) => () => void;
  readonly #sessions = new Map<string, Session>();
  readonly #byShim = new Map<string, Session>();
  readonly #byName = new Map<string, Session>();
  readonly #graceTimers = new Map<Session, () => void>();

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#schedule = options.schedule ?? scheduleUnref;
  }

  open(request: OpenRequest): OpenResult {
    const { hello, owner } = request;
    const key = shimKey(
      owner.principal,
      hello?.shimId,
      owner.instanceId ?? hello?.instance?.id ?? null,
      hello?.session_id,
    );
    const known = key === undefined ? this.#detachedLegacy(request) : this.#byShim.get(key);
    if (known !== undefined) return this.#reattach(known, request);
    if (!this.#hasRoom(owner)) return { type: 'refused', error: 'session_limit' };
    const base = baseName(request.announcedName ?? hello?.session_id);
    const isShim = request.transport === 'shim';
    this.#releaseIdleName(base);
    const session = new Session({
      key: randomUUID(),
      sessionId: freeName(base, (name) => this.#byName.has(name)),
      base,
      owner,
      transport: request.transport,
      hello,
      tokenGeneration: request.tokenGeneration,
      now: this.#now() / 1000,
    });
    session.connection = request.connection;
    this.#sessions.set(session.key, session);
    if (key !== undefined) this.#byShim.set(key, session);
    if (!isShim) this.confirm(session);
    return { type: 'opened', session, isRenamed: session.sessionId !== base };
  }

  /**
   * The client is a window and no probe: from now on the session counts, is shown and holds its name (CLIENTS S18).
   * Returns the name if it had to change since the ack. Safe to call again. When the table has become full since the
   * hello, the session ends with 1013 instead.
   */
  confirm(session: Session): string | undefined {
    if (session.isConfirmed || session.state === 'ended') return undefined;
    if (!this.#hasRoom(session.owner)) {
      this.end(session, 'session limit', closeCodes.sessionLimit);
      return undefined;
    }
    session.isConfirmed = true;
    this.#releaseIdleName(session.base);
    const acknowledged = session.sessionId;
    session.sessionId = freeName(session.base, (name) => this.#byName.has(name));
    this.#byName.set(session.sessionId, session);
    this.#options.bus.emit({ type: 'session.connected', session: session.info() });
    this.#endForerunner(session);
    return session.sessionId === acknowledged ? undefined : session.sessionId;
  }

  /** The connection is gone. A probe ends at once; everybody else gets the grace time. */
  detach(session: Session, connection: SessionConnection, reason: string): void {
    if (session.connection !== connection || session.state !== 'connected') return;
    session.connection = null;
    const isResumable = session.hello !== null && (session.peer?.isResumable ?? true);
    if (!session.isConfirmed || !isResumable || this.#options.graceMs === 0) {
      this.end(session, reason);
      return;
    }
    session.state = 'detached';
    session.peer?.onDetached();
    this.#graceTimers.set(
      session,
      this.#schedule(() => this.end(session, 'grace over'), this.#options.graceMs),
    );
    this.#options.bus.emit({ type: 'session.detached', session: session.info(), reason });
  }

  /** Ends a session for good: calls cancelled, answers dropped, name free. Safe to call twice. */
  end(session: Session, reason: string, close?: CloseReason): void {
    if (session.state === 'ended') return;
    const info = session.info();
    session.markEnded();
    this.#graceTimers.get(session)?.();
    this.#graceTimers.delete(session);
    this.#sessions.delete(session.key);
    for (const [key, other] of this.#byShim) if (other === session) this.#byShim.delete(key);
    if (this.#byName.get(session.sessionId) === session) this.#byName.delete(session.sessionId);
    session.peer?.onEnded();
    const { connection } = session;
    session.connection = null;
    connection?.close(close ?? closeCodes.normal);
    if (session.isConfirmed)
      this.#options.bus.emit({ type: 'session.ended', session: { ...info, state: 'ended' }, reason });
  }

  /** Everything that counts as a window, connected or in grace, in the order of arrival. */
  list(): SessionInfo[] {
    return this.confirmed().map((session) => session.info());
  }

  confirmed(): Session[] {
    return [...this.#sessions.values()].filter((session) => session.isConfirmed);
  }

  find(keyOrName: string): Session | undefined {
    return this.#sessions.get(keyOrName) ?? this.#byName.get(keyOrName);
  }

  counts(): { connected: number; detached: number } {
    let connected = 0;
    let detached = 0;
    for (const session of this.#sessions.values()) {
      if (!session.isConfirmed) continue;
      if (session.state === 'detached') detached += 1;
      else connected += 1;
    }
    return { connected, detached };
  }

  all(): Session[] {
    return [...this.#sessions.values()];
  }

  #reattach(session: Session, request: OpenRequest): OpenResult {
    const previous = session.connection;
    const isSuperseding = previous !== null;
    this.#graceTimers.get(session)?.();
    this.#graceTimers.delete(session);
    session.connection = request.connection;
    session.owner = request.owner;
    session.state = 'connected';
    session.tokenGeneration = request.tokenGeneration;
    session.credentialSource = request.hello?.client?.credential ?? session.credentialSource;
    session.logFile = request.hello?.client?.log ?? session.logFile;
    session.lastActiveAt = this.#now() / 1000;
    session.resumes += 1;
    if (isSuperseding) {
      session.peer?.onDetached();
      previous.close(closeCodes.superseded);
    }
    if (session.isConfirmed && this.#byName.get(session.sessionId) !== session) {
      session.sessionId = freeName(session.base, (name) => this.#byName.has(name));
      this.#byName.set(session.sessionId, session);
    }
    return { type: 'resumed', session, isSuperseding, isRenamed: session.sessionId !== session.base };
  }

  /**
   * A shim that had connected while authentication was off is another session now that it has shown a credential. The one
   * it has left cannot be resumed any more; with no call running it would only stand in the list.
   */
  #endForerunner({ key, hello, owner }: Session): void {
    if (hello?.shimId === undefined || owner.auth === 'disabled') return;
    const left = this.all().find(
      (other) => other.key !== key && other.hello?.shimId === hello.shimId && other.owner.auth === 'disabled',
    );
    if (left?.state === 'detached' && (left.peer?.inflight ?? 0) === 0) this.end(left, 'came back with a credential');
  }

  /** A legacy client announcing the name of a detached legacy session of the same principal continues it. */
  #detachedLegacy(request: OpenRequest): Session | undefined {
    if (request.hello === null || request.hello.shimId !== undefined) return undefined;
    const base = request.hello.session_id;
    for (const session of this.#sessions.values()) {
      if (
        session.state === 'detached' &&
        session.hello?.shimId === undefined &&
        session.base === base &&
        session.owner.principal === request.owner.principal
      ) {
        return session;
      }
    }
    return undefined;
  }

  /** A detached session without a running call gives its name up to a newcomer (WIRE §3.3). */
  #releaseIdleName(name: string): void {
    const holder = this.#byName.get(name);
    if (holder !== undefined && holder.state === 'detached' && (holder.peer?.inflight ?? 0) === 0)
      this.#byName.delete(name);
  }

  /** Under the limits of table and user, if need be after the oldest client that has gone has given up its place. */
  #hasRoom(owner: SessionOwner): boolean {
    const sessions = this.confirmed();
    const { maxSessions, maxPerUser } = this.#options;
    const ofUser = owner.userId === null ? [] : sessions.filter((session) => session.owner.userId === owner.userId);
    if (maxPerUser !== null && ofUser.length >= maxPerUser && !this.#forgetOneOf(ofUser)) return false;
    return this.confirmed().length < maxSessions || this.#forgetOneOf(sessions);
  }

  /**
   * Ends the first session of a legacy client that has gone and left no running call, else the HTTP session that has been
   * idle for longest. Most of them never come back, and must not keep others out. A shim always may come back for its
   * answers.
   */
  #forgetOneOf(sessions: readonly Session[]): boolean {
    const gone =
      sessions.find(
        ({ state, hello, peer }) => state === 'detached' && hello?.shimId === undefined && (peer?.inflight ?? 0) === 0,
      ) ?? longestIdle(sessions);
    if (gone === undefined) return false;
    this.end(gone, 'place given to a newcomer');
    return true;
  }
}

function longestIdle(sessions: readonly Session[]): Session | undefined {
  let longest: Session | undefined;
  let longestMs: number = limits.httpIdleMs;
  for (const session of sessions) {
    const idleMs = session.connection?.idleMs?.() ?? 0;
    if (idleMs < longestMs) continue;
    longest = session;
    longestMs = idleMs;
  }
  return longest;
}

function scheduleUnref(action: () => void, delayMs: number): () => void {
  const timer = setTimeout(action, delayMs);
  timer.unref();
  return () => clearTimeout(timer);
}
