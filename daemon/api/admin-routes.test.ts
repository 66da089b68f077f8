import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type AdminRoute, type AdminRow, adminRoutes } from '../../protocol/admin-api.ts';
import { adminPath } from '../../protocol/admin-path.ts';
import { FailureError } from '../../protocol/errors.ts';
import { type Answer, TestServer } from './test-server.ts';

let folder: string;
let server: TestServer;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'exai-admin-'));
  server = await TestServer.start({ secretFile: join(folder, 'admin.secret') });
});
afterEach(() => {
  server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const routes = Object.keys(adminRoutes) as AdminRoute[];
const noted = routes.filter((route) => !['makeTicket', 'signIn', 'signOut'].includes(route));
const bodies: Partial<Record<AdminRoute, unknown>> = {
  renameSession: { name: 'mine' },
  putUpstream: { entry: { command: 'x' } },
  changeCapacity: { global: 3 },
  changeSettings: { values: {} },
};
const params = { sessionId: 'window 1/2', callId: 'c_1', source: 'shim:a', upstreamId: 'my notes' };

function call(route: AdminRoute, headers?: Record<string, string>): Promise<Answer> {
  const row: AdminRow = adminRoutes[route];
  const path = adminPath(row.path, { params, query: route === 'historyExport' ? { format: 'csv' } : {} });
  return row.body === undefined
    ? server.ask(row.method, path, headers)
    : server.send(row.method, path, bodies[route] ?? {}, headers);
}

/** An endless stream: only its head. */
function statusOf(path: string, method = 'GET'): Promise<{ status: number; close: () => void }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ host: '127.0.0.1', port: server.port, path, method, headers: server.asAdmin });
    request.once('response', (response) =>
      resolve({ status: response.statusCode ?? 0, close: () => request.destroy() }),
    );
    request.once('error', reject);
    request.end();
  });
}

describe('the admin API', () => {
  it.each(noted)('TOKEN-rotate-cli: the row %s of the table, with its method', async (route) => {
    const row: AdminRow = adminRoutes[route];
    if (row.answers === 'ndjson') {
      const { status, close } = await statusOf(adminPath(row.path, { params }));
      expect(status).toBe(200);
      close();
    } else {
      const { status, text } = await call(route);
      expect(status).toBe(row.answers === 'empty' ? 204 : 200);
      if (row.answers === 'json') expect(JSON.parse(text)).toEqual({ route });
    }
    expect(server.calls.map((seen) => seen.route)).toEqual([route]);
  });

  it('decodes path parameters, and parses query and body', async () => {
    await server.send('PATCH', '/api/sessions/a%2Fb%20%C3%A4', { name: '  mine ', more: 1 });
    await server.ask('GET', '/api/logs/shim%3Ax?lines=7&level=warn');
    await server.send('POST', '/api/token/rotate', { reconnect: true });
    await server.ask('POST', '/api/token/rotate');
    expect(server.calls.map(({ input }) => input)).toEqual([
      { params: { sessionId: 'a/b ä' }, body: { name: 'mine' } },
      { params: { source: 'shim:x' }, query: { lines: 7, level: 'warn' } },
      { body: { reconnect: true } },
      { body: { reconnect: false } },
    ]);
  });

  it.each([
    ['no credential', {}],
    ['a wrong one', { authorization: 'Bearer wrong' }],
    ['an empty one', { authorization: 'Bearer ' }],
    ['another scheme', { authorization: 'Basic the-secret' }],
  ])('BAD-token: %s is 401, and nothing is done', async (_what, headers) => {
    const answer = await server.ask('POST', '/api/token/rotate', { 'x-exai-request': '1', ...headers });
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="exai"');
    expect(answer.json).toEqual({ code: 'UNAUTHORIZED', message: expect.any(String), hint: expect.any(String) });
    expect(answer.text).not.toContain(server.secret.value);
    expect(server.calls).toEqual([]);
  });

  it('BAD-origin: a form of a web page cannot rotate a token, even with the secret', async () => {
    const { authorization } = server.asAdmin;
    const answer = await server.ask('POST', '/api/token/rotate', { authorization: authorization ?? '' });
    expect([answer.status, answer.json?.['code']]).toEqual([403, 'FORBIDDEN']);
    expect(server.calls).toEqual([]);
  });

  it.each([
    '/api/',
    '/api/unknown',
    '/api/token/',
    '/api/toString',
    '/api/status/x',
    '/api/sessions/',
    '/api/sessions/%',
    '/api/sessions/%E4%A',
    `/api/sessions/${'x'.repeat(201)}`,
  ])('WIRE-C5: %s is 404', async (path) => {
    expect(await server.ask('GET', path)).toMatchObject({ status: 404, json: { code: 'NOT_FOUND' } });
    expect(server.calls).toEqual([]);
  });

  it('WIRE-C5: the wrong method is 405 and names the right ones', async () => {
    const { status, headers, json } = await server.ask('GET', '/api/token/rotate');
    expect([status, headers.allow, json?.['code']]).toEqual([405, 'POST', 'INVALID_REQUEST']);
    expect((await server.ask('POST', '/api/sessions/a')).headers.allow).toBe('GET, HEAD, PATCH, DELETE');
    for (const method of ['DELETE', 'PUT', 'OPTIONS', 'TRACE']) {
      expect(await server.ask(method, '/api/sessions')).toMatchObject({ status: 405 });
    }
    expect(server.calls).toEqual([]);
  });

  it('LIVE-csrf: no answer can be embedded by a page, refusals included', async () => {
    for (const [path, headers] of [
      ['/api/status', server.asAdmin],
      ['/api/status', {}],
      ['/api/unknown', {}],
      ['/api/logs/daemon/file', server.asAdmin],
    ] as const) {
      expect((await server.ask('GET', path, headers)).headers).toMatchObject({
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
        'cross-origin-resource-policy': 'same-origin',
      });
    }
  });

  it('answers HEAD like GET without a body, and does not open a stream for it', async () => {
    const head = await server.ask('HEAD', '/api/status');
    expect([head.status, head.text]).toEqual([200, '']);
    expect(Number(head.headers['content-length'])).toBeGreaterThan(0);
    const stream = await server.ask('HEAD', '/api/events');
    expect([stream.status, stream.text, stream.headers['content-type']]).toEqual([
      200,
      '',
      'application/x-ndjson; charset=utf-8',
    ]);
    expect(server.calls.map(({ route }) => route)).toEqual(['status']);
  });

  it('BAD-oversized: a body nobody asked for is dropped', async () => {
    const { status } = await server.ask('POST', '/api/token/clear', undefined, 'x'.repeat(5_000_000));
    expect(status).toBe(200);
  });

  it.each([
    ['announced', {}],
    ['not announced', { 'transfer-encoding': 'chunked' }],
  ])('LIVE-body-limit BAD-oversized: a body over 1 MiB, %s, is 413', async (_what, headers) => {
    const body = JSON.stringify({ values: { X: 'x'.repeat(1_100_000) } });
    const sent = { ...server.asAdmin, 'content-type': 'application/json', ...headers };
    const { status, json } = await server.ask('PATCH', '/api/settings', sent, body);
    expect([status, json?.['code']]).toEqual([413, 'PAYLOAD_TOO_LARGE']);
    expect(server.calls).toEqual([]);
  });

  it.each([
    ['not JSON', 'application/json', '{"global":', 'INVALID_REQUEST', /not JSON/],
    ['not UTF-8', 'application/json', Uint8Array.of(0x22, 0xff, 0x22), 'INVALID_REQUEST', /not JSON/],
    ['a form', 'application/x-www-form-urlencoded', 'global=3', 'INVALID_REQUEST', /application\/json/],
    ['text', 'text/plain', '{"global":3}', 'INVALID_REQUEST', /application\/json/],
    ['almost JSON', 'application/jsonp', '{"global":3}', 'INVALID_REQUEST', /application\/json/],
    ['out of range', 'application/json', '{"global":0}', 'VALIDATION_ERROR', /^global: /],
    ['a bad name', 'application/json', '{"providers":{"a b":3}}', 'VALIDATION_ERROR', /^providers/],
    ['a list', 'application/json; charset=utf-8', '[]', 'VALIDATION_ERROR', /^body: /],
    ['nothing', 'application/json', '', 'VALIDATION_ERROR', /^body: /],
  ])('refuses a body that is %s', async (_what, type, body, code, message) => {
    const answer = await server.ask('PATCH', '/api/capacity', { ...server.asAdmin, 'content-type': type }, body);
    expect(answer).toMatchObject({ status: 400, json: { code, message: expect.stringMatching(message) } });
    expect(server.calls).toEqual([]);
  });

  it.each(['?lines=0', '?lines=x', '?level=loud', '?lines=1&lines=2'])('refuses the query %s', async (query) => {
    const { status, json } = await server.ask('GET', `/api/logs/daemon${query}`);
    expect([status, json?.['code']]).toEqual([400, 'VALIDATION_ERROR']);
    expect(json?.['message']).toMatch(/^(lines|level)/);
  });

  it('WIRE-C5 PF-L2: our failure is 500, and its text stays in the log', async () => {
    server.failing = new Error('disk said secret things');
    const { status, json, text } = await server.ask('POST', '/api/token/rotate');
    expect([status, json?.['code']]).toEqual([500, 'INTERNAL_ERROR']);
    expect(text).not.toContain('secret things');
    const [line] = server.logLines.map((text_) => JSON.parse(text_) as Record<string, unknown>);
    expect(line).toMatchObject({
      level: 'error',
      route: 'rotateToken',
      error: { message: expect.stringMatching('disk') },
    });
  });

  it('WIRE-C5: an expected failure says what it is', async () => {
    server.failing = new FailureError({ code: 'FORBIDDEN', message: 'Not while it runs.', hint: 'Stop it first.' });
    expect(await server.ask('POST', '/api/token/clear')).toMatchObject({
      status: 403,
      json: { code: 'FORBIDDEN', message: 'Not while it runs.', hint: 'Stop it first.' },
    });
    expect(server.logLines).toEqual([]);
  });

  it('logs a change once, with who made it, and nothing that is only read', async () => {
    await server.ask('GET', '/api/status');
    await server.ask('DELETE', '/api/sessions/window%201');
    await server.ask('POST', '/api/token/clear', await server.browser());
    await server.send('PATCH', '/api/settings', { values: { EXAI_WS_CALL_TIMEOUT: '3141.5926' } });
    const lines = server.logLines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toMatchObject([
      {
        level: 'info',
        msg: 'admin action',
        route: 'disconnectSession',
        by: 'secret',
        target: { sessionId: 'window 1' },
      },
      { route: 'makeTicket', by: 'secret' },
      { route: 'signIn', by: 'ticket' },
      { route: 'clearToken', by: expect.stringMatching(/^browser [0-9a-f]{8}$/) },
      { route: 'changeSettings', by: 'secret', fields: ['EXAI_WS_CALL_TIMEOUT'] },
    ]);
    expect(server.logLines.join()).not.toContain('3141.5926');
  });

  it('tells a stream when its client has gone, and when the daemon stops', async () => {
    const first = await statusOf('/api/events');
    const second = await statusOf('/api/events');
    const gone = server.calls.map(({ exchange }) => exchange.gone);
    expect(gone.map(({ aborted }) => aborted)).toEqual([false, false]);
    const closed = new Promise((resolve) => gone[0]?.addEventListener('abort', resolve));
    first.close();
    await closed;
    server.stopping.abort();
    expect(gone.map(({ reason }: AbortSignal) => reason as unknown)).toEqual(['client-gone', 'daemon-stopping']);
    second.close();
  });
});
