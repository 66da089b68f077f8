import { z } from 'zod';
import { limits } from '../../protocol/limits.ts';
import { type RefSources, resolveReferences } from './config-references.ts';
import type { SandboxConfig, UpstreamConfig } from './upstream-config.ts';

/** An entry that is not used, and where in the file the reason stands (`mcpServers.files.args[1]`). */
export interface ConfigProblem {
  readonly upstreamId: string | null;
  readonly place: string;
  /** One sentence. No secret is ever in it. */
  readonly message: string;
}

export interface ReadConfig {
  readonly upstreams: readonly UpstreamConfig[];
  readonly problems: readonly ConfigProblem[];
  /** Values that must not be shown. */
  readonly secrets: readonly string[];
}

const text = z.string().min(1).max(4096);
const seconds = z.number().min(1).max(86_400);

const sandboxSchema = z.strictObject({
  memoryMb: z.int().min(16).optional(),
  cpuSecs: z.int().min(1).optional(),
  openFiles: z.int().min(16).optional(),
  network: z.boolean().default(true),
});

/** What only this daemon understands of an entry; under `exai`, so that the rest can be pasted from any editor. */
const ownSchema = z.strictObject({
  mode: z.enum(['shared', 'per-session', 'per-workspace']).default('shared'),
  start: z.enum(['on-use', 'eager']).default('on-use'),
  idleSecs: seconds.optional(),
  startTimeoutSecs: seconds.optional(),
  provider: z
    .string()
    .regex(/^[A-Za-z][A-Za-z0-9_]{0,63}$/)
    .optional(),
  hiddenTools: z.array(text).default([]),
  sandbox: z.union([z.boolean(), sandboxSchema]).default(false),
});

/** Keys of other programs are let be. */
const entrySchema = z.looseObject({
  type: z.enum(['stdio', 'http', 'streamable-http', 'streamableHttp', 'sse']).optional(),
  command: text.optional(),
  args: z.array(z.string()).default([]),
  env: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).default({}),
  cwd: text.optional(),
  url: text.optional(),
  serverUrl: text.optional(),
  headers: z.record(z.string(), z.string()).default({}),
  disabled: z.boolean().default(false),
  enabled: z.boolean().default(true),
  exai: ownSchema.default(() => ownSchema.parse({})),
});
type Entry = z.output<typeof entrySchema>;

const idPattern = /^[A-Za-z0-9][A-Za-z0-9._ -]{0,63}$/;

/** Reads a configuration in the form of `mcp.json`; one wrong entry takes no other with it. Never throws. */
export function readMcpJson(source: string, refs: RefSources): ReadConfig {
  let file: unknown;
  try {
    file = JSON.parse(source);
  } catch (error) {
    return broken(`It is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (typeof file !== 'object' || file === null || Array.isArray(file)) return broken('It must be a JSON object.');
  const upstreams = new Map<string, UpstreamConfig>();
  const problems: ConfigProblem[] = [];
  const secrets: string[] = [];
  for (const root of ['mcpServers', 'servers'] as const) {
    const servers: unknown = Reflect.get(file, root);
    if (servers === undefined) continue;
    if (typeof servers !== 'object' || servers === null || Array.isArray(servers)) {
      problems.push({ upstreamId: null, place: root, message: 'It must be an object of servers by name.' });
      continue;
    }
    for (const [id, value] of Object.entries(servers)) {
      const read = readEntry({ id, place: `${root}.${id}`, value, refs, isTaken: upstreams.has(id) });
      if ('problem' in read) problems.push(read.problem);
      else {
        upstreams.set(id, read.upstream);
        secrets.push(...read.secrets);
      }
    }
  }
  return { upstreams: [...upstreams.values()], problems, secrets };
}

type ReadEntry = { upstream: UpstreamConfig; secrets: readonly string[] } | { problem: ConfigProblem };

function readEntry(entry: {
  id: string;
  place: string;
  value: unknown;
  refs: RefSources;
  isTaken: boolean;
}): ReadEntry {
  const { id, place } = entry;
  const refuse = (at: string, message: string): ReadEntry => ({ problem: { upstreamId: id, place: at, message } });
  if (!idPattern.test(id)) return refuse(place, 'A name has at most 64 letters, digits, blanks, dots, _ and -.');
  if (id.toLowerCase() === 'builtin') return refuse(place, 'This name is that of the daemon’s own tools.');
  if (entry.isTaken) return refuse(place, 'There is a server with this name already.');
  const parsed = entrySchema.safeParse(entry.value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return refuse([place, ...(issue?.path ?? []).map(String)].join('.'), issue?.message ?? 'It has a wrong form.');
  }
  const resolved = resolveReferences(parsed.data, place, entry.refs);
  if (resolved.type === 'refused') return refuse(resolved.place, resolved.message);
  const upstream = configOf(id, { ...parsed.data, ...resolved.values });
  if (typeof upstream === 'string') return refuse(place, upstream);
  return { upstream, secrets: resolved.secrets };
}

/** The configuration, or why there is none. */
function configOf(id: string, entry: Entry): UpstreamConfig | string {
  const { exai } = entry;
  const common = {
    id,
    mode: exai.mode,
    isEager: exai.start === 'eager',
    idleMs: exai.idleSecs === undefined ? null : exai.idleSecs * 1000,
    isDisabled: entry.disabled || !entry.enabled,
    startTimeoutMs: exai.startTimeoutSecs === undefined ? limits.upstreamStartMs : exai.startTimeoutSecs * 1000,
    provider: exai.provider?.toUpperCase() ?? null,
    hiddenTools: exai.hiddenTools,
  };
  const url = entry.url ?? entry.serverUrl;
  const isStdio = entry.type === 'stdio' || (entry.type === undefined && entry.command !== undefined);
  if (isStdio) {
    if (entry.command === undefined) return 'A server over stdio needs a command.';
    const env = Object.entries(entry.env).flatMap(([name, value]) =>
      value === null ? [] : [[name, String(value)] as const],
    );
    return {
      ...common,
      kind: 'stdio',
      command: entry.command,
      args: entry.args,
      env: Object.fromEntries(env),
      cwd: entry.cwd ?? null,
      sandbox: sandboxOf(exai.sandbox),
    };
  }
  if (url === undefined) return 'It needs a command, or the url of a server.';
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    return 'The url must begin with http:// or https://.';
  if (exai.sandbox !== false) return 'Only a server that is started here can run in a sandbox.';
  return {
    ...common,
    kind: 'http',
    transport: entry.type === 'sse' ? 'sse' : 'streamable',
    url,
    headers: entry.headers,
  };
}

function sandboxOf(sandbox: Entry['exai']['sandbox']): SandboxConfig | null {
  if (sandbox === false) return null;
  const { memoryMb, cpuSecs, openFiles, network } = sandbox === true ? sandboxSchema.parse({}) : sandbox;
  return {
    memoryBytes: memoryMb === undefined ? null : memoryMb * 1024 * 1024,
    cpuSeconds: cpuSecs ?? null,
    openFiles: openFiles ?? null,
    network,
  };
}

function broken(message: string): ReadConfig {
  return { upstreams: [], problems: [{ upstreamId: null, place: 'mcp.json', message }], secrets: [] };
}
