import type { EntrySpec, Launcher, Target, WayIn } from './editor.ts';

export type Entry = Readonly<Record<string, unknown>>;

/** Header that tells whose entry this is where there is no environment. */
export const instanceHeader = 'X-EXAI-Instance';

/** What VS Code calls the question for the token. */
export const tokenInputId = 'exai';

/** The one variable that a client without a shim reads the token from. */
const tokenVariable = 'EXAI_WS_TOKEN';

/** Stands where the person puts the token; such an entry is only ever copied. */
export const tokenPlaceholder = 'PASTE-THE-TOKEN-HERE';

const codexDefaultCallMs = 300_000;

/** Names in an entry that are ours to change and to remove (CLIENTS §4, PLATFORM §5). */
const ourEnvNames = [
  'EXAI_INSTANCE_ID',
  'EXAI_SESSION_ID',
  'EXAI_SERVER_NAME',
  'MCP_SERVER_ID',
  'EXAI_LOG_PREFIX',
  'EXAI_WS_TOKEN_FILE',
  'ELECTRON_RUN_AS_NODE',
  'EXAI_STATE_DIR',
] as const;

/** Fields that say how to reach the server; a change of the way in removes those of the other way. */
const wayFields = [
  'command',
  'args',
  'env',
  'environment',
  'url',
  'httpUrl',
  'serverUrl',
  'headers',
  'http_headers',
  'bearer_token_env_var',
  'oauth',
] as const;

/** Clients expand `$ % { }` in values, and quotes do not survive a shell. */
const isExpandable = /[$%{}'"`\p{Cc}]/u;
/** What no shell and no client touches. */
const isPlainWord = /^[A-Za-z0-9._~:/\\-]+$/;

/** The six names, in this order; without the token file when a client would not pass its path on unchanged. */
export function entryEnv(spec: EntrySpec): Readonly<Record<string, string>> {
  return {
    EXAI_INSTANCE_ID: spec.instanceId,
    EXAI_SESSION_ID: spec.sessionId,
    EXAI_SERVER_NAME: spec.serverName,
    MCP_SERVER_ID: spec.serverId,
    EXAI_LOG_PREFIX: spec.logPrefix,
    ...(isExpandable.test(spec.tokenFile) ? {} : { EXAI_WS_TOKEN_FILE: spec.tokenFile }),
    ...spec.launcher.env,
  };
}

/** Whether this client hands command and arguments to a shell without quoting them (CLIENTS §1). */
function joinsForShell(target: Target, platform: NodeJS.Platform): boolean {
  if (target.editor === 'augment-vscode' || target.editor === 'auggie') return true;
  return target.editor === 'cline' && platform === 'win32';
}

/** Whether the launcher cannot be named so that this client starts it: on Windows no quotes survive. */
export function isLauncherLost(target: Target, launcher: Launcher, platform: NodeJS.Platform): boolean {
  if (platform !== 'win32' || !joinsForShell(target, platform)) return false;
  return ![launcher.command, ...launcher.args].every((part) => isPlainWord.test(part));
}

/** Command and arguments as this client's entry names them. */
export function launcherWords(target: Target, launcher: Launcher, platform: NodeJS.Platform): readonly string[] {
  const words = [launcher.command, ...launcher.args];
  if (platform === 'win32' || !joinsForShell(target, platform)) return words;
  return words.map((word) => (isPlainWord.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`));
}

/**
 * The entry of an instance in the client's own form, its fields in the order in which they are written. `undefined`: the
 * client has no such way in.
 */
export function entryOf(target: Target, spec: EntrySpec, wayIn: WayIn, platform: NodeJS.Platform): Entry | undefined {
  switch (wayIn) {
    case 'stdio':
      return named(target, spec, stdioEntry(target, spec, platform));
    case 'http':
      return named(target, spec, httpEntry(target, spec));
    case 'local':
      return isVsCode(target) ? named(target, spec, inputEntry(spec, spec.endpoint.local)) : undefined;
    case 'ws':
      if (target.editor !== 'claude-code') return undefined;
      return { type: 'ws', url: spec.endpoint.ws, headers: bearer(spec, `\${${tokenVariable}}`) };
  }
}

/** Fields and names that an entry must not have when `entry` does not. */
export function unwantedNames(target: Target): readonly string[] {
  const versioned = target.form === 'opencode' ? ['disabled'] : target.form === 'opencode-2' ? ['enabled'] : [];
  return [...wayFields, ...ourEnvNames, ...versioned];
}

export function isVsCode({ editor }: Target): boolean {
  return editor === 'vscode' || editor === 'vscode-insiders' || editor === 'vscodium';
}

/** Whether the entry of this way in needs the question for the token beside it. */
export function needsInput(target: Target, wayIn: WayIn): boolean {
  return isVsCode(target) && wayIn !== 'stdio';
}

export const tokenInput = {
  id: tokenInputId,
  type: 'promptString',
  password: true,
  description: 'EXAI token',
} as const;

function named(target: Target, spec: EntrySpec, entry: Entry): Entry {
  if (target.holder === 'map') return entry;
  const { type, ...rest } = entry;
  return { type, name: spec.serverName, ...rest };
}

function stdioEntry(target: Target, spec: EntrySpec, platform: NodeJS.Platform): Entry {
  const [command, ...args] = launcherWords(target, spec.launcher, platform);
  const env = entryEnv(spec);
  const timeoutSecs = Math.ceil(spec.callTimeoutMs / 1000);
  switch (target.form) {
    case 'typed':
      return { type: 'stdio', command, args, env };
    case 'bare':
      return { command, args, env };
    case 'local-tools':
      return { type: 'local', command, args, env, tools: ['*'], timeout: spec.callTimeoutMs };
    case 'cline':
      return { type: 'stdio', command, args, env, timeout: Math.min(timeoutSecs, 3600) };
    case 'zed':
      return { command, args, env, timeout: Math.min(timeoutSecs, 600) };
    case 'opencode':
    case 'opencode-2': {
      const state = target.form === 'opencode' ? { enabled: true } : { disabled: false };
      return {
        type: 'local',
        command: [command, ...args],
        environment: env,
        ...state,
        timeout: spec.callTimeoutMs,
      };
    }
    case 'codex':
      return {
        command,
        ...(args.length === 0 ? {} : { args }),
        required: true,
        startup_timeout_sec: 30,
        ...(spec.callTimeoutMs > codexDefaultCallMs ? { tool_timeout_sec: timeoutSecs } : {}),
        env,
      };
  }
}

function httpEntry(target: Target, spec: EntrySpec): Entry {
  const url = spec.endpoint.http;
  switch (target.editor) {
    case 'vscode':
    case 'vscode-insiders':
    case 'vscodium':
      return inputEntry(spec, url);
    case 'claude-code':
      return { type: 'http', url, headers: bearer(spec, `\${${tokenVariable}}`) };
    case 'cursor':
      return { type: 'http', url, headers: bearer(spec, `\${env:${tokenVariable}}`) };
    case 'windsurf':
      return { serverUrl: url, headers: bearer(spec, `\${env:${tokenVariable}}`) };
    case 'cline':
      return { type: 'streamableHttp', url, headers: bearer(spec, `\${env:${tokenVariable}}`) };
    case 'codex':
      return { url, bearer_token_env_var: tokenVariable, http_headers: { [instanceHeader]: spec.instanceId } };
    case 'opencode':
      return { type: 'remote', url, oauth: false, headers: bearer(spec, `{env:${tokenVariable}}`) };
    case 'gemini-cli':
    case 'qwen':
      return { httpUrl: url, headers: bearer(spec, tokenPlaceholder) };
    case 'zed':
      return { url, headers: bearer(spec, tokenPlaceholder) };
    case 'copilot-cli':
      return { type: 'http', url, headers: bearer(spec, tokenPlaceholder), tools: ['*'] };
    default:
      return { type: 'http', url, headers: bearer(spec, tokenPlaceholder) };
  }
}

function inputEntry(spec: EntrySpec, url: string): Entry {
  return { type: 'http', url, headers: bearer(spec, `\${input:${tokenInputId}}`) };
}

function bearer(spec: EntrySpec, token: string): Entry {
  return { Authorization: `Bearer ${token}`, [instanceHeader]: spec.instanceId };
}
