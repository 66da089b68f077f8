import { basename } from 'node:path';
import type { MaskText } from '../../platform/redaction.ts';
import type { SessionView } from '../../protocol/snapshot.ts';
import type { AuthPolicy } from '../config.ts';
import type { Session } from '../sessions/session.ts';
import { maskedBeginning } from './arguments-preview.ts';
import type { SessionStats } from './session-stats.ts';

/** What a session's row needs besides the session itself. */
export interface SessionFacts {
  readonly color: number;
  readonly stats: SessionStats;
  /** Epoch seconds; null while it lives. */
  readonly endedAt: number | null;
  readonly slots: { readonly inflight: number; readonly queued: number };
  readonly cap: number;
  readonly auth: { readonly policy: AuthPolicy; readonly tokenGeneration: number };
  /** Clients choose their names. */
  readonly maskText: MaskText;
}

/** How people call a session: the name an admin gave, else the server name, else the session id. */
export function sessionName(session: Session): string {
  return session.label ?? session.hello?.instance?.serverName ?? session.sessionId;
}

/** How a session holds its credential. What its shim says counts more than that a token came with the hello. */
export function credentialOf(session: Session): SessionView['credential'] {
  const { auth } = session.owner;
  if (auth === 'jwt' || auth === 'instance') return auth;
  if (session.credentialSource !== null)
    return session.credentialSource === 'env' ? 'inline' : session.credentialSource;
  return auth === 'shared' ? 'inline' : 'none';
}

/** One session as surfaces show it. */
export function sessionView(session: Session, facts: SessionFacts): SessionView {
  const { stats, slots, auth } = facts;
  const credential = credentialOf(session);
  const text = (value: string): string => maskedBeginning(value, facts.maskText);
  const optional = (value: string | null | undefined): string | null =>
    value === null || value === undefined ? null : text(value);
  const needsShared = auth.policy === 'token' || auth.policy === 'both';
  return {
    key: session.key,
    sessionId: session.sessionId,
    instanceId: optional(session.instanceId),
    name: text(sessionName(session)),
    color: facts.color,
    clientName: text(session.client.name),
    clientVersion: optional(session.client.version),
    editor: session.hello?.client?.editor ?? null,
    workspaceName: session.workspace === null ? null : text(lastPart(session.workspace)),
    pid: pidOf(session.hello?.client?.pid),
    transport: session.transport,
    serverName: optional(session.hello?.instance?.serverName),
    serverId: optional(session.serverId),
    logSource: logSourceOf(session.logFile),
    connectionStatus: session.state,
    connectedAt: session.connectedAt,
    lastActiveAt: session.lastActiveAt,
    endedAt: facts.endedAt,
    inflight: slots.inflight,
    cap: facts.cap,
    queued: slots.queued,
    callsToday: stats.today.calls,
    errorsToday: stats.today.errors,
    ...stats.percentiles,
    lastError: stats.lastError,
    tokenGeneration: session.tokenGeneration,
    credential,
    hasOldToken:
      needsShared &&
      credential !== 'instance' &&
      credential !== 'jwt' &&
      session.tokenGeneration < auth.tokenGeneration,
  };
}

/** Of the path of another machine's system perhaps: both separators count. */
function lastPart(path: string): string {
  return basename(path.replaceAll('\\', '/'));
}

/** A hello may say anything that is a whole number. */
function pidOf(pid: number | undefined): number | null {
  return pid === undefined || pid < 0 ? null : pid;
}

/** Id in `/api/logs`: `shim:<id>` of `ws_shim_<id>.log`. */
function logSourceOf(file: string | null): string | null {
  const id = /^ws_shim_(.+)\.log$/.exec(file ?? '')?.[1];
  return id === undefined ? null : `shim:${id}`;
}
