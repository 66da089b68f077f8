import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/deadline.ts';
import type { OpsClient } from '../support/ops-client.ts';
import { epochSeconds, jsonWebToken } from './json-web-token.ts';
import {
  callTool,
  executionsIn,
  framesOf,
  healthOf,
  inflight,
  opsOf,
  resultsOf,
  runningCall,
  startCall,
} from './ops-calls.ts';
import { clientFrame, RawSocket } from './raw-socket.ts';
import { useDaemon } from './use-daemon.ts';

const countDir = mkdtempSync(join(tmpdir(), 'exai-golden-'));
afterAll(() => rmSync(countDir, { recursive: true, force: true }));

const anyText = expect.any(String) as string;
const anyNumber = expect.any(Number) as number;
const tools = expect.arrayContaining([
  expect.objectContaining({ name: 'chat', inputSchema: { type: 'object' } }),
]) as unknown;
const output = (value: string) => [
  { type: 'text', text: value, metadata: { latency_metrics: expect.any(Object) as unknown } },
];

/** What an old client sends, and the very next frame it must get. */
type Step = { readonly send: string } | { readonly receive: Readonly<Record<string, unknown>> };

/** Clients as they were recorded; `→` frames are theirs, byte for byte, `←` frames are exact but for times and ids of ours. */
const profiles: Readonly<Record<string, readonly Step[]>> = {
  'A, the runbook’s shim: lists without an id, calls with one, takes the next frame': [
    { send: '{"op": "hello", "session_id": "3f2b8c1d9e", "token": ""}' },
    { receive: { op: 'hello_ack', ok: true, session_id: '3f2b8c1d9e' } },
    { send: '{"op": "list_tools"}' },
    { receive: { op: 'list_tools_res', tools } },
    { send: '{"op": "call_tool", "request_id": "8f14e45f", "name": "chat", "arguments": {"prompt": "hi"}}' },
    { receive: { op: 'call_tool_ack', request_id: '8f14e45f', accepted: true, timeout: 120, name: 'chat' } },
    { receive: { op: 'call_tool_res', request_id: '8f14e45f', ok: true, outputs: output('hi'), text: 'hi' } },
    { send: '{"op": "call_tool", "request_id": "8f14e460", "name": "fail", "arguments": {"how": "isError"}}' },
    { receive: { op: 'call_tool_ack', request_id: '8f14e460' } },
    {
      receive: {
        op: 'call_tool_res',
        request_id: '8f14e460',
        ok: false,
        error: { code: 'EXEC_ERROR', message: 'failed as asked' },
      },
    },
    { send: '{"op": "health"}' },
    {
      receive: { op: 'health_res', ok: true, health: { sessions: anyNumber, global_capacity: 24, global_inflight: 0 } },
    },
    { send: '{"op": "rotate_token", "old": "a-token-that-is-none", "new": "another-one-012345"}' },
    { receive: { op: 'rotate_token_res', ok: false, error: 'auth_disabled' } },
  ],
  'B, with acks and a result cache': [
    { send: '{"op":"hello","session_id":"b-session","token":null}' },
    { receive: { op: 'hello_ack', ok: true, session_id: 'b-session' } },
    { send: '{"op":"list_tools","request_id":"l1"}' },
    { receive: { op: 'list_tools_res', request_id: 'l1', tools } },
    { send: '{"op":"call_tool","request_id":"b1","name":"chat_EXAI-WS","arguments":{"prompt":"once"}}' },
    { receive: { op: 'call_tool_ack', request_id: 'b1', accepted: true, call_id: anyText, queued: false } },
    { receive: { op: 'call_tool_res', request_id: 'b1', ok: true, text: 'once' } },
    { send: '{"op":"call_tool","request_id":"b1","name":"chat_EXAI-WS","arguments":{"prompt":"once"}}' },
    { receive: { op: 'call_tool_res', request_id: 'b1', ok: true, text: 'once', from_cache: true } },
    { send: '{"op":"call_tool","request_id":"b2","name":"sleep","arguments":{"ms":60000}}' },
    { receive: { op: 'call_tool_ack', request_id: 'b2' } },
    { send: '{"op":"call_tool","request_id":"b2","name":"sleep","arguments":{"ms":60001}}' },
    {
      receive: {
        op: 'call_tool_res',
        request_id: 'b2',
        ok: false,
        error: { code: 'DUPLICATE', original_request_id: 'b2' },
      },
    },
    { send: '{"op":"call_tool","request_id":"b2","name":"sleep","arguments":{"ms":60000}}' },
    { receive: { op: 'progress', request_id: 'b2', note: 'joined' } },
    { send: '{"op":"cancel","request_id":"c9","target":"b2"}' },
    { receive: { op: 'cancelled', request_id: 'c9', target: 'b2', ok: true, found: true } },
    { receive: { op: 'call_tool_res', request_id: 'b2', ok: false, error: { code: 'CANCELLED' } } },
    { receive: { op: 'call_tool_res', request_id: 'b2', ok: false, error: { code: 'CANCELLED' } } },
    { send: '{"op":"ping","request_id":"p1"}' },
    {
      receive: {
        op: 'pong',
        request_id: 'p1',
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/) as unknown,
      },
    },
  ],
  'C, with a session id of the client': [
    { send: '{"op":"hello","session_id":"vscode-instance-2","token":"","client":{"name":"shim"}}' },
    { receive: { op: 'hello_ack', ok: true, session_id: 'vscode-instance-2' } },
    { send: '{"op":"tool_call","request_id":7,"tool":{"name":"chat"},"arguments":{"prompt":"hi"}}' },
    { receive: { op: 'call_tool_ack', request_id: 7 } },
    { receive: { op: 'call_tool_res', request_id: 7, ok: true, text: 'hi' } },
    { send: '{"op":"nonsense","request_id":8}' },
    { receive: { op: 'error', request_id: 8, message: 'unknown_op', error: { code: 'INVALID_REQUEST' } } },
    { send: '{"op":"call_tool",' },
    { receive: { op: 'error', request_id: null, message: 'invalid_json', error: { code: 'INVALID_REQUEST' } } },
  ],
  'D, JSON-RPC in ops frames: only ids, and the next frame is the answer': [
    {
      send: '{"op":"hello","protocolVersion":"2024-11-05","capabilities":{},"clientInfo":{"name":"profile-d","version":"2.0"},"token":"","id":0}',
    },
    { receive: { op: 'hello_ack', ok: true } },
    { send: '{"op":"list_tools","id":1}' },
    { receive: { op: 'list_tools_res', id: 1, tools } },
    { send: '{"op":"call_tool","id":2,"name":"sleep","arguments":{"ms":50,"progress":3}}' },
    { receive: { op: 'call_tool_res', id: 2, ok: true, result: output('slept 50 ms') } },
    { send: '{"op":"call_tool","id":3,"name":"fail","arguments":{"how":"throw"}}' },
    {
      receive: {
        op: 'call_tool_res',
        id: 3,
        ok: false,
        result: output('failed as asked'),
        error: { code: 'EXEC_ERROR' },
      },
    },
    { send: '{"op":"call_tool","id":4,"name":"no_such_tool"}' },
    {
      receive: {
        op: 'call_tool_res',
        id: 4,
        ok: false,
        result: [{ type: 'text', text: 'There is no tool "no_such_tool".' }],
      },
    },
    { send: '{"op":"call_tool","id":5}' },
    {
      receive: {
        op: 'call_tool_res',
        id: 5,
        ok: false,
        result: [{ type: 'text', text: anyText }],
        error: { code: 'INVALID_REQUEST' },
      },
    },
    { send: '{"op":"health","id":6}' },
    { receive: { op: 'health_res', id: 6, ok: true } },
    { send: '{"op":"ping","id":7}' },
    { receive: { op: 'pong', id: 7 } },
    { send: '{"op":"cancel","request_id":99}' },
    { receive: { op: 'cancelled', request_id: 99, target: 99, ok: true, found: false } },
  ],
};

describe('profiles of older clients', () => {
  const shared = useDaemon({ testTools: true });

  it.each(Object.entries(profiles))('PF-P2 PF-P4: profile %s', async (_name, steps) => {
    const client = await shared.connect();
    for (const [at, step] of steps.entries()) {
      if ('send' in step) client.send(step.send);
      else expect({ at, frame: await client.next() }).toMatchObject({ at, frame: step.receive });
    }
    client.send('{"op":"ping","request_id":"nothing more"}');
    expect(await client.next()).toMatchObject({ op: 'pong', request_id: 'nothing more' });
  });

  it('PF-P4: profile D is told its name and version to people', async () => {
    const client = await shared.session({
      session_id: 'profile-d-named',
      clientInfo: { name: 'profile-d', version: '2.0' },
    });
    client.send({ op: 'call_tool', id: 1, name: 'status', arguments: {} });
    const answer = await client.next();
    expect(JSON.stringify(answer['result'])).toContain('profile-d');
  });

  it('PF-D1: twenty handshakes at once without session ids get twenty acks with twenty names', async () => {
    const clients = await Promise.all(Array.from({ length: 20 }, () => shared.connect()));
    const acks = await Promise.all(clients.map((client) => client.hello()));
    expect(acks.filter(({ op, ok }) => op === 'hello_ack' && ok === true)).toHaveLength(20);
    expect(new Set(acks.map(({ session_id }) => session_id)).size).toBe(20);
    const again = await Promise.all(Array.from({ length: 20 }, () => shared.session({ session_id: 'the-same' })));
    const names = again.map(({ frames }) => frames[0]?.json?.['session_id']);
    expect(new Set(names).size).toBe(20);
    for (const client of [...clients, ...again]) client.close();
  });

  it('PF-D3: ten clients use id 1 at once and each gets its own answer', async () => {
    const clients = await Promise.all(Array.from({ length: 10 }, () => shared.session()));
    const ids = [{ request_id: 1 }, { id: 1 }];
    for (const [index, client] of clients.entries()) {
      client.send({ op: 'call_tool', ...ids[index % 2], name: 'echo', arguments: { text: `mine ${index}`, ms: 20 } });
    }
    const answers = await Promise.all(clients.map((client) => client.frame({ op: 'call_tool_res' })));
    expect(answers.map(({ text }) => text)).toEqual(clients.map((_, index) => `mine ${index}`));
    for (const client of clients)
      expect(client.frames.filter(({ json }) => json?.['op'] === 'call_tool_res')).toHaveLength(1);
    for (const client of clients) client.close();
  });

  it('PF-C8: forty clients on loopback are all let in and served', async () => {
    const clients = await Promise.all(Array.from({ length: 40 }, () => shared.session()));
    const answers = await Promise.all(clients.map((client, index) => callTool(client, index, 'version')));
    expect(answers.every(({ ok }) => ok === true)).toBe(true);
    for (const client of clients) client.close();
  });

  it('PF-R1: fifty peers that break off in mid-send disturb nobody, and handshakes go on', async () => {
    const steady = await shared.session({ session_id: 'steady' });
    await runningCall(steady, 'through', 'sleep', { ms: 400, progress: 20 });
    const { port } = shared.daemon;
    const connections = await shared.sample('exai_connections{kind="ops"}');
    const peers = await Promise.all(Array.from({ length: 50 }, () => RawSocket.upgraded({ port })));
    for (const peer of peers) peer.write(clientFrame('{"op":"hello"}'));
    await Promise.all(peers.map((peer) => peer.until('the ack', (bytes) => bytes.includes('"ok":true'))));
    for (const [index, peer] of peers.entries()) {
      peer.write(clientFrame(`{"op":"call_tool","request_id":${index},"name":"flood","arguments":{"bytes":100000}}`));
      peer.write(clientFrame('{"op":"list_to', { claimedBytes: 5000 }));
      if (index % 2 === 0) peer.reset();
      else peer.destroy();
    }
    const startedAt = performance.now();
    const newcomer = await shared.session();
    expect(await callTool(newcomer, 1, 'echo', { text: 'in' })).toMatchObject({ ok: true });
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    expect(await steady.frame({ op: 'call_tool_res', request_id: 'through' })).toMatchObject({ ok: true });
    await eventually('the end of the fifty connections', async () =>
      (await shared.sample('exai_connections{kind="ops"}')) === connections + 1 ? true : undefined,
    );
    await inflight(steady, 0);
    steady.close();
    newcomer.close();
  });

  it('PF-X1: a cancel of profile D ends the call within 100 ms and frees its slot', async () => {
    const client = await shared.session();
    await runningCall(client, 'call-1', 'sleep', { ms: 60_000 });
    const startedAt = performance.now();
    client.send('{"op":"cancel","request_id":"call-1"}');
    await client.frame({ op: 'call_tool_res', request_id: 'call-1' });
    // 100 ms in the tool; the rest is for the way there and back on a busy machine.
    expect(performance.now() - startedAt).toBeLessThan(300);
    expect(await healthOf(client)).toMatchObject({ global_inflight: 0 });
  });
});

describe('retries of older shims', () => {
  const countFile = join(countDir, 'retries');
  const shared = useDaemon({ testTools: true, env: { EXAI_TEST_COUNT_FILE: countFile, EXAI_SESSION_GRACE_SECS: '2' } });
  const counted = async (work: () => Promise<void>) => {
    const before = executionsIn(countFile);
    await work();
    return executionsIn(countFile) - before;
  };
  /** Ends the connection like a shim that gave up, and comes back under the same name. */
  const comeBack = async (client: OpsClient, name: string) => {
    client.terminate();
    await eventually('the loss to be noticed', async () =>
      (await shared.sample('exai_sessions{state="detached"}')) > 0 ? true : undefined,
    );
    const again = await shared.connect();
    expect(await again.hello({ session_id: name })).toMatchObject({ ok: true, session_id: name, resumed: true });
    return again;
  };

  it('WIRE-O9 PF-D9 PF-T1: a retry with a new id on a new socket takes the running call over: one execution', async () => {
    const executions = await counted(async () => {
      const first = await shared.session({ session_id: 'old-shim' });
      const { call_id } = await runningCall(first, 'u1', 'count', { ms: 1200 });
      const again = await comeBack(first, 'old-shim');
      startCall(again, 'u2', 'count', { ms: 1200 });
      expect(await again.next()).toMatchObject({ op: 'progress', request_id: 'u2', note: 'joined' });
      expect(await again.frame({ op: 'call_tool_res', request_id: 'u2' })).toMatchObject({
        ok: true,
        from_inflight: true,
      });
      expect(opsOf(again, 'u2')).not.toContain('call_tool_ack');
      expect(call_id).toEqual(expect.any(String));
      again.close();
    });
    expect(executions).toBe(1);
  });

  it('WIRE-O9 PF-D9 PF-R6: a retry after the call has ended gets its stored answer, once', async () => {
    const executions = await counted(async () => {
      const first = await shared.session({ session_id: 'late-shim' });
      await runningCall(first, 'u1', 'count', { ms: 150 });
      const watcher = await shared.session();
      const again = await comeBack(first, 'late-shim');
      await inflight(watcher, 0);
      startCall(again, 'u2', 'count', { ms: 150 });
      expect(await again.next()).toMatchObject({ op: 'call_tool_res', request_id: 'u2', ok: true, from_cache: true });
      startCall(again, 'u3', 'count', { ms: 150 });
      expect(await again.frame({ op: 'call_tool_res', request_id: 'u3' })).toMatchObject({ ok: true });
      expect(framesOf(again, 'u3').at(-1)).not.toHaveProperty('from_cache');
      again.close();
      watcher.close();
    });
    expect(executions).toBe(2);
  });

  it('WIRE-O9: other arguments, and the same arguments of another window, are calls of their own', async () => {
    const executions = await counted(async () => {
      const first = await shared.session({ session_id: 'window-a' });
      await runningCall(first, 'u1', 'count', { ms: 300 });
      const again = await comeBack(first, 'window-a');
      const other = await shared.session({ session_id: 'window-b' });
      await Promise.all([callTool(again, 'u2', 'count', { ms: 301 }), callTool(other, 'u3', 'count', { ms: 300 })]);
      again.close();
      other.close();
    });
    expect(executions).toBe(3);
  });

  it('PF-X3 PF-L5 MAIN-broken-socket: nobody comes back: the call ends with the grace, and its slot is free', async () => {
    const watcher = await shared.session();
    const lost = await shared.session({ session_id: 'never-back' });
    await runningCall(lost, 'u1', 'sleep', { ms: 60_000, progress: 600 });
    const lines = () => shared.daemon.stderr.split('\n').filter((line) => line.includes('never-back'));
    const before = lines().length;
    lost.terminate();
    await eventually('the loss', async () => ((await healthOf(watcher))['sessions_detached'] !== 0 ? true : undefined));
    expect(await healthOf(watcher)).toMatchObject({ global_inflight: 1 });
    await inflight(watcher, 0, 6_000);
    expect(await shared.sample('exai_calls_abandoned')).toBe(0);
    const after = lines();
    expect(after.length - before).toBeLessThanOrEqual(3);
    expect(after.filter((line) => /"level":"(?:warn|error)"/.test(line))).toEqual([]);
  });

  it('WIRE-O8: two retries under one id on the new socket share the call', async () => {
    const executions = await counted(async () => {
      const first = await shared.session({ session_id: 'eager-shim' });
      await runningCall(first, 'u1', 'count', { ms: 400 });
      const again = await comeBack(first, 'eager-shim');
      startCall(again, 'u2', 'count', { ms: 400 });
      startCall(again, 'u2', 'count', { ms: 400 });
      const results = await resultsOf(again, 'u2', 2);
      expect(results.every(({ ok, from_inflight }) => ok === true && from_inflight === true)).toBe(true);
      again.close();
    });
    expect(executions).toBe(1);
  });
});

describe('profile D with user tokens', () => {
  const secret = 'golden-jwt-secret-0123456789-0123456789';
  const shared = useDaemon({ env: { JWT_SECRET_KEY: secret } });
  const claims = { sub: 'ana', iat: epochSeconds(-5), exp: epochSeconds(600) };

  it.each([
    ['in jwt', (jwt: string) => ({ jwt })],
    ['in token (seed variant)', (jwt: string) => ({ token: jwt })],
  ])('PF-P2: a JWT %s opens a session of its user', async (_where, fields) => {
    const client = await shared.connect();
    const ack = await client.hello({
      protocolVersion: '2024-11-05',
      clientInfo: { name: 'd' },
      ...fields(jsonWebToken(claims, secret)),
    });
    expect(ack).toMatchObject({ ok: true, auth: 'jwt' });
    const refused = await shared.connect();
    expect(await refused.hello({ clientInfo: { name: 'd' } })).toMatchObject({ ok: false, error: 'jwt_required' });
  });
});

describe('clients behind a proxy', () => {
  const shared = useDaemon({
    env: { EXAI_WS_TRUST_PROXY: 'true', RATE_LIMIT_IP_CAPACITY: '3', RATE_LIMIT_IP_REFILL_RATE: '0.1' },
  });
  const from = (address: string) => ({ headers: { 'x-forwarded-for': `10.0.0.1, ${address}` } });

  it('PF-C9: a rate-limited call is answered with its id; other addresses and loopback are not limited by it', async () => {
    const client = await shared.session({}, from('203.0.113.7'));
    const second = await shared.session({}, from('203.0.113.7'));
    const answers = [];
    for (const [id, asker] of [client, second, client, second].entries()) {
      asker.send({ op: 'call_tool', request_id: `r${id}`, name: 'version', arguments: {} });
      answers.push(await asker.frame({ op: 'call_tool_res', request_id: `r${id}` }));
    }
    expect(answers.map(({ ok }) => ok)).toEqual([true, true, true, false]);
    expect(answers[3]).toMatchObject({
      request_id: 'r3',
      error: { code: 'RATE_LIMITED', retryable: true, retry_after: anyNumber, details: { scope: 'address', limit: 3 } },
    });
    const other = await shared.session({}, from('203.0.113.8'));
    expect(await callTool(other, 1, 'version')).toMatchObject({ ok: true });
    const local = await shared.session({}, from('127.0.0.1'));
    for (let id = 0; id < 10; id += 1) expect(await callTool(local, id, 'version')).toMatchObject({ ok: true });
  });

  it('PF-C8: the eleventh connection of one address that is not loopback is closed with 1008', async () => {
    const clients = await Promise.all(Array.from({ length: 10 }, () => shared.connect(from('203.0.113.20'))));
    const eleventh = await shared.connect(from('203.0.113.20'));
    expect(await eleventh.closedWith()).toEqual({ code: 1008, reason: 'connection limit' });
    const neighbour = await shared.connect(from('203.0.113.21'));
    expect(await neighbour.hello()).toMatchObject({ ok: true });
    expect(await clients[0]?.hello()).toMatchObject({ ok: true });
  });
});
