import { chmodSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inflight } from '../golden/ops-calls.ts';
import type { DaemonProcess } from '../support/daemon-process.ts';
import { eventually } from '../support/deadline.ts';
import { RawClient, textOf } from '../support/raw-client.ts';
import { useScene } from './use-scene.ts';

const scene = useScene();

const name = { EXAI_SESSION_ID: 'window', EXAI_LOG_PREFIX: 'w' };
const log = 'ws_shim_w.log';
const token = 'lifecycle-token-0123456789';

/** A daemon that refuses to start: its exit code, and the one line that says why. */
async function refusal(daemon: DaemonProcess): Promise<{ code: number | null; line: string }> {
  await daemon.ready.catch(() => undefined);
  const { code } = await daemon.exited;
  expect(daemon.stdout).toBe('');
  const [line = '', ...rest] = daemon.stderr.split('\n');
  expect(rest).toEqual(['']);
  return { code, line };
}

describe('the daemon that ships', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'MAIN-entry-points: one ready line, logs, and an orderly end on %s',
    async (signal) => {
      const daemon = await scene.home.startDaemon();
      const window = await scene.openWindow();
      expect(textOf(await window.callTool('version'))).toContain('EXAI daemon');
      const health = join(scene.home.logDir, 'ws_daemon.health.json');
      expect(daemon.readHealth()).toMatchObject({ pid: daemon.pid, port: daemon.port });
      const running = scene.home.readDiscovery();
      expect(running).toMatchObject({ state: 'running', pid: daemon.pid, tcp: { port: daemon.port } });
      await window.stop();
      expect(await daemon.kill(signal)).toMatchObject({ code: 0, signal: null });
      expect(daemon.stdout).toBe(`ready http://127.0.0.1:${daemon.port}/\n`);
      expect(daemon.stderr).toBe(scene.home.readLog('ws_daemon.log'));
      expect(scene.logLines('ws_daemon.log').map(({ msg }) => msg)).toEqual(
        expect.arrayContaining(['daemon started', 'session opened', 'daemon stopping', 'daemon stopped']),
      );
      expect(existsSync(health)).toBe(false);
      expect(existsSync(running.localSocket ?? '')).toBe(false);
      const stopped: unknown = JSON.parse(readFileSync(scene.home.layout.discoveryFile, 'utf8'));
      expect(stopped).toMatchObject({ state: 'stopped', daemonRunId: running.daemonRunId });
      expect(stopped).not.toHaveProperty('pid');
      expect(stopped).not.toHaveProperty('runKey');
    },
  );

  it('MAIN-exit-codes PF-G3: a second one in the same state directory: 11, and the pid of the first', async () => {
    const first = await scene.home.startDaemon();
    const { code, line } = await refusal(scene.home.spawnDaemon());
    expect(code).toBe(11);
    expect(line).toContain(`pid ${first.pid}`);
    const window = await scene.openWindow();
    expect(textOf(await window.callTool('version'))).toContain('EXAI daemon');
  });

  it('MAIN-exit-codes PF-G3 BAD-port-taken: a stranger on the port: 12, its pid and its command', async () => {
    const script = join(scene.home.path, 'port-holder.mjs');
    writeFileSync(
      script,
      `import { createServer } from 'node:net';
       const server = createServer().listen(0, '127.0.0.1', () => console.log(server.address().port));`,
    );
    const holder = new RawClient({ command: process.execPath, args: [script], env: scene.home.env });
    scene.onEnd(async () => {
      holder.kill();
      await holder.exited;
    });
    const port = await holder.nextLine();
    const { code, line } = await refusal(scene.home.spawnDaemon({ env: { EXAI_WS_PORT: port } }));
    expect(code).toBe(12);
    expect(line).toContain(`127.0.0.1:${port}`);
    expect(line).toContain(`pid ${holder.pid}`);
    expect(line).toContain('port-holder.mjs');
    await scene.home.startDaemon(); // nothing of the attempt stands in the way
  });

  it('MAIN-exit-codes BAD-stale-socket: another program on the local socket: 12', async () => {
    const first = await scene.home.startDaemon();
    const path = first.localSocket;
    await first.stop();
    await listen(createServer(), path);
    const { code, line } = await refusal(scene.home.spawnDaemon());
    expect(code).toBe(12);
    expect(line).toContain(path);
  });

  it.each([
    ['EXAI_WS_PORT', '80a', 'EXAI_WS_PORT="80a"'],
    ['EXAI_WS_CALL_TIMEOUT', '0', 'EXAI_WS_CALL_TIMEOUT="0"'],
    ['EXAI_WS_SESSION_MAX_INFLIGHT', '99', 'EXAI_WS_SESSION_MAX_INFLIGHT'],
    ['EXAI_WS_TOKEN', 'too-short', 'EXAI_WS_TOKEN'],
    ['EXAI_WS_HOST', '0.0.0.0', 'EXAI_WS_HOST'],
    ['ENV_FILE', '/nowhere/.env', 'ENV_FILE'],
  ])('MAIN-exit-codes: %s=%s is named: 78', async (variable, value, named) => {
    const { code, line } = await refusal(scene.home.spawnDaemon({ env: { [variable]: value } }));
    expect(code).toBe(78);
    expect(line).toContain(named);
    expect(line).not.toContain('too-short');
  });

  it('MAIN-exit-codes: a bad line of .env is named with its number: 78', async () => {
    const daemon = await scene.home.startDaemon();
    await daemon.stop();
    writeFileSync(join(scene.home.stateDir, '.env'), '# ours\nEXAI_WS_PORT=80a\n', { mode: 0o600 });
    const { code, line } = await refusal(scene.spawnDaemon({ EXAI_WS_PORT: '' }));
    expect(code).toBe(78);
    expect(line).toMatch(/EXAI_WS_PORT="80a".*\.env line 2/);
  });
});

describe('files that hold secrets', () => {
  it('MAIN-private-state: everything in the state directory is the user’s own', async () => {
    const daemon = await scene.startDaemon({ EXAI_WS_TOKEN: token });
    const window = await scene.openWindow({ ...name, EXAI_WS_TOKEN: token });
    await window.callTool('count');
    expect((await scene.home.runCli(['token', 'rotate'])).code).toBe(0);
    await scene.logLine(log, 'connected');
    await eventually('the metrics log', () => scene.logLines('ws_daemon.metrics.jsonl')[0]);
    const paths = ['.', ...readdirSync(scene.home.stateDir, { recursive: true, encoding: 'utf8' })];
    const wrong = paths.filter((path) => {
      const stats = statSync(join(scene.home.stateDir, path));
      return (stats.mode & 0o777) !== (stats.isDirectory() ? 0o700 : 0o600);
    });
    expect(wrong).toEqual([]);
    expect(paths).toEqual(
      expect.arrayContaining(['run/daemon.json', 'run/admin.secret', 'run/daemon.sock', 'credentials/shared.json']),
    );
    await window.stop();
    await daemon.stop();
  });

  it.each([
    ['the stored token', () => scene.home.layout.sharedTokenFile, 0o644, 'chmod 600'],
    ['its directory', () => scene.home.layout.credentialsDir, 0o755, 'chmod 700'],
    ['the state directory', () => scene.home.stateDir, 0o755, 'chmod 700'],
  ])('MAIN-private-state: the daemon refuses %s when others can read it', async (_what, path, mode, fix) => {
    const daemon = await scene.startDaemon({ EXAI_WS_TOKEN: token });
    expect((await scene.home.runCli(['token', 'rotate'])).code).toBe(0);
    await daemon.stop();
    chmodSync(path(), mode);
    const { code, line } = await refusal(scene.spawnDaemon());
    expect(code).toBe(78);
    expect(line).toContain(`${fix} ${path()}`);
  });

  it('MAIN-private-state: the shim and the command refuse a discovery file that others can read', async () => {
    await scene.startDaemon();
    const { discoveryFile } = scene.home.layout;
    chmodSync(discoveryFile, 0o644);
    const window = scene.startShim({ ...name, EXAI_SHIM_QUEUE_SECS: '0.2' });
    await window.initialize();
    const answer = await window.callTool('version');
    expect(answer.error?.data).toMatchObject({ code: 'DAEMON_UNAVAILABLE', mayHaveRun: false });
    expect(answer.error?.data?.['hint']).toContain(`chmod 600 ${discoveryFile}`);
    const command = await scene.home.runCli(['status']);
    expect(command.code).toBe(2);
    expect(command.stderr).toContain(`chmod 600 ${discoveryFile}`);
  });
});

describe('a window that is gone', () => {
  it('MAIN-broken-socket PF-X3: the broken socket alone frees its session, its call and its name', async () => {
    const daemon = await scene.startDaemon({ EXAI_SESSION_GRACE_SECS: '1' });
    const ops = await scene.connectOps(daemon);
    const window = await scene.openWindow(name);
    void window.callTool('sleep', { ms: 60_000 }).catch(() => undefined); // nobody is left to be answered
    await inflight(ops, 1);
    window.kill('SIGKILL');
    const [detached] = await scene
      .sessionsWhen('a detached session', (all) =>
        all.some(({ sessionId, state }) => sessionId === 'window' && state === 'detached'),
      )
      .then((all) => all.filter(({ sessionId }) => sessionId === 'window'));
    expect(detached).toMatchObject({ inflight: 1 });
    const meanwhile = await scene.openWindow(name);
    expect(textOf(await meanwhile.callTool('whoami'))).toBe('window#2'); // its call still needs the name
    await inflight(ops, 0);
    await scene.sessionsWhen('the end of the session', (all) => all.every(({ sessionId }) => sessionId !== 'window'));
    const next = await scene.openWindow(name);
    expect(textOf(await next.callTool('whoami'))).toBe('window');
  });

  it('MAIN-broken-socket: a window that says goodbye is gone at once', async () => {
    const daemon = await scene.startDaemon();
    const ops = await scene.connectOps(daemon);
    const window = await scene.openWindow(name);
    void window.callTool('sleep', { ms: 60_000 }).catch(() => undefined); // the window ends first
    await inflight(ops, 1);
    await window.stop();
    await inflight(ops, 0);
    expect((await scene.sessions()).map(({ transport }) => transport)).toEqual(['ops']);
  });
});

describe('what a killed daemon leaves behind', () => {
  it('PF-G1 BAD-stale-discovery BAD-stale-socket: it starts again at once on the same port', async () => {
    const first = await scene.startDaemon();
    const window = await scene.openWindow(name);
    await first.kill();
    const left = ['daemon.json', 'daemon.lock', 'daemon.sock'];
    expect(readdirSync(scene.home.layout.runDir)).toEqual(expect.arrayContaining(left));
    expect(existsSync(join(scene.home.logDir, 'ws_daemon.health.json'))).toBe(true);
    const second = await scene.startDaemon({ EXAI_WS_PORT: String(first.port) });
    expect(second.port).toBe(first.port);
    expect(scene.home.readDiscovery()).toMatchObject({ pid: second.pid, localSocket: first.localSocket });
    expect(textOf(await window.callTool('echo', { text: 'again' }))).toBe('again');
    expect(second.readHealth()).toMatchObject({ pid: second.pid });
  });

  it('PF-G1: a lock whose pid belongs to another process by now is taken over', async () => {
    const first = await scene.startDaemon();
    await first.kill();
    const lock = JSON.parse(readFileSync(scene.home.layout.lockFile, 'utf8')) as { pid: number };
    expect(lock.pid).toBe(first.pid);
    writeFileSync(scene.home.layout.lockFile, JSON.stringify({ ...lock, pid: process.pid }));
    await scene.startDaemon();
    await scene.openWindow();
  });

  it('PF-G1 BAD-stale-discovery: a stranger on its port is told nothing', async () => {
    const first = await scene.startDaemon({ EXAI_WS_TOKEN: token });
    const { port } = first;
    await first.kill();
    let heard = '';
    const stranger = createServer((socket) => {
      socket.on('error', () => undefined); // the shim leaves
      socket.on('data', (chunk) => {
        heard += chunk.toString('latin1');
        if (heard.endsWith('\r\n\r\n'))
          socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
      });
    });
    const connections = countConnections(stranger);
    await listen(stranger, port);
    const window = scene.startShim({ ...name, EXAI_WS_TOKEN: token, EXAI_WS_ENDPOINT: 'tcp' });
    const initialized = window.initialize();
    await eventually('a second attempt', () => (connections() >= 2 ? true : undefined));
    expect(heard).toContain('X-Exai-Nonce');
    expect(heard).not.toContain('hello');
    expect(heard).not.toContain(token.slice(0, 8));
    await initialized;
    await scene.startDaemon({ EXAI_WS_TOKEN: token });
    expect(textOf(await window.callTool('echo', { text: 'the real one' }))).toBe('the real one');
  });
});

describe('a machine that sleeps', () => {
  const shortPings = { EXAI_WS_PING_INTERVAL: '1', EXAI_WS_PING_TIMEOUT: '1' };

  it('BAD-suspend: the daemon stands still for longer than the ping time-out; nothing is lost', async () => {
    const daemon = await scene.startDaemon(shortPings);
    const window = await scene.openWindow(name);
    const running = window.callTool('count', { ms: 300 });
    await scene.executed(1);
    process.kill(daemon.pid, 'SIGSTOP');
    const sent = window.callTool('count', {});
    expect(await scene.logLine(log, 'connection lost')).toMatchObject({ code: 1011 });
    const queued = window.callTool('count', {});
    await window.request('ping');
    process.kill(daemon.pid, 'SIGCONT');
    const answers = [await running, await sent, await queued].map((answer) => Number(textOf(answer)));
    expect(answers.toSorted((a, b) => a - b)).toEqual([1, 2, 3]);
    expect(scene.executions).toBe(3);
  });

  it('BAD-suspend: the window stands still; its call goes on and its answer waits', async () => {
    await scene.startDaemon(shortPings);
    const window = await scene.openWindow(name);
    const answer = window.callTool('count', { ms: 300 });
    await scene.executed(1);
    process.kill(window.pid, 'SIGSTOP');
    // Longer than interval and time-out of the pings: a shim that stands still is not given up (CLIENTS S10).
    const neighbour = await scene.openWindow({ EXAI_SESSION_ID: 'neighbour' });
    await neighbour.callTool('sleep', { ms: 3500 });
    process.kill(window.pid, 'SIGCONT');
    expect(textOf(await answer)).toBe('1');
    expect(textOf(await window.callTool('echo', { text: 'awake' }))).toBe('awake');
    expect(scene.executions).toBe(1);
  });
});

/** Ends with the test. */
async function listen(server: Server, where: number | string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    if (typeof where === 'number') server.listen(where, '127.0.0.1', resolve);
    else server.listen(where, resolve);
  });
  scene.onEnd(() => new Promise((resolve) => server.close(resolve)));
}

function countConnections(server: Server): () => number {
  let count = 0;
  server.on('connection', () => {
    count += 1;
  });
  return () => count;
}
