import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { envTable } from '../../protocol/env-table.ts';
import { type DaemonProcess, TestHome } from '../support/daemon-process.ts';
import { eventually, withDeadline } from '../support/deadline.ts';
import { OpsClient } from '../support/ops-client.ts';
import { epochSeconds, jsonWebToken } from './json-web-token.ts';
import { callTool, runningCall, startCall } from './ops-calls.ts';
import { useDaemon } from './use-daemon.ts';

const token = 'golden-token-0123456789';

describe('health file', () => {
  const shared = useDaemon({ testTools: true, env: { EXAI_HEALTH_WRITER_INTERVAL: '1' } });

  it('WIRE-F1 PF-G2: read in a tight loop it is always whole, also while a tool holds the loop, and never old', async () => {
    const client = await shared.session();
    const blocked = callTool(client, 'block', 'block', { ms: 2000 });
    const end = performance.now() + 4_000;
    const texts = new Set<string>();
    let reads = 0;
    let oldestSecs = 0;
    while (performance.now() < end) {
      for (let read = 0; read < 50; read += 1) {
        const text = readFileSync(join(shared.home.logDir, 'ws_daemon.health.json'), 'utf8');
        const { t } = JSON.parse(text) as { t: number };
        oldestSecs = Math.max(oldestSecs, Date.now() / 1000 - t);
        texts.add(text);
        reads += 1;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await blocked).toMatchObject({ ok: true });
    expect(reads).toBeGreaterThan(1000);
    expect(texts.size).toBeGreaterThanOrEqual(2);
    // One interval, the blocked time and some room for a busy machine; the limit of the specification is 20 s.
    expect(oldestSecs).toBeLessThan(6);
  });

  it('WIRE-F1: it holds what the predecessor’s scripts read and what ours does, sorted', () => {
    const file = join(shared.home.logDir, 'ws_daemon.health.json');
    const text = readFileSync(file, 'utf8');
    const health = JSON.parse(text) as Record<string, unknown>;
    expect(health).toEqual({
      auth: 'open',
      daemon_run_id: shared.home.readDiscovery().daemonRunId,
      event_loop_lag_ms: expect.any(Number),
      global_capacity: 24,
      global_inflight: 0,
      host: '127.0.0.1',
      local_socket: shared.daemon.localSocket,
      pid: shared.daemon.pid,
      port: shared.daemon.port,
      providers: { GLM: { capacity: 4, inflight: 0 }, KIMI: { capacity: 6, inflight: 0 } },
      queued: 0,
      rss_bytes: expect.any(Number),
      schema: 1,
      session_capacity: 100,
      sessions: expect.any(Number),
      sessions_detached: expect.any(Number),
      started_at: expect.any(Number),
      status: 'healthy',
      store: expect.anything(),
      t: expect.any(Number),
      token_generation: expect.any(Number),
      tool_count: expect.any(Number),
      upstreams: { failed: 0, ready: 0, total: 0 },
      uptime_human: expect.stringMatching(/^\d+:\d\d:\d\d$/),
      version: expect.any(String),
      warnings: ['AUTH_DISABLED'],
    });
    expect(text.trimEnd()).toBe(JSON.stringify(health, null, 2));
    expect(Object.keys(health)).toEqual(Object.keys(health).toSorted());
    expect(text.split('\n')[1]).toMatch(/^ {2}"/);
    expect(readFileSync(join(shared.home.logDir, 'ws_daemon.pid'), 'utf8').trim()).toBe(String(shared.daemon.pid));
    for (const name of readdirSync(shared.home.logDir))
      expect(statSync(join(shared.home.logDir, name)).mode & 0o077).toBe(0);
  });

  it('WIRE-F1: it is gone after a clean stop', async () => {
    const home = new TestHome();
    try {
      const daemon = await home.startDaemon();
      expect(existsSync(join(home.logDir, 'ws_daemon.health.json'))).toBe(true);
      await daemon.stop();
      expect(readdirSync(home.logDir).filter((name) => /health|\.pid$/.test(name))).toEqual([]);
      expect(home.readDiscovery()).toMatchObject({ state: 'stopped' });
      expect(home.readDiscovery()).not.toHaveProperty('runKey');
      expect(home.readDiscovery()).not.toHaveProperty('pid');
    } finally {
      await home.cleanUp();
    }
  });
});

describe('metrics log', () => {
  const shared = useDaemon({ testTools: true, env: { EXAI_METRICS_MAX_BYTES: '65536', EXAI_METRICS_FILES: '5' } });
  const names = () =>
    readdirSync(shared.home.logDir)
      .filter((name) => name.startsWith('ws_daemon.metrics.jsonl'))
      .toSorted();

  it('WIRE-F2 PF-L3: one line per finished call, whatever its end', async () => {
    const client = await shared.session({ session_id: 'metrics' });
    await callTool(client, 1, 'echo', { text: 'x' });
    await callTool(client, 2, 'fail', { how: 'isError' });
    await callTool(client, 3, 'glm_echo', { text: 'y' });
    await callTool(client, 4, 'no_such_tool');
    await runningCall(client, 5, 'sleep', { ms: 60_000 });
    client.send({ op: 'cancel', request_id: 'c', target: 5 });
    const file = join(shared.home.logDir, 'ws_daemon.metrics.jsonl');
    const lines = await eventually('five lines', () => {
      const all = existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
      return all.length >= 5 ? all.map((line) => JSON.parse(line) as Record<string, unknown>) : undefined;
    });
    expect(lines[0]).toEqual({
      t: expect.any(Number),
      op: 'call_tool',
      lat: expect.any(Number),
      sess: 'metrics',
      name: 'echo',
      prov: '',
      out: 'ok',
      code: '',
      queued: 0,
      inst: '',
      up: '',
      req: expect.any(Number),
      res: 1,
      call: 'c_1',
    });
    expect(lines.map(({ name, out, code, prov }) => ({ name, out, code, prov }))).toEqual([
      { name: 'echo', out: 'ok', code: '', prov: '' },
      { name: 'fail', out: 'tool_error', code: 'EXEC_ERROR', prov: '' },
      { name: 'glm_echo', out: 'ok', code: '', prov: 'GLM' },
      { name: 'no_such_tool', out: 'error', code: 'TOOL_NOT_FOUND', prov: '' },
      { name: 'sleep', out: 'cancelled', code: 'CANCELLED', prov: '' },
    ]);
  });

  it('WIRE-F2 PF-L3: written past the limit it keeps five files within it, and no call notices', async () => {
    const client = await shared.session({ session_id: 'metrics-of-a-busy-window' });
    const calls = 3000;
    for (let id = 0; id < calls; id += 1) startCall(client, id, 'echo', { text: 'x' });
    await client.frame({ op: 'call_tool_res', request_id: calls - 1 }, 30_000);
    expect(client.frames.filter(({ json }) => json?.['op'] === 'call_tool_res' && json['ok'] === true)).toHaveLength(
      calls,
    );
    await eventually('six files', () => (names().length === 6 ? true : undefined));
    expect(names()).toEqual(['', '.1', '.2', '.3', '.4', '.5'].map((end) => `ws_daemon.metrics.jsonl${end}`));
    for (const name of names()) {
      const text = readFileSync(join(shared.home.logDir, name), 'utf8');
      expect(text.length).toBeLessThanOrEqual(65_536);
      expect(text.endsWith('\n')).toBe(true);
      for (const line of text.trimEnd().split('\n')) expect(JSON.parse(line)).toMatchObject({ op: 'call_tool' });
    }
  });
});

describe('health over HTTP', () => {
  const shared = useDaemon();
  const ask = async (path: string) => {
    const response = await fetch(new URL(path, shared.daemon.address));
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  it.each([['/health'], ['/healthz'], ['/health/live'], ['/health/ready']])(
    'WIRE-F3 PF-G5: %s is 200 and healthy without any client',
    async (path) => {
      expect(await ask(path)).toEqual({
        status: 200,
        body: {
          status: 'healthy',
          service: 'exai-mcp-daemon',
          timestamp: expect.any(Number),
          version: expect.any(String),
          uptime_seconds: expect.any(Number),
          auth: 'open',
          warnings: ['AUTH_DISABLED'],
        },
      });
      expect(await shared.sample('mcp_active_sessions')).toBe(0);
    },
  );

  it('WIRE-F3: every way in is 503 draining while the daemon stops, only live stays 200', async () => {
    const home = new TestHome();
    try {
      const daemon = await home.startDaemon({ testTools: true, env: { EXAI_DRAIN_SECS: '20' } });
      const client = await OpsClient.connect({ port: daemon.port });
      await client.hello();
      const shim = await OpsClient.connect({ port: daemon.port });
      await shim.hello({ mode: 'mcp', protocol: '1.0', shimId: '0b0f3c1e-6c55-4d7e-9c0a-2f1d7a5b9e11' });
      await runningCall(client, 'running', 'sleep', { ms: 60_000 });
      const exited = daemon.kill('SIGTERM');
      await shim.frame({ op: 'draining' });
      const statuses = [];
      for (const path of ['/health', '/healthz', '/health/ready', '/health/live']) {
        const { status, text } = await httpGet(daemon.port, path);
        statuses.push([path, status, (JSON.parse(text) as { status: string }).status]);
      }
      expect(statuses).toEqual([
        ['/health', 503, 'draining'],
        ['/healthz', 503, 'draining'],
        ['/health/ready', 503, 'draining'],
        ['/health/live', 200, 'draining'],
      ]);
      const late = await OpsClient.tryConnect({ port: daemon.port });
      expect(late).toMatchObject({ type: 'refused', statusCode: 503, headers: { 'retry-after': '1' } });
      client.send({ op: 'cancel', request_id: 'c', target: 'running' });
      expect(await client.frame({ op: 'call_tool_res', request_id: 'running' })).toMatchObject({
        error: { code: 'CANCELLED' },
      });
      expect(await exited).toMatchObject({ code: 0 });
    } finally {
      await home.cleanUp();
    }
  });
});

describe('start and stop', () => {
  it('PF-G1 BAD-stale-discovery BAD-stale-socket: after kill -9 the next start is at once, with what is left lying around', async () => {
    const home = new TestHome();
    try {
      const first = await home.startDaemon();
      const before = home.readDiscovery();
      await first.kill('SIGKILL');
      expect(home.readDiscovery()).toMatchObject({ state: 'running', pid: first.pid });
      for (const left of [home.layout.lockFile, home.layout.discoveryFile, before.localSocket ?? ''])
        expect(existsSync(left)).toBe(true);
      const startedAt = performance.now();
      const second = await home.startDaemon();
      expect(performance.now() - startedAt).toBeLessThan(8_000);
      const after = home.readDiscovery();
      expect(after).toMatchObject({ state: 'running', pid: second.pid, localSocket: before.localSocket });
      expect(after.daemonRunId).not.toBe(before.daemonRunId);
      const client = await OpsClient.connect({ socketPath: second.localSocket });
      expect(await client.hello()).toMatchObject({ ok: true, daemonRunId: after.daemonRunId });
    } finally {
      await home.cleanUp();
    }
  });

  it('PF-G3 MAIN-exit-codes PF-W7: a second daemon of the same home is exit 11 with one line that names the first', async () => {
    const home = new TestHome();
    try {
      const first = await home.startDaemon();
      const second = home.spawnDaemon();
      expect(await second.exited).toMatchObject({ code: 11 });
      expect(second.stdout).toBe('');
      expect(second.stderr).toMatch(new RegExp(`^exai: [^\\n]*pid ${first.pid}[^\\n]*\\n$`));
      expect(home.daemonPids()).toEqual([first.pid]);
      const client = await OpsClient.connect({ socketPath: first.localSocket });
      expect(await client.hello()).toMatchObject({ ok: true });
    } finally {
      await home.cleanUp();
    }
  });

  it('PF-G3 BAD-port-taken MAIN-exit-codes: a taken port is exit 12 with one line that names its owner and command', async () => {
    const home = new TestHome();
    const other = new TestHome();
    try {
      const owner = await other.startDaemon();
      const daemon = home.spawnDaemon({ env: { EXAI_WS_PORT: String(owner.port) } });
      expect(await daemon.exited).toMatchObject({ code: 12 });
      expect(daemon.stdout).toBe('');
      expect(daemon.stderr).toMatch(
        new RegExp(
          `^exai: 127\\.0\\.0\\.1:${owner.port} [^\\n]*pid ${owner.pid} [^\\n]*daemon\\.js[^\\n]*EXAI_WS_PORT\\n$`,
        ),
      );
      expect(existsSync(home.layout.lockFile)).toBe(false);
      const again = await home.startDaemon();
      expect(again.port).not.toBe(owner.port);
    } finally {
      await home.cleanUp();
      await other.cleanUp();
    }
  });

  it('PF-G3 BAD-port-taken: a stranger on the port is named as well', async () => {
    const home = new TestHome();
    const stranger = createServer();
    try {
      await new Promise<void>((resolve) => {
        stranger.listen(0, '127.0.0.1', () => resolve());
      });
      const address = stranger.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      const daemon = home.spawnDaemon({ env: { EXAI_WS_PORT: String(port) } });
      expect(await daemon.exited).toMatchObject({ code: 12 });
      expect(daemon.stderr).toMatch(new RegExp(`^exai: 127\\.0\\.0\\.1:${port} [^\\n]*pid ${process.pid} \\(`));
    } finally {
      stranger.close();
      await home.cleanUp();
    }
  });

  it('MAIN-entry-points: one ready line on stdout, logs on stderr and in the file, exit 0 on SIGTERM and SIGINT', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      const home = new TestHome();
      try {
        const daemon = await home.startDaemon();
        expect(daemon.stdout).toBe(`ready http://127.0.0.1:${daemon.port}/\n`);
        const client = await OpsClient.connect({ port: daemon.port });
        await client.hello();
        const exited = daemon.kill(signal);
        expect(await client.closedWith()).toEqual({ code: 1001, reason: 'shutdown' });
        expect(await exited).toMatchObject({ code: 0, signal: null });
        expect(daemon.stdout).toBe(`ready http://127.0.0.1:${daemon.port}/\n`);
        expect(home.readLog('ws_daemon.log')).toBe(daemon.stderr);
        for (const line of daemon.stderr.trimEnd().split('\n')) {
          expect(JSON.parse(line)).toMatchObject({
            t: expect.any(Number),
            level: expect.any(String),
            msg: expect.any(String),
          });
        }
      } finally {
        await home.cleanUp();
      }
    }
  });
});

describe('secrets', () => {
  it('WIRE-F6 PF-L2: after a full run no file, log, metric or answer holds a secret or eight characters of one', async () => {
    const home = new TestHome();
    try {
      const jwtSecret = 'Zq4vT9xWm2LpRk7sYd3hNc8bUf6gJe1a';
      const shared = 'Kx82_mQv-Tn5.Wd31~Hs90';
      const rotated = 'Pb67+Lc24=Yf83!Gr15_Az';
      const wrong = 'Vd49-Nh57_Qe38.Jw26~Mu';
      const jwt = jsonWebToken(
        { sub: 'ana', iat: epochSeconds(-5), exp: epochSeconds(600), role: 'exai_admin' },
        jwtSecret,
      );
      const env = {
        EXAI_WS_TOKEN: shared,
        JWT_SECRET_KEY: jwtSecret,
        LOG_LEVEL: 'DEBUG',
        EXAI_HEALTH_WRITER_INTERVAL: '1',
      };
      const daemon = await home.startDaemon({ testTools: true, env });
      const connect = (headers: Record<string, string> = {}) => OpsClient.connect({ port: daemon.port, headers });
      const ops = await connect();
      expect(await ops.hello({ token: shared, jwt, session_id: 'secretive' })).toMatchObject({ ok: true, auth: 'jwt' });
      for (const secret of [shared, jwtSecret, jwt]) {
        await callTool(ops, `echo ${secret.length}`, 'echo', {
          text: secret,
          token: secret,
          nested: { authorization: `Bearer ${secret}` },
        });
        // The whole of it: a part of a user token in the name of a tool is nothing that could be known.
        await callTool(ops, `none ${secret.length}`, secret === jwt ? 'no_such_tool' : `no_such_tool_${secret}`);
        ops.send({ op: secret, request_id: secret.slice(0, 100), token: secret });
        ops.send(`{"op": ${secret}`);
        await callTool(ops, `answer ${secret.length}`, 'answer', {
          result: { content: [{ type: 'text', text: secret }], isError: true },
        });
      }
      const direct = await connect({ authorization: `Bearer ${shared}` });
      direct.send('{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}');
      expect(await direct.next()).toMatchObject({ error: { code: 401 } });
      const refused = await connect({ authorization: `Bearer ${wrong}` });
      expect(await refused.hello({ token: wrong, jwt, session_id: shared })).toMatchObject({ ok: false });
      const named = await connect();
      expect(
        await named.hello({
          token: shared,
          jwt,
          client: { name: shared, version: jwtSecret, workspace: `/home/${shared}` },
        }),
      ).toMatchObject({ ok: true });
      await callTool(named, 1, 'status');
      const adminAnswers: string[] = [];
      const admin = readFileSync(home.layout.adminSecretFile, 'utf8').trim();
      ops.send({ op: 'rotate_token', request_id: 'r', old: shared, new: rotated });
      expect(await ops.frame({ op: 'rotate_token_res' })).toMatchObject({ ok: true });
      for (const path of ['/api/token', '/api/status', '/health', '/metrics']) {
        const response = await fetch(new URL(path, daemon.address), { headers: { authorization: `Bearer ${admin}` } });
        adminAnswers.push(await response.text());
      }
      await fetch(new URL(`/x?token=${rotated}`, daemon.address));
      await daemon.stop();

      const places = filesBelow(home.path).filter(
        (path) => !path.startsWith(home.layout.credentialsDir) && path !== home.layout.adminSecretFile,
      );
      expect(places.length).toBeGreaterThan(5);
      const texts = places.map((path) => [path, readFileSync(path, 'utf8')] as const);
      const found: string[] = [];
      const secrets = { shared, rotated, wrong, jwtSecret, jwt, admin };
      for (const [where, text] of [
        ...texts,
        ['stderr', daemon.stderr],
        ['answers', adminAnswers.join('\n')],
      ] as const) {
        for (const [name, secret] of Object.entries(secrets)) {
          for (let at = 0; at + 8 <= secret.length; at += 1) {
            const part = secret.slice(at, at + 8);
            // The header of a JWT is the same for all and says nothing.
            if (name === 'jwt' && at < 37) continue;
            if (text.includes(part)) found.push(`${where}: ${name} at ${at}`);
          }
        }
      }
      expect([...new Set(found.map((line) => line.replace(/ at \d+$/, '')))]).toEqual([]);
    } finally {
      await home.cleanUp();
    }
  });
});

describe('settings', () => {
  it('PF-T3: every variable set to another value is read back, and what a client can see has changed with it', async () => {
    const home = new TestHome();
    try {
      const values = otherValues(home);
      const shown = await home.runCli(['config', '--json'], values);
      expect(shown).toMatchObject({ code: 0, stderr: '' });
      const rows = JSON.parse(shown.stdout) as { name: string; value?: string; layer: string }[];
      const expected = envTable.filter(({ readBy }) => readBy !== 'shim').map(({ name }) => name);
      expect(rows.map(({ name }) => name).toSorted()).toEqual(expect.arrayContaining(expected.toSorted()));
      for (const name of expected) {
        const row = rows.find((candidate) => candidate.name === name);
        const secret = name === 'EXAI_WS_TOKEN' || name === 'JWT_SECRET_KEY';
        expect(row).toMatchObject({ name, value: secret ? '***' : values[name], layer: 'environment' });
      }

      const daemon = await home.startDaemon({
        env: { ...values, EXAI_WS_PORT: '0', EXAI_WS_LISTEN: 'tcp,local', EXAI_DAEMON_OWNER: '' },
      });
      expect(daemon.localSocket).toBe(values['EXAI_WS_LOCAL_PATH']);
      const client = await OpsClient.connect({ socketPath: daemon.localSocket });
      expect(await client.hello({ token: values['EXAI_WS_TOKEN'] })).toMatchObject({
        ok: true,
        heartbeat: { intervalMs: 26_000, timeoutMs: 11_000 },
        limits: {
          maxFrameBytes: 33_554_433,
          sessionMaxInflight: 9,
          queueMax: 3,
          graceMs: 121_000,
          callTimeoutMs: 121_000,
        },
      });
      client.send({ op: 'list_tools', request_id: 1 });
      const { tools } = (await client.next()) as { tools: { name: string }[] };
      expect(tools.map(({ name }) => name)).toEqual(['version', 'status']);
      const secret = readFileSync(home.layout.adminSecretFile, 'utf8').trim();
      const response = await fetch(new URL('/api/status', daemon.address), {
        headers: { authorization: `Bearer ${secret}` },
      });
      expect(await response.json()).toMatchObject({
        authPolicy: 'token',
        sessions: { capacity: 101 },
        global: { capacity: 25 },
        providers: { KIMI: { capacity: 7 }, GLM: { capacity: 5 } },
        logDir: values['EXAI_LOG_DIR'],
        localSocket: values['EXAI_WS_LOCAL_PATH'],
      });
      expect(existsSync(join(values['EXAI_LOG_DIR'] ?? '', 'ws_daemon.health.json'))).toBe(true);
    } finally {
      await home.cleanUp();
    }
  });
});

/** A value other than the default for every variable that the daemon reads; a new variable needs one here. */
function otherValues(home: TestHome): Record<string, string> {
  const envFile = join(home.path, 'other.env');
  writeFileSync(envFile, '# nothing\n', { mode: 0o600 });
  const keyFile = join(home.path, 'key.pem');
  return {
    EXAI_WS_HOST: '127.0.0.2',
    EXAI_WS_PORT: '8766',
    EXAI_WS_TOKEN: 'golden-token-0123456789',
    EXAI_WS_MAX_BYTES: '33554433',
    EXAI_WS_PING_INTERVAL: '26',
    EXAI_WS_PING_TIMEOUT: '11',
    EXAI_WS_CLOSE_TIMEOUT: '1.5',
    EXAI_STATE_DIR: home.stateDir,
    EXAI_LOG_DIR: join(home.path, 'other-logs'),
    ENV_FILE: envFile,
    LOG_LEVEL: 'WARNING',
    EXAI_LOG_MAX_BYTES: '65537',
    EXAI_LOG_FILES: '6',
    EXAI_WS_LISTEN: 'local',
    EXAI_WS_LOCAL_PATH: join(home.path, 'tmp', 'other.sock'),
    EXAI_WS_ALLOWED_HOSTS: 'one.example,two.example',
    EXAI_WS_ALLOWED_ORIGINS: 'http://one.example',
    EXAI_WS_ALLOW_OPEN_NETWORK: 'true',
    EXAI_WS_TRUST_PROXY: 'true',
    EXAI_METRICS_PUBLIC: 'true',
    EXAI_WS_HELLO_TIMEOUT: '16',
    EXAI_WS_HELLO_MAX_BYTES: '65537',
    EXAI_WS_MAX_UNAUTHENTICATED: '65',
    TOOL_CALL_MAX_SIZE: '1025',
    MAX_CONNECTIONS: '1001',
    MAX_CONNECTIONS_PER_IP: '11',
    RATE_LIMIT_GLOBAL_CAPACITY: '1001',
    RATE_LIMIT_GLOBAL_REFILL_RATE: '101',
    RATE_LIMIT_IP_CAPACITY: '101',
    RATE_LIMIT_IP_REFILL_RATE: '11',
    RATE_LIMIT_USER_CAPACITY: '51',
    RATE_LIMIT_USER_REFILL_RATE: '5.5',
    EXAI_WS_CALL_TIMEOUT: '121',
    EXAI_CANCEL_GRACE_SECS: '6',
    EXAI_WS_PROGRESS_INTERVAL_SECS: '9',
    EXAI_WS_SESSION_MAX_INFLIGHT: '9',
    EXAI_WS_GLOBAL_MAX_INFLIGHT: '25',
    EXAI_WS_KIMI_MAX_INFLIGHT: '7',
    EXAI_WS_GLM_MAX_INFLIGHT: '5',
    EXAI_WS_QUEUE_MAX: '3',
    EXAI_WS_QUEUE_WAIT_SECS: '31',
    EXAI_WS_RETRY_AFTER_SECS: '2',
    EXAI_WS_RESULT_TTL: '601',
    EXAI_WS_COALESCE: 'off',
    EXAI_WS_DISABLE_COALESCE_FOR_TOOLS: 'chat,version',
    EXAI_WS_COMPAT_TEXT: 'false',
    EX_ENSURE_NONEMPTY_FIRST: 'true',
    EXAI_SESSION_GRACE_SECS: '121',
    EXAI_RESUME_MAX_FRAMES: '257',
    EXAI_RESUME_MAX_BYTES: '67108865',
    EXAI_RESUME_TOTAL_BYTES: '268435457',
    SESSION_TIMEOUT_SECS: '3601',
    SESSION_CLEANUP_INTERVAL: '301',
    SESSION_MAX_CONCURRENT: '101',
    EXAI_AUTH_POLICY: 'token',
    EXAI_TOKEN_GRACE_SECS: '1',
    MCP_ENABLE_MULTI_USER: 'false',
    MCP_MAX_CONNECTIONS_PER_USER: '6',
    JWT_SECRET_KEY: 'golden-jwt-secret-0123456789-0123456789',
    JWT_PUBLIC_KEY_FILE: keyFile,
    JWT_ALGORITHM: 'HS384',
    JWT_ISSUER: 'golden-issuer',
    JWT_AUDIENCE: 'golden-audience',
    JWT_GRACE_PERIOD_DAYS: '1',
    EXAI_HEALTH_WRITER_INTERVAL: '11',
    EXAI_METRICS_MAX_BYTES: '65537',
    EXAI_METRICS_FILES: '6',
    ENABLED_TOOLS: 'version,status,health',
    DISABLED_TOOLS: 'health',
    EXAI_DRAIN_SECS: '6',
    EXAI_IDLE_EXIT_SECS: '601',
    EXAI_DAEMON_OWNER: `tray:${process.pid}`,
  };
}

function httpGet(port: number, path: string): Promise<{ status: number; text: string }> {
  const agent = new Agent({ keepAlive: false });
  const answer = new Promise<{ status: number; text: string }>((resolve, reject) => {
    const request = get({ host: '127.0.0.1', port, path, agent }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => {
        text += chunk.toString('utf8');
      });
      response.once('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.once('error', reject);
  });
  return withDeadline(`GET ${path}`, answer);
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
