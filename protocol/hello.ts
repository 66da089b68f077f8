import { z } from 'zod';
import { limits } from './limits.ts';

/** Editors a shim can name; anything else is `other` (WIRE §3.1). */
const editorKinds = [
  'vscode',
  'cursor',
  'windsurf',
  'zed',
  'claude',
  'claude-desktop',
  'auggie',
  'codex',
  'gemini',
  'copilot',
  'opencode',
  'qwen',
  'other',
] as const;
export type EditorKind = (typeof editorKinds)[number];

/**
 * Where a shim's token comes from: a file that it reads at every connect, also when that file does not exist yet; its
 * environment; nowhere.
 */
const credentialSources = ['file', 'env', 'none'] as const;
export type CredentialSource = (typeof credentialSources)[number];

/** Name of a shim's log file, without folder (WIRE §11). */
const shimLogFile = /^ws_shim_[A-Za-z0-9_-]{1,100}\.log$/;

const text = z.string().max(limits.clientTextMaxChars);
const path = z.string().max(limits.clientPathMaxChars);
const instanceText = z.string().max(limits.instanceTextMaxChars);
const credential = z.string().max(limits.credentialMaxChars).nullish();
const requestId = z.union([z.string(), z.number()]);

const clientSchema = z.object({
  name: text.optional(),
  version: text.optional(),
  pid: z.int().optional(),
  ppid: z.int().optional(),
  cwd: path.optional(),
  workspace: path.optional(),
  editor: z.enum(editorKinds).catch('other').optional(),
  credential: z.enum(credentialSources).optional().catch(undefined),
  log: z.string().regex(shimLogFile).optional().catch(undefined),
});

const resumeSchema = z.object({
  daemonRunId: z.string().max(128),
  pending: z.array(requestId).max(limits.resumePendingMax),
  protocolVersion: z.string().max(64).nullish(),
  initialize: z.record(z.string(), z.unknown()).nullish(),
  subscriptions: z.array(z.string()).optional(),
  logLevel: z.string().max(32).nullish(),
});

/**
 * The first frame of an EXAI session (WIRE §3.1). Unknown keys are dropped, a wrong type in one of our own fields is
 * `invalid_hello`, a bad `session_id` never refuses (it is read as `unknown` and replaced).
 */
export const helloSchema = z.object({
  op: z.literal('hello'),
  session_id: z.unknown().optional(),
  token: credential,
  jwt: credential,
  protocol: z
    .string()
    .regex(/^\d+\.\d+$/)
    .optional(),
  mode: z.enum(['ops', 'mcp']).optional(),
  shimId: z.uuid().optional(),
  instance: z
    .object({
      id: instanceText.optional(),
      serverId: instanceText.optional(),
      serverName: instanceText.optional(),
      configFingerprint: z
        .string()
        .regex(/^[0-9a-f]{16}$/)
        .optional(),
    })
    .optional(),
  client: clientSchema.optional(),
  clientInfo: z.object({ name: text.optional(), version: text.optional() }).optional(),
  resume: resumeSchema.nullish(),
});
export type Hello = z.infer<typeof helloSchema>;

export type HelloError =
  | 'invalid_hello'
  | 'missing_hello'
  | 'unauthorized'
  | 'jwt_required'
  | 'session_limit'
  | 'upgrade_required';

export type AuthKind = 'shared' | 'instance' | 'jwt' | 'disabled';

/** `CONFIG_DRIFT` is not sent yet: no store knows what an entry on the disk says, so there is nothing to compare with. */
export type HelloWarning = 'AUTH_DISABLED' | 'JWT_GRACE' | 'TOKEN_ENV_STALE' | 'CONFIG_DRIFT' | 'SESSION_RENAMED';

/** `hello_ack` of an accepted handshake (WIRE §3.2). Times in milliseconds, sizes in bytes. */
export interface HelloAck {
  readonly op: 'hello_ack';
  readonly ok: true;
  readonly session_id: string;
  readonly daemonRunId: string;
  readonly protocol: string;
  readonly mode: 'ops' | 'mcp' | null;
  readonly heartbeat: { readonly intervalMs: number; readonly timeoutMs: number };
  readonly tokenGeneration: number;
  readonly auth: AuthKind;
  readonly resumed: boolean;
  readonly lost: readonly (string | number)[];
  readonly unknown: readonly (string | number)[];
  readonly limits: {
    readonly maxFrameBytes: number;
    readonly maxPending: number;
    readonly sessionMaxInflight: number;
    readonly queueMax: number;
    readonly graceMs: number;
    readonly callTimeoutMs: number;
  };
  readonly warnings: readonly HelloWarning[];
}

export interface HelloRefusal {
  readonly op: 'hello_ack';
  readonly ok: false;
  readonly error: HelloError;
  readonly code: string;
  readonly hint: string;
}

/** Control frames of mcp mode, shim to daemon (WIRE §5.1). Unknown control ops are ignored and counted. */
export const shimControlSchema = z.discriminatedUnion('op', [
  z.object({ op: z.literal('received'), ids: z.array(requestId) }),
  z.object({ op: z.literal('query'), request_id: requestId, pending: z.array(requestId) }),
  /** The shim has opened its log, which it does after the hello. */
  z.object({ op: z.literal('log_opened'), log: z.string().regex(shimLogFile) }),
  z.object({ op: z.literal('bye') }),
]);
export type ShimControl = z.infer<typeof shimControlSchema>;

/** Control frames of mcp mode, daemon to shim (WIRE §5.1). */
export type DaemonControl =
  | {
      readonly op: 'query_res';
      readonly request_id: string | number;
      readonly running: readonly { readonly id: string | number; readonly remainingMs: number }[];
      readonly lost: readonly (string | number)[];
      readonly unknown: readonly (string | number)[];
    }
  | { readonly op: 'draining'; readonly maxMs: number }
  /** The name of the ack was only lent while the client might have been a probe (CLIENTS S18); this one stays. */
  | { readonly op: 'session_renamed'; readonly session_id: string };
