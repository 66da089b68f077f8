import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { historyPageSchema, seriesSchema } from '../../protocol/history.ts';
import { callTool, startCall } from '../golden/ops-calls.ts';
import { DaemonProcess, programs, TestHome } from '../support/daemon-process.ts';
import { eventually } from '../support/deadline.ts';
import { OpsClient } from '../support/ops-client.ts';

const token = 'history-token-0123456789';
const settings = { EXAI_WS_TOKEN: token, EXAI_HEALTH_WRITER_INTERVAL: '1', EXAI_WS_QUEUE_MAX: '1000' };
const canMount = process.platform === 'linux' && spawnSync('unshare', ['-m', 'true']).status === 0;
if (!canMount) process.stderr.write('SKIP the history on a full disk: no mount namespace can be made here\n');

let home: TestHome;

beforeEach(() => {
  home = new TestHome();
});

afterEach(async () => {
  await home.cleanUp();
});

async function connect(daemon: DaemonProcess): Promise<OpsClient> {
  const client = await OpsClient.connect({ port: daemon.port });
  await client.hello({ token });
  return client;
}

interface StoredCall {
  readonly key: string;
  readonly tool: string;
  readonly outcome: string;
  readonly code: string | null;
  readonly startedAt: number;
}

/** Every stored call, read by another program while the daemon runs, or does not. */
function stored(): StoredCall[] {
  const database = new DatabaseSync(home.layout.historyFile, { readOnly: true, timeout: 5_000 });
  try {
    if (database.prepare("select 1 from sqlite_schema where name = 'calls'").get() === undefined) return [];
    const rows = database
      .prepare('select idempotency_key, tool, outcome, error_code, started_at from calls order by started_at, id')
      .all();
    return rows.map((row) => ({
      key: String(row['idempotency_key']),
      tool: String(row['tool']),
      outcome: String(row['outcome']),
      code: row['error_code'] === null ? null : String(row['error_code']),
      startedAt: Number(row['started_at']),
    }));
  } finally {
    database.close();
  }
}

function storedCount(count: number): Promise<true> {
  return eventually(`${count} calls in the history`, () =>
    existsSync(home.layout.historyFile) && stored().length === count ? true : undefined,
  );
}

/** The same behind the mounts of a daemon, where SQLite has to look from inside. */
function storedCountInside(daemon: DaemonProcess, path: string, count: number): Promise<true> {
  const program = `const { DatabaseSync } = require('node:sqlite');
    const database = new DatabaseSync(process.argv[1], { timeout: 5000 });
    process.stdout.write(String(database.prepare('select count(*) as calls from calls').get().calls));`;
  const args = ['-t', String(daemon.pid), '-m', process.execPath, '-e', program, path];
  return eventually(`${count} calls in the history on the small disk`, () =>
    spawnSync('nsenter', args, { encoding: 'utf8' }).stdout === String(count) ? true : undefined,
  );
}

async function healthOf(daemon: DaemonProcess): Promise<Record<string, unknown>> {
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(new URL('/health', daemon.address), { headers });
  expect(response.status).toBe(200);
  return (await response.json()) as Record<string, unknown>;
}

function storeIs(daemon: DaemonProcess, expected: Record<string, unknown>): Promise<true> {
  return eventually(`store ${JSON.stringify(expected)}`, async () => {
    const { components } = (await healthOf(daemon)) as { components: { store: unknown } };
    return JSON.stringify(components.store) === JSON.stringify(expected) ? true : undefined;
  });
}

/** The call, and that it came back at once. */
async function quickCall(client: OpsClient, requestId: string, tool = 'version'): Promise<void> {
  const begin = performance.now();
  expect(await callTool(client, requestId, tool)).toMatchObject({ ok: true });
  expect(performance.now() - begin).toBeLessThan(1_000);
}

describe('the history of the built daemon', () => {
  it('HIST-recorded HIST-private: every way a call ends is a row within a second, in a file for its owner alone', async () => {
    const daemon = await home.startDaemon({ env: settings, testTools: true });
    const client = await connect(daemon);
    await quickCall(client, 'a');
    await callTool(client, 'b', 'no_such_tool');
    await callTool(client, 'c', 'fail', {});
    const at = performance.now();
    await storedCount(3);
    expect(performance.now() - at).toBeLessThan(1_500);
    expect(stored().map(({ tool, outcome, code }) => ({ tool, outcome, code }))).toEqual([
      { tool: 'version', outcome: 'ok', code: null },
      { tool: 'no_such_tool', outcome: 'error', code: 'TOOL_NOT_FOUND' },
      { tool: 'fail', outcome: 'tool_error', code: expect.any(String) },
    ]);
    for (const name of readdirSync(home.stateDir).filter((file) => file.startsWith('history.db'))) {
      expect(statSync(join(home.stateDir, name)).mode & 0o777).toBe(0o600);
    }
    expect(await healthOf(daemon)).toMatchObject({ status: 'healthy', components: { store: { status: 'healthy' } } });
    // What has just ended is written before the daemon does.
    await quickCall(client, 'd');
    await daemon.stop();
    expect(readdirSync(home.stateDir).filter((file) => file.startsWith('history.db'))).toEqual(['history.db']);
    expect(stored()).toHaveLength(4);
  });

  it('HIST-pages HIST-series HIST-export HIST-clear HIST-arguments: the admin API answers from it', async () => {
    const daemon = await home.startDaemon({ env: { ...settings, EXAI_HISTORY_ARGUMENTS: 'true' }, testTools: true });
    const client = await connect(daemon);
    for (let call = 0; call < 5; call += 1) await quickCall(client, `a${call}`);
    await callTool(client, 'b', 'echo', { text: 'hello', password: 'open sesame', note: token });
    const ask = (path: string, method = 'GET') =>
      fetch(new URL(path, daemon.address), {
        method,
        headers: {
          authorization: `Bearer ${readFileSync(home.layout.adminSecretFile, 'utf8').trim()}`,
          'x-exai-request': '1',
        },
      });
    const json = async (path: string, method?: string) => (await ask(path, method)).json();

    // What has ended a moment ago is there: a question waits for the rows before it.
    const first = historyPageSchema.parse(await json('/api/history?limit=4'));
    expect({ rows: first.rows.length, total: first.total }).toEqual({ rows: 4, total: 6 });
    expect(first.rows[0]).toMatchObject({ tool: 'echo', outcome: 'ok' });
    expect(first.rows[0]?.argumentsPreview).toContain('hello');
    expect(JSON.stringify(first)).not.toMatch(/open sesame|history-token/);
    const rest = historyPageSchema.parse(await json(`/api/history?limit=4&before=${first.next ?? ''}`));
    expect({ rows: rest.rows.length, next: rest.next }).toEqual({ rows: 2, next: null });
    expect(await json('/api/history/facets')).toMatchObject({ tools: ['echo', 'version'] });
    const series = seriesSchema.parse(await json('/api/history/series?range=15m'));
    expect(series.calls.reduce((sum, calls) => sum + calls, 0)).toBe(6);
    expect(series.cap).toBe(24);

    const csv = await ask('/api/history/export?tool=version');
    expect(csv.headers.get('content-disposition')).toMatch(/^attachment; filename="exai-calls_start_\d+T\d+Z\.csv"$/);
    expect((await csv.text()).split('\r\n')).toHaveLength(5 + 2);
    expect(await json('/api/history/export?format=json&arguments=true')).toHaveLength(6);

    expect((await ask('/api/history?before=nonsense')).status).toBe(400);
    expect((await ask('/api/history/series?from=20&to=10')).status).toBe(400);
    expect(await json('/api/history?tool=version', 'DELETE')).toEqual({ deleted: 5 });
    expect(await json('/api/history', 'DELETE')).toEqual({ deleted: 1 });
    expect(await json('/api/history')).toEqual({ rows: [], next: null, total: 0 });
  });

  it('HIST-crash HIST-once: after kill -9 in the middle the file opens, no call is twice, none older than a second is missing', async () => {
    const daemon = await home.startDaemon({ env: settings });
    const client = await connect(daemon);
    const answered: number[] = [];
    const over = new AbortController();
    const caller = async (name: string): Promise<void> => {
      for (let call = 0; !over.signal.aborted; call += 1) {
        await Promise.race([callTool(client, `${name}-${call}`, 'version'), client.closed]);
        if (!over.signal.aborted) answered.push(performance.now());
      }
    };
    const callers = ['a', 'b', 'c', 'd'].map((name) => caller(name));
    await eventually('two seconds of calls', () =>
      answered.length > 200 && elapsed(answered) > 2_000 ? true : undefined,
    );
    const killedAt = performance.now();
    over.abort();
    await daemon.kill('SIGKILL');
    await Promise.all(callers);
    const old = answered.filter((at) => at < killedAt - 1_000).length;
    const rows = stored();
    expect(rows.length).toBeGreaterThanOrEqual(old);
    expect(new Set(rows.map(({ key }) => key))).toHaveLength(rows.length);

    const next = await home.startDaemon({ env: settings });
    const again = await connect(next);
    await quickCall(again, 'next');
    await storedCount(rows.length + 1);
    await next.stop();
    const database = new DatabaseSync(home.layout.historyFile);
    expect({ ...database.prepare('pragma integrity_check').get() }).toEqual({ integrity_check: 'ok' });
    database.close();
  });

  it('HIST-locked HIST-degraded: while another program holds the file calls go on, health says so, and rows come later', async () => {
    const daemon = await home.startDaemon({ env: settings });
    const client = await connect(daemon);
    await quickCall(client, 'before');
    await storedCount(1);
    const program = `const { DatabaseSync } = require('node:sqlite');
      const database = new DatabaseSync(process.argv[1]);
      database.exec('begin immediate');
      process.stdout.write('held');
      process.stdin.resume().on('end', () => process.exit(0));`;
    const holder = spawn(process.execPath, ['-e', program, home.layout.historyFile], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const released = new Promise((resolve) => holder.once('exit', resolve));
    await new Promise((resolve) => holder.stdout.once('data', resolve));
    for (let call = 0; call < 20; call += 1) await quickCall(client, `held-${call}`);
    await storeIs(daemon, { status: 'degraded', code: 'STORE_LOCKED' });
    expect(await healthOf(daemon)).toMatchObject({
      status: 'degraded',
      reasons: ['The history of calls cannot be used (STORE_LOCKED); calls go on.'],
    });
    for (let call = 20; call < 40; call += 1) await quickCall(client, `held-${call}`);
    holder.stdin.end();
    await released;
    await storedCount(41);
    await storeIs(daemon, { status: 'healthy' });
  });

  it('HIST-newer: a file of a later version stays as it is, the daemon serves on', async () => {
    await (await home.startDaemon({ env: settings })).stop();
    const database = new DatabaseSync(home.layout.historyFile);
    database.exec('create table if not exists history_migrations (version integer, name text, applied_at real)');
    database.exec("insert into history_migrations values (999, 'from-tomorrow', 0)");
    database.close();
    const daemon = await home.startDaemon({ env: settings });
    const client = await connect(daemon);
    await storeIs(daemon, { status: 'degraded', code: 'STORE_NEWER' });
    await quickCall(client, 'a');
    await daemon.stop();
    expect(home.readLog('ws_daemon.log').match(/STORE_NEWER/g)).toHaveLength(1);
    const after = new DatabaseSync(home.layout.historyFile, { readOnly: true });
    expect(after.prepare('select max(version) as version from history_migrations').get()?.['version']).toBe(999);
    after.close();
  });

  it('HIST-damaged: a damaged file is moved aside, said once, and a new one begun', async () => {
    mkdirSync(home.stateDir, { mode: 0o700 });
    writeFileSync(home.layout.historyFile, 'no database\n'.repeat(1000), { mode: 0o600 });
    const daemon = await home.startDaemon({ env: settings });
    const client = await connect(daemon);
    await quickCall(client, 'a');
    await daemon.stop();
    expect(stored()).toHaveLength(1);
    const aside = readdirSync(home.stateDir).filter((name) => name.startsWith('history.db.damaged-'));
    expect(aside).toHaveLength(1);
    expect(home.readLog('ws_daemon.log').match(/history was damaged/g)).toHaveLength(1);
  });

  it('HIST-off: without a history there is no file and no store in health', async () => {
    const daemon = await home.startDaemon({ env: { ...settings, EXAI_HISTORY: 'false' } });
    const client = await connect(daemon);
    await quickCall(client, 'a');
    const { components } = await healthOf(daemon);
    expect(components).not.toHaveProperty('store');
    const answer = await fetch(new URL('/api/history', daemon.address), {
      headers: { authorization: `Bearer ${readFileSync(home.layout.adminSecretFile, 'utf8').trim()}` },
    });
    expect(answer.status).toBe(404);
    expect(await answer.json()).toMatchObject({
      code: 'NOT_FOUND',
      message: 'This daemon keeps no history of calls.',
      hint: 'Set EXAI_HISTORY=true and restart it.',
    });
    await daemon.stop();
    expect(existsSync(home.layout.historyFile)).toBe(false);
  });

  it.runIf(canMount)(
    'HIST-full-disk HIST-degraded: on a full disk calls go on and rows wait until there is room',
    async () => {
      let daemon: DaemonProcess | undefined;
      try {
        // Only the history lies on the small disk; SQLite follows the link for the files beside it, too.
        const disk = join(home.path, 'disk');
        mkdirSync(disk);
        mkdirSync(home.stateDir, { mode: 0o700 });
        chmodSync(home.stateDir, 0o700);
        symlinkSync(join(disk, 'history.db'), home.layout.historyFile);
        const script = `mount -t tmpfs -o size=1m,mode=700 tmpfs '${disk}' && exec "$0" "$1"`;
        const child = spawn('unshare', ['-m', 'sh', '-c', script, process.execPath, programs.daemon], {
          env: { ...home.env, ...settings },
          stdio: ['ignore', 'pipe', 'pipe'],
          cwd: home.path,
        });
        daemon = new DaemonProcess(child, home.layout, home.logDir);
        await daemon.ready;
        const client = await connect(daemon);
        await quickCall(client, 'before');
        await storeIs(daemon, { status: 'healthy' });
        const inside = join(`/proc/${daemon.pid}/root`, disk);
        await storedCountInside(daemon, join(disk, 'history.db'), 1);
        fillDisk(join(inside, 'filler'));
        const calls = 500;
        for (let call = 0; call < calls; call += 1) startCall(client, `full-${call}`, 'version');
        await client.frame({ op: 'call_tool_res', request_id: `full-${calls - 1}` });
        await storeIs(daemon, { status: 'degraded', code: 'STORE_FULL' });
        expect(await healthOf(daemon)).toMatchObject({ status: 'degraded' });
        await quickCall(client, 'while-full');
        rmSync(join(inside, 'filler'));
        await storedCountInside(daemon, join(disk, 'history.db'), calls + 2);
        await storeIs(daemon, { status: 'healthy' });
      } finally {
        await daemon?.stop();
      }
    },
  );
});

function elapsed(times: readonly number[]): number {
  return (times.at(-1) ?? 0) - (times[0] ?? 0);
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
