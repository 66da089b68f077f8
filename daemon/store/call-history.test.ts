import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SecretValues } from '../../platform/redaction.ts';
import { EventBus } from '../observe/event-bus.ts';
import { sampleCall } from '../observe/sample-data.ts';
import { rowMaker } from '../testing/history-rows.ts';
import { CallHistory, type CallHistoryOptions } from './call-history.ts';
import { type HistoryStore, StoreError, type StoreErrorCode } from './history-store.ts';
import { SqliteHistory } from './sqlite-history.ts';

let dir: string;
let histories: CallHistory[];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'exai-history-'));
  histories = [];
});

afterEach(async () => {
  for (const history of histories) await history.stop();
  rmSync(dir, { recursive: true });
});

function create(options: Partial<CallHistoryOptions> = {}) {
  const lines: { msg: string; [field: string]: unknown }[] = [];
  const log = (msg: string, fields: object = {}): void => void lines.push({ msg, ...fields });
  const bus = new EventBus();
  const history = new CallHistory({
    open: ({ isDamaged }) => SqliteHistory.open({ path: join(dir, 'history.db'), isDamaged }),
    bus,
    logger: { info: log, warn: log, error: log },
    secrets: new SecretValues(),
    daemonRunId: 'run',
    keepDays: 0,
    openDelayMs: 0,
    retryMs: 10,
    flushMs: 5,
    ...options,
  });
  histories.push(history);
  let next = 0;
  const finish = (): void => bus.emit({ type: 'call.finished', call: sampleCall({ callId: `c_${++next}` }) });
  const count = (): Promise<number> => history.use((store) => store.count({}));
  return { history, lines, finish, count };
}

/** A store that fails as it is told; the rest is the real one. */
function failing(store: HistoryStore, failure: () => StoreErrorCode | null): HistoryStore {
  return new Proxy(store, {
    get: (target, name: keyof HistoryStore) => {
      const code = failure();
      if (name === 'append' && code !== null) return () => Promise.reject(new StoreError(code, 'told to fail'));
      const method: unknown = target[name];
      return typeof method === 'function' ? method.bind(target) : method;
    },
  });
}

describe('CallHistory', () => {
  it('HIST-recorded: calls are rows, also those before the store is open and those just before the end', async () => {
    const { history, finish, count, lines } = create({ flushMs: 10_000 });
    finish();
    history.start();
    expect(await count()).toBe(1);
    expect(history.status).toEqual({ kind: 'sqlite', ok: true });
    finish();
    await history.stop();
    await history.stop();
    const again = create();
    expect(await again.count()).toBe(2);
    expect(await again.history.countsSince(0)).toEqual({ calls: 0, errors: 0 });
    const nextRun = create({ daemonRunId: 'next-run' });
    expect(await nextRun.history.countsSince(0)).toEqual({ calls: 2, errors: 0 });
    expect(lines).toEqual([]);
  });

  it('HIST-idle: a store that nobody uses is closed, opened again for the next call, and loses nothing', async () => {
    let opened = 0;
    let closed = 0;
    const { history, finish, count } = create({
      idleMs: 20,
      open: async () => {
        const result = await SqliteHistory.open({ path: join(dir, 'history.db') });
        const close = result.store.close.bind(result.store);
        opened += 1;
        result.store.close = async () => {
          closed += 1;
          await close();
        };
        return result;
      },
    });
    history.start();
    for (let round = 1; round <= 3; round += 1) {
      finish();
      await vi.waitFor(() => expect(opened).toBe(round));
      await vi.waitFor(() => expect(closed).toBe(round));
      expect(history.status).toEqual({ kind: 'sqlite', ok: true });
    }
    expect(await count()).toBe(3);
  });

  it('HIST-idle: nothing is opened before there is anything to open', async () => {
    let opened = 0;
    const { history, finish } = create({
      exists: () => false,
      open: () => {
        opened += 1;
        return SqliteHistory.open({ path: join(dir, 'history.db') });
      },
    });
    history.start();
    expect(await history.countsSince(0)).toEqual({ calls: 0, errors: 0 });
    await new Promise((resolve) => {
      setTimeout(resolve, 30);
    });
    expect(opened).toBe(0);
    finish();
    await vi.waitFor(() => expect(opened).toBe(1));
  });

  it('HIST-idle: the counts of earlier runs wait until the store is opened anyway', async () => {
    let opened = 0;
    const open = (): ReturnType<CallHistoryOptions['open']> => {
      opened += 1;
      return SqliteHistory.open({ path: join(dir, 'history.db') });
    };
    const { history } = create({ open, openDelayMs: 60 });
    history.start();
    const counts = history.countsSince(0);
    await new Promise((resolve) => {
      setTimeout(resolve, 20);
    });
    expect(opened).toBe(0);
    expect(await counts).toEqual({ calls: 0, errors: 0 });
    expect(opened).toBe(1);
    const early = create({ open, openDelayMs: 60_000 });
    early.history.start();
    const never = early.history.countsSince(0);
    await early.history.stop();
    expect(await never).toBeNull();
    expect(await early.history.countsSince(0)).toBeNull();
    expect(opened).toBe(1);
  });

  it.each(['STORE_FULL', 'STORE_LOCKED', 'STORE_UNREACHABLE'] as const)(
    'HIST-full-disk HIST-locked HIST-degraded: while writing fails with %s rows wait, it is said once, and it mends by itself',
    async (code) => {
      let failure: StoreErrorCode | null = code;
      const { history, finish, count, lines } = create({
        open: async () => {
          const opened = await SqliteHistory.open({ path: join(dir, 'history.db') });
          return { ...opened, store: failing(opened.store, () => failure) };
        },
      });
      history.start();
      for (let call = 0; call < 20; call += 1) finish();
      await vi.waitFor(() => expect(history.status).toEqual({ kind: 'sqlite', ok: false, code }));
      await new Promise((resolve) => {
        setTimeout(resolve, 80);
      });
      expect(history.pending).toBe(20);
      expect(lines).toEqual([{ msg: 'the call history cannot be used; calls go on', code, reason: 'told to fail' }]);
      failure = null;
      await vi.waitFor(() => expect(history.status.ok).toBe(true), { timeout: 5000 });
      expect(await count()).toBe(20);
      expect(lines[1]).toMatchObject({ msg: 'the call history is in use again', lost: 0 });
    },
  );

  it('HIST-locked: a problem that a question has shown goes away without a call', async () => {
    let isLocked = true;
    const { history, lines } = create({
      open: async () => {
        const opened = await SqliteHistory.open({ path: join(dir, 'history.db') });
        const real = opened.store.remove.bind(opened.store);
        const remove: HistoryStore['remove'] = (filter, options) =>
          isLocked ? Promise.reject(new StoreError('STORE_LOCKED', 'held')) : real(filter, options);
        return { ...opened, store: Object.assign(opened.store, { remove }) };
      },
      keepDays: 30,
    });
    history.start();
    await vi.waitFor(() => expect(history.status).toMatchObject({ ok: false, code: 'STORE_LOCKED' }));
    await new Promise((resolve) => {
      setTimeout(resolve, 250);
    });
    expect(history.status.ok).toBe(false);
    isLocked = false;
    await vi.waitFor(() => expect(history.status.ok).toBe(true));
    expect(lines).toHaveLength(2);
  });

  it('HIST-newer: a store of a later version is left alone; nothing waits for it', async () => {
    const open = vi.fn<CallHistoryOptions['open']>(() =>
      Promise.reject(new StoreError('STORE_NEWER', 'from tomorrow')),
    );
    const { history, finish, count, lines } = create({ open });
    history.start();
    finish();
    await vi.waitFor(() => expect(history.status).toEqual({ kind: 'sqlite', ok: false, code: 'STORE_NEWER' }));
    finish();
    expect(history.pending).toBe(0);
    await expect(count()).rejects.toMatchObject({ code: 'STORE_NEWER' });
    expect(await history.countsSince(0)).toBeNull();
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
    expect(open).toHaveBeenCalledTimes(1);
    expect(lines).toHaveLength(1);
  });

  it('HIST-damaged: damage found in use begins a new file, and the rows that wait go there', async () => {
    let failure: StoreErrorCode | null = 'STORE_DAMAGED';
    const { history, finish, count, lines } = create({
      open: async ({ isDamaged }) => {
        if (isDamaged) failure = null;
        const opened = await SqliteHistory.open({ path: join(dir, 'history.db'), isDamaged });
        return { ...opened, store: failing(opened.store, () => failure) };
      },
    });
    history.start();
    finish();
    await vi.waitFor(() => expect(lines).toHaveLength(3));
    expect(lines.map(({ msg }) => msg)).toEqual([
      'the call history cannot be used; calls go on',
      'the call history was damaged and is begun anew',
      'the call history is in use again',
    ]);
    expect(await count()).toBe(1);
  });

  it('HIST-retention: what is older than its days goes when the store is opened', async () => {
    const { store } = await SqliteHistory.open({ path: join(dir, 'history.db') });
    const row = rowMaker();
    const day = 86_400;
    const now = Date.now() / 1000;
    await store.append([1, 29.9, 30.1, 400].map((days) => row({ startedAt: now - days * day })));
    await store.close();
    const forEver = create();
    forEver.history.start();
    expect(await forEver.count()).toBe(4);
    await forEver.history.stop();
    const { history, count, lines } = create({ keepDays: 30 });
    history.start();
    await vi.waitFor(() => expect(lines).toMatchObject([{ deleted: 2 }]));
    expect(await count()).toBe(2);
  });

  it('HIST-idle HIST-retention: a history that is opened again within the hour is not purged again', async () => {
    const steps = { opened: 0, closed: 0, removed: 0 };
    const { history, finish } = create({
      keepDays: 30,
      idleMs: 20,
      open: async () => {
        steps.opened += 1;
        const { store, setAside } = await SqliteHistory.open({ path: join(dir, 'history.db') });
        const remove = store.remove.bind(store);
        const close = store.close.bind(store);
        store.remove = (...args) => {
          steps.removed += 1;
          return remove(...args);
        };
        store.close = async () => {
          await close();
          steps.closed += 1;
        };
        return { store, setAside };
      },
    });
    history.start();
    for (let round = 1; round <= 3; round += 1) {
      finish();
      await vi.waitFor(() => expect([steps.opened, steps.closed]).toEqual([round, round]));
    }
    expect(steps.removed).toBe(1);
  });

  it('HIST-idle: the end of the daemon waits for a store that is just being closed', async () => {
    const closing = Promise.withResolvers<void>();
    let isClosed = false;
    const { history, count } = create({
      idleMs: 5,
      open: async () => {
        const { store, setAside } = await SqliteHistory.open({ path: join(dir, 'history.db') });
        const close = store.close.bind(store);
        store.close = async () => {
          closing.resolve();
          await new Promise((resolve) => {
            setTimeout(resolve, 60);
          });
          await close();
          isClosed = true;
        };
        return { store, setAside };
      },
    });
    await count();
    await closing.promise;
    expect(isClosed).toBe(false);
    await history.stop();
    expect(isClosed).toBe(true);
  });

  it('HIST-clear: what has just ended is cleared, too', async () => {
    const { history, finish, count } = create({ flushMs: 10_000 });
    history.start();
    finish();
    finish();
    expect(await history.clear({ q: 'c_2' })).toBe(1);
    expect(await history.clear({})).toBe(1);
    expect(await history.clear({})).toBe(0);
    expect(await count()).toBe(0);
  });

  it('HIST-locked: the end of the daemon waits for a stuck store only so long', async () => {
    const { history, finish, lines } = create({
      open: async () => {
        const opened = await SqliteHistory.open({ path: join(dir, 'history.db') });
        return {
          ...opened,
          store: new Proxy(opened.store, {
            get: (target, name: keyof HistoryStore) =>
              name === 'append' ? () => new Promise(() => undefined) : target[name].bind(target),
          }),
        };
      },
    });
    history.start();
    finish();
    const begin = performance.now();
    await history.stop();
    expect(performance.now() - begin).toBeLessThan(3500);
    expect(lines).toEqual([{ msg: 'calls were not written to the history', lost: 1 }]);
  });
});
