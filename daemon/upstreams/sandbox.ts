import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { SandboxConfig } from './upstream-config.ts';

export interface Command {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

export interface SandboxedCommand extends Command {
  /** What this machine cannot do, one sentence each, for the user. */
  readonly missing: readonly string[];
}

/** Programs that wrap a command; absent ones are null. Looked up once. */
export interface SandboxTools {
  readonly bwrap: string | null;
  readonly prlimit: string | null;
}

/**
 * The command inside its sandbox: HOME and the temporary folder are `folder`, the only place it may write to (with
 * bubblewrap), and CPU time and open files are limited (with prlimit); its memory is watched by `endOversized`. What is not there is said, not ignored.
 */
export function sandboxed(
  plain: Command,
  config: SandboxConfig,
  folder: string,
  tools: SandboxTools = systemTools(),
): SandboxedCommand {
  const missing: string[] = [];
  let { command, args } = plain;
  const env = { ...plain.env, HOME: folder, TMPDIR: folder, TMP: folder, TEMP: folder };
  if (tools.bwrap !== null) {
    args = [...bubblewrap(folder, plain.cwd, config), command, ...args];
    command = tools.bwrap;
  } else {
    missing.push('This machine has no working bubblewrap: the server can write wherever you can.');
    if (!config.network) missing.push('Without bubblewrap its network cannot be cut off.');
  }
  const limits = limitArgs(config);
  if (limits.length > 0 && tools.prlimit !== null) {
    args = [...limits, command, ...args];
    command = tools.prlimit;
  } else if (limits.length > 0) {
    missing.push('This machine has no prlimit: CPU time and open files are not limited.');
  }
  if (config.memoryBytes !== null && process.platform !== 'linux') {
    missing.push('This system does not tell how much memory a server uses: it is not limited.');
  }
  return { command, args, env, cwd: plain.cwd, missing };
}

function bubblewrap(folder: string, cwd: string, { network }: SandboxConfig): string[] {
  return [
    '--ro-bind',
    '/',
    '/',
    '--dev',
    '/dev',
    '--proc',
    '/proc',
    '--bind',
    folder,
    folder,
    '--unshare-pid',
    '--unshare-ipc',
    '--unshare-uts',
    '--die-with-parent',
    ...(network ? [] : ['--unshare-net']),
    '--chdir',
    cwd,
    '--',
  ];
}

function limitArgs({ cpuSeconds, openFiles }: SandboxConfig): string[] {
  return [
    ...(cpuSeconds === null ? [] : [`--cpu=${cpuSeconds}`]),
    ...(openFiles === null ? [] : [`--nofile=${openFiles}`]),
  ];
}

let found: SandboxTools | undefined;

function systemTools(): SandboxTools {
  found ??=
    process.platform === 'linux'
      ? { bwrap: workingBubblewrap(), prlimit: inPath('prlimit') }
      : { bwrap: null, prlimit: null };
  return found;
}

/** It may be installed and still be forbidden to make namespaces, as in most containers. */
function workingBubblewrap(): string | null {
  const path = inPath('bwrap');
  if (path === null) return null;
  const tried = spawnSync(path, ['--ro-bind', '/', '/', '--unshare-pid', '--proc', '/proc', '--', '/bin/true'], {
    timeout: 5_000,
    stdio: 'ignore',
  });
  return tried.status === 0 ? path : null;
}

function inPath(name: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/bin', '/bin'];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path)) ?? null;
}
