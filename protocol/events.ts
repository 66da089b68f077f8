import type { CapacityScope, ErrorCode } from './errors.ts';
import type { AuthKind } from './hello.ts';

/** How a client reached the daemon; the label of metrics and of the session table. */
export type TransportKind = 'shim' | 'ops' | 'ws' | 'http';

export type SessionState = 'connected' | 'detached' | 'ended';

/** One session as every surface shows it. Times in epoch seconds. */
export interface SessionInfo {
  /** Key of the session inside this daemon run; names may be reused, this is not. */
  readonly key: string;
  /** The name of the ack: announced, `name#2`, or `s-…`. */
  readonly sessionId: string;
  readonly state: SessionState;
  readonly transport: TransportKind;
  readonly auth: AuthKind;
  readonly principal: string;
  readonly tokenGeneration: number;
  readonly instanceId: string | null;
  readonly serverId: string | null;
  readonly serverName: string | null;
  readonly configFingerprint: string | null;
  readonly shimId: string | null;
  /** The MCP client behind the shim (clientInfo), else the name of the hello. */
  readonly clientName: string;
  readonly clientVersion: string | null;
  readonly editor: string | null;
  readonly workspace: string | null;
  readonly pid: number | null;
  readonly connectedAt: number;
  readonly lastActiveAt: number;
  readonly inflight: number;
  readonly callsTotal: number;
  readonly resumes: number;
}

export type CallOutcome = 'ok' | 'tool_error' | 'error' | 'cancelled' | 'timeout' | 'refused' | 'interrupted';

/** One call, as far as it has come. Times in epoch seconds, durations in milliseconds, sizes in bytes. */
export interface CallInfo {
  readonly callId: string;
  readonly sessionKey: string;
  readonly sessionId: string;
  readonly instanceId: string | null;
  readonly clientName: string;
  readonly tool: string;
  /** False when no such tool exists: metrics then count the name as `unknown`. */
  readonly isKnownTool: boolean;
  readonly upstream: string | null;
  /** Upper case (`KIMI`, `GLM`), or null for none. */
  readonly provider: string | null;
  readonly receivedAt: number;
  readonly requestBytes: number;
}

export interface FinishedCall extends CallInfo {
  readonly finishedAt: number;
  readonly queuedMs: number;
  readonly durationMs: number;
  readonly outcome: CallOutcome;
  readonly errorCode: ErrorCode | null;
  readonly refusedScope: CapacityScope | null;
  readonly responseBytes: number;
}

/** What has happened in the daemon. Past tense, announced after the fact; nothing is steered by an event. */
export type DaemonEvent =
  | { readonly type: 'session.connected'; readonly session: SessionInfo }
  | { readonly type: 'session.identified'; readonly session: SessionInfo; readonly protocolVersion: string }
  | { readonly type: 'session.detached'; readonly session: SessionInfo; readonly reason: string }
  | {
      readonly type: 'session.resumed';
      readonly session: SessionInfo;
      readonly result: 'resumed' | 'restored' | 'superseded';
      readonly lost: number;
    }
  | { readonly type: 'session.ended'; readonly session: SessionInfo; readonly reason: string }
  | { readonly type: 'handshake.finished'; readonly transport: TransportKind; readonly result: string }
  | { readonly type: 'connection.opened'; readonly transport: TransportKind }
  | { readonly type: 'connection.closed'; readonly transport: TransportKind; readonly code: number }
  | { readonly type: 'guard.refused'; readonly guard: string }
  | { readonly type: 'probe.seen'; readonly kind: string }
  | { readonly type: 'frame.ignored'; readonly kind: string }
  | { readonly type: 'message.received'; readonly kind: string; readonly clientName: string; readonly bytes: number }
  | {
      readonly type: 'message.sent';
      readonly kind: string;
      readonly bytes: number;
      /** The kind of the request that this answers and the time since its receipt; absent for what nobody asked for. */
      readonly answerTo?: string;
      readonly latencyMs?: number;
    }
  | {
      readonly type: 'resource.read';
      /** Scheme of its address, or `none`. */
      readonly scheme: string;
      readonly clientName: string;
      /** Null when it was answered with its content. */
      readonly errorCode: ErrorCode | null;
    }
  | { readonly type: 'error.answered'; readonly jsonrpcCode: number; readonly code: ErrorCode }
  | { readonly type: 'call.queued'; readonly call: CallInfo; readonly position: number }
  | { readonly type: 'call.started'; readonly call: CallInfo }
  | { readonly type: 'call.finished'; readonly call: FinishedCall }
  | { readonly type: 'call.abandoned'; readonly callId: string }
  | { readonly type: 'call.settled-late'; readonly callId: string }
  | { readonly type: 'call.joined'; readonly sessionId: string }
  | { readonly type: 'result.replayed'; readonly sessionId: string }
  | { readonly type: 'token.rotated'; readonly generation: number }
  | { readonly type: 'daemon.draining'; readonly maxMs: number };
