import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { TestHome } from '../support/daemon-process.ts';
import { eventually, withDeadline } from '../support/deadline.ts';
import { OpsClient } from '../support/ops-client.ts';
import { epochSeconds, jsonWebToken } from './json-web-token.ts';
import { callTool, runningCall, startCall } from './ops-calls.ts';
import { useDaemon } from './use-daemon.ts';

describe('health file', () => {
  const shared = useDaemon({ testTools: true, env: { EXAI_HEALTH_WRITER_INTERVAL: '1' } });

  it('WIRE-F1 PF-G2: read in a tight loop it is always whole, also while a tool holds the loop, and never old', async () => {
    const client = await shared.session();
    const blocked = callTool(client, 'block', 'block', { ms: 1500 });
    const end = performance.now() + 3_000;
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

describe('logs of shims', () => {
  it('PF-L1 WIRE-F5: the daemon removes those without a name whose process is long gone', async () => {
    const home = new TestHome();
    try {
      mkdirSync(home.logDir, { recursive: true, mode: 0o700 });
      const path = (name: string): string => join(home.logDir, name);
      const gone = spawnSync(process.execPath, ['-e', '']).pid;
      const names = [`ws_shim_pid${gone}.log`, `ws_shim_pid${gone}.log.1`, `ws_shim_pid${gone}.log.lock`];
      const others = ['ws_shim_vscode1.log', `ws_shim_pid${process.pid}.log`];
      const longAgo = new Date(Date.now() - 8 * 86_400_000);
      for (const name of [...names, ...others]) {
        writeFileSync(path(name), '{}\n', { mode: 0o600 });
        utimesSync(path(name), longAgo, longAgo);
      }
      await home.startDaemon({ env: { SESSION_CLEANUP_INTERVAL: '1' } });
      await eventually('the sweep', () => (names.some((name) => existsSync(path(name))) ? undefined : true));
      expect(others.map((name) => existsSync(path(name)))).toEqual([true, true]);
    } finally {
      await home.cleanUp();
    }
  });
});
