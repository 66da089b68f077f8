import { z } from 'zod';
import { errorTable } from './errors.ts';

/**
 * What is true in the daemon at one moment, as every surface shows it (window, dashboard, command line). Times are epoch
 * seconds, durations milliseconds, sizes bytes; an absent figure was not measured. No secret is ever in here.
 */
const seconds = z.number();
const milliseconds = z.number();
const count = z.int().min(0);

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the table is not empty, and its keys are the codes
export const errorCodeSchema = z.enum(Object.keys(errorTable) as [keyof typeof errorTable]);

export const authPolicySchema = z.enum(['open', 'token', 'jwt', 'both']);

export const daemonSchema = z.object({
  state: z.enum(['starting', 'ready', 'draining', 'degraded']),
  /** New calls are refused until somebody goes on; running ones finish. */
  isPaused: z.boolean(),
  pid: count,
  version: z.string(),
  runId: z.string(),
  startedAt: seconds,
  wsUrl: z.string().nullable(),
  localSocket: z.string().nullable(),
  dashboardUrl: z.string().nullable(),
  authPolicy: authPolicySchema,
  /** `none`: this daemon keeps no history. */
  store: z.enum(['sqlite', 'postgres', 'none']),
  rssBytes: count,
});
export type DaemonView = z.infer<typeof daemonSchema>;

export const totalsSchema = z.object({
  sessions: count,
  inflight: count,
  queued: count,
  refusedLastMinute: count,
  /** Since midnight of the daemon's time zone. */
  callsToday: count,
  errorsToday: count,
});
export type TotalsView = z.infer<typeof totalsSchema>;

/** One limit and how full it is, in calls. `cap` null: no limit. */
export const gaugeSchema = z.object({
  /** `global`, `queue`, or the provider in lower case. */
  id: z.string(),
  label: z.string(),
  inflight: count,
  cap: count.nullable(),
  /** What settings say; differs from `cap` while the daemon adapts. */
  configuredCap: count.nullable(),
  queued: count,
});
export type GaugeView = z.infer<typeof gaugeSchema>;

export const capsSchema = z.object({
  sessionCap: count,
  global: gaugeSchema,
  providers: z.array(gaugeSchema),
  /** Null while the queue is off. `inflight` is the number of waiting calls, `cap` the size of the queue. */
  queue: gaugeSchema.nullable(),
});
export type CapsView = z.infer<typeof capsSchema>;

/** What sharing upstream servers has saved. Absent until measured. */
export const savingsSchema = z.object({
  processes: count,
  memoryBytes: count,
  sharedUpstreams: count,
  measuredAt: seconds,
});
export type SavingsView = z.infer<typeof savingsSchema>;

const rotationRowSchema = z.object({
  sessionKey: z.string(),
  sessionId: z.string(),
  name: z.string(),
  /**
   * `new`: proved to be on the new token, or in no need of it. `on-reconnect`: reads it from its file at its next connect.
   * `needs-update`: was given the old one by hand.
   */
  state: z.enum(['new', 'on-reconnect', 'needs-update', 'failed']),
  switchedAt: seconds.nullable(),
});
export const rotationSchema = z.object({
  startedAt: seconds,
  state: z.enum(['waiting', 'done']),
  rows: z.array(rotationRowSchema),
});
export type RotationView = z.infer<typeof rotationSchema>;

export const tokenViewSchema = z.object({
  generation: count,
  /** Of this run; null before the first. */
  rotatedAt: seconds.nullable(),
  oldValidUntil: seconds.nullable(),
  /** The last rotation of this run. */
  rotation: rotationSchema.nullable(),
});
export type TokenView = z.infer<typeof tokenViewSchema>;

/** Problems the daemon itself can tell. The host adds those of its own (daemon stopped, port taken, …). */
const problemCodes = [
  'OVER_CAPACITY',
  'UNAUTHORIZED',
  'DISK_FULL',
  'STORE_UNREACHABLE',
  'LOG_UNWRITABLE',
  'JOURNAL_FAILED',
  /** An upstream has asked something, and the person must answer before its call goes on. Params: `name` of who asks. */
  'PROMPT_PENDING',
] as const;

export const problemSchema = z.object({
  problemId: z.string(),
  code: z.enum(problemCodes),
  severity: z.enum(['error', 'warning']),
  scope: z.object({ kind: z.enum(['daemon', 'global', 'provider', 'queue', 'session']), id: z.string() }),
  since: seconds,
  /** What the sentences of the catalogue are filled with. */
  params: z.record(z.string(), z.union([z.string(), z.number()])),
});
export type ProblemView = z.infer<typeof problemSchema>;

export const sessionViewSchema = z.object({
  /** Key inside this daemon run; `sessionId` may be used again after a session has ended, this is not. */
  key: z.string(),
  sessionId: z.string(),
  instanceId: z.string().nullable(),
  /** For people: the name an admin gave, else the server name, else the session id. */
  name: z.string(),
  /** 1–8, by order of arrival; the same for sessions of one instance. */
  color: z.int().min(1).max(8),
  clientName: z.string(),
  clientVersion: z.string().nullable(),
  editor: z.string().nullable(),
  /** Last part of the workspace path. */
  workspaceName: z.string().nullable(),
  pid: count.nullable(),
  transport: z.enum(['shim', 'ops', 'ws', 'http']),
  serverName: z.string().nullable(),
  serverId: z.string().nullable(),
  /** Id of its log in `/api/logs`; null when it writes none that we know. */
  logSource: z.string().nullable(),
  connectionStatus: z.enum(['connected', 'detached', 'ended']),
  connectedAt: seconds,
  lastActiveAt: seconds,
  endedAt: seconds.nullable(),
  inflight: count,
  cap: count,
  queued: count,
  callsToday: count,
  errorsToday: count,
  /** Of its last 128 calls; null before the first. */
  p50Ms: milliseconds.nullable(),
  p95Ms: milliseconds.nullable(),
  lastError: z.object({ code: errorCodeSchema, at: seconds }).nullable(),
  tokenGeneration: count,
  /** How it holds its credential: a token file, a value handed over by hand, a user's JWT, an instance's own, none. */
  credential: z.enum(['file', 'inline', 'jwt', 'instance', 'none']),
  hasOldToken: z.boolean(),
});
export type SessionView = z.infer<typeof sessionViewSchema>;

export const callViewSchema = z.object({
  callId: z.string(),
  sessionKey: z.string(),
  sessionId: z.string(),
  tool: z.string(),
  upstream: z.string().nullable(),
  provider: z.string().nullable(),
  state: z.enum(['queued', 'running', 'cancelling']),
  receivedAt: seconds,
  /** When its slots were held; null while it waits. */
  startedAt: seconds.nullable(),
  queuedMs: milliseconds,
  /** Place in line, from 1; null when it does not wait. */
  queuePosition: z.int().min(1).nullable(),
  deadlineAt: seconds.nullable(),
  progress: z.object({ value: z.number(), total: z.number().nullable(), message: z.string().nullable() }).nullable(),
  /** At most 200 characters, secrets masked; null when the call has no arguments. */
  argumentsPreview: z.string().nullable(),
});
export type CallView = z.infer<typeof callViewSchema>;

export const upstreamViewSchema = z.object({
  upstreamId: z.string(),
  name: z.string(),
  kind: z.enum(['builtin', 'stdio', 'http']),
  state: z.enum(['stopped', 'starting', 'ready', 'restarting', 'failed']),
  tools: count,
  inflight: count,
  /** One for all windows, or one for each; absent for our own tools. */
  mode: z.enum(['shared', 'per-session', 'per-workspace']).optional(),
  /** Of the first of its processes; null when none runs here. */
  pid: count.nullable().optional(),
  /** Of all its processes and what they have started; absent where the system does not tell. */
  memoryBytes: count.optional(),
  /** Keys of the sessions that have asked something of it. */
  usedBy: z.array(z.string()).optional(),
  /** Why it does not run; null when it does, or was stopped. */
  failure: z.string().nullable().optional(),
  /** Its last lines on stderr, secrets masked. */
  stderrTail: z.array(z.string()).optional(),
  /** Windows are shown the last known lists, because it does not run. */
  isStale: z.boolean().optional(),
  /** Falls since it was last started by a person or with the daemon. */
  restarts: count.optional(),
});
export type UpstreamView = z.infer<typeof upstreamViewSchema>;

/** A configured editor entry. None exist before instances can be added. */
export const instanceViewSchema = z.object({
  instanceId: z.string(),
  name: z.string(),
  color: z.int().min(1).max(8),
  createdAt: seconds,
});
export type InstanceView = z.infer<typeof instanceViewSchema>;

export const snapshotSchema = z.object({
  /** Counts the messages of one feed from here; a gap means that some were missed. */
  seq: count,
  /** The daemon's clock when this was taken; clients count ages from it. */
  takenAt: seconds,
  daemon: daemonSchema,
  totals: totalsSchema,
  caps: capsSchema,
  savings: savingsSchema.nullable(),
  token: tokenViewSchema,
  /** Errors before warnings, then oldest first. */
  problems: z.array(problemSchema),
  /** In order of connecting, never by activity. */
  sessions: z.array(sessionViewSchema),
  calls: z.array(callViewSchema),
  upstreams: z.array(upstreamViewSchema),
  instances: z.array(instanceViewSchema),
});
export type Snapshot = z.infer<typeof snapshotSchema>;
