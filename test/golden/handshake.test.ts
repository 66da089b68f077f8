import { describe, expect, it } from 'vitest';
import { eventually } from '../support/deadline.ts';
import { OpsClient } from '../support/ops-client.ts';
import { clientFrame, RawSocket } from './raw-socket.ts';
import { useDaemon } from './use-daemon.ts';

describe('first frame', () => {
  const shared = useDaemon({ env: { EXAI_WS_HELLO_TIMEOUT: '1' } });

  it.each([['hi'], ['[1]'], ['7'], ['null'], ['"hello"'], ['{"op":"hello"'], ['']])(
    'WIRE-H1 PF-P6: %j is answered with invalid_hello and closed with 4000',
    async (first) => {
      const client = await shared.connect();
      client.send(first);
      expect(await client.next()).toEqual({
        op: 'hello_ack',
        ok: false,
        error: 'invalid_hello',
        code: 'INVALID_REQUEST',
        hint: expect.any(String),
      });
      expect(await client.closedWith()).toEqual({ code: 4000, reason: 'invalid hello' });
      expect(client.frames).toHaveLength(1);
    },
  );

  it.each([['{"op":"list_tools"}'], ['{"a":1}'], ['{}'], ['{"op":5}'], ['{"op":"hello ","id":1}']])(
    'WIRE-H2 PF-P6: %j is answered with missing_hello and closed with 4001',
    async (first) => {
      const client = await shared.connect();
      client.send(first);
      expect(await client.next()).toEqual({
        op: 'hello_ack',
        ok: false,
        error: 'missing_hello',
        code: 'INVALID_REQUEST',
        hint: expect.any(String),
      });
      expect(await client.closedWith()).toEqual({ code: 4001, reason: 'missing hello' });
    },
  );

  it.each([
    ['token', 5],
    ['protocol', 1],
    ['mode', 'chat'],
    ['shimId', 'not-a-uuid'],
    ['client', 'editor'],
    ['resume', { daemonRunId: 'x', pending: [{}] }],
  ])('WIRE-H1: a wrong type of our own field %s is invalid_hello', async (field, value) => {
    const client = await shared.connect();
    expect(await client.hello({ [field]: value })).toMatchObject({ ok: false, error: 'invalid_hello' });
    expect(await client.closedWith()).toEqual({ code: 4000, reason: 'invalid hello' });
  });

  it('WIRE-H3 BAD-no-hello: silence is closed with 4002 after the hello time and without a frame', async () => {
    const silent = await shared.connect();
    const half = await RawSocket.upgraded({ port: shared.daemon.port });
    half.write(clientFrame('{"op":"hel', { claimedBytes: 40 }));
    expect(await silent.closedWith(5_000)).toEqual({ code: 4002, reason: 'hello timeout or disconnect' });
    expect(silent.frames).toEqual([]);
    expect(await half.closeFrame(5_000)).toEqual({ code: 4002, reason: 'hello timeout or disconnect' });
    const later = await shared.session();
    later.send({ op: 'ping', request_id: 'p' });
    expect(await later.next()).toMatchObject({ op: 'pong', request_id: 'p' });
  });

  it('WIRE-H9 BAD-binary: a binary frame that holds UTF-8 JSON is text, another one is closed with 1007', async () => {
    const client = await shared.connect();
    client.send(Buffer.from('{"op":"hello","session_id":"binary-hello"}'));
    expect(await client.next()).toMatchObject({ op: 'hello_ack', ok: true, session_id: 'binary-hello' });
    client.send(Buffer.from('{"op":"ping","request_id":1}'));
    expect(await client.next()).toMatchObject({ op: 'pong', request_id: 1 });
    client.send(Buffer.from([0x7b, 0xff, 0xfe]));
    expect(await client.closedWith()).toMatchObject({ code: 1007 });
  });

  it('WIRE-H9: the subprotocol mcp is selected when offered, and no other', async () => {
    expect((await shared.connect({ protocols: ['mcp'] })).subprotocol).toBe('mcp');
    expect((await shared.connect({ protocols: ['chat', 'mcp'] })).subprotocol).toBe('mcp');
    expect((await shared.connect()).subprotocol).toBe('');
    await expect(shared.connect({ protocols: ['chat'] })).rejects.toThrow(/subprotocol/i);
  });

  it('WIRE-H8: without a mode the first frame after the ack decides for good', async () => {
    const mcp = await shared.session();
    mcp.send('{"jsonrpc":"2.0","id":1,"method":"ping"}');
    expect(await mcp.next()).toEqual({ jsonrpc: '2.0', id: 1, result: {} });
    mcp.send('{"op":"list_tools","request_id":"a"}');
    mcp.send('{"jsonrpc":"2.0","id":2,"method":"ping"}');
    expect(await mcp.next()).toEqual({ jsonrpc: '2.0', id: 2, result: {} });

    const ops = await shared.session();
    ops.send('{"op":"ping","request_id":"a"}');
    expect(await ops.next()).toMatchObject({ op: 'pong', request_id: 'a' });
    ops.send('{"jsonrpc":"2.0","id":3,"method":"ping"}');
    expect(await ops.next()).toMatchObject({
      op: 'error',
      id: 3,
      error: { code: 'INVALID_REQUEST', details: { field: 'op' } },
    });
    ops.send('{"op":"ping","request_id":"b"}');
    expect(await ops.next()).toMatchObject({ op: 'pong', request_id: 'b' });
  });

  it('WIRE-H8: mode ops and mode mcp are as announced', async () => {
    const ops = await shared.connect();
    expect(await ops.hello({ mode: 'ops', protocol: '1.0' })).toMatchObject({ ok: true, mode: 'ops', protocol: '1.0' });
    ops.send('{"jsonrpc":"2.0","id":1,"method":"ping"}');
    expect(await ops.next()).toMatchObject({ op: 'error', id: 1, error: { code: 'INVALID_REQUEST' } });
    const mcp = await shared.connect();
    expect(await mcp.hello({ mode: 'mcp', protocol: '1.7' })).toMatchObject({ ok: true, mode: 'mcp', protocol: '1.0' });
    mcp.send('{"jsonrpc":"2.0","id":1,"method":"ping"}');
    expect(await mcp.next()).toEqual({ jsonrpc: '2.0', id: 1, result: {} });
  });

  it('WIRE-H8: frames sent right behind the hello are held and then handled in order', async () => {
    const client = await shared.connect();
    client.send('{"op":"hello"}');
    client.send('{"op":"ping","request_id":1}');
    client.send('{"op":"nonsense","request_id":2}');
    client.send('{"op":"ping","request_id":3}');
    expect(await client.next()).toMatchObject({ op: 'hello_ack', ok: true });
    expect(await client.next()).toMatchObject({ op: 'pong', request_id: 1 });
    expect(await client.next()).toMatchObject({ op: 'error', request_id: 2 });
    expect(await client.next()).toMatchObject({ op: 'pong', request_id: 3 });
  });

  it.each([['2.0'], ['0.9'], ['10.0']])(
    'WIRE-H12: protocol %s is upgrade_required, closed with 4004',
    async (protocol) => {
      const client = await shared.connect();
      expect(await client.hello({ protocol })).toEqual({
        op: 'hello_ack',
        ok: false,
        error: 'upgrade_required',
        code: 'UPGRADE_REQUIRED',
        hint: expect.stringContaining('1.0'),
      });
      expect(await client.closedWith()).toEqual({ code: 4004, reason: 'upgrade required' });
    },
  );

  it('WIRE-H12: the ack says everything a client must know', async () => {
    const client = await shared.connect();
    const ack = await client.hello({ session_id: 'vscode-instance-1', protocol: '1.0', unknown_key: [1] });
    expect(ack).toEqual({
      op: 'hello_ack',
      ok: true,
      session_id: 'vscode-instance-1',
      daemonRunId: shared.home.readDiscovery().daemonRunId,
      protocol: '1.0',
      mode: null,
      heartbeat: { intervalMs: 25_000, timeoutMs: 10_000 },
      tokenGeneration: expect.any(Number),
      auth: 'disabled',
      resumed: false,
      lost: [],
      unknown: [],
      limits: {
        maxFrameBytes: 33_554_432,
        maxPending: 256,
        sessionMaxInflight: 8,
        queueMax: 0,
        graceMs: 120_000,
        callTimeoutMs: 120_000,
      },
      warnings: ['AUTH_DISABLED'],
    });
  });
});

describe('names', () => {
  const shared = useDaemon();

  it.each([['ab'], ['x'.repeat(65)], ['a b'], ['a#2'], ['é-name'], [5], [null], [{}], [undefined]])(
    'WIRE-H10: session_id %j is replaced by a made-up name',
    async (sessionId) => {
      const client = await shared.connect();
      const ack = await client.hello({ session_id: sessionId });
      expect(ack).toMatchObject({ ok: true, session_id: expect.stringMatching(/^s-[A-Za-z0-9_-]{22}$/) });
    },
  );

  it.each([['abc'], ['x'.repeat(64)], ['A_b-9']])('WIRE-H10 PF-S1: session_id %j is kept', async (sessionId) => {
    const client = await shared.connect();
    expect(await client.hello({ session_id: sessionId })).toMatchObject({ ok: true, session_id: sessionId });
  });

  it('WIRE-H11: three live connections of one name are three sessions; a name is free again after bye', async () => {
    const open = async () => {
      const client = await shared.connect();
      return { client, ack: await client.hello({ session_id: 'win', mode: 'mcp', protocol: '1.0' }) };
    };
    const first = await open();
    const second = await open();
    const third = await open();
    expect(first.ack).toMatchObject({ session_id: 'win', warnings: ['AUTH_DISABLED'] });
    expect(second.ack).toMatchObject({ session_id: 'win#2', warnings: ['AUTH_DISABLED', 'SESSION_RENAMED'] });
    expect(third.ack).toMatchObject({ session_id: 'win#3' });
    first.client.send({ op: 'bye' });
    expect(await first.client.closedWith()).toEqual({ code: 1000, reason: '' });
    const fourth = await open();
    expect(fourth.ack).toMatchObject({ session_id: 'win', warnings: ['AUTH_DISABLED'] });
    expect(second.client.frames).toHaveLength(1);
  });

  it('WIRE-H11: shims get their names when they turn out to be windows', async () => {
    const hello = { session_id: 'shim-win', mode: 'mcp', protocol: '1.0' };
    const open = async (shimId: string) => {
      const client = await shared.connect();
      await client.hello({ ...hello, shimId });
      return client;
    };
    const becomeWindow = async (client: OpsClient) => {
      client.send(
        '{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"e","version":"1"}}}',
      );
      client.send('{"jsonrpc":"2.0","id":1,"method":"tools/list"}');
      await client.frame({ id: 1 });
    };
    const one = await open('0b0f3c1e-6c55-4d7e-9c0a-2f1d7a5b9e11');
    const two = await open('0b0f3c1e-6c55-4d7e-9c0a-2f1d7a5b9e12');
    expect(one.frames[0]?.json).toMatchObject({ session_id: 'shim-win' });
    expect(two.frames[0]?.json).toMatchObject({ session_id: 'shim-win' });
    await becomeWindow(two);
    await becomeWindow(one);
    expect(await one.frame({ op: 'session_renamed' })).toEqual({ op: 'session_renamed', session_id: 'shim-win#2' });
    expect(two.frames.some(({ json }) => json?.['op'] === 'session_renamed')).toBe(false);
  });

  it('WIRE-H11 PF-S2: closing either of two connections of one name leaves the other at work', async () => {
    for (const closed of [0, 1]) {
      const name = `pair-${closed}`;
      const pair = [await shared.session({ session_id: name }), await shared.session({ session_id: name })];
      pair[closed]?.close();
      await pair[closed]?.closedWith();
      const left = pair[1 - closed];
      left?.send({ op: 'call_tool', request_id: 'v', name: 'version', arguments: {} });
      expect(await left?.frame({ op: 'call_tool_res' })).toMatchObject({ request_id: 'v', ok: true });
      left?.close();
    }
  });
});

describe('capacity of sessions', () => {
  const shared = useDaemon();
  const open: OpsClient[] = [];

  it('WIRE-H13: the 101st session is refused with session_limit and 1013, and has room once one has ended', async () => {
    for (const mode of ['ops', 'mcp']) {
      const names = Array.from({ length: 50 }, (_, index) => ({
        session_id: `${mode}-${index}`,
        mode,
        protocol: '1.0',
      }));
      // The first ones in their order: which of them is the oldest matters below.
      for (const hello of names.slice(0, 10)) open.push(await shared.session(hello));
      open.push(...(await Promise.all(names.slice(10).map((hello) => shared.session(hello)))));
    }
    const refused = await shared.connect();
    expect(await refused.hello()).toEqual({
      op: 'hello_ack',
      ok: false,
      error: 'session_limit',
      code: 'SESSION_LIMIT',
      hint: expect.any(String),
    });
    expect(await refused.closedWith()).toEqual({ code: 1013, reason: 'session limit' });
    open[72]?.send({ op: 'bye' });
    await open[72]?.closedWith();
    const welcome = await shared.connect();
    expect(await welcome.hello()).toMatchObject({ ok: true });
  });

  it('WIRE-H13: clients that have gone without a running call make room, the oldest first', async () => {
    const full = await shared.connect();
    expect(await full.hello()).toMatchObject({ ok: false, error: 'session_limit' });
    const gone = async (count: number) => {
      await eventually(`${count} lost connections`, async () =>
        (await shared.sample('exai_sessions{state="detached"}')) === count ? true : undefined,
      );
    };
    await gone(0);
    open[7]?.close();
    open[8]?.close();
    await gone(2);
    const welcome = await shared.connect();
    expect(await welcome.hello()).toMatchObject({ ok: true });
    await gone(1);
    const back = await shared.connect();
    expect(await back.hello({ session_id: 'ops-8' })).toMatchObject({ ok: true, session_id: 'ops-8', resumed: true });
  });
});
