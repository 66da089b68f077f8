import { z } from 'zod';

/**
 * The admin API, one row per route. Server and CLI derive from it; bodies are parsed on both sides. Every route needs
 * the admin secret of the running daemon (`<stateDir>/run/admin.secret`, 0600), never a client's token.
 */
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

const capacitySchema = z.object({ capacity: z.number(), inflight: z.number() });

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
  authPolicy: z.enum(['open', 'token', 'jwt', 'both']),
  tokenGeneration: z.number(),
  sessions: z.object({ connected: z.number(), detached: z.number(), capacity: z.number() }),
  global: capacitySchema,
  providers: z.record(z.string(), capacitySchema),
  queued: z.number(),
  logDir: z.string(),
});

const tokenSchema = z.object({
  authPolicy: z.enum(['open', 'token', 'jwt', 'both']),
  generation: z.number(),
  /** Where shims read the token. The token itself is never sent. */
  tokenFile: z.string(),
  sessions: z.array(z.object({ sessionId: z.string(), tokenGeneration: z.number(), isCurrent: z.boolean() })),
});

export const adminRoutes = {
  status: { method: 'GET', path: '/api/status', response: statusSchema },
  sessions: { method: 'GET', path: '/api/sessions', response: z.object({ sessions: z.array(sessionSchema) }) },
  token: { method: 'GET', path: '/api/token', response: tokenSchema },
  rotateToken: { method: 'POST', path: '/api/token/rotate', response: tokenSchema },
  clearToken: { method: 'POST', path: '/api/token/clear', response: tokenSchema },
} as const;

export type AdminRoute = keyof typeof adminRoutes;
export type AdminResponse<Route extends AdminRoute> = z.infer<(typeof adminRoutes)[Route]['response']>;

/** What a failed request answers. */
export const adminErrorSchema = z.object({
  code: z.string(),
  message: z.string().optional(),
  hint: z.string().optional(),
});

/** Header without which an unsafe method is refused: a form on a web page cannot set it. */
export const csrfHeader = 'x-exai-request';
