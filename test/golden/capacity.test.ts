import { describe, expect, it } from 'vitest';
import { eventually } from '../support/deadline.ts';
import { OpsClient } from '../support/ops-client.ts';
import { callTool, healthOf, inflight, opsOf, runningCall, startCall } from './ops-calls.ts';
import { useDaemon } from './use-daemon.ts';

const mcpHello = { mode: 'mcp', protocol: '1.0' };

describe('caps', () => {
  const shared = useDaemon({ testTools: true, env: { EXAI_HEALTH_WRITER_INTERVAL: '1' } });

  /** Starts so many sleeping calls on one session, over one tool. */
  const fill = async (count: number, name: string, args: Record<string, unknown> = {}) => {
    const client = await shared.session();
    await Promise.all(
      Array.from({ length: count }, (_, index) => runningCall(client, index, name, { ms: 60_000, ...args })),
    );
    return client;
  };
  /** Ends everything that `fill` has started. */
  const empty = async (...clients: readonly OpsClient[]) => {
    for (const client of clients) {
      for (let id = 0; id < 24; id += 1) client.send({ op: 'cancel', request_id: `c${id}`, target: id });
    }
    const [client] = clients;
    if (client !== undefined) await inflight(client, 0);
    for (const open of clients) open.close();
  };

  it('WIRE-C1: the ninth call of a session is refused at once', async () => {
    const client = await fill(8, 'sleep');
    const startedAt = performance.now();
    expect(await callTool(client, 'ninth', 'sleep', { ms: 1 })).toEqual({
      op: 'call_tool_res',
      request_id: 'ninth',
      ok: false,
      error: {
        code: 'OVER_CAPACITY',
        message: expect.any(String),
        retry_after: 1,
        retryable: true,
        details: expect.objectContaining({ scope: 'session', limit: 8, inflight: 8, queued: 0 }),
      },
    });
    expect(performance.now() - startedAt).toBeLessThan(500);
    expect(opsOf(client, 'ninth')).toEqual(['call_tool_res']);
    const other = await shared.session();
    expect(await callTool(other, 1, 'echo', { text: 'room' })).toMatchObject({ ok: true });
    await empty(client, other);
  });

  it('WIRE-C1: the 25th call over four sessions is refused with scope global; version, status and health still run', async () => {
    const clients = [await fill(8, 'sleep'), await fill(8, 'sleep'), await fill(8, 'sleep')];
    const fourth = await shared.session();
    expect(await callTool(fourth, '25th', 'sleep', { ms: 1 })).toMatchObject({
      ok: false,
      error: { code: 'OVER_CAPACITY', details: { scope: 'global', limit: 24, inflight: 24, queued: 0 } },
    });
    const mcp = await shared.session(mcpHello);
    mcp.send('{"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"echo","arguments":{}}}');
    expect(await mcp.next()).toEqual({
      jsonrpc: '2.0',
      id: 7,
      error: {
        code: 429,
        message: expect.any(String),
        data: {
          code: 'OVER_CAPACITY',
          scope: 'global',
          limit: 24,
          inflight: 24,
          queued: 0,
          retryAfterMs: 1000,
          retryable: true,
          mayHaveRun: false,
          hint: expect.any(String),
        },
      },
    });
    for (const name of ['version', 'status', 'health']) {
      expect(await callTool(fourth, name, name)).toMatchObject({ ok: true });
      mcp.send({ jsonrpc: '2.0', id: name, method: 'tools/call', params: { name, arguments: {} } });
      expect(await mcp.frame({ id: name })).toMatchObject({ result: { content: expect.any(Array) } });
    }
    expect(await callTool(clients[0] as OpsClient, 'full session', 'version')).toMatchObject({ ok: true });
    expect(await shared.sample('exai_inflight{scope="global",name="global"}')).toBe(24);
    await empty(...clients, fourth);
  });

  it.each([
    ['the seventh Kimi call', 'kimi_echo', {}, 6],
    ['the fifth GLM call', 'glm_echo', {}, 4],
    ['the fifth chat with a GLM model', 'chat', { model: 'glm-4.6' }, 4],
    ['the seventh chat with a Kimi model', 'chat', { model: 'kimi-k2' }, 6],
  ])('WIRE-C1 PF-C4 PF-C5: %s is refused at once with scope provider', async (_what, name, args, limit) => {
    const client = await fill(limit, name, args);
    const other = await shared.session();
    const startedAt = performance.now();
    expect(await callTool(other, 'over', name, { ...args, ms: 1 })).toMatchObject({
      ok: false,
      error: {
        code: 'OVER_CAPACITY',
        retry_after: 1,
        details: { scope: 'provider', limit, inflight: limit, queued: 0 },
      },
    });
    expect(performance.now() - startedAt).toBeLessThan(500);
    expect(await callTool(other, 'without', 'chat', { prompt: 'no provider' })).toMatchObject({ ok: true });
    await empty(client, other);
  });

  it('PF-C3: of 25 conversations at once the 25th is refused with scope global', async () => {
    const clients = await Promise.all(Array.from({ length: 25 }, () => shared.session()));
    for (const [index, client] of clients.entries()) {
      startCall(client, 0, 'chat', { prompt: 'hi', continuation_id: `thread-${index}`, ms: 60_000 });
    }
    const refused = await eventually(
      'the refusal',
      () =>
        clients.flatMap(({ frames }) =>
          frames.flatMap(({ json }) => (json?.['op'] === 'call_tool_res' ? [json] : [])),
        )[0],
    );
    expect(refused).toMatchObject({ ok: false, error: { details: { scope: 'global', limit: 24, inflight: 24 } } });
    expect(await healthOf(clients[0] as OpsClient)).toMatchObject({ global_inflight: 24 });
    await empty(...clients);
  });

  it('PF-C2: 24 long calls stay counted; the 25th is refused throughout and runs when one ends', async () => {
    const clients = [await fill(8, 'sleep', { ms: 60_000 }), await fill(8, 'sleep'), await fill(8, 'sleep')];
    const [first] = clients;
    const watcher = await shared.session();
    const writtenAt = () => Number(shared.daemon.readHealth()['t']);
    const before = writtenAt();
    let attempts = 0;
    // Two ticks of the health writer: where the predecessor looked for "leaks".
    await eventually('two health files', async () => {
      attempts += 1;
      expect(await callTool(watcher, `try ${attempts}`, 'echo')).toMatchObject({
        ok: false,
        error: { code: 'OVER_CAPACITY' },
      });
      expect(await healthOf(watcher)).toMatchObject({ global_capacity: 24, global_inflight: 24 });
      return writtenAt() > before + 1.5 ? true : undefined;
    });
    expect(attempts).toBeGreaterThan(20);
    expect(shared.daemon.readHealth()).toMatchObject({ global_capacity: 24, global_inflight: 24, status: 'healthy' });
    first?.send({ op: 'cancel', request_id: 'c', target: 3 });
    await first?.frame({ op: 'call_tool_res', request_id: 3 });
    expect(await callTool(watcher, 'room', 'echo', { text: 'room' })).toMatchObject({ ok: true });
    await empty(...clients, watcher);
    expect(await shared.sample('exai_lease_double_release_total')).toBe(0);
  });

  it('WIRE-C3 PF-D7: a refused call runs when it is retried with the same id, over ops and over mcp', async () => {
    const client = await fill(8, 'sleep');
    expect(await callTool(client, 'again', 'echo', { text: 'x' })).toMatchObject({
      ok: false,
      error: { code: 'OVER_CAPACITY' },
    });
    client.send({ op: 'cancel', request_id: 'c', target: 0 });
    await client.frame({ op: 'call_tool_res', request_id: 0 });
    startCall(client, 'again', 'echo', { text: 'x' });
    expect(await client.frame({ op: 'call_tool_res', request_id: 'again', ok: true })).toMatchObject({ text: 'x' });

    const mcp = await shared.session(mcpHello);
    const call = (id: number, ms: number) =>
      mcp.send({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'sleep', arguments: { ms } } });
    for (let id = 0; id < 8; id += 1) call(id, 60_000);
    call(8, 1);
    expect(await mcp.next()).toMatchObject({ id: 8, error: { code: 429, data: { scope: 'session' } } });
    mcp.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 0 } });
    await inflight(client, 14);
    call(8, 1);
    expect(await mcp.next()).toMatchObject({ id: 8, result: { content: [{ type: 'text', text: 'slept 1 ms' }] } });
    for (let id = 1; id < 8; id += 1)
      mcp.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } });
    await empty(client);
    expect(mcp.frames).toHaveLength(3); // ack, refusal, answer: a cancelled call is not answered
  });
});

describe('queue', () => {
  const shared = useDaemon({
    testTools: true,
    env: {
      EXAI_WS_QUEUE_MAX: '8',
      EXAI_WS_SESSION_MAX_INFLIGHT: '2',
      EXAI_WS_GLOBAL_MAX_INFLIGHT: '2',
      EXAI_WS_QUEUE_WAIT_SECS: '1',
    },
  });

  it('WIRE-C4: a greedy session gets a quarter of the queue, and another one starts within one slot’s time', async () => {
    const greedy = await shared.session();
    const other = await shared.session();
    await runningCall(greedy, 'r1', 'sleep', { ms: 300 });
    await runningCall(greedy, 'r2', 'sleep', { ms: 300 });
    for (const id of ['w1', 'w2', 'w3']) startCall(greedy, id, 'sleep', { ms: 300 });
    expect(await greedy.frame({ op: 'call_tool_res', request_id: 'w3' })).toMatchObject({
      ok: false,
      error: { code: 'OVER_CAPACITY', retryable: true, details: { scope: 'queue', limit: 2, inflight: 2, queued: 2 } },
    });
    expect(await greedy.frame({ op: 'progress', request_id: 'w1' })).toMatchObject({
      note: 'queued',
      details: { position: 1 },
    });
    const askedAt = performance.now();
    startCall(other, 'o1', 'echo', { text: 'mine' });
    expect(await other.frame({ op: 'progress', request_id: 'o1' })).toMatchObject({ note: 'queued' });
    expect(await other.frame({ op: 'call_tool_ack', request_id: 'o1' })).toMatchObject({ queued: true });
    expect(performance.now() - askedAt).toBeLessThan(450);
    await other.frame({ op: 'call_tool_res', request_id: 'o1' });
    for (const id of ['w1', 'w2'])
      expect(await greedy.frame({ op: 'call_tool_res', request_id: id })).toMatchObject({ ok: true });
    expect(opsOf(greedy, 'w1')).toEqual(['progress', 'call_tool_ack', 'call_tool_res']);
  });

  it('WIRE-C4: a call that waits too long is refused with scope queue and the reason', async () => {
    const client = await shared.session();
    await runningCall(client, 'r1', 'sleep', { ms: 60_000 });
    await runningCall(client, 'r2', 'sleep', { ms: 60_000 });
    expect(await callTool(client, 'w', 'echo')).toMatchObject({
      ok: false,
      error: { code: 'OVER_CAPACITY', details: { scope: 'queue', reason: 'wait' } },
    });
    for (const target of ['r1', 'r2']) client.send({ op: 'cancel', request_id: `c-${target}`, target });
    await inflight(client, 0);
  });
});
