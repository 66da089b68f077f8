import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  isProcessAlive,
  isSameProcess,
  parseProcStat,
  parsePsStart,
  portOwner,
  processIdentity,
  processStartedAt,
} from './process-info.ts';

const isLinux = process.platform === 'linux';
/** Above every pid limit. */
const noPid = 0x7fff_ffff;
const deadline = { timeout: 5_000, interval: 10 };
const children: ChildProcess[] = [];

afterEach(async () => {
  await Promise.all(children.splice(0).map(end));
});

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** A process that has printed its first line. */
async function start(
  file: string,
  args: readonly string[],
): Promise<{ child: ChildProcess; pid: number; line: string }> {
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  const [data] = (await once(child.stdout, 'data')) as [Buffer];
  return { child, pid: child.pid ?? 0, line: data.toString().trim() };
}

describe('isProcessAlive', () => {
  it('PF-G1: true while a process runs, false after kill -9', async () => {
    const { child, pid } = await start(process.execPath, ['-e', 'console.log(1); setInterval(() => {}, 1000)']);
    expect(isProcessAlive(pid)).toBe(true);
    await end(child);
    expect(isProcessAlive(pid)).toBe(false);
  });

  it('PF-G1: pids that no process can have are not alive, and nothing is signalled', () => {
    expect([0, -1, 1.5, Number.NaN, noPid].map(isProcessAlive)).toEqual([false, false, false, false, false]);
    expect(isProcessAlive(1)).toBe(true);
  });

  it.skipIf(!isLinux)('PF-G1: a process that ended and was not collected by its parent is not alive', async () => {
    // The shell becomes `sleep`, which never collects the child that the shell had started.
    const { pid: parent, line } = await start('/bin/sh', ['-c', 'sleep 60 & echo $!; exec sleep 60']);
    const orphan = Number(line);
    await vi.waitFor(() => expect(readFileSync(`/proc/${parent}/comm`, 'utf8')).toBe('sleep\n'), deadline);
    process.kill(orphan, 'SIGKILL');
    await vi.waitFor(() => expect(isProcessAlive(orphan)).toBe(false), deadline);
    expect(() => process.kill(orphan, 0)).not.toThrow();
  });
});

describe('processStartedAt', () => {
  it('PF-G1: is within 2 s of when the process was started, and stays so', async () => {
    const before = Date.now() / 1000;
    const { pid } = await start(process.execPath, ['-e', 'console.log(1); setInterval(() => {}, 1000)']);
    const startedAt = processStartedAt(pid) ?? 0;
    expect(Math.abs(startedAt - before)).toBeLessThan(2);
    expect(isSameProcess(pid, startedAt)).toBe(true);
    expect(isSameProcess(pid, startedAt + 1.9)).toBe(true);
    expect(isSameProcess(pid, startedAt - 2.1)).toBe(false);
  });

  it('PF-G1: this process agrees with itself', () => {
    expect(isSameProcess(process.pid, processStartedAt(process.pid) ?? 0)).toBe(true);
    expect(Math.abs((processStartedAt(process.pid) ?? 0) - performance.timeOrigin / 1000)).toBeLessThan(5);
  });

  it('PF-G1: unknown for a pid nobody has', () => {
    expect(processStartedAt(noPid)).toBeUndefined();
    expect(processIdentity(noPid)).toBeUndefined();
    expect(isSameProcess(noPid, 0)).toBe(false);
  });

  it.skipIf(!isLinux)('BAD-clock-jump: the identity of a process is stable and its own', async () => {
    const { pid } = await start(process.execPath, ['-e', 'console.log(1); setInterval(() => {}, 1000)']);
    expect(processIdentity(pid)).toMatch(/^[0-9a-f-]{36}\/\d+\/\d+$/);
    expect(processIdentity(pid)).toBe(processIdentity(pid));
    expect(processIdentity(pid)).not.toBe(processIdentity(process.pid));
  });

  it('PF-G1: reads /proc/<pid>/stat with any program name', () => {
    const tail = Array.from({ length: 48 }, (_, index) => String(index + 4)).join(' ');
    expect(parseProcStat(`42 (a) b (c)) S ${tail}`)).toEqual({ state: 'S', startTicks: 22 });
    expect(parseProcStat('')).toBeUndefined();
    expect(parseProcStat('42 (cut')).toBeUndefined();
  });

  it('PF-G1: reads the start time of ps as UTC', () => {
    expect(parsePsStart('Sat Nov 21 09:32:00 2026\n')).toBe(Date.UTC(2026, 10, 21, 9, 32) / 1000);
    expect(parsePsStart('Sun Nov  1 09:32:00 2026    ')).toBe(Date.UTC(2026, 10, 1, 9, 32) / 1000);
    expect(parsePsStart('')).toBeUndefined();
  });
});

describe('portOwner', () => {
  it('BAD-port-taken MAIN-exit-codes: names pid and command of another process, without its arguments', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'exai-port-'));
    try {
      const script = join(dir, 'holder.mjs');
      writeFileSync(
        script,
        `import { createServer } from 'node:net';
         const server = createServer().listen(0, '127.0.0.1', () => console.log(server.address().port));`,
      );
      const { pid, line } = await start(process.execPath, [script, '--password=hunter2']);
      const owner = await portOwner('127.0.0.1', Number(line));
      expect(owner).toMatchObject({ pid, command: expect.stringContaining('node') as string });
      expect(owner?.command).not.toContain('hunter2');
      expect(await portOwner('0.0.0.0', Number(line))).toMatchObject({ pid });
      expect(await portOwner('localhost', Number(line))).toMatchObject({ pid });
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  it('BAD-port-taken: a listener on all addresses holds the port of each; a free port has no owner', async () => {
    const server = createServer();
    server.listen(0);
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    expect(await portOwner('127.0.0.1', port)).toMatchObject({ pid: process.pid });
    server.close();
    await once(server, 'close');
    expect(await portOwner('127.0.0.1', port)).toBeUndefined();
  });
});
