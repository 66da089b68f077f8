import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { adminRoutes } from '../../protocol/admin-api.ts';
import { FailureError } from '../../protocol/errors.ts';
import { type AdminHandlers, serveAdminApi } from './admin-routes.ts';

const secret = 'the-admin-secret';
const token = {
  authPolicy: 'token' as const,
  generation: 4,
  tokenFile: '/state/credentials/shared.token',
  sessions: [],
};

function isAdminSecret(candidate: string): boolean {
  return candidate === secret;
}

let server: Server;
let calls: string[];
let failures: string[];
let failing: Error | undefined;

beforeEach(async () => {
  calls = [];
  failures = [];
  failing = undefined;
  const note =
    <Value>(name: string, value: Value) =>
    (): Value => {
      calls.push(name);
      if (failing !== undefined) throw failing;
      return value;
    };
  const handlers: AdminHandlers = {
    status: () => Promise.reject(new Error('not asked for here')),
    sessions: note('sessions', { sessions: [] }),
    token: note('token', token),
    rotateToken: note('rotateToken', token),
    clearToken: note('clearToken', token),
  };
  server = createServer((request, response) => {
    const path = request.url ?? '';
    void serveAdminApi(request, response, path, {
      handlers,
      isAdminSecret,
      onFailure: (route, error) => failures.push(`${route}: ${String(error)}`),
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function ask(
  method: string,
  path: string,
  headers: Record<string, string> = { Authorization: `Bearer ${secret}`, 'X-Exai-Request': '1' },
  body?: string,
) {
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`, {
    method,
    headers,
    ...(body === undefined ? {} : { body }),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
}

describe('the admin API', () => {
  it('TOKEN-rotate-cli: every row of the table, with its method', async () => {
    for (const [name, { method, path, response }] of Object.entries(adminRoutes)) {
      if (name === 'status') continue;
      const answer = await ask(method, path);
      expect(answer.status).toBe(200);
      expect(response.parse(answer.body)).toEqual(answer.body);
      expect(calls.at(-1)).toBe(name);
    }
    expect(calls).toHaveLength(4);
  });

  it.each([
    ['no credential', {}],
    ['a wrong one', { Authorization: 'Bearer wrong' }],
    ['an empty one', { Authorization: 'Bearer ' }],
    ['another scheme', { Authorization: `Basic ${secret}` }],
  ])('BAD-token: %s is 401, and nothing is done', async (_what, headers) => {
    const {
      status,
      headers: answered,
      body,
    } = await ask('POST', '/api/token/rotate', { 'X-Exai-Request': '1', ...headers });
    expect(status).toBe(401);
    expect(answered.get('www-authenticate')).toBe('Bearer realm="exai"');
    expect(body).toEqual({ code: 'UNAUTHORIZED', message: expect.any(String), hint: expect.any(String) });
    expect(JSON.stringify(body)).not.toContain(secret);
    expect(calls).toEqual([]);
  });

  it('BAD-origin: a form of a web page cannot rotate a token, even with the secret', async () => {
    const { status, body } = await ask('POST', '/api/token/rotate', { Authorization: `Bearer ${secret}` });
    expect([status, body['code']]).toEqual([403, 'FORBIDDEN']);
    expect(calls).toEqual([]);
  });

  it.each(['/api/', '/api/unknown', '/api/token/', '/api/toString', '/api/status/x'])(
    'WIRE-C5: %s is 404',
    async (path) => {
      expect(await ask('GET', path)).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
    },
  );

  it('WIRE-C5: the wrong method is 405 and names the right one', async () => {
    const { status, headers, body } = await ask('GET', '/api/token/rotate');
    expect([status, headers.get('allow'), body['code']]).toEqual([405, 'POST', 'INVALID_REQUEST']);
    expect(await ask('DELETE', '/api/sessions')).toMatchObject({ status: 405 });
    expect(calls).toEqual([]);
  });

  it('BAD-oversized: a body nobody asked for is dropped', async () => {
    const { status } = await ask('POST', '/api/token/clear', undefined, 'x'.repeat(5_000_000));
    expect(status).toBe(200);
  });

  it('WIRE-C5 PF-L2: our failure is 500, and its text stays in the log', async () => {
    failing = new Error('disk said secret things');
    const { status, body } = await ask('POST', '/api/token/rotate');
    expect([status, body['code']]).toEqual([500, 'INTERNAL_ERROR']);
    expect(JSON.stringify(body)).not.toContain('secret things');
    expect(failures).toEqual(['rotateToken: Error: disk said secret things']);
  });

  it('WIRE-C5: an expected failure says what it is', async () => {
    failing = new FailureError({ code: 'FORBIDDEN', message: 'Not while it runs.', hint: 'Stop it first.' });
    expect(await ask('POST', '/api/token/clear')).toMatchObject({
      status: 403,
      body: { code: 'FORBIDDEN', message: 'Not while it runs.', hint: 'Stop it first.' },
    });
    expect(failures).toEqual([]);
  });
});
