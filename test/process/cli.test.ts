import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { useScene } from './use-scene.ts';

const scene = useScene();

const token = 'command-token#0123456789';
const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) => scene.home.runCli(args, env);

async function json(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const { code, stdout, stderr } = await run([...args, '--json'], env);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout);
}

describe('exai with a daemon', () => {
  it('MAIN-entry-points: status says what the daemon does, for people and for programs', async () => {
    const daemon = await scene.startDaemon({ EXAI_WS_TOKEN: token });
    await scene.openWindow({ EXAI_SESSION_ID: 'window', EXAI_WS_TOKEN: token });
    const { code, stdout, stderr } = await run(['status']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`pid ${daemon.pid}`);
    expect(stdout).toContain(`http://127.0.0.1:${daemon.port}/`);
    expect(stdout).toContain(daemon.localSocket);
    expect(stdout).toMatch(/1 connected/);
    expect(await json(['status'])).toMatchObject({
      status: 'healthy',
      pid: daemon.pid,
      port: daemon.port,
      daemonRunId: scene.home.readDiscovery().daemonRunId,
      authPolicy: 'token',
      tokenGeneration: 1,
      sessions: { connected: 1, detached: 0 },
      global: { inflight: 0 },
    });
  });

  it('MAIN-entry-points: sessions lists the windows', async () => {
    await scene.startDaemon();
    expect((await run(['sessions'])).stdout).toBe('No window is connected.\n');
    expect(await json(['sessions'])).toEqual({ sessions: [] });
    const window = await scene.openWindow({ EXAI_SESSION_ID: 'vscode-instance-1', MCP_SERVER_ID: 'exai-ws-vscode1' });
    const { stdout } = await run(['sessions']);
    const [header, row, ...rest] = stdout.trimEnd().split('\n');
    expect(header).toMatch(/^WINDOW +SERVER +CLIENT/);
    expect(row).toMatch(/^vscode-instance-1 +exai-ws-vscode1 +raw-client +connected +shim/);
    expect(rest).toEqual([]);
    expect(await json(['sessions'])).toMatchObject({ sessions: [{ sessionId: 'vscode-instance-1', pid: window.pid }] });
  });

  it('TOKEN-rotate-cli: token status, rotate and clear', async () => {
    await scene.startDaemon();
    const window = await scene.openWindow({ EXAI_SESSION_ID: 'window' });
    expect((await run(['token', 'status'])).stdout).toContain('Authentication is off');
    const tokenFile = join(scene.home.layout.credentialsDir, 'shared.token');
    expect(await json(['token', 'rotate'])).toMatchObject({ authPolicy: 'token', generation: 1, tokenFile });
    expect(existsSync(tokenFile)).toBe(true);
    const status = await run(['token', 'status']);
    expect(status.stdout).toContain(tokenFile);
    expect(status.stdout).toContain('window');
    expect(await json(['token', 'status'])).toMatchObject({
      generation: 1,
      sessions: [{ sessionId: 'window', isCurrent: false }],
    });
    expect(await json(['token', 'clear'])).toMatchObject({ authPolicy: 'open' });
    expect(existsSync(tokenFile)).toBe(false);
    expect(await window.callTool('version')).toHaveProperty('result');
  });

  it('TOKEN-rotate-cli: what is forbidden is refused with 2', async () => {
    await scene.startDaemon({ EXAI_WS_TOKEN: token, EXAI_AUTH_POLICY: 'token' });
    const { code, stdout, stderr } = await run(['token', 'clear']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^exai: .*EXAI_AUTH_POLICY.*\(FORBIDDEN\)\n$/);
    expect(await json(['token', 'status'])).toMatchObject({ authPolicy: 'token' });
  });

  it('MAIN-private-state: an admin secret that others can read is refused', async () => {
    await scene.startDaemon();
    chmodSync(scene.home.layout.adminSecretFile, 0o644);
    const { code, stderr } = await run(['status']);
    expect(code).toBe(2);
    expect(stderr).toContain(`chmod 600 ${scene.home.layout.adminSecretFile}`);
  });
});

describe('exai without a daemon', () => {
  it('MAIN-exit-codes: every command ends with 3 when it was never started, was stopped, was killed', async () => {
    const expectAway = async () => {
      const commands = ['status', 'sessions', 'token status', 'token rotate', 'token clear'];
      const ends = await Promise.all(commands.map((command) => run(command.split(' '))));
      for (const { code, stdout, stderr } of ends) {
        expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
        expect(stderr).toMatch(/^exai: The daemon does not run\..*\(DAEMON_UNAVAILABLE\)\n$/);
      }
    };
    await expectAway();
    await (await scene.startDaemon()).stop();
    await expectAway();
    await (await scene.startDaemon()).kill();
    await expectAway();
  });

  it.each([
    ['its local socket', {}],
    ['its port', { EXAI_WS_LISTEN: 'tcp' }],
  ])('PF-G1: another program on %s is told no secret', async (_where, env) => {
    const daemon = await scene.startDaemon(env);
    const { localSocket } = daemon;
    const { port } = daemon;
    await daemon.kill();
    if (localSocket !== '') rmSync(localSocket);
    const heard: string[] = [];
    const stranger = createServer((request, response) => {
      heard.push(`${request.url} ${JSON.stringify(request.headers)}`);
      response.end('{}');
    });
    await new Promise<void>((resolve) => {
      if (localSocket === '') stranger.listen(port, '127.0.0.1', resolve);
      else stranger.listen(localSocket, resolve);
    });
    scene.onEnd(() => {
      stranger.closeAllConnections();
      stranger.close();
    });
    const { code, stdout, stderr } = await run(['token', 'rotate']);
    expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
    expect(stderr).toContain('Another program answers');
    expect(heard).toHaveLength(1);
    expect(heard.join('')).not.toMatch(/authorization|bearer/i);
  });

  it('MAIN-exit-codes: wrong commands and options end with 64 and say what there is', async () => {
    for (const args of [[], ['restart'], ['token'], ['status', 'now'], ['status', '--colour']]) {
      const { code, stdout, stderr } = await run(args);
      expect({ args, code, stdout }).toEqual({ args, code: 64, stdout: '' });
      expect(stderr).not.toBe('');
    }
    const help = await run(['--help']);
    expect(help.code).toBe(0);
    expect(help.stdout).toContain('token rotate');
  });

  it('MAIN-exit-codes: a bad setting ends with 78 and names the variable', async () => {
    for (const args of [['status'], ['config'], ['config', '--shim']]) {
      const { code, stdout, stderr } = await run(args, { EXAI_WS_PORT: '80a' });
      expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
      expect(stderr).toMatch(/^exai: EXAI_WS_PORT="80a".*\n$/);
    }
  });

  it('MAIN-entry-points: config shows every value and where it comes from, and no secret', async () => {
    writeFileSync(join(scene.home.path, 'env'), `EXAI_WS_TOKEN=${token}\nEXAI_WS_CALL_TIMEOUT=67.5\n`, { mode: 0o600 });
    const env = { ENV_FILE: join(scene.home.path, 'env'), EXAI_WS_PORT: '0' };
    const { code, stdout } = await run(['config'], env);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^EXAI_WS_PORT +0 +the environment/m);
    expect(stdout).toMatch(/^EXAI_WS_CALL_TIMEOUT +67\.5 +\S*env line 2/m);
    expect(stdout).toMatch(/^EXAI_WS_TOKEN +\*\*\*/m);
    expect(stdout).not.toContain(token.slice(0, 8));
    expect(await json(['config', '--shim'], env)).toEqual(
      expect.arrayContaining([expect.objectContaining({ name: 'EXAI_SHIM_QUEUE_MAX', value: '64', layer: 'default' })]),
    );
    expect(existsSync(scene.home.stateDir)).toBe(false); // looking changes nothing
  });
});

describe('exai start and exai stop', () => {
  it('MAIN-entry-points PF-W7: one daemon in the background, which outlives the command and ends in order', async () => {
    const started = await json(['start']);
    expect(started).toMatchObject({ state: 'started', pid: expect.any(Number) });
    expect(scene.home.daemonPids()).toHaveLength(1);
    const { stdout } = await run(['start']);
    expect(stdout).toMatch(/^The daemon runs already: http:\/\/127\.0\.0\.1:\d+\/, pid \d+\.\n$/);
    expect(await json(['status'])).toMatchObject({ status: 'healthy' });
    expect(await json(['stop'])).toMatchObject({ state: 'stopped' });
    expect(scene.home.daemonPids()).toEqual([]);
    expect(scene.home.readDiscovery().state).toBe('stopped');
    expect(await json(['stop'])).toEqual({ state: 'not-running', pid: null, address: null });
  });

  it('MAIN-exit-codes: what keeps the daemon from starting is said in its own words', async () => {
    const { code, stderr } = await run(['start'], { EXAI_WS_CALL_TIMEOUT: '1' });
    expect(code).toBe(78);
    expect(stderr).toContain('EXAI_WS_CALL_TIMEOUT');
    const server = createServer();
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    scene.onEnd(() => void server.close());
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const taken = await run(['start'], { EXAI_WS_PORT: String(port) });
    expect(taken.code).toBe(3);
    expect(taken.stderr).toMatch(new RegExp(`127\\.0\\.0\\.1:${port} is taken by pid ${process.pid}`));
    expect(scene.home.daemonPids()).toEqual([]);
  });
});
