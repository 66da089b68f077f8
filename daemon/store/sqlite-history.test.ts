import { spawn } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rowMaker } from '../testing/history-rows.ts';
import { purge } from './purge.ts';
import { SqliteHistory } from './sqlite-history.ts';
import { WorkerHistory } from './worker-history.ts';

let dir: string;
let path: string;
const workerFile = join(import.meta.dirname, 'history-worker.ts');

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'exai-sqlite-'));
  path = join(dir, 'history.db');
});

afterEach(() => {
  rmSync(dir, { recursive: true });
});

async function filled(rows: number): Promise<SqliteHistory> {
  const { store } = await SqliteHistory.open({ path });
  const row = rowMaker();
  await store.append(Array.from({ length: rows }, () => row()));
  return store;
}

describe('the file', () => {
  it('HIST-private: it and those beside it are for their owner alone, also when it was open before', async () => {
    const store = await filled(10);
    const files = readdirSync(dir);
    expect(files.toSorted()).toEqual(['history.db', 'history.db-shm', 'history.db-wal']);
    if (process.platform !== 'win32') {
      for (const file of files) expect(statSync(join(dir, file)).mode & 0o777).toBe(0o600);
    }
    await store.close();
    chmodSync(path, 0o644);
    const again = await SqliteHistory.open({ path });
    expect(statSync(path).mode & 0o777).toBe(process.platform === 'win32' ? statSync(path).mode & 0o777 : 0o600);
    expect(await again.store.count({})).toBe(10);
    await again.store.close();
  });

  it('people may query it as the documents say, while the daemon has it open', async () => {
    const store = await filled(3);
    const database = new DatabaseSync(path, { readOnly: true });
    const rows = database.prepare('select session_id, count(*) as calls from calls group by session_id').all();
    expect(rows.map((row) => ({ ...row }))).toEqual([{ session_id: 'vscode-instance-1', calls: 3 }]);
    const day = database.prepare("select datetime(started_at, 'unixepoch') as at from calls limit 1").get();
    expect(day?.['at']).toMatch(/^2026-09-21 14:13:2/);
    database.close();
    await store.close();
  });

  it('HIST-newer: one of a later version is refused and left as it is, to the byte', async () => {
    await (await filled(5)).close();
    const database = new DatabaseSync(path);
    database.exec("insert into history_migrations values (999, 'from-tomorrow', 0)");
    database.close();
    const before = readFileSync(path);
    await expect(SqliteHistory.open({ path })).rejects.toMatchObject({ name: 'StoreError', code: 'STORE_NEWER' });
    await expect(WorkerHistory.open({ workerFile, path })).rejects.toMatchObject({ code: 'STORE_NEWER' });
    expect(readFileSync(path).equals(before)).toBe(true);
  });

  it.each([
    ['text', () => writeFileSync(path, 'this is no database, but long enough to look like one\n'.repeat(100))],
    [
      'a torn page',
      () => {
        const fd = openSync(path, 'r+');
        writeSync(fd, Buffer.alloc(4096, 0xa5), 0, 4096, 0);
        closeSync(fd);
      },
    ],
  ])('HIST-damaged: one that holds %s is moved aside and a new one begun', async (_what, damage) => {
    await (await filled(5)).close();
    damage();
    const damaged = readFileSync(path);
    const { store, setAside } = await SqliteHistory.open({ path });
    expect(setAside).toMatch(/history\.db\.damaged-\d{8}T\d{6}Z$/);
    expect(readFileSync(setAside ?? '').equals(damaged)).toBe(true);
    expect(await store.count({})).toBe(0);
    await store.append([rowMaker()()]);
    await store.close();
  });

  it('HIST-damaged: damage that shows in use is told as such, and opening again begins anew', async () => {
    await (await filled(5000)).close();
    const fd = openSync(path, 'r+');
    // Behind the page of the migrations, which is looked at when the file is opened.
    for (let page = 3; page < 60; page += 1) writeSync(fd, Buffer.alloc(4096, 0xa5), 0, 4096, page * 4096);
    closeSync(fd);
    const { store, setAside: none } = await SqliteHistory.open({ path });
    expect(none).toBeNull();
    await expect(store.read({ q: 'x' }, { limit: 10 })).rejects.toMatchObject({ code: 'STORE_DAMAGED' });
    await store.close();
    const { store: fresh, setAside } = await SqliteHistory.open({ path, isDamaged: true });
    expect(setAside).not.toBeNull();
    expect(await fresh.count({})).toBe(0);
    await fresh.close();
  });

  it('HIST-degraded: a path that cannot be a file is unreachable', async () => {
    await expect(SqliteHistory.open({ path: dir })).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    await expect(SqliteHistory.open({ path: join(dir, 'no', 'such') })).rejects.toMatchObject({
      code: 'STORE_UNREACHABLE',
    });
    await expect(WorkerHistory.open({ workerFile: join(dir, 'gone.js'), path })).rejects.toMatchObject({
      code: 'STORE_UNREACHABLE',
    });
  });

  it('HIST-retention: old rows go, and the file shrinks by their room', async () => {
    const store = await filled(20_000);
    await store.reclaim(); // everything into the file
    const full = statSync(path).size;
    expect(await purge(store, { to: 1_790_000_000 + 18_000 })).toBeGreaterThan(17_000);
    expect(statSync(path).size).toBeLessThan(full / 3);
    expect(await store.count({})).toBeLessThan(2_100);
    await store.close();
  });
});

describe('another program', () => {
  /** Runs SQL in a process of its own, which then keeps what it holds until it is told to end. */
  async function holder(...sql: readonly string[]): Promise<() => Promise<void>> {
    const program = `const { DatabaseSync } = require('node:sqlite');
      const database = new DatabaseSync(process.argv[1]);
      for (const sql of process.argv.slice(2)) database.prepare(sql).all();
      process.stdout.write('held');
      process.stdin.resume().on('end', () => process.exit(0));`;
    const child = spawn(process.execPath, ['-e', program, path, ...sql], { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    return () => {
      child.stdin.end();
      return ended;
    };
  }

  it('HIST-locked: that writes holds up writing, not reading, and nothing is lost', async () => {
    const store = await filled(3);
    const release = await holder('begin immediate');
    const row = rowMaker('other-run')();
    await expect(store.append([row])).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    expect(await store.count({})).toBe(3);
    await release();
    await store.append([row]);
    expect(await store.count({})).toBe(4);
    await store.close();
  }, 15_000);

  it('HIST-locked: that has the file for itself holds up opening', async () => {
    await (await filled(3)).close();
    const release = await holder('pragma locking_mode = exclusive', 'begin exclusive');
    await expect(SqliteHistory.open({ path })).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    await release();
    const { store } = await SqliteHistory.open({ path });
    expect(await store.count({})).toBe(3);
    await store.close();
  }, 15_000);
});

describe('the thread', () => {
  it('HIST-degraded: when it dies, what is open fails and says so', async () => {
    const { store } = await WorkerHistory.open({ workerFile, path });
    await store.append([rowMaker()()]);
    const asked = store.count({});
    const closed = store.close();
    await expect(asked).resolves.toBe(1);
    await closed;
    await expect(store.count({})).rejects.toMatchObject({ code: 'STORE_UNREACHABLE' });
    await store.close();
  });
});
