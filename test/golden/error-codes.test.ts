import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type DaemonProcess, TestHome } from '../support/daemon-process.ts';
import { eventually } from '../support/deadline.ts';
import { HttpMcpClient } from '../support/http-mcp-client.ts';
import { OpsClient } from '../support/ops-client.ts';
import { callTool, healthOf, inflight, runningCall, startCall } from './ops-calls.ts';
import { RawSocket } from './raw-socket.ts';
import { useDaemon } from './use-daemon.ts';

const token = 'golden-token-0123456789';
const mcpHello = { mode: 'mcp', protocol: '1.0' };

describe('every code on the surfaces that exist', () => {
  const shared = useDaemon({
    testTools: true,
    env: { TOOL_CALL_MAX_SIZE: '4096', EXAI_WS_CALL_TIMEOUT: '3', EXAI_CANCEL_GRACE_SECS: '0' },
  });

  /** One call over mcp, and the same over `/mcp`, which must say the same; the whole answer. */
  const mcpCall = async (method: string, params: Record<string, unknown>) => {
    const client = await shared.session(mcpHello);
    client.send({ jsonrpc: '2.0', id: 1, method, params });
    const answer = await client.frame({ id: 1 }, 15_000);
    const http = await HttpMcpClient.connect({ port: shared.daemon.port });
    expect(codesIn(await http.request(method, params))).toEqual(codesIn(answer));
    await http.delete();
    return answer;
  };
  const error = (code: number, name: string, retryable: boolean, mayHaveRun: boolean) => ({
    error: { code, message: expect.any(String), data: { code: name, retryable, mayHaveRun } },
  });

  it('WIRE-C5: INVALID_REQUEST', async () => {
    const ops = await shared.session();
    ops.send({ op: 'call_tool', request_id: 1, name: 5 });
    expect(await ops.next()).toMatchObject({ error: { code: 'INVALID_REQUEST', retryable: false } });
    const mcp = await shared.session(mcpHello);
    mcp.send('{"jsonrpc":"2.0"');
    expect(await mcp.next()).toMatchObject({ id: null, ...error(-32_700, 'INVALID_REQUEST', false, false) });
    mcp.send('[{"jsonrpc":"2.0","id":1,"method":"ping"}]');
    expect(await mcp.next()).toMatchObject({ id: null, ...error(-32_600, 'INVALID_REQUEST', false, false) });
    expect((await shared.home.runCli(['nonsense'])).code).toBe(64);
    expect((await shared.home.runCli(['status', '--nonsense'])).code).toBe(64);
  });

  it('WIRE-C5: METHOD_NOT_FOUND', async () => {
    expect(await mcpCall('tools/nonsense', {})).toMatchObject(error(-32_601, 'METHOD_NOT_FOUND', false, false));
  });

  it('WIRE-C5: VALIDATION_ERROR is a failed result for arguments, and an error for parameters', async () => {
    const args = { tail_lines: 'many' };
    const ops = await shared.session();
    expect(await callTool(ops, 1, 'status', args)).toMatchObject({
      ok: false,
      outputs: [{ type: 'text' }],
      error: { code: 'VALIDATION_ERROR', retryable: false },
    });
    expect(await mcpCall('tools/call', { name: 'status', arguments: args })).toMatchObject({
      result: {
        isError: true,
        content: [{ type: 'text' }],
        _meta: { 'exai-tray/error': { code: 'VALIDATION_ERROR', retryable: false, mayHaveRun: false } },
      },
    });
    expect(await mcpCall('tools/call', { arguments: {} })).toMatchObject(
      error(-32_602, 'VALIDATION_ERROR', false, false),
    );
  });

  it('WIRE-C5: TOOL_NOT_FOUND and NOT_FOUND', async () => {
    const ops = await shared.session();
    expect(await callTool(ops, 1, 'no_such_tool')).toMatchObject({
      ok: false,
      error: { code: 'TOOL_NOT_FOUND', retryable: false },
    });
    expect(await mcpCall('tools/call', { name: 'no_such_tool' })).toMatchObject(
      error(-32_602, 'TOOL_NOT_FOUND', false, false),
    );
    expect(await mcpCall('resources/read', { uri: 'exai://results/none/1' })).toMatchObject(
      error(-32_602, 'NOT_FOUND', false, false),
    );
    expect(await mcpCall('prompts/get', { name: 'none' })).toMatchObject(error(-32_602, 'NOT_FOUND', false, false));
    const response = await admin(shared.home, shared.daemon, 'GET', '/api/nothing');
    expect(response).toMatchObject({ status: 404, body: { code: 'NOT_FOUND' } });
  });

  it('WIRE-C5: DUPLICATE', async () => {
    const ops = await shared.session();
    await runningCall(ops, 'd', 'sleep', { ms: 500 });
    startCall(ops, 'd', 'sleep', { ms: 501 });
    expect(await ops.frame({ op: 'call_tool_res', request_id: 'd' })).toMatchObject({
      error: { code: 'DUPLICATE', original_request_id: 'd', retryable: false },
    });
  });

  it('WIRE-C5: PAYLOAD_TOO_LARGE leaves the connection open', async () => {
    const big = { text: 'x'.repeat(5000) };
    const details = { actual_size: expect.any(Number), limit: 4096 };
    const ops = await shared.session();
    expect(await callTool(ops, 1, 'echo', big)).toMatchObject({
      ok: false,
      error: { code: 'PAYLOAD_TOO_LARGE', retryable: false, details },
    });
    expect(await callTool(ops, 2, 'echo', { text: 'small' })).toMatchObject({ ok: true });
    const answer = await mcpCall('tools/call', { name: 'echo', arguments: big });
    expect(answer).toMatchObject(error(413, 'PAYLOAD_TOO_LARGE', false, false));
    expect(answer).toMatchObject({ error: { data: { details } } });
  });

  it('WIRE-C5: CANCELLED is told over ops; over mcp a cancelled request is not answered', async () => {
    const ops = await shared.session();
    await runningCall(ops, 'x', 'sleep', { ms: 2000 });
    ops.send({ op: 'cancel', request_id: 'c', target: 'x' });
    expect(await ops.frame({ op: 'call_tool_res', request_id: 'x' })).toMatchObject({
      error: { code: 'CANCELLED', retryable: false, details: { mayHaveRun: true } },
    });
    const mcp = await shared.session(mcpHello);
    mcp.send('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"sleep","arguments":{"ms":2000}}}');
    await inflight(ops, 1);
    mcp.send('{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}');
    await inflight(ops, 0);
    mcp.send('{"jsonrpc":"2.0","id":2,"method":"ping"}');
    expect(await mcp.next()).toMatchObject({ id: 2, result: {} });
  });

  it('WIRE-C5: EXEC_ERROR is a failed result', async () => {
    const ops = await shared.session();
    for (const how of ['isError', 'throw']) {
      expect(await callTool(ops, how, 'fail', { how })).toMatchObject({
        ok: false,
        error: { code: 'EXEC_ERROR', retryable: false },
        outputs: [{ type: 'text' }],
      });
      expect(await mcpCall('tools/call', { name: 'fail', arguments: { how } })).toMatchObject({
        result: { isError: true, content: [{ type: 'text', text: 'failed as asked' }] },
      });
    }
    expect(await mcpCall('tools/call', { name: 'fail', arguments: { how: 'throw' } })).toMatchObject({
      result: { _meta: { 'exai-tray/error': { code: 'EXEC_ERROR', retryable: false, mayHaveRun: true } } },
    });
  });

  it('WIRE-C5 PF-T4: TIMEOUT', async () => {
    const ops = await shared.session();
    const [overOps, overMcp] = await Promise.all([
      callTool(ops, 't', 'sleep', { ms: 60_000 }),
      mcpCall('tools/call', { name: 'sleep', arguments: { ms: 60_000 } }),
    ]);
    expect(overOps).toMatchObject({
      ok: false,
      error: { code: 'TIMEOUT', retryable: false, call_id: expect.any(String), details: { mayHaveRun: true } },
    });
    expect(overMcp).toMatchObject(error(504, 'TIMEOUT', false, true));
    expect(await healthOf(ops)).toMatchObject({ global_inflight: 0 });
  });

  it('WIRE-C5: UNAUTHORIZED, FORBIDDEN and wrong methods of the admin API', async () => {
    const url = new URL('/api/status', shared.daemon.address);
    const without = await fetch(url);
    expect({
      status: without.status,
      challenge: without.headers.get('www-authenticate'),
      body: await without.json(),
    }).toMatchObject({
      status: 401,
      challenge: 'Bearer realm="exai"',
      body: { code: 'UNAUTHORIZED' },
    });
    expect(await admin(shared.home, shared.daemon, 'POST', '/api/token/rotate')).toMatchObject({
      status: 403,
      body: { code: 'FORBIDDEN' },
    });
    expect(await admin(shared.home, shared.daemon, 'DELETE', '/api/status')).toMatchObject({
      status: 405,
      body: { code: 'INVALID_REQUEST' },
    });
  });
});

describe('codes that need a daemon of their own', () => {
  it('WIRE-C5: UNAUTHORIZED, UPGRADE_REQUIRED and SESSION_LIMIT of the handshake', async () => {
    const home = new TestHome();
    try {
      const daemon = await home.startDaemon({ env: { EXAI_WS_TOKEN: token, SESSION_MAX_CONCURRENT: '1' } });
      const hello = async (members: Record<string, unknown>) =>
        (await OpsClient.connect({ port: daemon.port })).hello(members);
      expect(await hello({})).toMatchObject({ error: 'unauthorized', code: 'UNAUTHORIZED' });
      expect(await hello({ token, protocol: '2.0' })).toMatchObject({
        error: 'upgrade_required',
        code: 'UPGRADE_REQUIRED',
      });
      expect(await hello({ token })).toMatchObject({ ok: true });
      expect(await hello({ token })).toMatchObject({ error: 'session_limit', code: 'SESSION_LIMIT' });
      const direct = await OpsClient.connect({ port: daemon.port, headers: { authorization: `Bearer ${token}` } });
      direct.send('{"jsonrpc":"2.0","id":1,"method":"ping"}');
      expect(await direct.next()).toMatchObject({
        id: 1,
        error: { code: 503, data: { code: 'SESSION_LIMIT', retryable: true, mayHaveRun: false } },
      });
      expect(await direct.closedWith()).toEqual({ code: 1013, reason: 'session limit' });
    } finally {
      await home.cleanUp();
    }
  });

  it('WIRE-C5 PF-C9: RATE_LIMITED carries the id, over ops and mcp, and the connection stays open', async () => {
    const home = new TestHome();
    try {
      const daemon = await home.startDaemon({
        env: { EXAI_WS_TRUST_PROXY: 'true', RATE_LIMIT_USER_CAPACITY: '2', RATE_LIMIT_USER_REFILL_RATE: '2' },
      });
      const headers = { 'x-forwarded-for': '203.0.113.7' };
      const ops = await OpsClient.connect({ port: daemon.port, headers });
      await ops.hello();
      for (const id of [1, 2]) {
        ops.send({ op: 'ping', request_id: id });
        expect(await ops.next()).toMatchObject({ op: 'pong', request_id: id });
      }
      ops.send({ op: 'call_tool', request_id: 3, name: 'version', arguments: {} });
      expect(await ops.next()).toMatchObject({
        op: 'call_tool_res',
        request_id: 3,
        ok: false,
        error: {
          code: 'RATE_LIMITED',
          retryable: true,
          retry_after: expect.any(Number),
          details: { scope: 'session', limit: 2 },
        },
      });
      ops.send({ op: 'list_tools', request_id: 4 });
      expect(await ops.next()).toMatchObject({
        op: 'list_tools_res',
        request_id: 4,
        tools: [],
        error: { code: 'RATE_LIMITED' },
      });
      await eventually('a new token in the bucket', async () => {
        ops.send({ op: 'ping', request_id: 5 });
        return (await ops.next())['error'] === undefined ? true : undefined;
      });

      const mcp = await OpsClient.connect({ port: daemon.port, headers: { 'x-forwarded-for': '203.0.113.8' } });
      await mcp.hello(mcpHello);
      for (const id of [1, 2, 3]) mcp.send({ jsonrpc: '2.0', id, method: 'ping' });
      expect(await mcp.frame({ id: 3 })).toMatchObject({
        error: {
          code: 429,
          data: { code: 'RATE_LIMITED', retryable: true, mayHaveRun: false, retryAfterMs: expect.any(Number) },
        },
      });
      expect(await mcp.frame({ id: 2 })).toMatchObject({ result: {} });
    } finally {
      await home.cleanUp();
    }
  });

  it('WIRE-C5: a daemon that stops answers what runs and refuses the rest with DAEMON_UNAVAILABLE', async () => {
    const home = new TestHome();
    try {
      const daemon = await home.startDaemon({ testTools: true, env: { EXAI_DRAIN_SECS: '20' } });
      const connect = async (hello: Record<string, unknown>) => {
        const client = await OpsClient.connect({ port: daemon.port });
        await client.hello(hello);
        return client;
      };
      const ops = await connect({});
      const mcp = await connect({ ...mcpHello, shimId: '0b0f3c1e-6c55-4d7e-9c0a-2f1d7a5b9e11' });
      await runningCall(ops, 'running', 'sleep', { ms: 1000 });
      const exited = daemon.kill('SIGTERM');
      expect(await mcp.frame({ op: 'draining' })).toEqual({ op: 'draining', maxMs: 20_000 });
      expect(await callTool(ops, 'late', 'echo')).toMatchObject({
        ok: false,
        error: { code: 'DAEMON_UNAVAILABLE', retryable: true },
      });
      mcp.send('{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}}');
      expect(await mcp.frame({ id: 1 })).toMatchObject({
        error: { code: 503, data: { code: 'DAEMON_UNAVAILABLE', retryable: true, mayHaveRun: false } },
      });
      expect(await ops.frame({ op: 'call_tool_res', request_id: 'running' })).toMatchObject({ ok: true });
      expect(await ops.closedWith()).toEqual({ code: 1001, reason: 'shutdown' });
      expect(await mcp.closedWith()).toEqual({ code: 1001, reason: 'shutdown' });
      expect(await exited).toMatchObject({ code: 0, signal: null });
    } finally {
      await home.cleanUp();
    }
  });

  it('WIRE-C5: OVER_CAPACITY of the connections is 503 over HTTP and 1008 on a WebSocket', async () => {
    const home = new TestHome();
    try {
      const daemon = await home.startDaemon({ env: { MAX_CONNECTIONS: '2', EXAI_WS_LISTEN: 'tcp' } });
      const connect = () => OpsClient.connect({ port: daemon.port });
      const clients = [await connect(), await connect()];
      for (const client of clients) await client.hello();
      const third = await connect();
      expect(await third.closedWith()).toEqual({ code: 1008, reason: 'connection limit' });
      const raw = await RawSocket.open({ port: daemon.port });
      raw.write(`GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n`);
      expect(await raw.answer()).toMatchObject({
        statusCode: 503,
        headers: { 'retry-after': '1' },
        body: '{"code":"OVER_CAPACITY"}',
      });
      clients[0]?.close();
      await clients[0]?.closed;
      const fourth = await eventually('room for a connection', async () => {
        const client = await connect();
        return await Promise.race([client.hello().catch(() => undefined), client.closed.then(() => undefined)]);
      });
      expect(fourth).toMatchObject({ ok: true });
    } finally {
      await home.cleanUp();
    }
  });

  it('WIRE-C5: exit codes of the command', async () => {
    const home = new TestHome();
    try {
      expect(await home.runCli(['status'])).toMatchObject({
        code: 3,
        stdout: '',
        stderr: expect.stringMatching(/^exai: .*\(DAEMON_UNAVAILABLE\)\n$/),
      });
      expect(await home.runCli(['status'], { EXAI_WS_PORT: '80a' })).toMatchObject({
        code: 78,
        stdout: '',
        stderr: expect.stringMatching(/^exai: EXAI_WS_PORT="80a"/),
      });
      const daemon = await home.startDaemon({ env: { EXAI_WS_TOKEN: token, EXAI_AUTH_POLICY: 'token' } });
      expect(await home.runCli(['status'])).toMatchObject({
        code: 0,
        stderr: '',
        stdout: expect.stringContaining(`pid ${daemon.pid}`),
      });
      expect(await home.runCli(['token', 'clear'])).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('FORBIDDEN'),
      });
      expect(await home.runCli(['token', 'rotate'])).toMatchObject({ code: 0 });
      rmSync(home.layout.credentialsDir, { recursive: true });
      writeFileSync(home.layout.credentialsDir, 'a file where the directory was');
      expect(await home.runCli(['token', 'rotate'])).toMatchObject({
        code: 70,
        stderr: expect.stringContaining('INTERNAL_ERROR'),
      });
      rmSync(home.layout.credentialsDir);
      chmodSync(home.layout.adminSecretFile, 0o644);
      expect(await home.runCli(['status'])).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/chmod 600 .*\(FORBIDDEN\)/),
      });
      chmodSync(home.layout.adminSecretFile, 0o600);
      writeFileSync(home.layout.adminSecretFile, 'not the secret of this daemon', { mode: 0o600 });
      expect(await home.runCli(['status'])).toMatchObject({ code: 2, stderr: expect.stringContaining('UNAUTHORIZED') });
    } finally {
      await home.cleanUp();
    }
  });
});

async function admin(
  home: TestHome,
  daemon: DaemonProcess,
  method: string,
  path: string,
): Promise<{ status: number; body: unknown }> {
  const secret = readFileSync(home.layout.adminSecretFile, 'utf8').trim();
  const response = await fetch(new URL(path, daemon.address), {
    method,
    headers: { authorization: `Bearer ${secret}` },
  });
  return { status: response.status, body: await response.json() };
}

/** Every `code` in an answer, wherever it stands. */
function codesIn(answer: unknown): string[] {
  return [...JSON.stringify(answer).matchAll(/"code":("[A-Z_]+"|-?\d+)/g)].map(([, code = '']) => code);
}
