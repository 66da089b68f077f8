import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { uiSessionIdleMs } from '../auth/ui-sessions.ts';
import { ticketLifeMs } from '../auth/ui-tickets.ts';
import { TestServer, type TestServerOptions } from './test-server.ts';

/** Of the state directory `/state`. */
const cookieName = 'exai_ui_7ac1387d';

let folder: string;
let servers: TestServer[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'exai-browser-'));
  servers = [];
});
afterEach(() => {
  for (const server of servers) server.stop();
  rmSync(folder, { recursive: true, force: true });
});

async function start(options: Partial<TestServerOptions> = {}): Promise<TestServer> {
  const server = await TestServer.start({ secretFile: join(folder, 'admin.secret'), ...options });
  servers.push(server);
  return server;
}

function without(headers: Record<string, string>, ...names: string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !names.includes(name)));
}

/** Routes that were reached, signing in and out aside. */
function reached(server: TestServer): string[] {
  return server.calls.map(({ route }) => route);
}

describe('a browser', () => {
  it('LIVE-ticket-once: gets in with a ticket, reads, changes, and signs out', async () => {
    const server = await start();
    const made = await server.ask('POST', '/api/ui/tickets');
    const ticket = String(made.json?.['ticket']);
    expect(made.json).toEqual({
      ticket: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/),
      url: `${server.origin}/#ticket=${ticket}`,
      expiresAt: expect.closeTo(Date.now() / 1000 + 60, 0),
    });
    const signedIn = await server.signIn(ticket);
    expect(signedIn.json).toEqual({ requestKey: expect.stringMatching(/^[A-Za-z0-9_-]{43}$/) });
    expect(signedIn.headers['set-cookie']).toEqual([
      expect.stringMatching(/^exai_ui_[0-9a-f]{8}=[A-Za-z0-9_-]{43}; Path=\/api; HttpOnly; SameSite=Strict$/),
    ]);
    expect(signedIn.headers['access-control-allow-origin']).toBeUndefined();

    const browser = await server.browser();
    expect(await server.ask('GET', '/api/status', browser)).toMatchObject({ status: 200 });
    expect(await server.ask('POST', '/api/daemon/pause', browser)).toMatchObject({ status: 204 });
    const out = await server.ask('DELETE', '/api/ui/session', browser);
    expect([out.status, out.headers['set-cookie']]).toEqual([
      204,
      [expect.stringMatching(/^exai_ui_[0-9a-f]{8}=;.*Max-Age=0$/)],
    ]);
    expect(await server.ask('GET', '/api/status', browser)).toMatchObject({ status: 401 });
    expect(reached(server)).toEqual(['status', 'pause']);
  });

  it('LIVE-ticket-once: a replayed, expired or wrong ticket is 401', async () => {
    const server = await start();
    const ticket = await server.ticket();
    expect((await server.signIn(ticket)).status).toBe(200);
    const replayed = await server.signIn(ticket);
    expect(replayed).toMatchObject({ status: 401, json: { code: 'UNAUTHORIZED' } });
    expect(replayed.headers['set-cookie']).toBeUndefined();
    const late = await server.ticket();
    server.nowMs += ticketLifeMs;
    expect((await server.signIn(late)).status).toBe(401);
    expect((await server.signIn('')).status).toBe(401);
    expect((await server.signIn('x'.repeat(201))).status).toBe(400);
  });

  it('LIVE-ticket-once: guessing is slowed down from the tenth failure on, and logged once', async () => {
    const server = await start();
    for (let count = 1; count < 10; count += 1) await server.signIn('guess');
    const before = performance.now();
    expect((await server.signIn('guess')).status).toBe(401);
    expect(performance.now() - before).toBeGreaterThan(900);
    const warnings = server.logLines.filter((line) => line.includes('"warn"'));
    expect(warnings).toEqual([expect.stringContaining('admin credential refused')]);
    // Whoever is right does not wait.
    const startedAt = performance.now();
    expect((await server.signIn(await server.ticket())).status).toBe(200);
    expect(performance.now() - startedAt).toBeLessThan(700);
  });

  it('LIVE-ticket-once: who shows nothing guesses nothing: no line in the log, no wait', async () => {
    const server = await start();
    const { cookie = '' } = await server.browser();
    const before = performance.now();
    for (let count = 0; count < 12; count += 1) {
      expect((await server.ask('GET', '/api/status', {})).status).toBe(401);
      expect((await server.ask('GET', '/api/status', { cookie })).status).toBe(401);
    }
    expect(performance.now() - before).toBeLessThan(900);
    const warnings = () => server.logLines.filter((line) => line.includes('"warn"'));
    expect(warnings()).toEqual([]);
    // None of them counts for the guesses that come next, which do.
    expect((await server.ask('GET', '/api/status', { authorization: 'Bearer guess' })).status).toBe(401);
    expect(performance.now() - before).toBeLessThan(900);
    expect(warnings()).toEqual([expect.stringContaining('admin credential refused')]);
    expect((await server.ask('GET', '/api/status', { cookie, 'x-exai-request': 'guess' })).status).toBe(401);
  });

  it('LIVE-ticket-once: only the admin secret makes tickets', async () => {
    const server = await start();
    const browser = await server.browser();
    expect(await server.ask('POST', '/api/ui/tickets', browser)).toMatchObject({ status: 403 });
    expect(await server.ask('POST', '/api/ui/tickets', { 'x-exai-request': '1' })).toMatchObject({ status: 401 });
  });

  it('LIVE-ui-session-expiry: is out after 15 minutes without use, not before', async () => {
    const server = await start();
    const browser = await server.browser();
    server.nowMs += uiSessionIdleMs - 1;
    expect((await server.ask('GET', '/api/status', browser)).status).toBe(200);
    server.nowMs += uiSessionIdleMs - 1;
    expect((await server.ask('GET', '/api/status', browser)).status).toBe(200);
    server.nowMs += uiSessionIdleMs;
    const late = await server.ask('GET', '/api/status', browser);
    expect(late).toMatchObject({ status: 401, json: { code: 'UNAUTHORIZED', message: 'This page has expired.' } });
    expect(reached(server)).toEqual(['status', 'status']);
  });

  it('LIVE-ui-session-expiry: an open stream is use, and sign-out ends it', async () => {
    const server = await start();
    const browser = await server.browser();
    const stream = httpRequest({ host: '127.0.0.1', port: server.port, path: '/api/events', headers: browser });
    stream.on('error', () => undefined);
    const opened = new Promise((resolve) => stream.once('response', resolve));
    stream.end();
    await opened;
    server.nowMs += 10 * uiSessionIdleMs;
    expect((await server.ask('GET', '/api/status', browser)).status).toBe(200);
    const gone = server.calls[0]?.exchange.gone;
    expect(gone?.aborted).toBe(false);
    await server.ask('DELETE', '/api/ui/session', browser);
    expect([gone?.aborted, gone?.reason]).toEqual([true, 'signed-out']);
    stream.destroy();
  });

  it('LIVE-two-daemons: two daemons of one host do not sign each other out', async () => {
    await start({ stateDir: '/state/one' });
    await start({ stateDir: '/state/two' });
    // Browsers keep one cookie per name of a host, whatever the port, and send them all to both.
    const jar = new Map<string, string>();
    const keys: string[] = [];
    const cookies = (): string => [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    for (const server of servers) {
      const { headers, json } = await server.signIn(await server.ticket(), { cookie: cookies() });
      const [name = '', value = ''] = headers['set-cookie']?.[0]?.split(';', 1)[0]?.split('=') ?? [];
      jar.set(name, value);
      keys.push(String(json?.['requestKey']));
    }
    expect(jar.size).toBe(2);
    const asPage = (index: number) => ({
      cookie: cookies(),
      'x-exai-request': keys[index] ?? '',
      origin: servers[index]?.origin ?? '',
    });
    const statuses = () =>
      Promise.all(servers.map(async (server, index) => (await server.ask('GET', '/api/status', asPage(index))).status));
    expect(await statuses()).toEqual([200, 200]);
    const out = await servers[0]?.ask('DELETE', '/api/ui/session', asPage(0));
    jar.delete(out?.headers['set-cookie']?.[0]?.split('=', 1)[0] ?? '');
    expect(jar.size).toBe(1);
    expect(await statuses()).toEqual([401, 200]);
  });

  it('LIVE-secrets-unlogged: ticket, cookie and key are in no log', async () => {
    const server = await start();
    const ticket = await server.ticket();
    const { headers, json } = await server.signIn(ticket);
    const cookie = headers['set-cookie']?.[0]?.split(/[=;]/)[1] ?? '';
    const key = String(json?.['requestKey']);
    server.failing = new Error('for the log');
    const browser = { cookie: `${cookieName}=${cookie}`, 'x-exai-request': key, origin: server.origin };
    await server.ask('POST', '/api/token/rotate', browser);
    await server.signIn(ticket);
    expect(server.logLines.length).toBeGreaterThan(3);
    for (const hidden of [ticket, cookie, key]) expect(server.logLines.join('\n')).not.toContain(hidden);
  });
});

describe('a request that is not from our page', () => {
  it('LIVE-csrf: the cookie alone opens nothing, to read or to change', async () => {
    const server = await start();
    const browser = await server.browser();
    const { cookie = '' } = browser;
    for (const [method, path, status, code] of [
      ['GET', '/api/status', 401, 'UNAUTHORIZED'],
      ['GET', '/api/events', 401, 'UNAUTHORIZED'],
      ['POST', '/api/token/rotate', 403, 'FORBIDDEN'],
      ['DELETE', '/api/ui/session', 403, 'FORBIDDEN'],
    ] as const) {
      const page = { cookie, origin: server.origin };
      for (const headers of [{ cookie }, page]) {
        expect(await server.ask(method, path, headers)).toMatchObject({ status, json: { code } });
      }
    }
    // A page without its key is one that is signed out, and not an attack.
    expect((await server.ask('HEAD', '/api/status', { cookie })).status).toBe(401);
    const foreign = { cookie, 'sec-fetch-site': 'same-site' };
    expect((await server.ask('GET', '/api/status', foreign)).status).toBe(403);
    for (const key of ['1', '', browser['x-exai-request']?.slice(1) ?? '', cookie.slice(`${cookieName}=`.length)]) {
      const answer = await server.ask('GET', '/api/status', { ...browser, 'x-exai-request': key });
      expect([answer.status, answer.json?.['code']]).toEqual([401, 'UNAUTHORIZED']);
    }
    expect(reached(server)).toEqual([]);
  });

  it('LIVE-csrf: the key of one browser does not fit the cookie of another', async () => {
    const server = await start();
    const [one, other] = [await server.browser(), await server.browser()];
    const mixed = { ...one, 'x-exai-request': other['x-exai-request'] ?? '' };
    expect((await server.ask('GET', '/api/status', mixed)).status).toBe(401);
    expect((await server.ask('GET', '/api/status', without(one, 'cookie'))).status).toBe(401);
  });

  it('LIVE-csrf: a cookie that another port has planted in front does no harm', async () => {
    const server = await start();
    const browser = await server.browser();
    const planted = { ...browser, cookie: `${cookieName}=planted; other=1; ${browser['cookie']}; ${cookieName}=` };
    expect((await server.ask('GET', '/api/status', planted)).status).toBe(200);
  });

  it.each([
    'http://evil.example',
    'null',
    'http://127.0.0.1',
    'http://127.0.0.1:1',
    'http://localhost:PORT',
    'https://127.0.0.1:PORT',
    'http://127.0.0.1:PORT.evil.example',
    'app://exai',
    'https://listed.example',
  ])('LIVE-csrf BAD-origin: a change with Origin %s is refused', async (origin) => {
    const server = await start();
    const browser = { ...(await server.browser()), origin: origin.replace('PORT', String(server.port)) };
    expect(await server.ask('POST', '/api/daemon/pause', browser)).toMatchObject({ status: 403 });
    expect(reached(server)).toEqual([]);
  });

  it('LIVE-csrf: a change without Origin, or with two, is refused', async () => {
    const server = await start();
    const browser = await server.browser();
    expect((await server.ask('POST', '/api/daemon/pause', without(browser, 'origin'))).status).toBe(403);
    const twice = { ...browser, origin: [server.origin, server.origin] };
    expect((await server.ask('POST', '/api/daemon/pause', twice)).status).toBe(403);
    expect(reached(server)).toEqual([]);
  });

  it('LIVE-csrf: a foreign Origin is refused also with the secret, and BAD-host a foreign Host', async () => {
    const server = await start();
    const foreign = { ...server.asAdmin, origin: 'http://evil.example' };
    expect((await server.ask('POST', '/api/daemon/pause', foreign)).status).toBe(403);
    expect((await server.ask('GET', '/api/status', { ...server.asAdmin, host: 'evil.example' })).status).toBe(403);
    expect(reached(server)).toEqual([]);
  });

  it.each(['cross-site', 'same-site', 'anything'])('LIVE-csrf: Sec-Fetch-Site %s is refused', async (site) => {
    const server = await start();
    const browser = { ...(await server.browser()), 'sec-fetch-site': site };
    expect((await server.ask('GET', '/api/status', browser)).status).toBe(403);
    expect((await server.ask('POST', '/api/daemon/pause', browser)).status).toBe(403);
    expect((await server.signIn(await server.ticket(), { 'sec-fetch-site': site })).status).toBe(403);
    expect(reached(server)).toEqual([]);
  });

  it('LIVE-csrf: signing in needs our own page too, and a refused try does not use the ticket up', async () => {
    const server = await start();
    const ticket = await server.ticket();
    const page = { origin: server.origin };
    for (const headers of [{}, { origin: 'http://127.0.0.1:1' }, { origin: 'null' }]) {
      expect((await server.send('POST', '/api/ui/session', { ticket }, headers)).status).toBe(403);
    }
    const form = { ...page, 'content-type': 'text/plain' };
    expect((await server.ask('POST', '/api/ui/session', form, JSON.stringify({ ticket }))).status).toBe(400);
    expect((await server.signIn(ticket)).status).toBe(200);
  });

  it('the cookie is Secure where a trusted proxy speaks https, and then the Origin must be https', async () => {
    const server = await start({ trustProxy: true });
    const proxied = { host: 'listed.example', 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.7' };
    const plain = { ...proxied, origin: 'http://listed.example' };
    expect((await server.signIn(await server.ticket(), plain)).status).toBe(403);
    const https = await server.signIn(await server.ticket(), { ...proxied, origin: 'https://listed.example' });
    expect(https.headers['set-cookie']?.[0]).toMatch(/; SameSite=Strict; Secure$/);
    const { headers } = await server.signIn(await server.ticket(), { 'x-forwarded-proto': 'http' });
    expect(headers['set-cookie']?.[0]).not.toContain('Secure');
  });

  it.each(['GET', 'POST'])('LIVE-admin-never-client-token: %s with the token of a client is 401', async (method) => {
    const server = await start();
    const path = method === 'GET' ? '/api/status' : '/api/daemon/pause';
    const client = { authorization: 'Bearer a-valid-client-token', 'x-exai-request': '1' };
    expect((await server.ask(method, path, client)).status).toBe(401);
    // Nor does a cookie make a wrong bearer good.
    expect((await server.ask(method, path, { ...(await server.browser()), ...client })).status).toBe(401);
    expect(reached(server)).toEqual([]);
  });
});
