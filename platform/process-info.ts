import { readFileSync } from 'node:fs';
import { limits } from '../protocol/limits.ts';
import { errorCode } from './atomic-file.ts';
import {
  findListener,
  parseLsof,
  parseNetstat,
  parseProcNetTcp,
  parseTasklist,
  shortCommand,
} from './listening-sockets.ts';

/** Unit of start times in /proc: USER_HZ, 100 per second on every architecture that Node supports. */
const ticksPerSec = 100;
const commandTimeoutMs = 10_000;

/** Whether a process has this pid now. One that has ended but was not yet collected by its parent has not. */
export function isProcessAlive(pid: number): boolean {
  if (!isPid(pid)) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there and belongs to somebody else.
    return errorCode(error) === 'EPERM';
  }
  return process.platform !== 'linux' || readProcStat(pid)?.state !== 'Z';
}

/**
 * When the process was started, in epoch seconds; `undefined` when there is none or the system does not tell.
 *
 * Linux: from /proc, and shifted by every step of the system clock since then. macOS and Windows: for another process
 * than this one it starts a command and blocks for some 10 (Windows: some 500) milliseconds.
 */
export function processStartedAt(pid: number): number | undefined {
  if (!isPid(pid)) return undefined;
  if (process.platform === 'linux') return linuxStartedAt(pid);
  // Spares every shim a child process at its start.
  if (pid === process.pid) return performance.timeOrigin / 1000;
  return process.platform === 'win32' ? windowsStartedAt(pid) : psStartedAt(pid);
}

/** Whether the pid still means the process that was started then (± 2 s, WIRE §10.4). Unknown start: `false`. */
export function isSameProcess(pid: number, startedAt: number): boolean {
  if (!isProcessAlive(pid)) return false;
  const found = processStartedAt(pid);
  return found !== undefined && Math.abs(found - startedAt) <= limits.processStartToleranceSecs;
}

/**
 * Name of a process that no other process on this machine ever has and that steps of the clock do not change: boot id
 * and start tick. Linux only; elsewhere `undefined`, and the start time does the same service.
 */
export function processIdentity(pid: number): string | undefined {
  if (process.platform !== 'linux' || !isPid(pid)) return undefined;
  const startTicks = readProcStat(pid)?.startTicks;
  const bootId = readTextQuietly('/proc/sys/kernel/random/boot_id')?.trim();
  return startTicks === undefined || bootId === undefined ? undefined : `${bootId}/${pid}/${startTicks}`;
}

function isPid(pid: number): boolean {
  return Number.isSafeInteger(pid) && pid > 0;
}

function linuxStartedAt(pid: number): number | undefined {
  const startTicks = readProcStat(pid)?.startTicks;
  const bootSecs = /^btime (\d+)$/m.exec(readTextQuietly('/proc/stat') ?? '')?.[1];
  return startTicks === undefined || bootSecs === undefined ? undefined : Number(bootSecs) + startTicks / ticksPerSec;
}

function readProcStat(pid: number): { state: string; startTicks: number } | undefined {
  return parseProcStat(readTextQuietly(`/proc/${pid}/stat`) ?? '');
}

/** The name in parentheses may hold spaces and parentheses, so fields are counted after the last one. */
export function parseProcStat(text: string): { state: string; startTicks: number } | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [state] = fields;
  const startTicks = Number(fields[19]);
  return state && Number.isFinite(startTicks) ? { state, startTicks } : undefined;
}

function readTextQuietly(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    // The process is gone, or /proc hides it: both mean "not known".
    return undefined;
  }
}

function psStartedAt(pid: number): number | undefined {
  return parsePsStart(runForText('/bin/ps', ['-o', 'lstart=', '-p', String(pid)]));
}

/** `ps -o lstart=` under TZ=UTC0, such as `Sat Nov 21 09:32:00 2026`. */
export function parsePsStart(text: string): number | undefined {
  const startedAtMs = Date.parse(`${text.trim()} UTC`);
  return Number.isNaN(startedAtMs) ? undefined : startedAtMs / 1000;
}

function windowsStartedAt(pid: number): number | undefined {
  const script = `[DateTimeOffset]::new((Get-Process -Id ${pid}).StartTime).ToUnixTimeMilliseconds()`;
  const text = runForText('powershell.exe', ['-NoProfile', '-NonInteractive', '-Command', script]).trim();
  return /^\d+$/.test(text) ? Number(text) / 1000 : undefined;
}

export interface PortOwner {
  readonly pid: number;
  /** Program name, and its script where it runs one; no further arguments. */
  readonly command: string;
}

/**
 * The process that listens where `host:port` is to be bound, for the message of exit code 12. `undefined` when none
 * does or the system does not tell, as for processes of other users. Never rejects.
 */
export async function portOwner(host: string, port: number): Promise<PortOwner | undefined> {
  try {
    switch (process.platform) {
      case 'linux':
        return await linuxPortOwner(host, port);
      case 'win32':
        return windowsPortOwner(host, port);
      default:
        return lsofPortOwner(host, port);
    }
  } catch {
    // Only the wording of a message depends on it.
    return undefined;
  }
}

async function linuxPortOwner(host: string, port: number): Promise<PortOwner | undefined> {
  const tables = ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readTextQuietly(path) ?? '');
  const socket = findListener(tables.flatMap(parseProcNetTcp), host, port);
  if (socket === undefined) return undefined;
  const pid = await pidOfSocket(socket.owner);
  if (pid === undefined) return undefined;
  const words = (readTextQuietly(`/proc/${pid}/cmdline`) ?? '').split('\0');
  return { pid, command: shortCommand(words) ?? 'unknown' };
}

async function pidOfSocket(inode: string): Promise<number | undefined> {
  const { readdir, readlink } = process.getBuiltinModule('node:fs/promises');
  const wanted = `socket:[${inode}]`;
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    // Processes of other users, and those that end meanwhile, cannot be looked into.
    const descriptors = await readdir(`/proc/${pid}/fd`).catch(() => []);
    const targets = await Promise.all(descriptors.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => '')));
    if (targets.includes(wanted)) return Number(pid);
  }
  return undefined;
}

function lsofPortOwner(host: string, port: number): PortOwner | undefined {
  const text = runForText('lsof', ['-nP', '+c0', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpcn']);
  const socket = findListener(parseLsof(text), host, port);
  return socket && { pid: Number(socket.owner), command: socket.command ?? 'unknown' };
}

function windowsPortOwner(host: string, port: number): PortOwner | undefined {
  const socket = findListener(parseNetstat(runForText('netstat.exe', ['-ano'])), host, port);
  if (socket === undefined) return undefined;
  const command = parseTasklist(runForText('tasklist.exe', ['/fi', `PID eq ${socket.owner}`, '/fo', 'csv', '/nh']));
  return { pid: Number(socket.owner), command: command ?? 'unknown' };
}

/** Standard output of a command; empty when it fails. */
function runForText(file: string, args: readonly string[]): string {
  // Not imported at the top: the shim loads this file once per editor window and hardly ever needs a child process.
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const { stdout } = spawnSync(file, args, {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C', TZ: 'UTC0' },
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: commandTimeoutMs,
    windowsHide: true,
  });
  return stdout ?? '';
}
