import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TestHome } from '../support/daemon-process.ts';
import { eventually } from '../support/deadline.ts';
import { codeOf, type RawClient } from '../support/raw-client.ts';
import { digestOf, ScriptedDaemon, type ScriptedDaemonOptions } from '../support/scripted-daemon.ts';

type Env = Readonly<Record<string, string>>;

const token = 'a-token-that-is-long-enough';

/** The built shim and a daemon that does what no real one does. */
describe('the shim and a scripted daemon', () => {
  let home: TestHome;
  let daemons: ScriptedDaemon[] = [];
  let shims: RawClient[] = [];

  beforeEach(() => {
    home = new TestHome();
    daemons = [];
    shims = [];
  });

  afterEach(async () => {
    for (const shim of shims) shim.kill('SIGKILL');
    for (const daemon of daemons) await daemon.stop();
    await home.cleanUp();
    const stray = shims.flatMap(({ strayLines }) => strayLines);
    if (stray.length > 0) throw new Error(`lines that are no JSON-RPC messages:\n${stray.join('\n')}`);
  });

  async function listen(options: Omit<ScriptedDaemonOptions, 'layout'>): Promise<ScriptedDaemon> {
    const daemon = await ScriptedDaemon.start({ layout: home.layout, ...options });
    daemons.push(daemon);
    return daemon;
  }

  function startShim(env: Env = {}): RawClient {
    const shim = home.startShim({ env: { EXAI_WS_TOKEN: token, EXAI_LOG_PREFIX: 'w', ...env } });
    shims.push(shim);
    return shim;
  }

  /** Both framings must behave alike. */
  const framings = [['local'], ['tcp']] as const;

  describe.each(framings)('over %s', (where) => {
    it('WIRE-H17: without the right proof nothing is said, above all no token, and the person is told', async () => {
      const daemon = await listen({ listen: where, proof: 'A'.repeat(43) });
      const shim = startShim({ EXAI_SHIM_QUEUE_SECS: '1' });
      expect((await shim.initialize()).result).toBeDefined(); // in the daemon’s place
      const answer = await shim.callTool('version');
      expect(codeOf(answer)).toBe('DAEMON_UNAVAILABLE');
      expect(answer.error?.data?.['hint']).toContain('Another program answers on');
      expect(daemon.connections.all).toEqual([]);
      expect(daemon.sockets).toBeGreaterThan(0);
    });

    it('WIRE-H17: a missing proof is as bad as a wrong one, unless nobody asks for it', async () => {
      const daemon = await listen({ listen: where, proof: null });
      const shim = startShim();
      await eventually('a refused attempt', () => (daemon.sockets > 1 ? true : undefined));
      expect(daemon.connections.all).toEqual([]);
      shim.kill();
      const trusting = startShim({ EXAI_WS_SERVER_PROOF: 'off' });
      expect((await trusting.initialize()).result).toBeDefined();
      expect(daemon.connections.all[0]?.hello).toMatchObject({ token });
    });

    it('WIRE-H17: a daemon that the file calls stopped is not even connected to', async () => {
      const daemon = await listen({ listen: where, discovery: 'stopped' });
      const shim = startShim({ EXAI_SHIM_QUEUE_SECS: '1' });
      const answer = await shim.callTool('version');
      expect(answer.error?.data?.['hint']).toContain('is stopped');
      expect(daemon.sockets).toBe(0);
    });

    it('WIRE-M1: byte by byte both ways, line separators and unknown keys included', async () => {
      const daemon = await listen({ listen: where });
      const shim = startShim();
      await shim.initialize();
      const line =
        '{ "params":{"name":"t","_meta":{"x":[1e3]}}, "id":"ü\\u2028" , "jsonrpc":"2.0","method":"tools/call","later":"\u2028\u2029" }';
      shim.sendLine(line);
      const connection = await daemon.connections.next('a connection');
      const request = await connection.request('tools/call');
      expect(request).toEqual(JSON.parse(line));
      const answer = '{"id":"ü\\u2028","jsonrpc":"2.0", "result":{"content":[],"new":{"k":"\u2028 \u2029"}},"more":1}';
      connection.raw(answer);
      await shim.answer('ü\u2028');
      expect(shim.lines).toContain(answer);
    });

    it('WIRE-M1: line ends between the tokens of an answer do not tear it into two lines', async () => {
      const daemon = await listen({ listen: where });
      const shim = startShim();
      await shim.initialize();
      const answering = shim.request('tools/list', {}, { id: 5 });
      const connection = await daemon.connections.next('a connection');
      await connection.request('tools/list');
      connection.raw('{\r\n  "jsonrpc": "2.0",\n  "id": 5,\n  "result": {}\n}');
      expect((await answering).result).toEqual({});
    });

    it('WIRE-H6 SHIM-S1 SHIM-S14: 32 MiB pass in both directions, one byte more does not', async () => {
      const limit = 32 * 1024 * 1024;
      const daemon = await listen({ listen: where, onHello: () => ({ limits: { maxFrameBytes: 2 * limit } }) });
      const shim = startShim();
      await shim.initialize('claude-code');
      const frame = (text: string) => JSON.stringify({ jsonrpc: '2.0', id: 8, method: 'tools/call', params: { text } });
      const text = 'x'.repeat(limit - Buffer.byteLength(frame('')));
      shim.sendLine(frame(text));
      const connection = await daemon.connections.next('a connection');
      const request = await connection.request('tools/call');
      expect(digestOf(JSON.stringify(request['params']))).toBe(digestOf(JSON.stringify({ text })));
      const answering = shim.answer(8);
      const result = (fill: string) => JSON.stringify({ jsonrpc: '2.0', id: 8, result: { fill } });
      connection.raw(result('y'.repeat(limit - Buffer.byteLength(result('')))));
      expect(String((await answering).result?.['fill'])).toHaveLength(limit - Buffer.byteLength(result('')));
      const refused = shim.answer(8);
      shim.sendLine(frame(`${text}x`));
      expect((await refused).error?.data).toMatchObject({
        code: 'PAYLOAD_TOO_LARGE',
        details: { actual_size: limit + 1, limit },
      });
      const tooLong = shim.callTool('version', {}, { id: 8 });
      await eventually('the call', () => (connection.frames.all.length >= 5 ? true : undefined));
      connection.raw(result('y'.repeat(limit)));
      expect((await tooLong).error?.data).toMatchObject({ code: 'PAYLOAD_TOO_LARGE', mayHaveRun: true });
      expect((await shim.request('ping')).result).toEqual({});
    });

    it('WIRE-H12: a predecessor daemon gets nothing relayed, and the person is told', async () => {
      const daemon = await listen({ listen: where, onHello: () => ({ daemonRunId: undefined }) });
      const shim = startShim();
      expect(codeOf(await shim.initialize())).toBe('UPGRADE_REQUIRED');
      const connection = await daemon.connections.next('a connection');
      await connection.closed;
      expect(connection.frames.all).toEqual([]);
    });

    it.each([
      [4004, 'upgrade required', 'UPGRADE_REQUIRED'],
      [1013, 'session limit', 'SESSION_LIMIT'],
      [4000, 'invalid hello', 'INTERNAL_ERROR'],
      [4003, 'unauthorized', 'UNAUTHORIZED'],
    ])(
      'WIRE-H4 WIRE-H12 WIRE-H13: a handshake closed with %i %s is answered with %s',
      async (code, reason, expected) => {
        const daemon = await listen({ listen: where, onHello: () => undefined });
        const shim = startShim();
        const answering = shim.initialize();
        (await daemon.connections.next('a connection')).close(code, reason);
        expect(codeOf(await answering)).toBe(expected);
      },
    );

    it('WIRE-M2 WIRE-M3: what a new daemon never saw is sent again, what nobody knows may have run', async () => {
      const daemon = await listen({
        listen: where,
        onHello: (hello) => (hello['resume'] === undefined ? {} : { daemonRunId: 'run-2', lost: [21], unknown: [22] }),
      });
      const shim = startShim();
      await shim.initialize();
      const lost = shim.callTool('a', {}, { id: 21 });
      const unknown = shim.callTool('b', {}, { id: 22 });
      const first = await daemon.connections.next('a connection');
      await eventually('both calls', () => (first.frames.all.length >= 4 ? true : undefined));
      first.cut();
      const second = await daemon.connections.next('the next connection');
      expect(second.hello).toMatchObject({
        resume: { daemonRunId: 'scripted-run', pending: [21, 22], initialize: { clientInfo: { name: 'raw-client' } } },
      });
      expect((await unknown).error?.data).toMatchObject({ code: 'DAEMON_RESTARTED', mayHaveRun: true });
      expect(await second.request('tools/call')).toMatchObject({ id: 21 });
      second.message({ id: 21, result: { ran: 'once' } });
      expect((await lost).result).toEqual({ ran: 'once' });
      expect(await second.frames.first('the report', (frame) => frame['op'] === 'received')).toEqual({
        op: 'received',
        ids: [21],
      });
    });

    it('WIRE-5.2: a request of the daemon is shown once, and its lost answer repeated', async () => {
      const daemon = await listen({ listen: where, onHello: (hello) => ({ resumed: hello['resume'] !== undefined }) });
      const shim = startShim();
      await shim.initialize();
      const first = await daemon.connections.next('a connection');
      first.message({ id: 'exai-1', method: 'roots/list' });
      await shim.message('the question', (message) => message.id === 'exai-1');
      shim.sendLine('{"jsonrpc":"2.0","id":"exai-1","result":{"roots":[]}}');
      await first.frames.first('the answer', (frame) => frame['id'] === 'exai-1');
      first.cut();
      const second = await daemon.connections.next('the next connection');
      second.message({ id: 'exai-1', method: 'roots/list' });
      expect(await second.frames.first('the answer again', (frame) => frame['id'] === 'exai-1')).toMatchObject({
        result: { roots: [] },
      });
      expect(shim.lines.filter((line) => line.includes('roots/list'))).toHaveLength(1);
    });

    it('WIRE-5.1: while the daemon drains, new requests wait for the next one', async () => {
      const daemon = await listen({ listen: where });
      const shim = startShim();
      await shim.initialize();
      const running = shim.callTool('a', {}, { id: 1 });
      const first = await daemon.connections.next('a connection');
      await first.request('tools/call');
      first.control({ op: 'draining', maxMs: 5_000 });
      await shim.request('ping');
      const waiting = shim.callTool('b', {}, { id: 2 });
      first.message({ id: 1, result: {} });
      await running;
      first.close(1001, 'shutdown');
      const second = await daemon.connections.next('the next connection');
      expect(await second.request('tools/call')).toMatchObject({ id: 2 });
      expect(first.frames.all.filter(({ id }) => id === 2)).toEqual([]);
      second.message({ id: 2, result: {} });
      await waiting;
    });

    it('BAD-never-reads SHIM-S10: an editor that does not read holds the daemon back, not the memory of the shim', async () => {
      const daemon = await listen({ listen: where });
      const shim = startShim();
      await shim.initialize();
      const connection = await daemon.connections.next('a connection');
      shim.pauseReading();
      const message = { method: 'notifications/message', params: { data: 'z'.repeat(256 * 1024) } };
      for (let count = 0; count < 400; count += 1) connection.message(message);
      await eventually('the flood to stand still', async () => {
        const before = connection.socket.writableLength;
        await new Promise((resolve) => setTimeout(resolve, 300));
        return before > 0 && connection.socket.writableLength === before ? true : undefined;
      });
      expect(connection.socket.writableLength).toBeGreaterThan(80 * 1024 * 1024);
      expect(residentBytes(shim.pid)).toBeLessThan(110 * 1024 * 1024);
      shim.resumeReading();
      await eventually('all of it', () => (shim.notifications.length === 400 ? true : undefined), 20_000);
    });

    it('BAD-never-reads: a daemon that does not read holds the editor back, not the memory of the shim', async () => {
      const daemon = await listen({ listen: where });
      const shim = startShim();
      await shim.initialize();
      const connection = await daemon.connections.next('a connection');
      connection.socket.pause();
      const line = JSON.stringify({
        jsonrpc: '2.0',
        method: 'notifications/progress',
        params: { data: 'z'.repeat(256 * 1024) },
      });
      for (let count = 0; count < 400; count += 1) shim.sendLine(line);
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      expect(residentBytes(shim.pid)).toBeLessThan(120 * 1024 * 1024);
      connection.socket.resume();
      await eventually('all of it', () => (connection.frames.all.length >= 400 ? true : undefined), 20_000);
    });

    it('SHIM-S7 PF-H4: the end of stdin is seen behind what the daemon does not take', async () => {
      const daemon = await listen({ listen: where });
      const shim = startShim();
      await shim.initialize();
      const connection = await daemon.connections.next('a connection');
      connection.socket.pause();
      const line = JSON.stringify({
        jsonrpc: '2.0',
        method: 'notifications/progress',
        params: { data: 'z'.repeat(64 * 1024) },
      });
      // As much as fills the way to the daemon, and then what the pipe of a dead editor can hold.
      for (let count = 0; count < 24; count += 1) shim.sendLine(line);
      await new Promise((resolve) => setTimeout(resolve, 500));
      const closedAtMs = performance.now();
      shim.closeInput();
      const exit = await shim.exited;
      expect(exit).toMatchObject({ code: 0, signal: null });
      expect(exit.atMs - closedAtMs).toBeLessThan(400);
    });
  });

  it('WIRE-H17: the key of a daemon that was restarted between our look and our connect is looked up again', async () => {
    const daemon = await listen({ listen: 'local' });
    const own = readFileSync(home.layout.discoveryFile, 'utf8');
    daemon.writeDiscovery({ daemonRunId: 'older-run', runKey: Buffer.alloc(32).toString('base64url') });
    const shim = startShim();
    await eventually('a refused attempt', () => (daemon.sockets > 0 ? true : undefined));
    expect(daemon.connections.all).toEqual([]);
    writeFileSync(home.layout.discoveryFile, own);
    await daemon.connections.next('a connection', 2_000);
    expect((await shim.initialize()).result).toBeDefined();
  });

  it('WIRE-H3 SHIM-S5: a daemon that accepts and says nothing costs the editor a second', async () => {
    await listen({ listen: 'local', isSilent: true });
    const shim = startShim();
    const startedAtMs = performance.now();
    expect((await shim.initialize()).result?.['serverInfo']).toMatchObject({ name: 'ex-ws-shim', title: 'EXAI' });
    expect(performance.now() - startedAtMs).toBeLessThan(2_500);
    const closedAtMs = performance.now();
    shim.closeInput();
    expect((await shim.exited).atMs - closedAtMs).toBeLessThan(400);
  });

  it('BAD-token BAD-empty-token-file BAD-world-readable: each is named in the first answer', async () => {
    await listen({
      listen: 'local',
      onHello: (hello) => (hello['token'] === token ? {} : { ok: false, error: 'unauthorized' }),
    });
    const path = `${home.path}/secrets/token`;
    mkdirSync(dirname(path), { mode: 0o700 });
    for (const [text, mode, hint] of [
      ['', 0o600, 'is empty'],
      [token, 0o644, `chmod 600 ${path}`],
      ['another-token-of-some-length', 0o600, 'EXAI_WS_TOKEN_FILE'],
    ] as const) {
      writeFileSync(path, text);
      chmodSync(path, mode);
      const shim = startShim({ EXAI_WS_TOKEN_FILE: path });
      const answer = await shim.initialize('raw-client', 2_000);
      expect(codeOf(answer)).toBe('UNAUTHORIZED');
      expect(answer.error?.data?.['hint']).toContain(hint);
      shim.kill();
      await shim.exited;
    }
  });

  it('WIRE-M9: a token file that changes during the handshake is read once more, without a loop', async () => {
    const path = `${home.path}/token`;
    writeFileSync(path, 'the-token-before-the-rotation', { mode: 0o600 });
    const daemon = await listen({
      listen: 'local',
      onHello: (hello) => {
        if (hello['token'] === token) return {};
        writeFileSync(path, token, { mode: 0o600 });
        return { ok: false, error: 'unauthorized' };
      },
    });
    const shim = startShim({ EXAI_WS_TOKEN_FILE: path });
    expect((await shim.initialize()).result).toBeDefined();
    expect(daemon.connections.all.map(({ hello }) => hello?.['token'])).toEqual([
      'the-token-before-the-rotation',
      token,
    ]);
  });
});

function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}
