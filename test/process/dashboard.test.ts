import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { AdminClient } from '../../platform/admin-client.ts';
import { OpsClient } from '../support/ops-client.ts';
import { useScene } from './use-scene.ts';

const scene = useScene();

const token = 'dashboard-token#0123456789';

async function admin<Value>(work: (client: AdminClient) => Promise<Value>): Promise<Value> {
  const client = AdminClient.open(scene.home.layout);
  try {
    return await work(client);
  } finally {
    client.close();
  }
}

/** The address that `exai dashboard` prints, taken apart as a page does it. */
async function ticketAddress(): Promise<{ origin: string; ticket: string }> {
  const { code, stdout, stderr } = await scene.home.runCli(['dashboard']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const url = new URL(stdout.trim());
  expect([url.pathname, url.search]).toEqual(['/', '']);
  return { origin: url.origin, ticket: url.hash.replace('#ticket=', '') };
}

function signIn(origin: string, ticket: string): Promise<Response> {
  return fetch(`${origin}/api/ui/session`, {
    method: 'POST',
    headers: { Origin: origin, 'Content-Type': 'application/json' },
    body: JSON.stringify({ ticket }),
  });
}

async function takenPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  scene.onEnd(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function dashboardAddress(): string {
  const { dashboard } = scene.home.readDiscovery();
  return `http://127.0.0.1:${dashboard?.port ?? 0}`;
}

describe('the dashboard', () => {
  it('LIVE-dashboard-command LIVE-ticket-once: the address of `exai dashboard` lets one browser in', async () => {
    const daemon = await scene.startDaemon({ EXAI_WS_TOKEN: token });
    const { origin, ticket } = await ticketAddress();
    expect(origin).toBe(`http://127.0.0.1:${daemon.port}`);
    const answer = await signIn(origin, ticket);
    expect(answer.status).toBe(200);
    const { requestKey } = (await answer.json()) as { requestKey: string };
    const cookie = answer.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '';
    const asBrowser = { Cookie: cookie, 'X-Exai-Request': requestKey };
    const status = await fetch(`${origin}/api/status`, { headers: asBrowser });
    expect(await status.json()).toMatchObject({ status: 'healthy', authPolicy: 'token' });
    expect((await signIn(origin, ticket)).status).toBe(401);
    // Neither what clients show nor where it comes from opens the API.
    for (const headers of [{}, { Authorization: `Bearer ${token}` }, { Cookie: cookie }]) {
      expect((await fetch(`${origin}/api/status`, { headers })).ok).toBe(false);
    }
    for (const hidden of [ticket, requestKey, cookie]) {
      expect(scene.home.readLog('ws_daemon.log')).not.toContain(hidden);
    }
  });

  it('LIVE-ui-session-restart: a page goes on after the daemon was killed; one that has signed out does not', async () => {
    const daemon = await scene.startDaemon();
    const origin = `http://127.0.0.1:${daemon.port}`;
    const browser = async (): Promise<Record<string, string>> => {
      const answer = await signIn(origin, (await ticketAddress()).ticket);
      const { requestKey } = (await answer.json()) as { requestKey: string };
      const cookie = answer.headers.getSetCookie()[0]?.split(';', 1)[0] ?? '';
      return { Cookie: cookie, 'X-Exai-Request': requestKey, Origin: origin };
    };
    const status = async (headers: Record<string, string>) => (await fetch(`${origin}/api/status`, { headers })).status;
    const [stays, leaves] = [await browser(), await browser()];
    await fetch(`${origin}/api/ui/session`, { method: 'DELETE', headers: leaves });
    expect([await status(stays), await status(leaves)]).toEqual([200, 401]);
    const file = scene.home.layout.uiSessionsFile;
    const kept = readFileSync(file, 'utf8');
    for (const { Cookie: cookie = '', 'X-Exai-Request': key = '' } of [stays, leaves]) {
      expect(kept).not.toContain(cookie.split('=', 2)[1]);
      expect(kept).not.toContain(key);
    }
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600);
    await daemon.kill('SIGKILL');
    const env = { EXAI_WS_PORT: String(daemon.port) };
    const next = await scene.startDaemon(env);
    expect([await status(stays), await status(leaves)]).toEqual([200, 401]);
    // Neither alone.
    expect(await status({ Cookie: stays['Cookie'] ?? '' })).toBe(401);
    expect(await status({ ...stays, 'X-Exai-Request': leaves['X-Exai-Request'] ?? '' })).toBe(401);
    await next.kill('SIGKILL');
    writeFileSync(file, '{');
    await scene.startDaemon(env);
    expect(await status(stays)).toBe(401);
    expect(scene.home.readLog('ws_daemon.log')).toContain('browser sessions of the last run are not used');
  });

  it('LIVE-dashboard-command: --open starts the opener of the desktop without the ticket among its arguments', async () => {
    if (process.platform !== 'linux') return;
    await scene.startDaemon();
    const tools = join(scene.home.path, 'tools');
    const opened = join(scene.home.path, 'opened');
    mkdirSync(tools);
    writeFileSync(join(tools, 'xdg-open'), `#!/bin/sh\nprintf %s "$1" > '${opened}'\n`, { mode: 0o755 });
    const env = { PATH: `${tools}:${process.env['PATH'] ?? ''}`, DISPLAY: ':99' };
    const { code, stdout, stderr } = await scene.home.runCli(['dashboard', '--open'], env);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const page = fileURLToPath(readFileSync(opened, 'utf8'));
    expect(page).toBe(join(scene.home.layout.runDir, 'dashboard.html'));
    expect(readFileSync(page, 'utf8')).toContain(stdout.trim());
    const headless = await scene.home.runCli(['dashboard', '--open']);
    expect(headless).toMatchObject({ code: 0, stderr: expect.stringContaining('There is no desktop here.') });
  });

  it('LIVE-dashboard-port: is off by default, and then the port of the daemon serves it', async () => {
    const daemon = await scene.startDaemon();
    expect(scene.home.readDiscovery().dashboard).toBeUndefined();
    expect((await fetch(new URL('/', daemon.address))).status).toBe(200);
  });

  it('LIVE-dashboard-port: has a port of its own when asked, also without TCP for clients', async () => {
    await scene.startDaemon({ EXAI_DASHBOARD_PORT: '0', EXAI_WS_LISTEN: 'local' });
    const address = dashboardAddress();
    const { origin, ticket } = await ticketAddress();
    expect(origin).toBe(address);
    expect((await signIn(origin, ticket)).status).toBe(200);
    expect((await fetch(`${address}/health`)).status).toBe(200);
    expect((await fetch(`${address}/metrics`)).status).toBe(404);
    expect((await fetch(`${address}/mcp`, { method: 'POST' })).status).toBe(404);
    expect(scene.home.readLog('ws_daemon.log')).not.toContain('DASHBOARD_ON_NETWORK');
  });

  it('LIVE-dashboard-port: beyond loopback it works when named, and every surface says so', async () => {
    await scene.startDaemon({ EXAI_DASHBOARD_PORT: '0', EXAI_DASHBOARD_HOST: '0.0.0.0' });
    expect((await ticketAddress()).origin).toBe(dashboardAddress());
    expect(scene.home.readLog('ws_daemon.log')).toContain('DASHBOARD_ON_NETWORK');
    const health = (await (await fetch(`${dashboardAddress()}/health`)).json()) as { warnings: string[] };
    expect(health.warnings).toContain('DASHBOARD_ON_NETWORK');
  });

  it('LIVE-dashboard-port MAIN-exit-codes: a taken port names its owner, and its variable', async () => {
    const port = await takenPort();
    const daemon = scene.spawnDaemon({ EXAI_DASHBOARD_PORT: String(port) });
    const { code } = await daemon.exited;
    expect(code).toBe(12);
    expect(daemon.stderr).toMatch(
      new RegExp(`^exai: 127\\.0\\.0\\.1:${port} is taken by pid ${process.pid} \\(.+\\); .*EXAI_DASHBOARD_PORT`),
    );
  });
});

describe('the admin API of a daemon', () => {
  it('LIVE-capacity-persist: a limit changed at run time holds for windows and after a restart', async () => {
    const daemon = await scene.startDaemon();
    await admin((api) => api.call('changeCapacity', { body: { session: 3, global: 5, queue: 2 } }));
    const ops = await OpsClient.connect({ port: daemon.port });
    scene.onEnd(() => ops.terminate());
    expect(await ops.hello({})).toMatchObject({ ok: true, limits: { sessionMaxInflight: 3, queueMax: 2 } });
    expect(await admin((client) => client.call('status'))).toMatchObject({ global: { capacity: 5 } });
    await daemon.stop();
    await scene.startDaemon();
    const { settings } = await admin((client) => client.call('settings'));
    const shown = Object.fromEntries(settings.map(({ name, value }) => [name, value]));
    expect(shown).toMatchObject({
      EXAI_WS_SESSION_MAX_INFLIGHT: '3',
      EXAI_WS_GLOBAL_MAX_INFLIGHT: '5',
      EXAI_WS_QUEUE_MAX: '2',
    });
    await expect(admin((client) => client.call('changeCapacity', { body: { session: 6 } }))).rejects.toMatchObject({
      failure: { code: 'VALIDATION_ERROR' },
    });
  });

  it('LIVE-reveal-token: an admin gets the token, its value is in no log, who asked is', async () => {
    await scene.startDaemon();
    await expect(admin((client) => client.call('revealToken'))).rejects.toMatchObject({
      failure: { code: 'NOT_FOUND' },
    });
    await admin((client) => client.call('rotateToken', { body: {} }));
    const revealed = await admin((client) => client.call('revealToken'));
    expect(revealed.token).toMatch(/^[A-Za-z0-9_-]{43}$/);
    const log = scene.home.readLog('ws_daemon.log');
    expect(log).not.toContain(revealed.token);
    const actions = log.split('\n').filter((line) => line.includes('"admin action"'));
    expect(actions.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      { level: 'info', route: 'rotateToken', by: 'secret' },
      { level: 'info', route: 'revealToken', by: 'secret' },
    ]);
  });

  it('LIVE-settings: nothing that is done here keeps the daemon from starting again', async () => {
    const daemon = await scene.startDaemon();
    await admin((client) => client.call('rotateToken', { body: {} }));
    const { settingsFile } = scene.home.layout;
    writeFileSync(settingsFile, '{"EXAI_AUTH_POLICY":"token"}', { mode: 0o600 });
    await expect(admin((client) => client.call('clearToken'))).rejects.toMatchObject({
      failure: { code: 'FORBIDDEN', hint: expect.stringContaining('EXAI_AUTH_POLICY') },
    });
    const change = (values: Record<string, string>) =>
      admin((client) => client.call('changeSettings', { body: { values } }));
    await change({ EXAI_DASHBOARD_PORT: '0' });
    await expect(change({ EXAI_DASHBOARD_PORT: String(await takenPort()) })).rejects.toMatchObject({
      failure: { code: 'VALIDATION_ERROR', message: expect.stringContaining('EXAI_DASHBOARD_PORT') },
    });
    await daemon.stop();
    await scene.startDaemon();
    expect(await admin((client) => client.call('token'))).toMatchObject({ authPolicy: 'token' });
  });

  it('LIVE-openapi LIVE-settings: describes itself, its health, its logs and its settings', async () => {
    await scene.startDaemon();
    expect(await admin((client) => client.call('openapi'))).toMatchObject({ openapi: '3.1.0' });
    expect(await admin((client) => client.call('health'))).toMatchObject({ status: 'healthy', components: {} });
    const { sources } = await admin((client) => client.call('logs'));
    expect(sources.map(({ id }) => id)).toContain('daemon');
    const tail = await admin((client) => client.call('logTail', { params: { source: 'daemon' }, query: { lines: 5 } }));
    expect(tail.lines.map(({ msg }) => msg)).toContain('daemon started');
    const body = { values: { LOG_LEVEL: 'DEBUG' } };
    const { settings } = await admin((client) => client.call('changeSettings', { body }));
    expect(settings.find(({ name }) => name === 'LOG_LEVEL')).toMatchObject({ value: 'INFO', pendingValue: 'DEBUG' });
  });
});
