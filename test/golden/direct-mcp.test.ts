import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import type { OpsClient } from '../support/ops-client.ts';
import { RawSocket } from './raw-socket.ts';
import { useDaemon } from './use-daemon.ts';

const token = 'golden-token-0123456789';
const bearer = { authorization: `Bearer ${token}` };
const builtinTools = ['version', 'listmodels', 'status', 'health', 'activity', 'provider_capabilities'];
const initialize = (protocolVersion: string) =>
  `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"${protocolVersion}","capabilities":{},"clientInfo":{"name":"golden","version":"1.0"}}}`;

describe('direct MCP with a token', () => {
  const shared = useDaemon({ env: { EXAI_WS_TOKEN: token } });

  it.each([
    ['{"jsonrpc":"2.0","id":7,"method":"tools/list"}', 7],
    ['{"jsonrpc":"2.0","id":"a-3","method":"initialize","params":{}}', 'a-3'],
    ['{"jsonrpc":"2.0","method":"notifications/initialized"}', null],
  ])('WIRE-H7 PF-A2: %s without a bearer is error 401 with its id, closed with 4003', async (first, id) => {
    const client = await shared.connect({ socketPath: shared.daemon.localSocket });
    client.send(first);
    expect(await client.next()).toEqual({
      jsonrpc: '2.0',
      id,
      error: {
        code: 401,
        message: expect.any(String),
        data: { code: 'UNAUTHORIZED', retryable: false, mayHaveRun: false, hint: expect.any(String) },
      },
    });
    expect(await client.closedWith()).toEqual({ code: 4003, reason: 'unauthorized' });
  });

  it('WIRE-H7: a wrong bearer is the same', async () => {
    const client = await shared.connect({ headers: { authorization: 'Bearer golden-token-012345678x' } });
    client.send('{"jsonrpc":"2.0","id":1,"method":"ping"}');
    expect(await client.next()).toMatchObject({ id: 1, error: { code: 401 } });
    expect(await client.closedWith()).toEqual({ code: 4003, reason: 'unauthorized' });
  });

  it.each([
    ['{"jsonrpc":"2.0","id":1,"method":"ping"}', { jsonrpc: '2.0', id: 1, result: {} }],
    [
      '{"jsonrpc":"2.0","id":"x","method":"tools/list"}',
      { jsonrpc: '2.0', id: 'x', result: { tools: expect.any(Array) } },
    ],
    [
      '{"jsonrpc":"2.0","id":2,"method":"server/discover"}',
      { jsonrpc: '2.0', id: 2, error: expect.objectContaining({ code: -32_601 }) },
    ],
  ])('WIRE-H7: with a bearer any method may come first: %s', async (first, answer) => {
    const client = await shared.connect({ headers: bearer, protocols: ['mcp'] });
    client.send(first);
    expect(await client.next()).toEqual(answer);
    client.send('{"jsonrpc":"2.0","id":99,"method":"ping"}');
    expect(await client.next()).toEqual({ jsonrpc: '2.0', id: 99, result: {} });
  });

  it.each([
    ['2024-11-05', '2024-11-05'],
    ['2025-03-26', '2025-03-26'],
    ['2025-06-18', '2025-06-18'],
    ['2025-11-25', '2025-11-25'],
    ['1999-01-01', '2025-11-25'],
  ])('WIRE-H7 INTEROP-revisions: asked for revision %s it serves %s', async (asked, served) => {
    const client = await shared.connect({ headers: bearer });
    client.send(initialize(asked));
    expect(await client.next()).toMatchObject({
      id: 0,
      result: {
        protocolVersion: served,
        capabilities: { tools: {} },
        serverInfo: { name: 'exai', title: 'EXAI', version: expect.stringMatching(/^\d+\.\d+\.\d+/) },
      },
    });
  });

  it('WIRE-H8 WIRE-H9: a binary first frame is direct MCP too, and an EXAI frame later is ignored', async () => {
    const client = await shared.connect({ headers: bearer });
    client.send(Buffer.from('{"jsonrpc":"2.0","id":1,"method":"ping"}'));
    expect(await client.next()).toEqual({ jsonrpc: '2.0', id: 1, result: {} });
    client.send('{"op":"list_tools","request_id":"a"}');
    client.send('{"jsonrpc":"2.0","id":2,"method":"ping"}');
    expect(await client.next()).toEqual({ jsonrpc: '2.0', id: 2, result: {} });
  });

  it('PF-P9: lists the real tools, runs them, and answers an unknown method with -32601', async () => {
    const client = await ready(await shared.connect({ headers: bearer }));
    client.send('{"jsonrpc":"2.0","id":1,"method":"tools/list"}');
    const { result } = await client.frame({ id: 1 });
    const tools = (result as { tools: { name: string; description: string; inputSchema: { type: string } }[] }).tools;
    expect(tools.map(({ name }) => name).toSorted()).toEqual(builtinTools.toSorted());
    for (const tool of tools) {
      expect(tool.description.length).toBeGreaterThan(10);
      expect(tool.inputSchema.type).toBe('object');
    }
    client.send('{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"version","arguments":{}}}');
    expect(await client.frame({ id: 2 })).toMatchObject({
      result: { content: [{ type: 'text', text: expect.stringMatching(/\d+\.\d+\.\d+/) }] },
    });
    client.send('{"jsonrpc":"2.0","id":3,"method":"tools/echo","params":{"text":"anything"}}');
    expect(await client.frame({ id: 3 })).toMatchObject({
      error: { code: -32_601, data: { code: 'METHOD_NOT_FOUND', retryable: false, mayHaveRun: false } },
    });
    client.send('{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"no_such_tool"}}');
    expect(await client.frame({ id: 4 })).toMatchObject({ error: { code: -32_602, data: { code: 'TOOL_NOT_FOUND' } } });
  });

  it('PF-P6 WIRE-M7: what is no request gets the right error and leaves the connection open', async () => {
    const client = await ready(await shared.connect({ headers: bearer }));
    for (const [frame, code] of [
      ['[{"jsonrpc":"2.0","id":1,"method":"ping"}]', -32_600],
      ['7', -32_600],
      ['{"jsonrpc":"2.0","id":', -32_700],
      ['{"jsonrpc":"1.0","id":null,"method":"ping"}', -32_600],
    ] as const) {
      client.send(frame);
      expect({ frame, answer: await client.next() }).toMatchObject({
        frame,
        answer: { id: null, error: { code, data: { code: 'INVALID_REQUEST' } } },
      });
    }
    client.send('{"jsonrpc":"2.0","id":5,"method":"ping"}');
    expect(await client.next()).toEqual({ jsonrpc: '2.0', id: 5, result: {} });
  });
});

describe('direct MCP without authentication', () => {
  const shared = useDaemon();

  it('WIRE-H7: needs no bearer when authentication is off', async () => {
    const client = await shared.connect();
    client.send('{"jsonrpc":"2.0","id":1,"method":"tools/list"}');
    expect(await client.next()).toMatchObject({ id: 1, result: { tools: expect.any(Array) } });
  });
});

describe('every way in without a credential', () => {
  const shared = useDaemon({ env: { EXAI_WS_TOKEN: token, EXAI_WS_HOST: '127.0.0.1' } });
  const wrongBearers = [
    undefined,
    'Bearer ',
    'Bearer golden-token-012345678x',
    `Basic ${Buffer.from(`x:${token}`).toString('base64')}`,
  ];

  it.each([['/'], ['/mcp'], ['/ws'], ['/api/status'], ['/health']])(
    'PF-A2: a WebSocket on %s shows nothing before a credential',
    async (path) => {
      // From the tenth failure of an address a refusal takes a second longer: half of them over TCP, half over the socket.
      const ops = await shared.connect({ path });
      expect(await ops.hello()).toMatchObject({ ok: false, error: 'unauthorized' });
      expect(await ops.closedWith()).toMatchObject({ code: 4003 });
      const direct = await shared.connect({ path, socketPath: shared.daemon.localSocket });
      direct.send('{"jsonrpc":"2.0","id":1,"method":"tools/list"}');
      expect(await direct.next()).toMatchObject({ error: { code: 401 } });
      expect(await direct.closedWith()).toMatchObject({ code: 4003 });
    },
  );

  it('PF-A2: a shim needs the credential too', async () => {
    const shim = await shared.connect();
    expect(
      await shim.hello({ mode: 'mcp', protocol: '1.0', shimId: '0b0f3c1e-6c55-4d7e-9c0a-2f1d7a5b9e11' }),
    ).toMatchObject({ ok: false, error: 'unauthorized' });
    expect(await shim.closedWith()).toMatchObject({ code: 4003 });
  });

  it('PF-A2: a hello that is refused discards what was sent behind it', async () => {
    const client = await shared.connect({ socketPath: shared.daemon.localSocket });
    client.send('{"op":"hello","token":"wrong-token-0123456789"}');
    client.send('{"op":"call_tool","request_id":"v","name":"version","arguments":{}}');
    expect(await client.next()).toMatchObject({ ok: false, error: 'unauthorized' });
    expect(await client.closedWith(5_000)).toMatchObject({ code: 4003 });
    expect(client.frames).toHaveLength(1);
  });

  it('WIRE-8.4: /metrics knows the time to answers, and resources by their scheme', async () => {
    const client = await shared.connect({ headers: bearer });
    client.send('{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"memo:///home/ana/secret.txt"}}');
    expect(await client.next()).toMatchObject({ id: 1, error: { data: { code: 'NOT_FOUND' } } });
    expect(await shared.sample('mcp_resource_errors_total{resource="memo",error_type="NOT_FOUND"}')).toBe(1);
    expect(
      await shared.sample('mcp_message_latency_seconds_bucket{le="10",msg_type="request"}'),
    ).toBeGreaterThanOrEqual(1);
    expect(await shared.sample('mcp_rate_limit_active')).toBe(0);
  });

  it('PF-A2: the link asks for the same credential', async () => {
    const link = await RawSocket.open({ path: shared.daemon.localSocket });
    link.write('GET /link HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: exai-link/1\r\n\r\n');
    expect((await link.answer()).statusCode).toBe(101);
    link.write(
      linkControl({ op: 'hello', mode: 'mcp', protocol: '1.0', shimId: '0b0f3c1e-6c55-4d7e-9c0a-2f1d7a5b9e11' }),
    );
    const received = await link.until('the close', (bytes) => bytes.subarray(-12).toString() === 'unauthorized');
    expect(received.toString('latin1')).toContain('"error":"unauthorized"');
    link.end();
    await link.ended();
  });

  it('PF-A2: health is short, metrics open on loopback, everything else asks or is not there', async () => {
    for (const authorization of wrongBearers) {
      const headers = authorization === undefined ? {} : { authorization };
      const ask = async (path: string, method = 'GET') => {
        const response = await fetch(new URL(path, shared.daemon.address), { method, headers });
        return {
          status: response.status,
          text: await response.text(),
          challenge: response.headers.get('www-authenticate'),
        };
      };
      for (const path of ['/health', '/healthz', '/health/live', '/health/ready']) {
        const { status, text } = await ask(path);
        const body: unknown = JSON.parse(text);
        expect({ path, status }).toEqual({ path, status: 200 });
        expect(body).toMatchObject({ status: 'healthy', service: 'exai-mcp-daemon', auth: 'token' });
        expect(body).not.toHaveProperty('components');
        expect(body).not.toHaveProperty('reasons');
      }
      expect(await ask('/metrics')).toMatchObject({ status: 200 });
      for (const path of ['/api/status', '/api/sessions', '/api/token']) {
        const answer = await ask(path);
        expect({ path, ...answer, text: JSON.parse(answer.text) as unknown }).toMatchObject({
          path,
          status: 401,
          challenge: 'Bearer realm="exai"',
          text: { code: 'UNAUTHORIZED' },
        });
      }
      for (const path of ['/api/token/rotate', '/api/token/clear'])
        expect(await ask(path, 'POST')).toMatchObject({ status: 401 });
      for (const path of ['/api/nothing', '/x', '/mcp/x']) expect(await ask(path)).toMatchObject({ status: 404 });
      for (const method of ['GET', 'POST', 'DELETE']) {
        expect(await ask('/mcp', method)).toMatchObject({ status: 401, challenge: 'Bearer realm="exai"' });
      }
    }
  });

  it('PF-A2: the token of a client opens components, and no part of the admin API', async () => {
    const health = await fetch(new URL('/health', shared.daemon.address), { headers: bearer });
    expect(await health.json()).toMatchObject({
      status: 'healthy',
      components: { limiter: { inflight: 0, limit: 24 } },
    });
    for (const path of ['/api/status', '/api/sessions', '/api/token']) {
      expect((await fetch(new URL(path, shared.daemon.address), { headers: bearer })).status).toBe(401);
    }
    expect(
      (await fetch(new URL('/api/token/rotate', shared.daemon.address), { method: 'POST', headers: bearer })).status,
    ).toBe(401);
  });

  it('PF-A2: the admin secret opens the admin API; a form of a web page cannot change anything with it', async () => {
    const secret = readFileSync(shared.home.layout.adminSecretFile, 'utf8').trim();
    const headers = { authorization: `Bearer ${secret}` };
    const status = await fetch(new URL('/api/status', shared.daemon.address), { headers });
    expect(await status.json()).toMatchObject({ authPolicy: 'token', global: { capacity: 24, inflight: 0 } });
    const rotate = await fetch(new URL('/api/token/rotate', shared.daemon.address), { method: 'POST', headers });
    expect({ status: rotate.status, body: await rotate.json() }).toMatchObject({
      status: 403,
      body: { code: 'FORBIDDEN' },
    });
    const put = await fetch(new URL('/api/status', shared.daemon.address), { method: 'POST', headers });
    expect(put.status).toBe(405);
  });

  it('PF-A2: beyond loopback metrics ask for a credential', async () => {
    const status = await new Promise<number | undefined>((resolve, reject) => {
      const ask = request(
        { socketPath: shared.daemon.localSocket, path: '/metrics', headers: { host: 'localhost' } },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      );
      ask.once('error', reject);
      ask.end();
    });
    expect(status).toBe(200); // the local socket is the user's own
  });
});

describe('behind a proxy', () => {
  const shared = useDaemon({ env: { EXAI_WS_TOKEN: token, EXAI_WS_TRUST_PROXY: 'true' } });

  it('PF-A2: an address that is not loopback gets metrics only with a credential', async () => {
    const forwarded = { 'x-forwarded-for': '127.0.0.1, 203.0.113.9' };
    const without = await fetch(new URL('/metrics', shared.daemon.address), { headers: forwarded });
    expect({ status: without.status, body: await without.json() }).toEqual({
      status: 401,
      body: { code: 'UNAUTHORIZED' },
    });
    const withBearer = await fetch(new URL('/metrics', shared.daemon.address), {
      headers: { ...forwarded, ...bearer },
    });
    expect(withBearer.status).toBe(200);
  });
});

async function ready(client: OpsClient): Promise<OpsClient> {
  client.send(initialize('2025-11-25'));
  await client.next();
  client.send('{"jsonrpc":"2.0","method":"notifications/initialized"}');
  return client;
}

function linkControl(frame: Readonly<Record<string, unknown>>): Buffer {
  const payload = Buffer.from(JSON.stringify(frame));
  const head = Buffer.alloc(5);
  head.writeUInt32BE(payload.length, 0);
  head[4] = 1;
  return Buffer.concat([head, payload]);
}
