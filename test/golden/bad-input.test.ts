import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DaemonProcess, programs, runToEnd, TestHome } from '../support/daemon-process.ts';
import { eventually } from '../support/deadline.ts';
import { OpsClient } from '../support/ops-client.ts';
import { callTool, healthOf, inflight, runningCall, startCall } from './ops-calls.ts';
import { clientFrame, RawSocket, upgradeRequest } from './raw-socket.ts';
import { useDaemon } from './use-daemon.ts';

const token = 'golden-token-0123456789';
const canMount = mountsAllowed();

describe('frames in a session', () => {
  const shared = useDaemon({ testTools: true });

  it('BAD-duplicate-id WIRE-M7: an id in flight is refused with -32600 and its call runs on; 1 and "1" are two ids', async () => {
    const client = await shared.session({ mode: 'mcp', protocol: '1.0' });
    const call = (id: unknown, ms: number) =>
      client.send({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'sleep', arguments: { ms } } });
    call(1, 400);
    call(1, 10);
    expect(await client.next()).toEqual({
      jsonrpc: '2.0',
      id: 1,
      error: {
        code: -32_600,
        message: expect.any(String),
        data: { code: 'INVALID_REQUEST', retryable: false, mayHaveRun: false, hint: expect.any(String) },
      },
    });
    call('1', 10);
    expect(await client.next()).toMatchObject({ id: '1', result: { content: [{ text: 'slept 10 ms' }] } });
    expect(await client.next()).toMatchObject({ id: 1, result: { content: [{ text: 'slept 400 ms' }] } });
    call(1, 10);
    expect(await client.next()).toMatchObject({ id: 1, result: { content: [{ text: 'slept 10 ms' }] } });
  });

  it.each([['null'], ['true'], ['{}'], ['[1]'], ['{"id":1}']])(
    'BAD-id-type: the id %s is answered with -32600 and id null',
    async (id) => {
      const client = await shared.session({ mode: 'mcp', protocol: '1.0' });
      client.send(`{"jsonrpc":"2.0","id":${id},"method":"ping"}`);
      expect(await client.next()).toMatchObject({
        jsonrpc: '2.0',
        id: null,
        error: { code: -32_600, data: { code: 'INVALID_REQUEST' } },
      });
      client.send('{"jsonrpc":"2.0","id":0,"method":"ping"}');
      expect(await client.next()).toEqual({ jsonrpc: '2.0', id: 0, result: {} });
    },
  );

  it.each([['hi'], [''], ['{"jsonrpc":"2.0","id":1'], ['{"jsonrpc":"2.0","id":1,"method":"ping"}x']])(
    'BAD-not-json: %j in mcp mode is answered with -32700, and the connection stays open',
    async (frame) => {
      const client = await shared.session({ mode: 'mcp', protocol: '1.0' });
      client.send(frame);
      expect(await client.next()).toMatchObject({
        id: null,
        error: { code: -32_700, data: { code: 'INVALID_REQUEST' } },
      });
      client.send('{"jsonrpc":"2.0","id":1,"method":"ping"}');
      expect(await client.next()).toMatchObject({ id: 1, result: {} });
    },
  );

  it.each([['[1]'], ['7'], ['null'], ['"x"'], ['{"jsonrpc":"2.0","id":1}'], ['{"id":1,"method":"ping"}']])(
    'BAD-not-object: %s in mcp mode is answered with -32600, and the connection stays open',
    async (frame) => {
      const client = await shared.session({ mode: 'mcp', protocol: '1.0' });
      client.send('{"jsonrpc":"2.0","id":0,"method":"ping"}');
      await client.next();
      client.send(frame);
      expect(await client.next()).toMatchObject({ error: { code: -32_600, data: { code: 'INVALID_REQUEST' } } });
      client.send('{"jsonrpc":"2.0","id":1,"method":"ping"}');
      expect(await client.next()).toMatchObject({ id: 1, result: {} });
    },
  );

  it('BAD-unknown-op: unknown control frames in mcp mode are ignored and counted', async () => {
    const client = await shared.session({ mode: 'mcp', protocol: '1.0' });
    const before = await shared.sample('exai_frames_ignored_total{kind="control"}');
    for (const frame of ['{"op":"nonsense"}', '{"op":"query"}', '{"op":"received","ids":5}']) client.send(frame);
    client.send('{"jsonrpc":"2.0","id":1,"method":"ping"}');
    expect(await client.next()).toEqual({ jsonrpc: '2.0', id: 1, result: {} });
    expect((await shared.sample('exai_frames_ignored_total{kind="control"}')) - before).toBe(3);
  });

  it('BAD-oversized: one client’s frame that is too big takes no call of another with it', async () => {
    const steady = await shared.session();
    await runningCall(steady, 'through', 'sleep', { ms: 200 });
    const greedy = await RawSocket.upgraded({ path: shared.daemon.localSocket });
    greedy.write(clientFrame('{"op":"hello"}'));
    await greedy.until('the ack', (bytes) => bytes.includes('"ok":true'));
    greedy.write(clientFrame('', { claimedBytes: 2 ** 40 }));
    expect(await greedy.closeFrame()).toMatchObject({ code: 1009 });
    expect(await steady.frame({ op: 'call_tool_res', request_id: 'through' })).toMatchObject({ ok: true });
  });
});

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
    expect(answers.filter(({ statusCode }) => statusCode === 101)).toHaveLength(64);
    const refused = answers.filter(({ statusCode }) => statusCode !== 101);
    expect(refused.every(({ statusCode, headers }) => statusCode === 503 && headers['retry-after'] === '1')).toBe(true);
    expect(await callTool(present, 1, 'version')).toMatchObject({ ok: true });
    const shim = await OpsClient.connect({ socketPath: localSocket });
    expect(await shim.hello()).toMatchObject({ ok: true });
    const newcomer = await eventually('room for a newcomer', async () => {
      const result = await OpsClient.tryConnect({ port });
      return result.type === 'open' ? result.client : undefined;
    });
    expect(await newcomer.hello()).toMatchObject({ ok: true });
    expect(await shared.sample('exai_guard_refusals_total{guard="unauthenticated"}')).toBeGreaterThanOrEqual(936);
    for (const socket of sockets) socket.destroy();
  });
});

describe('clients that do not do their part', () => {
  const shared = useDaemon({
    testTools: true,
    env: { EXAI_WS_PING_INTERVAL: '1', EXAI_WS_PING_TIMEOUT: '2', EXAI_SESSION_GRACE_SECS: '1' },
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
      expect(peak - before.rss).toBeLessThan(100 * 1024 * 1024);
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

describe('files that are in the way', () => {
  it.each([
    ['no JSON', '{"schema":1,"state":"run'],
    [
      'another program’s pid',
      JSON.stringify({ schema: 1, state: 'running', pid: process.pid, processStartedAt: 1, daemonRunId: 'old' }),
    ],
    ['nothing', ''],
  ])('BAD-stale-discovery: a discovery file with %s stops no start and is replaced', async (_what, text) => {
    const home = new TestHome();
    try {
      mkdirSync(home.layout.runDir, { recursive: true, mode: 0o700 });
      writeFileSync(home.layout.discoveryFile, text, { mode: 0o600 });
      const daemon = await home.startDaemon();
      expect(home.readDiscovery()).toMatchObject({ state: 'running', pid: daemon.pid, tcp: { port: daemon.port } });
    } finally {
      await home.cleanUp();
    }
  });

  it('BAD-stale-discovery PF-G1: a lock whose pid now belongs to somebody else is taken over', async () => {
    const home = new TestHome();
    try {
      const first = await home.startDaemon();
      const lock = readFileSync(home.layout.lockFile, 'utf8');
      await first.kill('SIGKILL');
      expect(lock).toContain(String(first.pid));
      writeFileSync(home.layout.lockFile, lock.replaceAll(String(first.pid), String(process.pid)), { mode: 0o600 });
      await home.startDaemon();
    } finally {
      await home.cleanUp();
    }
  });

  it('BAD-stale-socket: a socket file that nobody answers on is replaced, one that somebody answers on is not', async () => {
    const home = new TestHome();
    let stranger: Server | undefined;
    try {
      mkdirSync(home.layout.runDir, { recursive: true, mode: 0o700 });
      const path = join(home.layout.runDir, 'daemon.sock');
      stranger = await listenOn(path);
      const refused = home.spawnDaemon();
      expect(await refused.exited).toMatchObject({ code: 12 });
      expect(refused.stderr).toMatch(/^exai: [^\n]*daemon\.sock is taken [^\n]*EXAI_WS_LOCAL_PATH\n$/);
      expect(existsSync(home.layout.lockFile)).toBe(false);

      // A process that is killed leaves the file.
      const leaver = `require('node:net').createServer().listen(${JSON.stringify(join(home.layout.runDir, 'left.sock'))}, () => process.kill(process.pid, 'SIGKILL'))`;
      spawnSync(process.execPath, ['-e', leaver]);
      const left = join(home.layout.runDir, 'left.sock');
      expect(existsSync(left)).toBe(true);
      const daemon = await home.startDaemon({ env: { EXAI_WS_LOCAL_PATH: left } });
      const client = await OpsClient.connect({ socketPath: daemon.localSocket });
      expect(await client.hello()).toMatchObject({ ok: true });
    } finally {
      stranger?.close();
      await home.cleanUp();
    }
  });

  it('BAD-stale-socket: another kind of file in its place is never removed', async () => {
    const home = new TestHome();
    try {
      mkdirSync(home.layout.runDir, { recursive: true, mode: 0o700 });
      const path = join(home.layout.runDir, 'daemon.sock');
      writeFileSync(path, 'precious');
      const daemon = home.spawnDaemon();
      expect(await daemon.exited).toMatchObject({ code: 78 });
      expect(daemon.stderr).toMatch(/^exai: [^\n]*daemon\.sock exists and is no socket[^\n]*\n$/);
      expect(readFileSync(path, 'utf8')).toBe('precious');
    } finally {
      await home.cleanUp();
    }
  });

  it('BAD-read-only-home: a home that cannot be made is exit 78 with one line that says what to set', async () => {
    const home = new TestHome();
    try {
      const file = join(home.path, 'a-file');
      writeFileSync(file, '');
      const daemon = home.spawnDaemon({ env: { EXAI_STATE_DIR: join(file, 'state') } });
      expect(await daemon.exited).toMatchObject({ code: 78 });
      expect(daemon.stdout).toBe('');
      expect(daemon.stderr).toMatch(/^exai: [^\n]*a-file\/state[^\n]*EXAI_STATE_DIR[^\n]*\n$/);
    } finally {
      await home.cleanUp();
    }
  });

  // Root writes everywhere, so a read-only directory needs a read-only file system; that needs a mount namespace.
  it.runIf(canMount)('BAD-read-only-home: a home on a read-only file system likewise', async () => {
    const home = new TestHome();
    try {
      mkdirSync(home.stateDir, { mode: 0o700 });
      const ended = await inNamespace(`mount -t tmpfs -o ro,mode=700 tmpfs '${home.stateDir}'`, home);
      expect(ended).toMatchObject({ code: 78, stdout: '' });
      expect(ended.stderr).toMatch(/^exai: [^\n]*EROFS[^\n]*EXAI_STATE_DIR[^\n]*\n$/);
    } finally {
      await home.cleanUp();
    }
  });

  it.runIf(canMount)(
    'BAD-full-disk WIRE-F2 WIRE-F3: on a full disk calls go on, health says degraded and why, and it mends by itself',
    async () => {
      const home = new TestHome();
      let daemon: DaemonProcess | undefined;
      try {
        // Only the metrics log lies on the small disk: were it the whole log directory, the disk itself would be reported.
        const disk = join(home.path, 'disk');
        mkdirSync(disk);
        mkdirSync(home.logDir, { recursive: true, mode: 0o700 });
        chmodSync(home.stateDir, 0o700);
        symlinkSync(join(disk, 'metrics.jsonl'), join(home.logDir, 'ws_daemon.metrics.jsonl'));
        const script = `mount -t tmpfs -o size=512k,mode=700 tmpfs '${disk}' && exec "$0" "$1"`;
        const child = spawn('unshare', ['-m', 'sh', '-c', script, process.execPath, programs.testDaemon], {
          env: { ...home.env, EXAI_WS_PORT: '0', EXAI_WS_TOKEN: token, EXAI_HEALTH_WRITER_INTERVAL: '1' },
          stdio: ['ignore', 'pipe', 'pipe'],
          cwd: home.path,
        });
        daemon = new DaemonProcess(child, home.layout, home.logDir);
        await daemon.ready;
        const health = async () => {
          const response = await fetch(new URL('/health', daemon?.address), {
            headers: { authorization: `Bearer ${token}` },
          });
          return { status: response.status, body: (await response.json()) as Record<string, unknown> };
        };
        expect(await health()).toMatchObject({
          status: 200,
          body: { status: 'healthy', components: { metrics_log: { status: 'healthy' } } },
        });
        const filler = join(`/proc/${daemon.pid}/root`, disk, 'filler');
        fillDisk(filler);
        const client = await OpsClient.connect({ port: daemon.port });
        await client.hello({ token });
        const batch = async (name: string) => {
          for (let id = 0; id < 600; id += 1) startCall(client, `${name} ${id}`, 'echo', { text: 'x' });
          await client.frame({ op: 'call_tool_res', request_id: `${name} 599` });
        };
        await batch('full');
        const results = client.frames.filter(({ json }) => json?.['op'] === 'call_tool_res');
        expect(results).toHaveLength(600);
        expect(results.every(({ json }) => json?.['ok'] === true)).toBe(true);
        expect(await health()).toMatchObject({
          status: 200,
          body: {
            status: 'degraded',
            components: { metrics_log: { status: 'degraded' } },
            reasons: [expect.stringContaining('metrics log cannot be written')],
          },
        });
        await eventually('the health file to say so', () =>
          daemon?.readHealth()['status'] === 'degraded' ? true : undefined,
        );

        rmSync(filler);
        await batch('room');
        expect(await health()).toMatchObject({ status: 200, body: { status: 'healthy' } });
        const written = readFileSync(join(`/proc/${daemon.pid}/root`, disk, 'metrics.jsonl'), 'utf8');
        for (const line of written.trimEnd().split('\n'))
          expect(JSON.parse(line)).toMatchObject({ op: 'call_tool', out: 'ok' });
      } finally {
        await daemon?.stop();
        await home.cleanUp();
      }
    },
  );

  it.runIf(canMount)(
    'BAD-full-disk: with all log files on a full disk calls go on, and a rotation of the token is refused or kept, never lost',
    async () => {
      const home = new TestHome();
      let daemon: DaemonProcess | undefined;
      try {
        mkdirSync(home.stateDir, { mode: 0o700 });
        const script = `mount -t tmpfs -o size=256k,mode=700 tmpfs "$EXAI_STATE_DIR" && exec "$0" "$1"`;
        const child = spawn('unshare', ['-m', 'sh', '-c', script, process.execPath, programs.testDaemon], {
          env: { ...home.env, EXAI_WS_PORT: '0', EXAI_WS_TOKEN: token, EXAI_HEALTH_WRITER_INTERVAL: '1' },
          stdio: ['ignore', 'pipe', 'pipe'],
          cwd: home.path,
        });
        daemon = new DaemonProcess(child, home.layout, home.logDir);
        await daemon.ready;
        fillDisk(join(`/proc/${daemon.pid}/root`, home.stateDir, 'filler'));
        const client = await OpsClient.connect({ port: daemon.port });
        await client.hello({ token });
        for (let id = 0; id < 600; id += 1) startCall(client, id, 'count', {});
        await client.frame({ op: 'call_tool_res', request_id: 599 });
        client.send({ op: 'rotate_token', request_id: 'r', old: token, new: 'golden-next-token-98765' });
        expect(await client.frame({ op: 'rotate_token_res' })).toMatchObject({ ok: false, error: 'persist_failed' });
        const newcomer = await OpsClient.connect({ port: daemon.port });
        expect(await newcomer.hello({ token })).toMatchObject({ ok: true });
        expect(await (await fetch(new URL('/health', daemon.address))).json()).not.toMatchObject({ status: 'healthy' });
      } finally {
        await daemon?.stop();
        await home.cleanUp();
      }
    },
  );
});

describe('.env', () => {
  it('BAD-env-inline-comments PF-A6: comments, blanks, quotes, CRLF and a BOM are read as meant', async () => {
    const home = new TestHome();
    try {
      const lines = [
        '# limits of this machine',
        '',
        'EXAI_WS_MAX_BYTES= 33554432 #(32 MB frame limit)',
        'EXAI_WS_TOKEN = golden#token#0123456789 # not the end: a # in a word belongs to it',
        'export EXAI_WS_SESSION_MAX_INFLIGHT=5',
        "  EXAI_WS_CALL_TIMEOUT  =  '30'  ",
        'EXAI_WS_QUEUE_MAX="2"\t# two',
        'EXAI_SESSION_GRACE_SECS=',
      ];
      mkdirSync(home.stateDir, { mode: 0o700 });
      writeFileSync(home.layout.envFile, `\uFEFF${lines.join('\r\n')}\r\n`, { mode: 0o600 });
      const daemon = await home.startDaemon();
      const client = await OpsClient.connect({ port: daemon.port });
      expect(await client.hello({ token: 'golden#token#0123456789' })).toMatchObject({
        ok: true,
        auth: 'shared',
        limits: {
          maxFrameBytes: 33_554_432,
          sessionMaxInflight: 5,
          callTimeoutMs: 30_000,
          queueMax: 2,
          graceMs: 120_000,
        },
      });
      const cut = await OpsClient.connect({ port: daemon.port });
      expect(await cut.hello({ token: 'golden' })).toMatchObject({ ok: false, error: 'unauthorized' });
    } finally {
      await home.cleanUp();
    }
  });

  it('BAD-env-inline-comments: the runbook’s empty token means none', async () => {
    const home = new TestHome();
    try {
      mkdirSync(home.stateDir, { mode: 0o700 });
      writeFileSync(home.layout.envFile, 'EXAI_WS_TOKEN = #(optional)\n');
      const daemon = await home.startDaemon();
      const client = await OpsClient.connect({ port: daemon.port });
      expect(await client.hello({ token: '' })).toMatchObject({ ok: true, auth: 'disabled' });
    } finally {
      await home.cleanUp();
    }
  });

  it.each([
    ['a line that is none', 'EXAI_WS_PORT=0\n\nthis is no setting\n', /^exai: \.env line 3: [^\n]*\n$/],
    [
      'a value out of range',
      'EXAI_WS_CALL_TIMEOUT=1 # s\n',
      /^exai: EXAI_WS_CALL_TIMEOUT="1" \(from \.env line 1\): [^\n]*3[^\n]*\n$/,
    ],
    ['an open quote', "EXAI_WS_TOKEN='golden-token-0123456789\n", /^exai: \.env line 1: (?![^\n]*golden)[^\n]*\n$/],
  ])('BAD-env-inline-comments: %s is exit 78, naming file and line', async (_what, text, message) => {
    const home = new TestHome();
    try {
      mkdirSync(home.stateDir, { mode: 0o700 });
      writeFileSync(home.layout.envFile, text, { mode: 0o600 });
      const daemon = home.spawnDaemon({ env: { EXAI_WS_PORT: '' } });
      expect(await daemon.exited).toMatchObject({ code: 78 });
      expect(daemon.stderr).toMatch(message);
    } finally {
      await home.cleanUp();
    }
  });
});

describe.runIf(process.platform !== 'win32')('secrets that others can read', () => {
  const refusal = async (prepare: (home: TestHome) => void) => {
    const home = new TestHome();
    try {
      mkdirSync(home.layout.credentialsDir, { recursive: true, mode: 0o700 });
      prepare(home);
      const daemon = home.spawnDaemon();
      const { code } = await daemon.exited;
      return { code, stderr: daemon.stderr, stdout: daemon.stdout };
    } finally {
      await home.cleanUp();
    }
  };
  const record = JSON.stringify({ generation: 1, token, retired: [] });

  it.each<[string, (home: TestHome) => void, RegExp]>([
    [
      '.env with a token, 0644',
      (home) => writeFileSync(home.layout.envFile, `EXAI_WS_TOKEN=${token}\n`, { mode: 0o644 }),
      /chmod 600 \S*\.env\n$/,
    ],
    [
      'the token record, 0640',
      (home) => writeFileSync(home.layout.sharedTokenFile, record, { mode: 0o640 }),
      /chmod 600 \S*shared\.json\n$/,
    ],
    [
      'the token file, 0644',
      (home) => {
        writeFileSync(home.layout.sharedTokenFile, record, { mode: 0o600 });
        writeFileSync(join(home.layout.credentialsDir, 'shared.token'), `${token}\n`, { mode: 0o644 });
      },
      /chmod 600 \S*shared\.token\n$/,
    ],
    [
      'the directory of the credentials, 0755',
      (home) => chmodSync(home.layout.credentialsDir, 0o755),
      /chmod 700 \S*credentials\n$/,
    ],
    ['the state directory, 0755', (home) => chmodSync(home.stateDir, 0o755), /chmod 700 \S*state\n$/],
  ])(
    'BAD-world-readable MAIN-private-state: %s: exit 78 with the command that mends it',
    async (_what, prepare, message) => {
      const { code, stderr, stdout } = await refusal(prepare);
      expect({ code, stdout, lines: stderr.trimEnd().split('\n').length }).toEqual({ code: 78, stdout: '', lines: 1 });
      expect(stderr).toMatch(/^exai: /);
      expect(stderr).toMatch(message);
      expect(stderr).not.toContain(token);
    },
  );

  it('BAD-world-readable: an .env without secrets may be read by anybody', async () => {
    const home = new TestHome();
    try {
      mkdirSync(home.stateDir, { mode: 0o700 });
      writeFileSync(home.layout.envFile, 'EXAI_WS_QUEUE_MAX=2\n', { mode: 0o644 });
      await home.startDaemon();
    } finally {
      await home.cleanUp();
    }
  });

  it.each([
    ['', 'empty'],
    ['{"generation":1,"token":""}', 'without a token'],
    ['{"generation":1,"tok', 'cut off'],
  ])(
    'BAD-empty-token-file PF-A1: a token record that reads %j (%s) never switches authentication off',
    async (text) => {
      const { code, stderr } = await refusal((home) =>
        writeFileSync(home.layout.sharedTokenFile, text, { mode: 0o600 }),
      );
      expect(code).toBe(78);
      expect(stderr).toMatch(/^exai: [^\n]*shared\.json is damaged[^\n]*EXAI_WS_TOKEN[^\n]*\n$/);
    },
  );

  it('MAIN-private-state: everything the daemon makes is its user’s alone', async () => {
    const home = new TestHome();
    try {
      await home.startDaemon({ env: { EXAI_WS_TOKEN: token } });
      const listed = spawnSync('find', [home.stateDir, '-printf', '%m %y %P\n'], { encoding: 'utf8' })
        .stdout.trim()
        .split('\n');
      expect(listed.length).toBeGreaterThan(10);
      expect(listed.filter((line) => !/^(?:700 d|600 [fs]) /.test(line))).toEqual([]);
    } finally {
      await home.cleanUp();
    }
  });
});

/** Mounting a file system of one's own needs Linux and root, as in the containers where the tests run. */
function mountsAllowed(): boolean {
  return process.platform === 'linux' && spawnSync('unshare', ['-m', 'true']).status === 0;
}

/** Runs the built daemon to its end behind some mounts that nobody else sees. */
function inNamespace(mounts: string, home: TestHome): ReturnType<typeof runToEnd> {
  return runToEnd('unshare', ['-m', 'sh', '-c', `${mounts} && exec "$0" "$1"`, process.execPath, programs.daemon], {
    ...home.env,
    EXAI_WS_PORT: '0',
  });
}

function fillDisk(path: string): void {
  for (const size of [65_536, 4096, 512]) {
    try {
      for (;;) writeFileSync(path, Buffer.alloc(size), { flag: 'a' });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    }
  }
}

function listenOn(path: string): Promise<Server> {
  const server = createServer();
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, () => resolve(server));
  });
}
