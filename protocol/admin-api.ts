import { z } from 'zod';
import {
  exportQuerySchema,
  historyFacetsSchema,
  historyFilterSchema,
  historyPageSchema,
  historyQuerySchema,
  seriesQuerySchema,
  seriesSchema,
} from './history.ts';
import { limits } from './limits.ts';
import { logQuerySchema, logSourceSchema, logTailSchema } from './logs.ts';
import { settingSchema, settingsChangeSchema } from './settings.ts';
import {
  authPolicySchema,
  callViewSchema,
  capsSchema,
  instanceViewSchema,
  sessionViewSchema,
  snapshotSchema,
  upstreamViewSchema,
} from './snapshot.ts';

/**
 * The admin API, one row per route. Server, client, test fake and the OpenAPI document derive from it; what travels is
 * parsed on both sides. A client's token never opens it: callers show the admin secret of the running daemon
 * (`<stateDir>/run/admin.secret`, 0600) as bearer, or the cookie that a browser got for a one-time ticket.
 */
export interface AdminRow {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** `:name` stands for one encoded segment. */
  readonly path: string;
  readonly summary: string;
  /** `admin`: secret or cookie. `secret`: the secret alone. `public`: nobody needs to be known. */
  readonly access: 'admin' | 'secret' | 'public';
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  /** JSON body; absent: none is read. */
  readonly body?: z.ZodType;
  /** `json`: `response` describes the body. `ndjson`: an endless stream of lines. `file`: a download. `empty`: 204. */
  readonly answers: 'json' | 'ndjson' | 'file' | 'empty';
  readonly response?: z.ZodType;
}

const capacitySchema = z.object({ capacity: z.number(), inflight: z.number() });

const sessionSchema = z.object({
  key: z.string(),
  sessionId: z.string(),
  state: z.enum(['connected', 'detached', 'ended']),
  transport: z.enum(['shim', 'ops', 'ws', 'http']),
  auth: z.enum(['shared', 'instance', 'jwt', 'disabled']),
  principal: z.string(),
  tokenGeneration: z.number(),
  instanceId: z.string().nullable(),
  serverId: z.string().nullable(),
  serverName: z.string().nullable(),
  configFingerprint: z.string().nullable(),
  shimId: z.string().nullable(),
  clientName: z.string(),
  clientVersion: z.string().nullable(),
  editor: z.string().nullable(),
  workspace: z.string().nullable(),
  pid: z.number().nullable(),
  /** Epoch seconds, like every time here. */
  connectedAt: z.number(),
  lastActiveAt: z.number(),
  inflight: z.number(),
  callsTotal: z.number(),
  resumes: z.number(),
});

const statusSchema = z.object({
  status: z.enum(['healthy', 'degraded', 'unhealthy', 'draining']),
  reasons: z.array(z.string()),
  version: z.string(),
  pid: z.number(),
  daemonRunId: z.string(),
  startedAt: z.number(),
  host: z.string(),
  port: z.number(),
  localSocket: z.string().nullable(),
  authPolicy: authPolicySchema,
  tokenGeneration: z.number(),
  sessions: z.object({ connected: z.number(), detached: z.number(), capacity: z.number() }),
  global: capacitySchema,
  providers: z.record(z.string(), capacitySchema),
  queued: z.number(),
  logDir: z.string(),
});

const tokenSchema = z.object({
  authPolicy: authPolicySchema,
  generation: z.number(),
  /** Where shims read the token. The token itself is never sent. */
  tokenFile: z.string(),
  sessions: z.array(z.object({ sessionId: z.string(), tokenGeneration: z.number(), isCurrent: z.boolean() })),
});

const bySession = z.object({ sessionId: z.string().min(1).max(200) });
const byUpstream = z.object({ upstreamId: z.string().min(1).max(64) });
const byCall = z.object({ callId: z.string().min(1).max(100) });
const bySource = z.object({ source: z.string().min(1).max(200) });
const cap = z.int().min(1).max(10_000);

export const adminRoutes = {
  status: {
    method: 'GET',
    path: '/api/status',
    summary: 'What the daemon is doing, in figures',
    access: 'admin',
    answers: 'json',
    response: statusSchema,
  },
  health: {
    method: 'GET',
    path: '/api/health',
    summary: 'Health with its components and reasons',
    access: 'admin',
    answers: 'json',
    response: z.looseObject({ status: z.enum(['healthy', 'degraded', 'unhealthy', 'draining']) }),
  },
  snapshot: {
    method: 'GET',
    path: '/api/snapshot',
    summary: 'Everything that is true now',
    access: 'admin',
    answers: 'json',
    response: snapshotSchema,
  },
  events: {
    method: 'GET',
    path: '/api/events',
    summary: 'A snapshot, then every change, one JSON text per line',
    access: 'admin',
    answers: 'ndjson',
  },
  sessions: {
    method: 'GET',
    path: '/api/sessions',
    summary: 'Every session, connected or away',
    access: 'admin',
    answers: 'json',
    response: z.object({ sessions: z.array(sessionSchema) }),
  },
  session: {
    method: 'GET',
    path: '/api/sessions/:sessionId',
    summary: 'One session with its calls in flight; by session id or key',
    access: 'admin',
    params: bySession,
    answers: 'json',
    response: z.object({ session: sessionViewSchema, calls: z.array(callViewSchema) }),
  },
  renameSession: {
    method: 'PATCH',
    path: '/api/sessions/:sessionId',
    summary: 'Gives a session a name for people, until it ends; empty takes it away. Its id stays.',
    access: 'admin',
    params: bySession,
    body: z.object({ name: z.string().trim().max(64) }),
    answers: 'json',
    response: sessionViewSchema,
  },
  disconnectSession: {
    method: 'DELETE',
    path: '/api/sessions/:sessionId',
    summary: 'Ends a session: its calls are cancelled, its connection is closed with 4006',
    access: 'admin',
    params: bySession,
    answers: 'empty',
  },
  reconnectSession: {
    method: 'POST',
    path: '/api/sessions/:sessionId/reconnect',
    summary: 'Asks a shim to connect again, which loses no call; 404 for a client that cannot resume',
    access: 'admin',
    params: bySession,
    answers: 'empty',
  },
  calls: {
    method: 'GET',
    path: '/api/calls',
    summary: 'Calls that run or wait for a slot',
    access: 'admin',
    answers: 'json',
    response: z.object({ calls: z.array(callViewSchema) }),
  },
  cancelCall: {
    method: 'POST',
    path: '/api/calls/:callId/cancel',
    summary: 'Cancels one call in flight; 404 when it has ended',
    access: 'admin',
    params: byCall,
    answers: 'empty',
  },
  capacity: {
    method: 'GET',
    path: '/api/capacity',
    summary: 'Limits, what is in flight, the queue',
    access: 'admin',
    answers: 'json',
    response: capsSchema,
  },
  changeCapacity: {
    method: 'PATCH',
    path: '/api/capacity',
    summary: 'Changes limits at once and for later starts. Refused where the environment or a .env fixes the value.',
    access: 'admin',
    body: z.object({
      session: cap.optional(),
      global: cap.optional(),
      /** By provider name, any case. */
      providers: z.record(z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/), cap).optional(),
      /** Calls that may wait; 0 switches the queue off. */
      queue: z.int().min(0).max(10_000).optional(),
    }),
    answers: 'json',
    response: capsSchema,
  },
  upstreams: {
    method: 'GET',
    path: '/api/upstreams',
    summary: 'Where tools come from',
    access: 'admin',
    answers: 'json',
    response: z.object({
      upstreams: z.array(upstreamViewSchema),
      /** Entries of mcp.json that are not used; `place` as in `mcpServers.files.args[1]`. */
      problems: z.array(z.object({ upstreamId: z.string().nullable(), place: z.string(), message: z.string() })),
    }),
  },
  putUpstream: {
    method: 'POST',
    path: '/api/upstreams/:upstreamId',
    summary: 'Adds a server to mcp.json, or replaces its entry; refused when the entry is wrong',
    access: 'admin',
    params: byUpstream,
    body: z.object({ entry: z.record(z.string(), z.unknown()) }),
    answers: 'empty',
  },
  removeUpstream: {
    method: 'DELETE',
    path: '/api/upstreams/:upstreamId',
    summary: 'Takes a server out of mcp.json and stops it',
    access: 'admin',
    params: byUpstream,
    answers: 'empty',
  },
  startUpstream: {
    method: 'POST',
    path: '/api/upstreams/:upstreamId/start',
    summary: 'Starts a server, also one that was stopped or given up',
    access: 'admin',
    params: byUpstream,
    answers: 'empty',
  },
  stopUpstream: {
    method: 'POST',
    path: '/api/upstreams/:upstreamId/stop',
    summary: 'Stops a server until it is started again; resolves when it has ended',
    access: 'admin',
    params: byUpstream,
    answers: 'empty',
  },
  restartUpstream: {
    method: 'POST',
    path: '/api/upstreams/:upstreamId/restart',
    summary: 'Stops a server and starts it',
    access: 'admin',
    params: byUpstream,
    answers: 'empty',
  },
  instances: {
    method: 'GET',
    path: '/api/instances',
    summary: 'Configured editor entries',
    access: 'admin',
    answers: 'json',
    response: z.object({ instances: z.array(instanceViewSchema) }),
  },
  token: {
    method: 'GET',
    path: '/api/token',
    summary: 'Whether clients need a token, and which sessions use the current one',
    access: 'admin',
    answers: 'json',
    response: tokenSchema,
  },
  rotateToken: {
    method: 'POST',
    path: '/api/token/rotate',
    summary: 'Makes a new token. With `reconnect` every shim that reads it from its file is asked to connect again.',
    access: 'admin',
    body: z.object({ reconnect: z.boolean().default(false) }).default({ reconnect: false }),
    answers: 'json',
    response: tokenSchema,
  },
  revealToken: {
    method: 'POST',
    path: '/api/token/reveal',
    summary: 'The current token, for the clipboard of the person who asked',
    access: 'admin',
    answers: 'json',
    response: z.object({ token: z.string() }),
  },
  clearToken: {
    method: 'POST',
    path: '/api/token/clear',
    summary: 'Switches authentication off',
    access: 'admin',
    answers: 'json',
    response: tokenSchema,
  },
  pause: {
    method: 'POST',
    path: '/api/daemon/pause',
    summary: 'Refuses new calls until resumed; running ones finish',
    access: 'admin',
    answers: 'empty',
  },
  unpause: {
    method: 'POST',
    path: '/api/daemon/resume',
    summary: 'Takes new calls again',
    access: 'admin',
    answers: 'empty',
  },
  stopDaemon: {
    method: 'POST',
    path: '/api/daemon/stop',
    summary:
      'Refuses new calls, lets running ones finish for a while, then ends the daemon. Answers before it goes. Asked again it can only end sooner.',
    // Not for a browser: it could not start the daemon again.
    access: 'secret',
    body: z
      .object({
        /** How long running calls may take; absent: as long as EXAI_DRAIN_SECS says; 0: no time. */
        waitMs: z.int().min(0).max(limits.longestStopWaitMs).optional(),
      })
      .default({}),
    answers: 'empty',
  },
  logs: {
    method: 'GET',
    path: '/api/logs',
    summary: 'The logs there are',
    access: 'admin',
    answers: 'json',
    response: z.object({ sources: z.array(logSourceSchema) }),
  },
  logTail: {
    method: 'GET',
    path: '/api/logs/:source',
    summary: 'The last lines of one log',
    access: 'admin',
    params: bySource,
    query: logQuerySchema,
    answers: 'json',
    response: logTailSchema,
  },
  logFollow: {
    method: 'GET',
    path: '/api/logs/:source/follow',
    summary: 'The last lines of one log, then every new one, as lines of JSON',
    access: 'admin',
    params: bySource,
    query: logQuerySchema,
    answers: 'ndjson',
  },
  logFile: {
    method: 'GET',
    path: '/api/logs/:source/file',
    summary: 'One log file as it is',
    access: 'admin',
    params: bySource,
    answers: 'file',
  },
  settings: {
    method: 'GET',
    path: '/api/settings',
    summary: 'Every setting that is no secret, with its value, its default and where it comes from',
    access: 'admin',
    answers: 'json',
    response: z.object({ settings: z.array(settingSchema), settingsFile: z.string() }),
  },
  changeSettings: {
    method: 'PATCH',
    path: '/api/settings',
    summary: 'Stores settings in settings.json, all or none, after checking that the daemon would start with them',
    access: 'admin',
    body: settingsChangeSchema,
    answers: 'json',
    response: z.object({ settings: z.array(settingSchema), settingsFile: z.string() }),
  },
  history: {
    method: 'GET',
    path: '/api/history',
    summary: 'Finished calls, newest first',
    access: 'admin',
    query: historyQuerySchema,
    answers: 'json',
    response: historyPageSchema,
  },
  historyFacets: {
    method: 'GET',
    path: '/api/history/facets',
    summary: 'What the history can be filtered by',
    access: 'admin',
    answers: 'json',
    response: historyFacetsSchema,
  },
  historySeries: {
    method: 'GET',
    path: '/api/history/series',
    summary: 'Calls, errors, latency and load over time',
    access: 'admin',
    query: seriesQuerySchema,
    answers: 'json',
    response: seriesSchema,
  },
  historyExport: {
    method: 'GET',
    path: '/api/history/export',
    summary: 'All finished calls that match, as CSV or JSON',
    access: 'admin',
    query: exportQuerySchema,
    answers: 'file',
  },
  clearHistory: {
    method: 'DELETE',
    path: '/api/history',
    summary: 'Deletes the finished calls that match; without a filter all of them',
    access: 'admin',
    query: historyFilterSchema,
    answers: 'json',
    response: z.object({ deleted: z.int().min(0) }),
  },
  makeTicket: {
    method: 'POST',
    path: '/api/ui/tickets',
    summary: 'A one-time ticket that lets one browser in, valid for a minute',
    access: 'secret',
    answers: 'json',
    response: z.object({
      ticket: z.string(),
      /** Address of the dashboard with the ticket in its fragment, which browsers do not send; null without a TCP listener. */
      url: z.string().nullable(),
      expiresAt: z.number(),
    }),
  },
  signIn: {
    method: 'POST',
    path: '/api/ui/session',
    summary: 'Exchanges a ticket for a cookie and the key that every request of this browser must show',
    access: 'public',
    body: z.object({ ticket: z.string().max(200) }),
    answers: 'json',
    response: z.object({ requestKey: z.string() }),
  },
  signOut: {
    method: 'DELETE',
    path: '/api/ui/session',
    summary: 'Ends the session of this browser',
    access: 'admin',
    answers: 'empty',
  },
  openapi: {
    method: 'GET',
    path: '/api/openapi.json',
    summary: 'This table as an OpenAPI 3.1 document',
    access: 'admin',
    answers: 'json',
    response: z.looseObject({ openapi: z.string() }),
  },
} as const satisfies Record<string, AdminRow>;

export type AdminRoute = keyof typeof adminRoutes;

type Rows = typeof adminRoutes;
type Part<Route extends AdminRoute, Name extends 'params' | 'query' | 'body'> =
  Rows[Route] extends Record<Name, infer Schema extends z.ZodType> ? Schema : never;

/** What a handler is given: parsed, defaults filled in. */
export type AdminInput<Route extends AdminRoute> = {
  readonly [Name in 'params' | 'query' | 'body' as Part<Route, Name> extends never ? never : Name]: z.output<
    Part<Route, Name>
  >;
};

/** What a caller gives; what has a default may be left out. */
export type AdminRequest<Route extends AdminRoute> = {
  readonly [Name in 'params' | 'query' | 'body' as Part<Route, Name> extends never ? never : Name]: z.input<
    Part<Route, Name>
  >;
};

type RoutesAnswering<Answer extends AdminRow['answers']> = {
  [Route in AdminRoute]: Rows[Route]['answers'] extends Answer ? Route : never;
}[AdminRoute];

export type JsonRoute = RoutesAnswering<'json'>;
export type EmptyRoute = RoutesAnswering<'empty'>;
export type StreamRoute = RoutesAnswering<'ndjson'>;
export type FileRoute = RoutesAnswering<'file'>;

export type AdminResponse<Route extends JsonRoute> = Rows[Route] extends { response: infer Schema extends z.ZodType }
  ? z.output<Schema>
  : never;

/** What a failed request answers. */
export const adminErrorSchema = z.object({
  code: z.string(),
  message: z.string().optional(),
  hint: z.string().optional(),
});

/**
 * Header of every request that shows a cookie (with the key of the sign-in) and of every unsafe request beside the secret
 * (any value). The sign-in itself needs none: it has no key yet. A form on a web page cannot set it, and a cookie that
 * leaked to another port of this host is worth nothing without the key.
 */
export const csrfHeader = 'x-exai-request';
