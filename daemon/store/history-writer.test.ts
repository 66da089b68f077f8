import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SecretValues } from '../../platform/redaction.ts';
import type { FinishedCall } from '../../protocol/events.ts';
import type { HistoryRow } from '../../protocol/history.ts';
import { sampleCall } from '../observe/sample-data.ts';
import { StoreError } from './history-store.ts';
import { HistoryWriter, type HistoryWriterOptions } from './history-writer.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function create(options: Partial<HistoryWriterOptions> = {}) {
  const batches: (readonly HistoryRow[])[] = [];
  const refused: number[] = [];
  let failure: Error | undefined;
  const writer = new HistoryWriter({
    daemonRunId: 'run',
    secrets: SecretValues.of(['hunter2-hunter2']),
    append: (rows) => {
      if (failure !== undefined) return Promise.reject(failure);
      batches.push(rows);
      return Promise.resolve();
    },
    onRefused: (_error, rows) => refused.push(rows),
    flushMs: 250,
    batchRows: 10,
    queueRows: 25,
    retryMs: 1000,
    ...options,
  });
  let next = 0;
  const finish = (changes: Partial<FinishedCall> = {}): void => {
    next += 1;
    writer.observe({ type: 'call.finished', call: sampleCall({ callId: `c_${next}`, ...changes }) });
  };
  const written = (): string[] => batches.flat().map(({ callId }) => callId);
  return {
    writer,
    batches,
    refused,
    finish,
    written,
    fail: (error: Error | undefined) => {
      failure = error;
    },
  };
}

const full = new StoreError('STORE_FULL', 'the disk is full');
const names = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `c_${from + index}`);

describe('HistoryWriter', () => {
  it('HIST-recorded: writes what has ended a quarter of a second later, in full batches without a pause', async () => {
    const { writer, batches, finish, written } = create();
    for (let call = 0; call < 23; call += 1) finish();
    expect(batches).toEqual([]);
    await vi.advanceTimersByTimeAsync(249);
    expect(batches).toEqual([]);
    await vi.advanceTimersByTimeAsync(2);
    expect(batches.map((batch) => batch.length)).toEqual([10, 10]);
    await vi.advanceTimersByTimeAsync(250);
    expect(written()).toEqual(names(1, 23));
    expect(writer.pending).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('HIST-recorded: an idle daemon is not woken up', () => {
    create();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('HIST-full-disk: the same rows are tried again, with the ids of the first try', async () => {
    const tried: (readonly HistoryRow[])[] = [];
    const { writer, finish, written, fail, batches } = create();
    const wrapped = create({
      append: (rows) => {
        tried.push(rows);
        return tried.length < 3 ? Promise.reject(full) : Promise.resolve();
      },
    });
    wrapped.finish();
    await vi.advanceTimersByTimeAsync(250 + 1000 + 2000);
    expect(tried).toHaveLength(3);
    expect(tried[2]).toEqual(tried[0]);

    fail(full);
    finish();
    await vi.advanceTimersByTimeAsync(10_000);
    finish();
    fail(undefined);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(written()).toEqual(names(1, 2));
    expect(batches[0]?.[0]?.id).not.toBe(batches[1]?.[0]?.id);
    expect(writer.dropped).toBe(0);
  });

  it('HIST-locked: beyond the bound the oldest rows are dropped and counted', async () => {
    const { writer, finish, written, fail } = create();
    fail(full);
    for (let call = 0; call < 100; call += 1) finish();
    expect({ pending: writer.pending, dropped: writer.dropped }).toEqual({ pending: 25, dropped: 75 });
    fail(undefined);
    await writer.flush();
    expect(written()).toEqual(names(76, 100));
  });

  it('HIST-recorded: rows that no store takes are dropped and told, not tried for ever', async () => {
    const { writer, finish, refused, fail } = create();
    fail(new Error('a bug'));
    finish();
    await writer.flush();
    expect(refused).toEqual([1]);
    expect({ pending: writer.pending, dropped: writer.dropped }).toEqual({ pending: 0, dropped: 1 });
  });

  it('HIST-recorded: flush writes what was noted until then, also while more comes', async () => {
    const written: number[] = [];
    const { writer, finish } = create({
      append: (rows) => {
        written.push(rows.length);
        if (written.length < 20) for (let call = 0; call < 5; call += 1) finish();
        return Promise.resolve();
      },
    });
    for (let call = 0; call < 12; call += 1) finish();
    await writer.flush();
    expect(written.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(12);
    expect(written.length).toBeLessThan(5);
  });

  it('HIST-arguments: keeps no arguments unless told to, and then no secret and 200 characters', async () => {
    const plain = create();
    plain.finish();
    await plain.writer.flush();
    expect(plain.batches[0]?.[0]?.argumentsPreview).toBeNull();

    const { writer, batches, finish } = create({
      previewOf: (callId) => (callId === 'c_1' ? `{"key":"hunter2-hunter2","text":"${'x'.repeat(500)}` : null),
    });
    finish();
    finish();
    await writer.flush();
    const [first, second] = batches[0] ?? [];
    expect(first?.argumentsPreview).toMatch(/^\{"key":"\*\*\*","text":"x+$/);
    expect(first?.argumentsPreview).toHaveLength(200);
    expect(second?.argumentsPreview).toBeNull();
  });

  it('HIST-recorded: a name that no tool has is masked like any text of a client', async () => {
    const { writer, batches, finish } = create();
    finish({ isKnownTool: false, tool: `hunter2-hunter2${'y'.repeat(5000)}\ud800` });
    await writer.flush();
    expect(batches[0]?.[0]?.tool).toMatch(/^\*\*\*y{197}$/);
    // The secret ends behind the cut.
    finish({ isKnownTool: false, tool: `${'z'.repeat(195)}hunter2-hunter2` });
    finish({ isKnownTool: false, tool: `${'\ud83d\udc4b'.repeat(99)}a\ud83d\udc4b` });
    await writer.flush();
    expect(batches[1]?.[0]?.tool).toBe(`${'z'.repeat(195)}***`);
    expect(batches[1]?.[1]?.tool.isWellFormed()).toBe(true);
  });

  it('HIST-series: calls of one millisecond keep their order in time; after a jump of the clock their stamp counts', async () => {
    const { writer, batches, finish } = create();
    const receivedAt = Date.now() / 1000;
    finish({ receivedAt, durationMs: 0.25 });
    finish({ receivedAt: receivedAt - 3600, durationMs: 1 });
    await writer.flush();
    const [fine, jumped] = batches[0] ?? [];
    expect(Math.abs((fine?.startedAt ?? 0) - receivedAt)).toBeLessThan(0.006);
    expect(jumped?.startedAt).toBe(receivedAt - 3600);
  });

  it('HIST-locked: a name as long as a frame is not kept while rows wait', () => {
    const { writer, finish, fail } = create();
    fail(full);
    // Each is a text of its own of 1 MB.
    const grown = heapGrowth(() => {
      for (let call = 0; call < 25; call += 1)
        finish({ isKnownTool: false, tool: Buffer.alloc(1e6, 97 + call).toString('latin1') });
    });
    expect(writer.pending).toBe(25);
    expect(grown).toBeLessThan(5e6);
  });

  it('HIST-recorded: after close nothing is taken, written or timed', async () => {
    const { writer, batches, finish } = create();
    finish();
    writer.close();
    writer.close();
    finish();
    await vi.advanceTimersByTimeAsync(5000);
    expect(batches).toEqual([]);
    expect(writer.dropped).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});

/** Bytes that are still reachable after the work; asks the engine to collect first. */
function heapGrowth(work: () => void): number {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  const collected = (): number => {
    if (typeof collect === 'function') collect();
    return process.memoryUsage().heapUsed;
  };
  const before = collected();
  work();
  return collected() - before;
}
