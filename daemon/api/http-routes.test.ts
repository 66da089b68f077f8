import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { sampleStatus } from '../observe/sample-data.ts';
import { RecordedBus } from '../testing/recorded-bus.ts';
import { type BearerVerdict, HttpRoutes } from './http-routes.ts';

const secret = 'the-admin-secret';
const delayMs = 60;
const verdicts: Readonly<Record<string, BearerVerdict>> = { right: 'valid', open: 'not-needed' };

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

/** Routes whose wrong bearers wait, seen from one address. */
async function serve({ isExempt = true, delay = delayMs } = {}) {
  const wrong: string[] = [];
  const routes = new HttpRoutes({
    status: { status: () => sampleStatus() },
    metrics: { contentType: 'text/plain', text: () => Promise.resolve('figures') },
    metricsPublic: false,
    bus: new RecordedBus(),
    checkBearer: (bearer) => Promise.resolve(verdicts[bearer] ?? 'wrong'),
    onWrongBearer: (address) => {
      wrong.push(address);
      return delay;
    },
    mcp: { serve: () => Promise.reject(new Error('no request of this test is for MCP')) },
    isAdminSecret: (candidate) => candidate === secret,
    files: { serve: () => Promise.resolve(false) },
    admin: { serve: () => Promise.reject(new Error('not asked for here')) },
  });
  server = createServer((request, response) => {
    void routes.serve(request, response, { address: '192.0.2.1', listener: 'tcp', isExempt });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const ask = async (path: string, authorization?: string) => {
    const startedAt = performance.now();
    const headers = authorization === undefined ? {} : { authorization };
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers });
    return { status: response.status, text: await response.text(), tookMs: performance.now() - startedAt };
  };
  return { ask, wrong };
}

describe('wrong bearers on plain HTTP', () => {
  it.each([
    ['/health', 200],
    ['/metrics', 401],
  ])('WIRE-H4 BAD-token: %s is answered %i as before, and late', async (path, status) => {
    const { ask, wrong } = await serve({ isExempt: false });
    const answer = await ask(path, 'Bearer guess');
    expect(answer).toMatchObject({ status });
    expect(answer.tookMs).toBeGreaterThanOrEqual(delayMs - 2);
    expect(wrong).toEqual(['192.0.2.1']);
  });

  it.each([
    ['/health', undefined, 200],
    ['/health', 'Bearer right', 200],
    ['/health', 'Bearer open', 200],
    ['/health', `Bearer ${secret}`, 200],
    ['/health', 'Basic Z3Vlc3M6', 200],
    ['/metrics', undefined, 401],
    ['/metrics', 'Bearer right', 200],
    ['/', 'Bearer guess', 200],
  ])('WIRE-H4: %s with %s is no guess', async (path, authorization, status) => {
    const { ask, wrong } = await serve({ isExempt: false });
    expect(await ask(path, authorization)).toMatchObject({ status });
    expect(wrong).toEqual([]);
  });

  it('WIRE-H4: where nobody looks at the bearer it is no guess: metrics on loopback', async () => {
    const { ask, wrong } = await serve();
    expect(await ask('/metrics', 'Bearer guess')).toMatchObject({ status: 200, text: 'figures' });
    expect(wrong).toEqual([]);
  });

  it('WIRE-H4: others are not held up meanwhile, and a client that leaves disturbs nobody', async () => {
    const { ask } = await serve({ delay: 60_000 });
    const held = ask('/health', 'Bearer guess').catch(() => 'cut');
    expect(await ask('/health', `Bearer ${secret}`)).toMatchObject({ status: 200 });
    server?.closeAllConnections();
    expect(await held).toBe('cut');
  });
});
