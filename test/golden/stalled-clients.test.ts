import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/deadline.ts';
import { OpsClient } from '../support/ops-client.ts';
import { callTool, healthOf, inflight, startCall } from './ops-calls.ts';
import { clientFrame, RawSocket, upgradeRequest } from './raw-socket.ts';
import { useDaemon } from './use-daemon.ts';

describe('a thousand half-open sockets', () => {
  const shared = useDaemon({ env: { EXAI_WS_HELLO_TIMEOUT: '2' } });

  it('BAD-half-open: silent and half-sent requests keep nobody out, and are closed after the hello time', async () => {
    const { port } = shared.daemon;
    const before = shared.daemon.stderr;
    const half = ['', 'GET /health HTTP/1.1\r\nHost: 127', upgradeRequest('127.0.0.1').slice(0, -4)];
    const sockets: RawSocket[] = [];
    for (let wave = 0; wave < 10; wave += 1) {
      sockets.push(...(await Promise.all(Array.from({ length: 100 }, () => RawSocket.open({ port })))));
    }
    for (const [index, socket] of sockets.entries()) socket.write(half[index % 3] ?? '');
    const startedAt = performance.now();
    const client = await shared.session({ session_id: 'legitimate' });
    expect(await callTool(client, 1, 'version')).toMatchObject({ ok: true });
    expect((await fetch(new URL('/health', shared.daemon.address))).status).toBe(200);
    expect(performance.now() - startedAt).toBeLessThan(1_500);
    await Promise.all(sockets.map((socket) => socket.ended(10_000)));
    expect(await callTool(client, 2, 'version')).toMatchObject({ ok: true });
    const added = shared.daemon.stderr.slice(before.length).split('\n');
    expect(added.filter((line) => line !== '' && !line.includes('legitimate'))).toEqual([]);
  });

  it('BAD-half-open: of a thousand upgrades that say no more, 64 are taken; sessions, the local socket and, soon, newcomers work', async () => {
    const { port, localSocket } = shared.daemon;
    const present = await shared.session();
    const sockets: RawSocket[] = [];
    for (let wave = 0; wave < 10; wave += 1) {
      sockets.push(...(await Promise.all(Array.from({ length: 100 }, () => RawSocket.open({ port })))));
    }
    for (const socket of sockets) socket.write(upgradeRequest(`127.0.0.1:${port}`));
    const answers = await Promise.all(sockets.map((socket) => socket.answer()));
    const taken = answers.filter(({ statusCode }) => statusCode === 101);
    expect(taken.length).toBeGreaterThanOrEqual(64);
    expect(taken.length).toBeLessThan(256); // 64 at a time, should a busy machine take longer than the hello time
    const refused = answers.filter((answer) => !taken.includes(answer));
    expect(refused.every(({ statusCode, headers }) => statusCode === 503 && headers['retry-after'] === '1')).toBe(true);
    expect(await callTool(present, 1, 'version')).toMatchObject({ ok: true });
    const shim = await OpsClient.connect({ socketPath: localSocket });
    expect(await shim.hello()).toMatchObject({ ok: true });
    const newcomer = await eventually('room for a newcomer', async () => {
      const result = await OpsClient.tryConnect({ port });
      return result.type === 'open' ? result.client : undefined;
    });
    expect(await newcomer.hello()).toMatchObject({ ok: true });
    expect(await shared.sample('exai_guard_refusals_total{guard="unauthenticated"}')).toBeGreaterThanOrEqual(
      refused.length,
    );
    for (const socket of sockets) socket.destroy();
  });
});

describe('clients that do not do their part', () => {
  const shared = useDaemon({
    testTools: true,
    env: { EXAI_WS_PING_INTERVAL: '1', EXAI_WS_PING_TIMEOUT: '2', EXAI_SESSION_GRACE_SECS: '0.3' },
  });
  const rssBytes = () => {
    const [, pages = '0'] = readFileSync(`/proc/${shared.daemon.pid}/statm`, 'utf8').split(' ');
    return Number(pages) * 4096;
  };
  const opened = async (name: string) => {
    const raw = await RawSocket.upgraded({ port: shared.daemon.port });
    raw.write(clientFrame(`{"op":"hello","session_id":"${name}"}`));
    await raw.until('the ack', (bytes) => bytes.includes('"ok":true'));
    return raw;
  };
  const connections = () => shared.sample('exai_connections{kind="ops"}');

  it.runIf(process.platform === 'linux')(
    'BAD-never-reads: who asks on and on without reading the answers is not read, costs little memory, and is closed',
    async () => {
      const other = await shared.session();
      const before = { connections: await connections(), rss: rssBytes() };
      const deaf = await opened('deaf');
      deaf.pause();
      // 3 MB of requests for some 300 MB of answers.
      const requests = Buffer.concat(
        Array.from({ length: 100 }, (_, id) => clientFrame(`{"op":"list_tools","request_id":${id}}`)),
      );
      for (let batch = 0; batch < 700; batch += 1) deaf.write(requests);
      let peak = 0;
      let slowest = 0;
      await eventually('the end of the deaf connection', async () => {
        const startedAt = performance.now();
        expect(await callTool(other, `during ${startedAt}`, 'echo')).toMatchObject({ ok: true });
        slowest = Math.max(slowest, performance.now() - startedAt);
        peak = Math.max(peak, rssBytes());
        return (await connections()) === before.connections ? true : undefined;
      });
      // 64 MiB may wait for a slow reader (guard 10), and the collector is not always there at once: far from 300 all the same.
      expect(peak - before.rss).toBeLessThan(130 * 1024 * 1024);
      expect(slowest).toBeLessThan(1_000);
      expect(shared.daemon.stderr).toMatch(/"msg":"connection closed".*"code":1011.*keepalive ping timeout/);
      deaf.destroy();
    },
  );

  it('BAD-never-reads: big answers to a client that reads late all arrive', async () => {
    const late = await shared.session();
    const other = await shared.session();
    late.pause();
    for (let id = 0; id < 8; id += 1) startCall(late, id, 'flood', { bytes: 2_000_000 });
    await inflight(other, 0);
    expect(await callTool(other, 1, 'echo', { text: 'quick' })).toMatchObject({ ok: true });
    late.resume();
    for (let id = 0; id < 8; id += 1) {
      const answer = await late.frame({ op: 'call_tool_res', request_id: id });
      expect(String(answer['text']).length).toBe(2_000_000);
    }
    late.send({ op: 'ping', request_id: 'still here' });
    expect(await late.frame({ op: 'pong' })).toMatchObject({ request_id: 'still here' });
  });

  it('BAD-mid-frame: who stops in the middle of a frame is closed with 1011, its call ends with the grace, nobody waits for it', async () => {
    const other = await shared.session();
    const before = await connections();
    const stuck = await opened('stuck');
    stuck.write(clientFrame('{"op":"call_tool","request_id":1,"name":"sleep","arguments":{"ms":60000}}'));
    stuck.write(clientFrame('{"op":"list_', { claimedBytes: 1_000_000 }));
    await inflight(other, 1);
    expect(await callTool(other, 1, 'echo')).toMatchObject({ ok: true });
    expect(await stuck.closeFrame()).toEqual({ code: 1011, reason: 'keepalive ping timeout' });
    await eventually('the end of its connection', async () => ((await connections()) === before ? true : undefined));
    await inflight(other, 0, 5_000);
    stuck.destroy();
  });

  it.each([
    ['closes', (raw: RawSocket) => raw.end()],
    ['resets', (raw: RawSocket) => raw.reset()],
  ])('BAD-mid-frame MAIN-broken-socket: who %s in the middle of a frame is gone at once', async (_how, leave) => {
    const other = await shared.session();
    const before = await connections();
    const raw = await opened('leaver');
    raw.write(clientFrame('{"op":"call_tool","request_id":1,"name":"sleep","arguments":{"ms":60000}}'));
    raw.write(clientFrame('{"op":"list_', { claimedBytes: 1_000_000 }));
    await inflight(other, 1);
    leave(raw);
    await eventually(
      'the end of its connection',
      async () => ((await connections()) === before ? true : undefined),
      2_000,
    );
    await inflight(other, 0, 5_000);
    expect(await healthOf(other)).toMatchObject({ status: 'healthy' });
  });

  it('BAD-mid-frame: the link of a shim likewise', async () => {
    const before = await shared.sample('exai_handshake_failures_total{reason="hello_timeout"}');
    const link = await RawSocket.open({ path: shared.daemon.localSocket });
    link.write('GET /link HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: exai-link/1\r\n\r\n');
    await link.answer();
    link.write(Buffer.from([0, 0, 0, 100, 1, 0x7b]));
    link.destroy();
    await link.ended();
    const tooBig = await RawSocket.open({ path: shared.daemon.localSocket });
    tooBig.write('GET /link HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: exai-link/1\r\n\r\n');
    await tooBig.answer();
    tooBig.write(Buffer.from([0, 1, 0, 1, 1]));
    const received = await tooBig.until('the close', (bytes) => bytes.length >= bytes.indexOf('\r\n\r\n') + 4 + 7);
    expect(received.subarray(-7)).toEqual(Buffer.from([0, 0, 0, 2, 5, 0x03, 0xf1]));
    tooBig.end();
    await tooBig.ended();
    expect(await shared.sample('exai_handshake_failures_total{reason="hello_timeout"}')).toBe(before);
  });
});
