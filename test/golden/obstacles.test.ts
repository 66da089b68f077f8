import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DaemonProcess, programs, runToEnd, TestHome } from '../support/daemon-process.ts';
import { eventually } from '../support/deadline.ts';
import { OpsClient } from '../support/ops-client.ts';
import { startCall } from './ops-calls.ts';

const token = 'golden-token-0123456789';
const canMount = mountsAllowed();

describe('files that are in the way', () => {
  it.each([
    ['no JSON', '{"schema":1,"state":"run'],
    [
      'another program’s pid',
      JSON.stringify({ schema: 1, state: 'running', pid: process.pid, processStartedAt: 1, daemonRunId: 'old' }),
    ],
    ['nothing', ''],
  ])('BAD-stale-discovery: a discovery file with %s stops no start and is replaced', async (_what, text) => {
    const home = new TestHome();
    try {
      mkdirSync(home.layout.runDir, { recursive: true, mode: 0o700 });
      writeFileSync(home.layout.discoveryFile, text, { mode: 0o600 });
      const daemon = await home.startDaemon();
      expect(home.readDiscovery()).toMatchObject({ state: 'running', pid: daemon.pid, tcp: { port: daemon.port } });
    } finally {
      await home.cleanUp();
    }
  });

  it('BAD-stale-discovery PF-G1: a lock whose pid now belongs to somebody else is taken over', async () => {
    const home = new TestHome();
    try {
      const first = await home.startDaemon();
      const lock = readFileSync(home.layout.lockFile, 'utf8');
      await first.kill('SIGKILL');
      expect(lock).toContain(String(first.pid));
      writeFileSync(home.layout.lockFile, lock.replaceAll(String(first.pid), String(process.pid)), { mode: 0o600 });
      await home.startDaemon();
    } finally {
      await home.cleanUp();
    }
  });

  it('BAD-stale-socket: a socket file that nobody answers on is replaced, one that somebody answers on is not', async () => {
    const home = new TestHome();
    let stranger: Server | undefined;
    try {
      mkdirSync(home.layout.runDir, { recursive: true, mode: 0o700 });
      const path = join(home.layout.runDir, 'daemon.sock');
      stranger = await listenOn(path);
      const refused = home.spawnDaemon();
      expect(await refused.exited).toMatchObject({ code: 12 });
      expect(refused.stderr).toMatch(/^exai: [^\n]*daemon\.sock is taken [^\n]*EXAI_WS_LOCAL_PATH\n$/);
      expect(existsSync(home.layout.lockFile)).toBe(false);

      // A process that is killed leaves the file.
      const leaver = `require('node:net').createServer().listen(${JSON.stringify(join(home.layout.runDir, 'left.sock'))}, () => process.kill(process.pid, 'SIGKILL'))`;
      spawnSync(process.execPath, ['-e', leaver]);
      const left = join(home.layout.runDir, 'left.sock');
      expect(existsSync(left)).toBe(true);
      const daemon = await home.startDaemon({ env: { EXAI_WS_LOCAL_PATH: left } });
      const client = await OpsClient.connect({ socketPath: daemon.localSocket });
      expect(await client.hello()).toMatchObject({ ok: true });
    } finally {
      stranger?.close();
      await home.cleanUp();
    }
  });

  it('BAD-stale-socket: another kind of file in its place is never removed', async () => {
    const home = new TestHome();
    try {
      mkdirSync(home.layout.runDir, { recursive: true, mode: 0o700 });
      const path = join(home.layout.runDir, 'daemon.sock');
      writeFileSync(path, 'precious');
      const daemon = home.spawnDaemon();
      expect(await daemon.exited).toMatchObject({ code: 78 });
      expect(daemon.stderr).toMatch(/^exai: [^\n]*daemon\.sock exists and is no socket[^\n]*\n$/);
      expect(readFileSync(path, 'utf8')).toBe('precious');
    } finally {
      await home.cleanUp();
    }
  });

  it('BAD-read-only-home: a home that cannot be made is exit 78 with one line that says what to set', async () => {
    const home = new TestHome();
    try {
      const file = join(home.path, 'a-file');
      writeFileSync(file, '');
      const daemon = home.spawnDaemon({ env: { EXAI_STATE_DIR: join(file, 'state') } });
      expect(await daemon.exited).toMatchObject({ code: 78 });
      expect(daemon.stdout).toBe('');
      expect(daemon.stderr).toMatch(/^exai: [^\n]*a-file\/state[^\n]*EXAI_STATE_DIR[^\n]*\n$/);
    } finally {
      await home.cleanUp();
    }
  });

  // Root writes everywhere, so a read-only directory needs a read-only file system; that needs a mount namespace.
  it.runIf(canMount)('BAD-read-only-home: a home on a read-only file system likewise', async () => {
    const home = new TestHome();
    try {
      mkdirSync(home.stateDir, { mode: 0o700 });
      const ended = await inNamespace(`mount -t tmpfs -o ro,mode=700 tmpfs '${home.stateDir}'`, home);
      expect(ended).toMatchObject({ code: 78, stdout: '' });
      expect(ended.stderr).toMatch(/^exai: [^\n]*EROFS[^\n]*EXAI_STATE_DIR[^\n]*\n$/);
    } finally {
      await home.cleanUp();
    }
  });

  it.runIf(canMount)(
    'BAD-full-disk WIRE-F2 WIRE-F3: on a full disk calls go on, health says degraded and why, and it mends by itself',
    async () => {
      const home = new TestHome();
      let daemon: DaemonProcess | undefined;
      try {
        // Only the metrics log lies on the small disk: were it the whole log directory, the disk itself would be reported.
        const disk = join(home.path, 'disk');
        mkdirSync(disk);
        mkdirSync(home.logDir, { recursive: true, mode: 0o700 });
        chmodSync(home.stateDir, 0o700);
        symlinkSync(join(disk, 'metrics.jsonl'), join(home.logDir, 'ws_daemon.metrics.jsonl'));
        const script = `mount -t tmpfs -o size=512k,mode=700 tmpfs '${disk}' && exec "$0" "$1"`;
        const child = spawn('unshare', ['-m', 'sh', '-c', script, process.execPath, programs.testDaemon], {
          env: { ...home.env, EXAI_WS_PORT: '0', EXAI_WS_TOKEN: token, EXAI_HEALTH_WRITER_INTERVAL: '1' },
          stdio: ['ignore', 'pipe', 'pipe'],
          cwd: home.path,
        });
        daemon = new DaemonProcess(child, home.layout, home.logDir);
        await daemon.ready;
        const health = async () => {
          const response = await fetch(new URL('/health', daemon?.address), {
            headers: { authorization: `Bearer ${token}` },
          });
          return { status: response.status, body: (await response.json()) as Record<string, unknown> };
        };
        expect(await health()).toMatchObject({
          status: 200,
          body: { status: 'healthy', components: { metrics_log: { status: 'healthy' } } },
        });
        const filler = join(`/proc/${daemon.pid}/root`, disk, 'filler');
        fillDisk(filler);
        const client = await OpsClient.connect({ port: daemon.port });
        await client.hello({ token });
        const batch = async (name: string) => {
          for (let id = 0; id < 600; id += 1) startCall(client, `${name} ${id}`, 'echo', { text: 'x' });
          await client.frame({ op: 'call_tool_res', request_id: `${name} 599` });
        };
        await batch('full');
        const results = client.frames.filter(({ json }) => json?.['op'] === 'call_tool_res');
        expect(results).toHaveLength(600);
        expect(results.every(({ json }) => json?.['ok'] === true)).toBe(true);
        expect(await health()).toMatchObject({
          status: 200,
          body: {
            status: 'degraded',
            components: { metrics_log: { status: 'degraded' } },
            reasons: [expect.stringContaining('metrics log cannot be written')],
          },
        });
        await eventually('the health file to say so', () =>
          daemon?.readHealth()['status'] === 'degraded' ? true : undefined,
        );

        rmSync(filler);
        await batch('room');
        expect(await health()).toMatchObject({ status: 200, body: { status: 'healthy' } });
        const written = readFileSync(join(`/proc/${daemon.pid}/root`, disk, 'metrics.jsonl'), 'utf8');
        for (const line of written.trimEnd().split('\n'))
          expect(JSON.parse(line)).toMatchObject({ op: 'call_tool', out: 'ok' });
      } finally {
        await daemon?.stop();
        await home.cleanUp();
      }
    },
  );

  it.runIf(canMount)(
    'BAD-full-disk: with all log files on a full disk calls go on, and a rotation of the token is refused or kept, never lost',
    async () => {
      const home = new TestHome();
      let daemon: DaemonProcess | undefined;
      try {
        mkdirSync(home.stateDir, { mode: 0o700 });
        const script = `mount -t tmpfs -o size=256k,mode=700 tmpfs "$EXAI_STATE_DIR" && exec "$0" "$1"`;
        const child = spawn('unshare', ['-m', 'sh', '-c', script, process.execPath, programs.testDaemon], {
          env: { ...home.env, EXAI_WS_PORT: '0', EXAI_WS_TOKEN: token, EXAI_HEALTH_WRITER_INTERVAL: '1' },
          stdio: ['ignore', 'pipe', 'pipe'],
          cwd: home.path,
        });
        daemon = new DaemonProcess(child, home.layout, home.logDir);
        await daemon.ready;
        fillDisk(join(`/proc/${daemon.pid}/root`, home.stateDir, 'filler'));
        const client = await OpsClient.connect({ port: daemon.port });
        await client.hello({ token });
        for (let id = 0; id < 600; id += 1) startCall(client, id, 'count', {});
        await client.frame({ op: 'call_tool_res', request_id: 599 });
        client.send({ op: 'rotate_token', request_id: 'r', old: token, new: 'golden-next-token-98765' });
        expect(await client.frame({ op: 'rotate_token_res' })).toMatchObject({ ok: false, error: 'persist_failed' });
        const newcomer = await OpsClient.connect({ port: daemon.port });
        expect(await newcomer.hello({ token })).toMatchObject({ ok: true });
        expect(await (await fetch(new URL('/health', daemon.address))).json()).toMatchObject({ status: 'degraded' });
      } finally {
        await daemon?.stop();
        await home.cleanUp();
      }
    },
  );
});

/** Mounting a file system of one's own needs Linux and root, as in the containers where the tests run. */
function mountsAllowed(): boolean {
  const isAllowed = process.platform === 'linux' && spawnSync('unshare', ['-m', 'true']).status === 0;
  if (!isAllowed) process.stderr.write('SKIP tests of full and read-only disks: no mount namespace can be made here\n');
  return isAllowed;
}

/** Runs the built daemon to its end behind some mounts that nobody else sees. */
function inNamespace(mounts: string, home: TestHome): ReturnType<typeof runToEnd> {
  return runToEnd('unshare', ['-m', 'sh', '-c', `${mounts} && exec "$0" "$1"`, process.execPath, programs.daemon], {
    ...home.env,
    EXAI_WS_PORT: '0',
  });
}

function fillDisk(path: string): void {
  for (const size of [65_536, 4096, 512]) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size), { flag: 'a' });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    }
  }
}

function listenOn(path: string): Promise<Server> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => resolve(server));
  });
}
