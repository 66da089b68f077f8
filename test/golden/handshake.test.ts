import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TestHome } from '../support/daemon-process.ts';
import { eventually } from '../support/deadline.ts';
import { OpsClient } from '../support/ops-client.ts';
import { epochSeconds, jsonWebToken } from './json-web-token.ts';
import { clientFrame, RawSocket, upgradeRequest } from './raw-socket.ts';
import { useDaemon } from './use-daemon.ts';

const token = 'golden-token-0123456789';
const jwtSecret = 'golden-jwt-secret-0123456789-0123456789';

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

describe('frame sizes', () => {
  const shared = useDaemon({ env: { EXAI_WS_TOKEN: token } });
  const headOf = (bytes: number) => clientFrame('', { claimedBytes: bytes });

  it('WIRE-H6 BAD-oversized: a first frame of 64 KiB is read, one byte more is closed with 1009 before it is', async () => {
    const exact = await shared.connect();
    exact.send(padded(`{"op":"hello","token":"${token}"`, 65_536));
    expect(await exact.next()).toMatchObject({ op: 'hello_ack', ok: true });

    const over = await shared.connect();
    over.send(padded(`{"op":"hello","token":"${token}"`, 65_537));
    expect(await over.closedWith()).toEqual({ code: 1009, reason: '' });
    expect(over.frames).toEqual([]);

    const announced = await RawSocket.upgraded({ port: shared.daemon.port });
    announced.write(headOf(65_537));
    expect(await announced.closeFrame()).toEqual({ code: 1009, reason: '' });
  });

  it('WIRE-H6: with a valid bearer on the upgrade the first frame has no limit of its own', async () => {
    const headers = { authorization: `Bearer ${token}` };
    const client = await shared.connect({ headers });
    client.send(padded('{"op":"hello"', 100_000));
    expect(await client.next()).toMatchObject({ op: 'hello_ack', ok: true, auth: 'shared' });

    const wrong = await shared.connect({ headers: { authorization: 'Bearer golden-token-012345678x' } });
    wrong.send(padded('{"op":"hello"', 100_000));
    expect(await wrong.closedWith()).toEqual({ code: 1009, reason: '' });
  });

  it('WIRE-H6 BAD-oversized: a later frame of 32 MiB is read, one byte more is closed with 1009 before it is', async () => {
    const client = await shared.session({ token });
    client.send(padded('{"op":"ping","request_id":"big"', 33_554_432));
    expect(await client.next(20_000)).toMatchObject({ op: 'pong', request_id: 'big' });

    const over = await RawSocket.upgraded({ port: shared.daemon.port });
    over.write(clientFrame(`{"op":"hello","token":"${token}"}`));
    await over.until('the ack', (bytes) => bytes.includes('"ok":true'));
    over.write(headOf(33_554_433));
    expect(await over.closeFrame()).toEqual({ code: 1009, reason: '' });

    client.send({ op: 'ping', request_id: 'after' });
    expect(await client.next()).toMatchObject({ op: 'pong', request_id: 'after' });
  });
});

describe('credentials', () => {
  const shared = useDaemon({ env: { EXAI_WS_TOKEN: token } });

  it.each([
    ['a wrong token', 'another-token-98765432'],
    ['null', null],
    ['an empty text', ''],
    ['one character off', 'golden-token-012345678x'],
    ['one character more', `${token}x`],
    ['a prefix', token.slice(0, -1)],
  ])('WIRE-H4 BAD-token PF-P6: %s is refused in the same words, closed with 4003', async (_what, value) => {
    const client = await shared.connect({ socketPath: shared.daemon.localSocket });
    const ack = await client.hello({ session_id: 'win', token: value });
    expect(ack).toEqual({
      op: 'hello_ack',
      ok: false,
      error: 'unauthorized',
      code: 'UNAUTHORIZED',
      hint: expect.any(String),
    });
    expect(JSON.stringify(ack)).not.toContain('golden');
    expect(await client.closedWith()).toEqual({ code: 4003, reason: 'unauthorized' });
  });

  it('WIRE-H4: the right token is taken from the hello or from the bearer of the upgrade', async () => {
    const byHello = await shared.connect();
    expect(await byHello.hello({ token })).toMatchObject({ ok: true, auth: 'shared', warnings: [] });
    const byBearer = await shared.connect({ headers: { authorization: `Bearer ${token}` } });
    expect(await byBearer.hello()).toMatchObject({ ok: true, auth: 'shared' });
    const bothForms = await shared.connect({ headers: { authorization: `bearer ${token}` } });
    expect(await bothForms.hello({ token: null })).toMatchObject({ ok: true, auth: 'shared' });
  });

  it('WIRE-H4 BAD-token: the tenth failure of an address within a minute is closed a second later', async () => {
    const fail = async () => {
      const client = await shared.connect();
      const startedAt = performance.now();
      await client.hello({ token: 'another-token-98765432' });
      expect(await client.closedWith()).toEqual({ code: 4003, reason: 'unauthorized' });
      return performance.now() - startedAt;
    };
    for (let attempt = 1; attempt < 10; attempt += 1) expect(await fail()).toBeLessThan(900);
    const [late, also] = await Promise.all([fail(), fail()]);
    expect(late).toBeGreaterThan(900);
    expect(also).toBeGreaterThan(900);
    const welcome = await shared.connect();
    expect(await welcome.hello({ token })).toMatchObject({ ok: true });
  });

  it('WIRE-H4: failures are logged once in a while, without any token', () => {
    const lines = shared.daemon.stderr.split('\n').filter((line) => line.includes('authentication failed'));
    expect(lines.length).toBeGreaterThanOrEqual(1);
    expect(lines.length).toBeLessThanOrEqual(4);
    expect(shared.daemon.stderr).not.toContain('another-token');
    expect(shared.daemon.stderr).not.toContain('golden-token');
  });
});

describe('token and user token together', () => {
  const shared = useDaemon({ env: { EXAI_WS_TOKEN: token, JWT_SECRET_KEY: jwtSecret } });
  const claims = { sub: 'ana', iat: epochSeconds(-5), exp: epochSeconds(600) };

  it.each([
    ['none', null],
    ['an expired one', jsonWebToken({ ...claims, iat: epochSeconds(-7200), exp: epochSeconds(-3600) }, jwtSecret)],
    ['one without expiry', jsonWebToken({ sub: 'ana', iat: epochSeconds(-5) }, jwtSecret)],
    ['one without subject', jsonWebToken({ ...claims, sub: '' }, jwtSecret)],
    ['one with alg none', jsonWebToken(claims, jwtSecret, { alg: 'none', typ: 'JWT' })],
    ['one of another key', jsonWebToken(claims, 'another-secret-0123456789-0123456789-01')],
    ['one of another algorithm', jsonWebToken(claims, jwtSecret, { alg: 'HS512', typ: 'JWT' })],
  ])('WIRE-H5: the right token with %s is jwt_required, closed with 4003', async (_what, jwt) => {
    const client = await shared.connect();
    expect(await client.hello({ token, jwt })).toEqual({
      op: 'hello_ack',
      ok: false,
      error: 'jwt_required',
      code: 'UNAUTHORIZED',
      hint: expect.any(String),
    });
    expect(await client.closedWith()).toEqual({ code: 4003, reason: 'jwt_required' });
  });

  it('WIRE-H5: token and user token are accepted, the user token alone is not', async () => {
    const jwt = jsonWebToken(claims, jwtSecret);
    const client = await shared.connect({ socketPath: shared.daemon.localSocket });
    expect(await client.hello({ token, jwt })).toMatchObject({ ok: true, auth: 'jwt' });
    const alone = await shared.connect({ socketPath: shared.daemon.localSocket });
    expect(await alone.hello({ jwt })).toMatchObject({ ok: false, error: 'unauthorized' });
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
    for (let at = 0; at < 100; at += 50) {
      const names = Array.from({ length: 50 }, (_, index) => ({
        session_id: `room-${at + index}`,
        mode: 'mcp',
        protocol: '1.0',
      }));
      open.push(...(await Promise.all(names.map((hello) => shared.session(hello)))));
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
    open[42]?.send({ op: 'bye' });
    await open[42]?.closedWith();
    const welcome = await shared.connect();
    expect(await welcome.hello()).toMatchObject({ ok: true });
  });

  it('WIRE-H13: clients that have gone without a running call make room, the oldest first; one with a call does not', async () => {
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
    expect(await back.hello({ session_id: 'room-8' })).toMatchObject({ ok: true, session_id: 'room-8', resumed: true });
  });
});

describe('names of hosts and origins', () => {
  const shared = useDaemon({
    env: { EXAI_WS_ALLOWED_HOSTS: 'exai.example', EXAI_WS_ALLOWED_ORIGINS: 'http://tool.example' },
  });

  const upgrade = async (host: string | readonly string[], origin?: string) => {
    const { port } = shared.daemon;
    const named = (name: string) => name.replace('PORT', String(port));
    const raw = await RawSocket.open({ port });
    const [first = '', ...more] = typeof host === 'string' ? [host] : host;
    const lines = more.map((name) => `Host: ${named(name)}\r\n`).join('');
    const request = upgradeRequest(named(first), origin === undefined ? {} : { Origin: named(origin) });
    raw.write(request.replace('Connection:', `${lines}Connection:`));
    const { statusCode } = await raw.answer();
    raw.destroy();
    return statusCode;
  };

  it.each([
    ['evil.test', 403],
    ['evil.test:PORT', 403],
    ['127.0.0.1:1', 403],
    ['127.0.0.1.evil.test', 403],
    ['127.0.0.1:PORT', 101],
    ['127.0.0.1', 101],
    ['LOCALHOST:PORT', 101],
    ['[::1]:PORT', 101],
    ['exai.example', 101],
  ])('WIRE-H14 BAD-host: Host %s is answered with %i', async (host, statusCode) => {
    expect(await upgrade(host)).toBe(statusCode);
  });

  it('WIRE-H14 BAD-host: two Host headers are refused', async () => {
    expect(await upgrade(['127.0.0.1:PORT', 'evil.test'])).toBe(403);
    expect(await upgrade(['127.0.0.1:PORT', '127.0.0.1:PORT'])).toBe(403);
  });

  it.each([
    ['http://evil.test', 403],
    ['null', 403],
    ['https://127.0.0.1:PORT', 403],
    ['http://127.0.0.1', 403],
    ['http://127.0.0.1:PORT.evil.test', 403],
    ['http://tool.example:81', 403],
    ['http://127.0.0.1:PORT', 101],
    ['http://localhost:PORT', 101],
    ['app://exai', 101],
    ['http://tool.example', 101],
    [undefined, 101],
  ])('WIRE-H14 BAD-origin: Origin %s is answered with %i', async (origin, statusCode) => {
    expect(await upgrade('127.0.0.1:PORT', origin)).toBe(statusCode);
  });

  it('WIRE-H14 BAD-host BAD-origin: plain HTTP is guarded alike, with the reason as a code and no CORS header', async () => {
    const { port } = shared.daemon;
    for (const headers of ['Host: evil.test', `Host: 127.0.0.1:${port}\r\nOrigin: http://evil.test`]) {
      for (const path of ['/health', '/metrics', '/', '/api/status']) {
        const raw = await RawSocket.open({ port });
        raw.write(`GET ${path} HTTP/1.1\r\n${headers}\r\nConnection: close\r\n\r\n`);
        const answer = await raw.answer();
        expect(answer).toMatchObject({ statusCode: 403, body: '{"code":"FORBIDDEN"}' });
        expect(answer.headers['access-control-allow-origin']).toBeUndefined();
        await raw.ended();
      }
    }
  });

  it('WIRE-H14: the local socket looks at no Host, but at the Origin', async () => {
    const ask = async (headers: Record<string, string>) => {
      const raw = await RawSocket.open({ path: shared.daemon.localSocket });
      raw.write(upgradeRequest('whatever.test', headers));
      const { statusCode } = await raw.answer();
      raw.destroy();
      return statusCode;
    };
    expect(await ask({})).toBe(101);
    expect(await ask({ Origin: 'http://evil.test' })).toBe(403);
  });
});

describe('probes', () => {
  const shared = useDaemon();

  it('WIRE-H15 PF-L4: a thousand probes add no log line, only counters', async () => {
    const { port } = shared.daemon;
    const before = { stderr: shared.daemon.stderr, log: shared.home.readLog('ws_daemon.log') };
    const tls = Buffer.from('16030100c8010000c40303', 'hex');
    const probes: (() => Promise<void>)[] = [
      async () => (await RawSocket.open({ port })).destroy(),
      async () => {
        const halfClosed = await RawSocket.open({ port });
        halfClosed.end();
        await halfClosed.ended();
      },
      async () => {
        const hello = await RawSocket.open({ port });
        hello.write(tls);
        expect((await hello.answer()).statusCode).toBe(400);
        await hello.ended();
      },
      async () => {
        const garbage = await RawSocket.open({ port });
        garbage.write('\0\0\0 what is this\r\n\r\n');
        expect((await garbage.answer()).statusCode).toBe(400);
        await garbage.ended();
      },
      async () => {
        const get = await RawSocket.open({ port });
        get.write(`GET /x HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`);
        expect(await get.answer()).toMatchObject({ statusCode: 404, body: '{"code":"NOT_FOUND"}' });
        await get.ended();
      },
    ];
    for (let round = 0; round < 10; round += 1) {
      await Promise.all(probes.flatMap((probe) => Array.from({ length: 20 }, probe)));
    }
    await eventually('the counters of the probes', async () =>
      (await shared.sample('exai_probe_total{kind="silent"}')) === 400 ? true : undefined,
    );
    expect(await shared.sample('exai_probe_total{kind="malformed"}')).toBe(400);
    expect(await shared.sample('exai_probe_total{kind="not-found"}')).toBe(200);
    expect(shared.daemon.stderr).toBe(before.stderr);
    expect(shared.home.readLog('ws_daemon.log')).toBe(before.log);
    expect(await shared.sample('exai_sessions{state="connected"}')).toBe(0);
  });

  it('WIRE-H15: OAuth discovery and unknown paths are 404 without asking for a credential', async () => {
    for (const path of [
      '/.well-known/oauth-protected-resource',
      '/.well-known/oauth-authorization-server',
      '/register',
      '/assets/x.js',
    ]) {
      const response = await fetch(new URL(path, shared.daemon.address));
      expect({ path, status: response.status, body: await response.json() }).toEqual({
        path,
        status: 404,
        body: { code: 'NOT_FOUND' },
      });
    }
  });
});

describe('server proof', () => {
  const shared = useDaemon({ env: { EXAI_WS_TOKEN: token } });

  it('WIRE-H4: the upgrade proves who answers, for each nonce anew, before any credential is shown', async () => {
    const { createHmac } = await import('node:crypto');
    const file = shared.home.readDiscovery();
    if (file.state !== 'running') throw new Error('the discovery file says stopped');
    const nonce = createHash('sha256').update('a nonce').digest('base64url');
    const client = await shared.connect({ headers: { 'X-Exai-Nonce': nonce } });
    const expected = createHmac('sha256', Buffer.from(file.runKey, 'base64url'))
      .update(`exai-proof-v1\n${nonce}\n${file.daemonRunId}`)
      .digest('base64url');
    expect(client.upgradeHeaders['x-exai-run']).toBe(file.daemonRunId);
    expect(client.upgradeHeaders['x-exai-proof']).toBe(expected);
    expect((await shared.connect()).upgradeHeaders['x-exai-proof']).toBeUndefined();
  });
});

describe('configuration that refuses to start', () => {
  const refusal = async (env: Record<string, string>) => {
    const home = new TestHome();
    try {
      const daemon = home.spawnDaemon({ env });
      const exit = await daemon.exited;
      const lines = daemon.stderr.trimEnd().split('\n');
      return { code: exit.code, lines, stdout: daemon.stdout };
    } finally {
      await home.cleanUp();
    }
  };

  it.each([
    ['a token of 15 characters', { EXAI_WS_TOKEN: 'short-token-012' }, 'EXAI_WS_TOKEN'],
    ['a placeholder', { EXAI_WS_TOKEN: '<optional-token>' }, 'EXAI_WS_TOKEN'],
    ['a token with a space', { EXAI_WS_TOKEN: 'golden token 0123456789' }, 'EXAI_WS_TOKEN'],
    ['all interfaces without a token', { EXAI_WS_HOST: '0.0.0.0' }, 'EXAI_WS_HOST'],
    ['a port that is none', { EXAI_WS_PORT: '80a' }, 'EXAI_WS_PORT'],
    ['no listener', { EXAI_WS_LISTEN: 'udp' }, 'EXAI_WS_LISTEN'],
    ['a short JWT key', { JWT_SECRET_KEY: 'too-short' }, 'JWT_SECRET_KEY'],
    ['more calls per session than in all', { EXAI_WS_SESSION_MAX_INFLIGHT: '25' }, 'EXAI_WS_SESSION_MAX_INFLIGHT'],
  ])(
    'WIRE-H16 PF-A1 MAIN-exit-codes: %s is exit 78 with one line that names the variable',
    async (_what, env, name) => {
      const { code, lines, stdout } = await refusal(env);
      expect({ code, stdout, count: lines.length }).toEqual({ code: 78, stdout: '', count: 1 });
      expect(lines[0]).toMatch(new RegExp(`^exai: .*${name}`));
      for (const secret of ['short-token', 'golden token', 'too-short', 'optional-token'])
        expect(lines[0]).not.toContain(secret);
    },
  );

  it('WIRE-H16: all interfaces without a token start when that is asked for in so many words', async () => {
    const home = new TestHome();
    try {
      const daemon = await home.startDaemon({
        env: { EXAI_WS_HOST: '0.0.0.0', EXAI_WS_ALLOW_OPEN_NETWORK: 'true', EXAI_WS_LISTEN: 'tcp' },
      });
      const client = await OpsClient.connect({ port: daemon.port });
      expect(await client.hello()).toMatchObject({ ok: true, auth: 'disabled', warnings: ['AUTH_DISABLED'] });
      const log = readFileSync(join(home.logDir, 'ws_daemon.log'), 'utf8');
      expect(log).toMatch(/"level":"warn".*AUTH_DISABLED.*everyone on the network/);
    } finally {
      await home.cleanUp();
    }
  });
});

/** An object whose beginning is `head`, filled up to `bytes`. */
function padded(head: string, bytes: number): string {
  const rest = ',"pad":"';
  return `${head}${rest}${'x'.repeat(bytes - head.length - rest.length - 2)}"}`;
}
