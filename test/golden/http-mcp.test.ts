import { describe, expect, it } from 'vitest';
import { ask, HttpMcpClient, mcpHeaders, parseObject } from '../support/http-mcp-client.ts';
import { useDaemon } from './use-daemon.ts';

const initialize = JSON.stringify({
  jsonrpc: '2.0',
  id: 'first',
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'golden', version: '1' } },
});
const ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}';

describe('POST, GET and DELETE /mcp', () => {
  const shared = useDaemon({ testTools: true });
  const target = () => ({ port: shared.daemon.port });

  it('HTTP-answers HTTP-session: initialize opens a session with an id that cannot be guessed', async () => {
    const answer = await ask(target(), 'POST', mcpHeaders, initialize);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/json');
    expect(answer.headers['mcp-session-id']).toMatch(/^[A-Za-z0-9_-]{32}$/);
    expect(parseObject(answer.body)).toMatchObject({
      jsonrpc: '2.0',
      id: 'first',
      result: { protocolVersion: '2025-11-25', serverInfo: { name: 'exai' } },
    });
  });

  it.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])(
    'INTEROP-revisions: revision %s is served over HTTP',
    async (protocolVersion) => {
      const client = await HttpMcpClient.connect(target(), { protocolVersion });
      expect(client.initialized).toMatchObject({ result: { protocolVersion } });
      expect(await client.request('tools/list')).toMatchObject({ result: { tools: expect.any(Array) } });
      expect(await client.request('server/discover')).toMatchObject({ error: { code: -32_601 } });
    },
  );

  it('HTTP-quiet: notifications and answers of the client are 202 without a body', async () => {
    const client = await HttpMcpClient.connect(target());
    for (const message of [
      { method: 'notifications/initialized' },
      { method: 'notifications/roots/list_changed', params: {} },
      { id: 'exai-1', result: {} },
      { id: 'exai-2', error: { code: -1, message: 'no' } },
    ]) {
      const answer = await client.post(message);
      expect(answer).toMatchObject({ status: 202, body: '' });
      expect(answer.headers['content-type']).toBeUndefined();
    }
  });

  it('HTTP-session: a request without a session is 400, with an unknown one 404, GET without one 405', async () => {
    const without = await ask(target(), 'POST', mcpHeaders, ping);
    expect(without.status).toBe(400);
    expect(parseObject(without.body)).toMatchObject({ id: 1, error: { data: { code: 'INVALID_REQUEST' } } });
    for (const method of ['POST', 'GET', 'DELETE']) {
      const unknown = await ask(
        target(),
        method,
        { ...mcpHeaders, 'mcp-session-id': 'no-such-session' },
        method === 'POST' ? ping : undefined,
      );
      expect(unknown.status).toBe(404);
      expect(parseObject(unknown.body)).toMatchObject({ id: null, error: { data: { code: 'NOT_FOUND' } } });
    }
    for (const method of ['GET', 'DELETE']) {
      expect(await ask(target(), method, mcpHeaders)).toMatchObject({ status: 405, headers: { allow: 'POST' } });
    }
    expect(await ask(target(), 'PUT', mcpHeaders, ping)).toMatchObject({ status: 405 });
  });

  it('HTTP-session: a deleted session is gone, its running call cancelled', async () => {
    const client = await HttpMcpClient.connect(target());
    const running = await client.stream({
      id: 5,
      method: 'tools/call',
      params: { name: 'sleep', arguments: { ms: 60_000 } },
    });
    expect(await client.delete()).toMatchObject({ status: 204, body: '' });
    expect(await running.message()).toMatchObject({ id: 5, error: { code: 499, data: { code: 'CANCELLED' } } });
    await running.ended;
    expect(await client.post({ id: 6, method: 'ping' })).toMatchObject({ status: 404 });
    expect(await client.delete()).toMatchObject({ status: 404 });
  });

  it.each([
    ['[{"jsonrpc":"2.0","id":1,"method":"ping"}]', -32_600, null],
    ['7', -32_600, null],
    ['{"jsonrpc":"1.0","id":1,"method":"ping"}', -32_600, 1],
    ['{"jsonrpc":"2.0","id":1}', -32_600, 1],
    ['{"jsonrpc":"2.0","id":null,"method":"ping"}', -32_600, null],
    ['{"jsonrpc":"2.0","id":true,"method":"ping"}', -32_600, null],
    ['{"jsonrpc":"2.0","id":1,"method":', -32_700, null],
    ['{"jsonrpc":"2.0","method":"notifications/x","params":{"a":tru}}', -32_700, null],
    ['', -32_700, null],
  ])('HTTP-malformed: %s is 400 with %i', async (body, code, id) => {
    const client = await HttpMcpClient.connect(target());
    const answer = await ask(target(), 'POST', { ...mcpHeaders, 'mcp-session-id': client.sessionId }, body);
    expect(answer.status).toBe(400);
    expect(parseObject(answer.body)).toMatchObject({ jsonrpc: '2.0', id, error: { code } });
  });

  it.each([
    [{ accept: 'application/json' }, 406],
    [{ accept: 'text/event-stream' }, 406],
    [{ accept: 'text/html' }, 406],
    [{ accept: 'application/json, text/event-stream;q=0' }, 406],
    [{ accept: '' }, 200],
    [{ accept: '*/*' }, 200],
    [{ accept: 'text/*, application/*;q=0.5' }, 200],
    [{ 'content-type': 'text/plain' }, 415],
    [{ 'content-type': '' }, 415],
    [{ 'content-type': 'application/json; charset=utf-8' }, 200],
  ])('HTTP-malformed: headers %j are answered %i', async (headers, status) => {
    const client = await HttpMcpClient.connect(target());
    const all = { ...mcpHeaders, 'mcp-session-id': client.sessionId, ...headers };
    expect((await ask(target(), 'POST', all, ping)).status).toBe(status);
  });

  it('HTTP-malformed BAD-duplicate-id: an id that is running is 400, and the running call is untouched', async () => {
    const client = await HttpMcpClient.connect(target());
    const first = client.post({ id: 9, method: 'tools/call', params: { name: 'sleep', arguments: { ms: 400 } } });
    await client.post({ method: 'notifications/initialized' }); // the first is with the session by now
    const second = await client.post({ id: 9, method: 'ping' });
    expect(second.status).toBe(400);
    expect(parseObject(second.body)).toMatchObject({ id: 9, error: { code: -32_600 } });
    expect((await first).body).toContain('slept 400 ms');
  });

  it.each([
    [{ 'mcp-protocol-version': '1999-01-01' }, undefined, -32_022, '1999-01-01'],
    [{ 'mcp-protocol-version': '2026-07-28' }, '2026-07-28', -32_022, '2026-07-28'],
    [{}, '2026-07-28', -32_022, '2026-07-28'],
    [{ 'mcp-protocol-version': '2025-11-25' }, '2026-07-28', -32_020, undefined],
  ])('HTTP-era: header %j and _meta %s are 400 with %i', async (headers, meta, code, requested) => {
    const params =
      meta === undefined
        ? {}
        : {
            _meta: {
              'io.modelcontextprotocol/protocolVersion': meta,
              'io.modelcontextprotocol/clientCapabilities': {},
            },
          };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 3, method: 'server/discover', params });
    const answer = await ask(target(), 'POST', { ...mcpHeaders, ...headers }, body);
    expect(answer.status).toBe(400);
    const expected =
      requested === undefined ? {} : { requested, supported: ['2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'] };
    expect(parseObject(answer.body)).toMatchObject({ id: 3, error: { code, data: expected } });
  });

  it('HTTP-size: a large argument arrives, one byte over the limit is 413 with and without its length', async () => {
    const client = await HttpMcpClient.connect(target());
    const big = 'x'.repeat(4 * 1024 * 1024);
    expect(JSON.stringify(await client.call('echo', { text: big })).length).toBeGreaterThan(big.length);
    const over = Buffer.alloc(32 * 1024 * 1024 + 1, 'x');
    const headers = { ...mcpHeaders, 'mcp-session-id': client.sessionId };
    for (const more of [{}, { 'transfer-encoding': 'chunked' }]) {
      const answer = await ask(target(), 'POST', { ...headers, ...more }, over);
      expect(answer.status).toBe(413);
      expect(parseObject(answer.body)).toMatchObject({ error: { data: { code: 'PAYLOAD_TOO_LARGE' } } });
    }
    expect(await client.request('ping')).toMatchObject({ result: {} });
  });

  it('HTTP-guards BAD-host BAD-origin: a foreign Host or Origin is 403 before anything else', async () => {
    for (const headers of [{ host: 'evil.test' }, { origin: 'http://evil.test' }, { origin: 'null' }]) {
      expect((await ask(target(), 'POST', { ...mcpHeaders, ...headers }, initialize)).status).toBe(403);
    }
    const own = { origin: `http://127.0.0.1:${shared.daemon.port}` };
    const answer = await ask(target(), 'POST', { ...mcpHeaders, ...own }, initialize);
    expect(answer.status).toBe(200);
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
  });

  it('HTTP-local: the local socket serves the same, whatever its Host', async () => {
    for (const host of ['localhost', 'anything']) {
      const client = await HttpMcpClient.connect(
        { socketPath: shared.daemon.localSocket },
        { headers: { host, 'x-exai-session': `over-socket-${host}` } },
      );
      expect(await client.call('whoami')).toMatchObject({ result: { content: [{ text: `over-socket-${host}` }] } });
      const own = await client.listen();
      own.cut();
      expect(await client.delete()).toMatchObject({ status: 204 });
    }
  });

  it('HTTP-visible: two clients with one name are two sessions, each with its own caps and calls', async () => {
    const headers = { 'x-exai-session': 'twins' };
    const [one, two] = [
      await HttpMcpClient.connect(target(), { headers, clientName: 'first twin' }),
      await HttpMcpClient.connect(target(), { headers, clientName: 'second twin' }),
    ];
    const names = await Promise.all([one.call('whoami'), two.call('whoami')]);
    expect(names).toMatchObject([
      { result: { content: [{ text: 'twins' }] } },
      { result: { content: [{ text: 'twins#2' }] } },
    ]);
    const nine = await Promise.all(Array.from({ length: 9 }, () => one.call('sleep', { ms: 300 })));
    const refused = nine.filter((answer) => 'error' in answer);
    expect(refused).toMatchObject([
      { error: { code: 429, data: { code: 'OVER_CAPACITY', scope: 'session', limit: 8 } } },
    ]);
    const listed = await shared.home.runCli(['sessions', '--json']);
    expect(listed.stdout).toMatch(/"transport": ?"http"/);
    expect(await shared.sample('exai_connections{kind="http"}')).toBeGreaterThan(1);
    await Promise.all([one.delete(), two.delete()]);
  });

  it('INTEROP-revisions: what is no JSON inside a request is told with its id', async () => {
    const client = await HttpMcpClient.connect(target());
    const answer = await ask(
      target(),
      'POST',
      { ...mcpHeaders, 'mcp-session-id': client.sessionId },
      '{"jsonrpc":"2.0","id":4,"method":"ping","params":{"a":tru}}',
    );
    expect(parseObject(answer.body)).toMatchObject({ id: 4, error: { code: -32_700 } });
  });
});
