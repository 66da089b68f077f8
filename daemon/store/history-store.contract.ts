import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { array, assert, asyncProperty, integer } from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { HistoryFilter, HistoryRow } from '../../protocol/history.ts';
import { rowMaker } from '../testing/history-rows.ts';
import type { HistoryPosition, HistoryStore } from './history-store.ts';
import { purge } from './purge.ts';
import { SqliteHistory } from './sqlite-history.ts';
import { WorkerHistory } from './worker-history.ts';

/** Every adapter on its real engine; a new one is a new line. Each call makes an empty store below `dir`. */
const adapters: Readonly<Record<string, (dir: string) => Promise<HistoryStore>>> = {
  SQLite: async (dir) => (await SqliteHistory.open({ path: join(dir, 'history.db') })).store,
  'SQLite in its thread': async (dir) => {
    const workerFile = join(import.meta.dirname, 'history-worker.ts');
    return (await WorkerHistory.open({ workerFile, path: join(dir, 'history.db') })).store;
  },
};

describe.each(Object.entries(adapters))('%s', (_name, open) => {
  let dir: string;
  let store: HistoryStore;

  beforeEach(async () => {
    dir = mkdtempSync(join(tmpdir(), 'exai-store-'));
    store = await open(dir);
  });

  afterEach(async () => {
    await store.close();
    rmSync(dir, { recursive: true });
  });

  const ids = (rows: readonly HistoryRow[]): string[] => rows.map(({ id }) => id);
  const find = async (filter: HistoryFilter): Promise<HistoryRow[]> => store.read(filter, { limit: 1000 });

  it('HIST-recorded: gives back what it was given, to the last digit', async () => {
    const row = rowMaker();
    const plain = row({ startedAt: 1_790_000_001.123_456_7, durationMs: 0.042 });
    const full = row({
      upstream: 'github',
      provider: 'KIMI',
      model: 'kimi-k2',
      queuedMs: 7.25,
      outcome: 'tool_error',
      errorCode: 'EXEC_ERROR',
      requestBytes: 5_000_000_000,
      argumentsPreview: `{"prompt":"Grüße 👋, 'quoted' \\ % _"}`,
    });
    await store.append([plain, full]);
    expect(await find({})).toEqual([full, plain]);
    expect(await store.count({})).toBe(2);
    expect(await store.newestId()).toBe(full.id);
  });

  it('HIST-once: rows that are written again are left as they are', async () => {
    const row = rowMaker();
    const rows = Array.from({ length: 137 }, () => row());
    await store.append(rows);
    await store.append(rows.map((old) => ({ ...old, id: row().id, outcome: 'error' as const })));
    await store.append([...rows.slice(100), row()]);
    expect(await store.count({})).toBe(138);
    expect(await store.count({ outcome: 'error' })).toBe(0);
    // Another run counts its calls from the beginning, too.
    await store.append([rowMaker('0199ab-run')()]);
    expect(await store.count({})).toBe(139);
  });

  it('HIST-filters: every condition holds, alone and together', async () => {
    const row = rowMaker();
    const a = row({ sessionId: 'vscode-instance-1#2', tool: 'chat', startedAt: 100 });
    const b = row({ instanceId: null, tool: 'chat', outcome: 'refused', errorCode: 'OVER_CAPACITY', startedAt: 200 });
    const c = row({ instanceId: 'inst_other1', tool: '100%_sure\\', startedAt: 300 });
    const d = row({ tool: 'CHATTER', startedAt: 400 });
    await store.append([a, b, c, d]);
    const cases: readonly (readonly [HistoryFilter, readonly HistoryRow[]])[] = [
      [{}, [d, c, b, a]],
      [{ session: 'vscode-instance-1' }, [d, c, b]],
      [{ instance: 'inst_other1' }, [c]],
      [{ tool: 'chat' }, [b, a]],
      [{ outcome: 'refused' }, [b]],
      [{ from: 200 }, [d, c, b]],
      [{ to: 200 }, [a]],
      [{ from: 200, to: 400 }, [c, b]],
      [{ q: 'chat' }, [d, b, a]],
      [{ q: '#2' }, [a]],
      [{ q: b.callId }, [b]],
      [{ q: 'over_cap' }, [b]],
      [{ q: '%' }, [c]],
      [{ q: '0%_s' }, [c]],
      [{ q: '_' }, [c, b, a, d].filter((one) => /_/.test(one.callId)).toSorted((x, y) => y.startedAt - x.startedAt)],
      [{ q: '\\' }, [c]],
      [{ q: "' or 1=1 --" }, []],
      [{ session: 'vscode-instance-1', tool: 'chat', outcome: 'refused', from: 1, to: 1000, q: 'CAPACITY' }, [b]],
      [{ session: 'vscode-instance-1#2', outcome: 'refused' }, []],
    ];
    for (const [filter, expected] of cases) {
      const found = { filter, ids: ids(await find(filter)), count: await store.count(filter) };
      expect(found).toEqual({ filter, ids: ids(expected), count: expected.length });
    }
  });

  it('HIST-pages: every row is read exactly once while others are added', async () => {
    const row = rowMaker();
    await assert(
      asyncProperty(
        // Few different times, so that many rows share one.
        array(integer({ min: 1000, max: 1012 }), { minLength: 1, maxLength: 60 }),
        array(integer({ min: 990, max: 1020 }), { maxLength: 20 }),
        integer({ min: 1, max: 9 }),
        async (times, later, limit) => {
          await purge(store, {});
          const before = times.map((startedAt) => row({ startedAt }));
          await store.append(before);
          const seen: string[] = [];
          let after: HistoryPosition | undefined;
          const added = later.map((startedAt) => row({ startedAt }));
          for (let page = 0; ; page += 1) {
            const rows = await store.read({}, { after, limit });
            seen.push(...ids(rows));
            after = rows.at(-1);
            if (rows.length < limit) break;
            const next = added[page];
            if (next !== undefined) await store.append([next]);
          }
          expect(seen).toHaveLength(new Set(seen).size);
          const found = new Set(seen);
          expect(ids(before).filter((id) => !found.has(id))).toEqual([]);
        },
      ),
      { numRuns: 40 },
    );
  });

  it('HIST-facets: names what occurs, the most recent first, 200 at most', async () => {
    const row = rowMaker();
    await store.append([
      row({ sessionId: 'old', tool: 'chat', instanceId: null, startedAt: 1 }),
      row({ sessionId: 'new', tool: 'version', startedAt: 3 }),
      row({ sessionId: 'old', tool: 'version', instanceId: 'inst_second', startedAt: 2 }),
    ]);
    expect(await store.facets()).toEqual({
      sessions: ['new', 'old'],
      tools: ['version', 'chat'],
      instances: ['inst_abc123', 'inst_second'],
    });
    await store.append(Array.from({ length: 250 }, (_, index) => row({ tool: `t${index}`, startedAt: 10 + index })));
    const { tools } = await store.facets();
    expect(tools).toHaveLength(200);
    expect(tools[0]).toBe('t249');
  });

  it('HIST-series: counts in buckets, with calls that reach in from before', async () => {
    const row = rowMaker();
    const at = (startedAt: number, durationMs: number, changes: Partial<HistoryRow> = {}): HistoryRow =>
      row({ startedAt, durationMs, ...changes });
    await store.append([
      at(900, 150_000), // a long one that still runs at 1000, and ends at 1050
      at(990, 15_000), // a short one that still runs at 1000
      at(980, 15_000), // ended before
      at(985, 30_000, { outcome: 'refused' }),
      at(1000, 100),
      at(1004.9, 300, { outcome: 'tool_error' }),
      at(1007, 5, { outcome: 'refused' }),
      at(1014.999, 200, { outcome: 'cancelled' }),
      at(1015, 400, { outcome: 'timeout', sessionId: 'other' }),
      at(1060, 1),
    ]);
    expect(await store.series({ from: 1000, to: 1060, bucketSeconds: 15 })).toEqual({
      bucketSeconds: 15,
      t: [1000, 1015, 1030, 1045],
      calls: [4, 1, 0, 0],
      errors: [1, 1, 0, 0],
      refused: [1, 0, 0, 0],
      p50Ms: [200, 400, null, null],
      p95Ms: [300, 400, null, null],
      inflightMax: [3, 3, 1, 1],
    });
    const one = await store.series({ from: 1000, to: 1060, bucketSeconds: 60, session: 'other' });
    expect(one).toMatchObject({ calls: [1], errors: [1], inflightMax: [1] });
    const running = await store.series({ from: 1000, to: 1060, bucketSeconds: 15, running: [995, 1020, 1060] });
    expect(running).toMatchObject({ calls: [4, 1, 0, 0], inflightMax: [4, 4, 3, 3] });
    const none = await store.series({ from: 1000, to: 1060, bucketSeconds: 60, instance: 'inst_nobody' });
    expect(none).toMatchObject({ calls: [0], p50Ms: [null], inflightMax: [null] });
  });

  it('HIST-recorded: tells how many calls and errors there were since a moment', async () => {
    const row = rowMaker();
    const outcomes = ['ok', 'tool_error', 'error', 'cancelled', 'timeout', 'refused', 'interrupted'] as const;
    await store.append([row({ startedAt: 1, outcome: 'error' }), ...outcomes.map((outcome) => row({ outcome }))]);
    expect(await store.countsSince(2, 'this-run')).toEqual({ calls: 7, errors: 5 });
    expect(await store.countsSince(2e9, 'this-run')).toEqual({ calls: 0, errors: 0 });
    await store.append([rowMaker('this-run')()]);
    expect(await store.countsSince(2, 'this-run')).toEqual({ calls: 7, errors: 5 });
  });

  it('HIST-clear HIST-retention: removes the oldest first, in steps, and nothing that was written later', async () => {
    const row = rowMaker();
    const rows = Array.from({ length: 50 }, (_, index) => row({ startedAt: 1000 - index, tool: `t${index % 2}` }));
    await store.append(rows);
    expect(await store.remove({ tool: 't1' }, { limit: 3 })).toBe(3);
    expect((await find({ to: 956 })).map(({ startedAt }) => startedAt)).toEqual([954, 952]);
    const upToId = await store.newestId();
    await store.append([row({ startedAt: 1 })]);
    expect(await purge(store, {}, { upToId: upToId ?? '' })).toBe(47);
    expect(await find({})).toMatchObject([{ startedAt: 1 }]);
    expect(await purge(store, { to: 0 })).toBe(0);
  });

  it('an empty store answers like any other', async () => {
    expect(await find({})).toEqual([]);
    expect(await store.newestId()).toBeNull();
    expect(await store.facets()).toEqual({ sessions: [], tools: [], instances: [] });
    await store.append([]);
    expect(await store.remove({}, { limit: 10 })).toBe(0);
    expect(await store.reclaim()).toBe(false);
    await store.close();
    await store.close();
  });
});
