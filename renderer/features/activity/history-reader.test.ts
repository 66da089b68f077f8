import { describe, expect, it } from 'vitest';
import type { HistoryRow } from '../../../protocol/history.ts';
import type { AdminClient } from '../../api/admin-client.ts';
import { appendPage, mergeNewest } from './history-pages.ts';
import { createHistoryReader } from './history-reader.ts';

function row(number: number): HistoryRow {
  return {
    id: String(number).padStart(6, '0'),
    callId: `c_${number}`,
    startedAt: number,
    sessionId: 'one',
    instanceId: null,
    tool: 'echo',
    upstream: null,
    provider: null,
    model: null,
    queuedMs: 0,
    durationMs: 1,
    outcome: 'ok',
    errorCode: null,
    requestBytes: 0,
    responseBytes: 0,
    argumentsPreview: null,
    daemonRunId: 'run',
  };
}

/** Rows `to` down to `from`. */
function rows(to: number, from: number): HistoryRow[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => row(to - index));
}

/** A history of `size` calls that can grow, and a clock that is moved by hand. */
function scene(size: number) {
  const asked: { before?: string; limit: number }[] = [];
  const due: (() => void)[] = [];
  const world = { size };
  const client = {
    json: (_: string, { query }: { query: { before?: string; limit: number; tool?: string } }) => {
      asked.push(query);
      if (query.tool === 'broken') {
        return Promise.resolve({ state: 'failed', failure: { code: 'STORE', status: 503, message: undefined } });
      }
      const newest = query.before === undefined ? world.size : Number(query.before) - 1;
      const from = Math.max(1, newest - query.limit + 1);
      return Promise.resolve({
        state: 'ok',
        value: { rows: rows(newest, from), next: from > 1 ? String(from) : null, total: world.size },
      });
    },
  } as unknown as AdminClient;
  const reader = createHistoryReader({
    client,
    setTimeout: (callback) => due.push(callback),
    clearTimeout: () => undefined,
  });
  const settle = async () => {
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  };
  return {
    reader,
    asked,
    world,
    settle,
    second: async () => {
      for (const callback of due.splice(0)) callback();
      await settle();
    },
  };
}

describe('pages', () => {
  it('meet without a gap and without a doubled row', () => {
    const first = { rows: rows(10, 6), next: '6', total: 10 };
    const all = appendPage(first, { rows: rows(6, 1), next: null, total: 12 });
    expect(all.rows.map(({ startedAt }) => startedAt)).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    expect(all).toMatchObject({ next: null, total: 10 });
    const merged = mergeNewest(all, { rows: rows(12, 8), next: '8', total: 12 });
    expect(merged.rows.map(({ startedAt }) => startedAt)).toEqual([12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    expect(merged).toMatchObject({ next: null, total: 12 });
  });

  it('start anew when more came than one page holds, or when the history was cleared', () => {
    const old = { rows: rows(10, 1), next: null, total: 10 };
    const far = { rows: rows(300, 201), next: '201', total: 300 };
    expect(mergeNewest(old, far)).toBe(far);
    const cleared = { rows: [], next: null, total: 0 };
    expect(mergeNewest(old, cleared)).toBe(cleared);
  });
});

describe('createHistoryReader', () => {
  it('fetches page after page, one at a time', async () => {
    const { reader, asked, settle } = scene(250);
    reader.open({});
    reader.more();
    await settle();
    expect(reader.state().pages?.rows).toHaveLength(100);
    reader.more();
    reader.more();
    await settle();
    reader.more();
    await settle();
    reader.more();
    expect(reader.state().pages?.rows).toHaveLength(250);
    expect(asked).toHaveLength(3);
  });

  it('puts new calls on top, asking once a second at most', async () => {
    const { reader, asked, world, settle, second } = scene(5);
    reader.open({});
    await settle();
    world.size = 8;
    for (let index = 0; index < 20; index += 1) reader.pulse();
    await second();
    expect(reader.state().pages?.rows).toHaveLength(8);
    expect(asked).toHaveLength(2);
    await second(); // Those that came within the second are looked for once more.
    await second();
    expect(asked).toHaveLength(3);
  });

  it('counts them while held, and shows them when asked', async () => {
    const { reader, asked, world, settle, second } = scene(60);
    reader.open({});
    await settle();
    reader.hold(true);
    world.size = 72;
    reader.pulse();
    await second();
    expect(reader.state()).toMatchObject({ newCalls: 12 });
    expect(reader.state().pages?.rows).toHaveLength(60);
    expect(asked.at(-1)?.limit).toBe(1);
    await reader.showNew();
    expect(reader.state().newCalls).toBe(0);
    expect(reader.state().pages?.rows).toHaveLength(72);
  });

  it('keeps the rows of the former filter until the new one has answered, and tells a failure', async () => {
    const { reader, settle } = scene(5);
    reader.open({});
    await settle();
    reader.open({ tool: 'broken' });
    expect(reader.state().isStale).toBe(true);
    await settle();
    expect(reader.state().failure?.code).toBe('STORE');
    expect(reader.state().pages?.rows).toHaveLength(5);
    reader.open({ tool: 'echo' });
    await settle();
    expect(reader.state()).toMatchObject({ failure: undefined, isStale: false });
  });
});
