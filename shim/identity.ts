import { configFingerprint } from '../platform/config-fingerprint.ts';
import type { Settings } from '../protocol/env-table.ts';
import type { EditorKind } from '../protocol/hello.ts';
import { limits } from '../protocol/limits.ts';
import { version } from '../protocol/version.ts';
import { sha256 } from './sha256.ts';

/** Who this window is (WIRE §3.1, CLIENTS §9): what it was configured to be, and what is known of it besides. */
export interface ShimIdentity {
  /** Random per process: the key of the session. */
  readonly shimId: string;
  /** The name asked for; the daemon decides. */
  readonly sessionId: string | undefined;
  readonly instance: {
    readonly id?: string;
    readonly serverId: string;
    readonly serverName?: string;
    readonly configFingerprint: string;
  };
  readonly client: {
    readonly name: string;
    readonly version: string;
    readonly pid: number;
    readonly ppid: number;
    readonly cwd?: string;
    readonly workspace?: string;
    readonly editor: EditorKind;
    /** Name of the log file, once it is open. */
    readonly log?: string;
  };
}

export interface IdentityEvidence {
  readonly settings: Pick<Settings<'shim'>, 'sessionId' | 'instanceId' | 'serverId' | 'serverName'>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly shimId: string;
  readonly pid: number;
  readonly ppid: number;
  /** Undefined when the folder this process was started in is gone. */
  readonly cwd: string | undefined;
}

export function shimIdentity({ settings, env, shimId, pid, ppid, cwd }: IdentityEvidence): ShimIdentity {
  const { instanceId, serverName } = settings;
  const workspace = cwd === undefined || isNoProject(cwd, env) ? undefined : cwd;
  return {
    shimId,
    sessionId: settings.sessionId,
    instance: {
      ...(instanceId === undefined ? {} : { id: instanceId.slice(0, limits.instanceTextMaxChars) }),
      serverId: settings.serverId.slice(0, limits.instanceTextMaxChars),
      ...(serverName === undefined ? {} : { serverName: serverName.slice(0, limits.instanceTextMaxChars) }),
      configFingerprint: configFingerprint(env, (text) => Buffer.from(sha256(Buffer.from(text))).toString('hex')),
    },
    client: {
      name: 'exai-shim',
      version,
      pid,
      ppid,
      ...(cwd === undefined ? {} : { cwd: cwd.slice(0, limits.clientPathMaxChars) }),
      ...(workspace === undefined ? {} : { workspace: workspace.slice(0, limits.clientPathMaxChars) }),
      editor: editorOfEnvironment(env),
    },
  };
}

/** Editors give their servers these names; a terminal inside VS Code hands VS Code's on, so it comes last. */
const environmentMarks: readonly (readonly [RegExp, EditorKind])[] = [
  [/^CLAUDE_CODE_SESSION_ID$/, 'claude'],
  [/^QWEN_CODE_SESSION_ID$/, 'qwen'],
  [/^COPILOT_AGENT_SESSION_ID$/, 'copilot'],
  [/^VSCODE_/, 'vscode'],
];

export function editorOfEnvironment(env: Readonly<Record<string, string | undefined>>): EditorKind {
  const names = Object.keys(env);
  return environmentMarks.find(([mark]) => names.some((name) => mark.test(name)))?.[1] ?? 'other';
}

/** Beginnings of `clientInfo.name` in lower case (CLIENTS §6). */
const clientNames: readonly (readonly [string, EditorKind])[] = [
  ['visual studio code', 'vscode'],
  ['vscode', 'vscode'],
  ['claude-code', 'claude'],
  ['claude', 'claude-desktop'],
  ['copilot', 'copilot'],
  ['codex', 'codex'],
  ['gemini', 'gemini'],
  ['qwen', 'qwen'],
  ['opencode', 'opencode'],
  ['augment', 'auggie'],
  ['cursor', 'cursor'],
  ['windsurf', 'windsurf'],
  ['zed', 'zed'],
];

/** Better evidence than the environment, once the client has introduced itself. */
export function editorOfClient(clientName: string): EditorKind | undefined {
  const name = clientName.toLowerCase();
  return clientNames.find(([start]) => name.startsWith(start))?.[1];
}

/** Clients without an open folder start their servers in the home folder or at the root. */
function isNoProject(cwd: string, env: Readonly<Record<string, string | undefined>>): boolean {
  return cwd === env['HOME'] || cwd === env['USERPROFILE'] || /^(?:[A-Za-z]:)?[\\/]$/.test(cwd);
}
