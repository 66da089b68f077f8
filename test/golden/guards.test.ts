import { describe, expect, it } from 'vitest';
import { eventually } from '../support/deadline.ts';
import { clientFrame, RawSocket, upgradeRequest } from './raw-socket.ts';
import { useDaemon } from './use-daemon.ts';

const token = 'golden-token-0123456789';

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

/** An object whose beginning is `head`, filled up to `bytes`. */
function padded(head: string, bytes: number): string {
  const rest = ',"pad":"';
  return `${head}${rest}${'x'.repeat(bytes - head.length - rest.length - 2)}"}`;
}
