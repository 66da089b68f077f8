import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SecretValues } from '../../platform/redaction.ts';
import { FailureError } from '../../protocol/errors.ts';
import {
  exportQuerySchema,
  historyPageSchema,
  historyQuerySchema,
  seriesQuerySchema,
  seriesSchema,
} from '../../protocol/history.ts';
import { EventBus } from '../observe/event-bus.ts';
import { CallHistory } from '../store/call-history.ts';
import { type HistoryStore, StoreError } from '../store/history-store.ts';
import { SqliteHistory } from '../store/sqlite-history.ts';
import { rowMaker } from '../testing/history-rows.ts';
import type { AdminExchange } from './admin-handler.ts';
import { historyHandlers } from './history-handlers.ts';

let dir: string;
let store: HistoryStore;
let history: CallHistory;
let logged: unknown[];
const row = rowMaker();

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'exai-handlers-'));
  logged = [];
  ({ store } = await SqliteHistory.open({ path: join(dir, 'history.db') }));
  history = new CallHistory({
    open: () => Promise.resolve({ store, setAside: null }),
    bus: new EventBus(),
    logger: { info: () => undefined, warn: () => undefined, error: () => undefined },
    secrets: new SecretValues(),
    daemonRunId: 'run',
    keepDays: 0,
  });
});

afterEach(async () => {
  await history.stop();
  await store.close();
  rmSync(dir, { recursive: true });
});

function handlers(source: Parameters<typeof historyHandlers>[0]['history'] = history) {
  return historyHandlers({
    history: source,
    globalCap: () => 24,
    running: () => [],
    logger: { info: (msg, fields) => void logged.push({ msg, ...fields }) },
  });
}

/** Handlers of JSON rows look at their input only. */
const nobody = undefined as unknown as AdminExchange;
const page = (query: object) => handlers().history({ query: historyQuerySchema.parse(query) }, nobody);

async function failureOf(work: () => unknown): Promise<FailureError['failure']> {
  try {
    await work();
  } catch (error) {
    if (error instanceof FailureError) return error.failure;
    throw error;
  }
  throw new Error('it did not fail');
}

describe('the list', () => {
  it('HIST-pages: pages with their total lead to the last row', async () => {
    const rows = Array.from({ length: 25 }, (_, index) => row({ startedAt: 1000 + Math.floor(index / 4) }));
    await store.append(rows);
    const seen: string[] = [];
    let before: string | undefined;
    for (let pages = 1; ; pages += 1) {
      const answer = historyPageSchema.parse(await page({ limit: '10', ...(before === undefined ? {} : { before }) }));
      expect(answer.total).toBe(25);
      seen.push(...answer.rows.map(({ id }) => id));
      if (answer.next === null) {
        expect(pages).toBe(3);
        break;
      }
      before = answer.next;
    }
    expect(seen.toSorted()).toEqual(rows.map(({ id }) => id).toSorted());
    expect(await page({ limit: 25 })).toMatchObject({ next: null, total: 25 });
  });

  it.each(['', 'x', 'MTIzNA', Buffer.from('1 or 1=1; drop table calls').toString('base64url')])(
    'HIST-pages: %j is no place in the history',
    async (before) => {
      expect(await failureOf(() => page({ before }))).toMatchObject({ code: 'VALIDATION_ERROR' });
    },
  );

  it('HIST-facets: tells what can be filtered by', async () => {
    await store.append([row({ tool: 'chat' })]);
    expect(await handlers().historyFacets({}, nobody)).toMatchObject({ tools: ['chat'] });
  });
});

describe('the series', () => {
  it('HIST-series: answers what the contract says, with the cap of now', async () => {
    await store.append([row({ startedAt: Date.now() / 1000 - 20 })]);
    const query = seriesQuerySchema.parse({ range: '15m' });
    const series = seriesSchema.parse(await handlers().historySeries({ query }, nobody));
    expect(series).toMatchObject({ bucketSeconds: 5, cap: 24 });
    expect(series.t).toHaveLength(180);
    expect(series.calls.reduce((sum, calls) => sum + calls, 0)).toBe(1);
    const wrong = seriesQuerySchema.parse({ from: '20', to: '10' });
    expect(await failureOf(() => handlers().historySeries({ query: wrong }, nobody))).toMatchObject({
      code: 'VALIDATION_ERROR',
    });
  });
});

describe('clearing', () => {
  it('HIST-clear: is logged with its count and no text that somebody typed', async () => {
    await store.append([row({ tool: 'my-secret-tool' }), row()]);
    expect(await handlers().clearHistory({ query: { tool: 'my-secret-tool', outcome: 'ok' } }, nobody)).toEqual({
      deleted: 1,
    });
    expect(await store.count({})).toBe(1);
    expect(logged).toMatchObject([{ deleted: 1, filter: ['tool', 'outcome'], outcome: 'ok' }]);
    expect(JSON.stringify(logged)).not.toContain('secret');
  });
});

describe('without a history', () => {
  it('HIST-off: every route says so in a sentence', async () => {
    const off = historyHandlers({
      history: undefined,
      globalCap: () => 24,
      running: () => [],
      logger: { info: () => undefined },
    });
    const query = { ...historyQuerySchema.parse({}), ...seriesQuerySchema.parse({}), ...exportQuerySchema.parse({}) };
    for (const work of [
      () => off.history({ query }, nobody),
      () => off.historyFacets({}, nobody),
      () => off.historySeries({ query }, nobody),
      () => off.historyExport({ query }, nobody),
      () => off.clearHistory({ query: {} }, nobody),
    ]) {
      expect(await failureOf(work)).toMatchObject({
        code: 'NOT_FOUND',
        message: 'This daemon keeps no history of calls.',
        hint: expect.stringContaining('EXAI_HISTORY=true'),
      });
    }
  });

  it('HIST-degraded: one that cannot be used says why and what to do', async () => {
    const locked = {
      use: () => Promise.reject(new StoreError('STORE_LOCKED', 'another program holds the file')),
      clear: () => Promise.reject(new StoreError('STORE_LOCKED', 'x')),
    };
    expect(await failureOf(() => handlers(locked).historyFacets({}, nobody))).toEqual({
      code: 'DAEMON_UNAVAILABLE',
      message: 'The history of calls cannot be used (STORE_LOCKED): another program holds the file.',
      hint: 'Close the program that has history.db open.',
      retryable: true,
      details: { store: 'STORE_LOCKED' },
    });
    expect(await failureOf(() => handlers(locked).clearHistory({ query: {} }, nobody))).toMatchObject({
      code: 'DAEMON_UNAVAILABLE',
    });
  });
});

describe('the export', () => {
  /** Serves the export on a real connection; what the handler throws cuts it, as the admin API does. */
  async function serve(source: Parameters<typeof historyHandlers>[0]['history'] = history) {
    let peak = 0;
    const server = createServer((request, response) => {
      const gone = new AbortController();
      response.once('close', () => gone.abort());
      const url = new URL(request.url ?? '/', 'http://x');
      const query = exportQuerySchema.parse(Object.fromEntries(url.searchParams));
      const watch = setInterval(() => {
        peak = Math.max(peak, response.writableLength);
      }, 1);
      const exchange = { request, response, gone: gone.signal } as AdminExchange;
      void Promise.resolve(handlers(source).historyExport({ query }, exchange))
        .catch(() => response.destroy())
        .finally(() => clearInterval(watch));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return {
      ask: (query: string, method = 'GET') =>
        new Promise<IncomingMessage>((resolve, reject) => {
          get({ port, path: `/?${query}`, method }, resolve).on('error', reject);
        }),
      peak: () => peak,
      close: () => new Promise((resolve) => server.closeAllConnections() ?? server.close(resolve)),
    };
  }

  it.each([0, 1, 500, 1234])('HIST-export: %i rows are as many records, in both formats', async (count) => {
    await store.append(Array.from({ length: count }, (_, index) => row({ tool: index % 2 === 0 ? '=cmd' : 'chat' })));
    const server = await serve();
    try {
      const csv = await server.ask('format=csv');
      expect(csv.headers).toMatchObject({
        'content-type': 'text/csv; charset=utf-8; header=present',
        'content-disposition': expect.stringMatching(/^attachment; filename="exai-calls_start_\d{8}T\d{6}Z\.csv"$/),
        'cache-control': 'no-store',
      });
      const lines = (await textOf(csv)).split('\r\n');
      expect(lines).toHaveLength(count + 2);
      expect(lines.filter((line) => /(?:^|,)=/.test(line))).toEqual([]);
      const parsed: unknown = JSON.parse(await textOf(await server.ask('format=json&tool=chat')));
      expect(parsed).toHaveLength(await store.count({ tool: 'chat' }));
      const head = await server.ask('format=csv', 'HEAD');
      expect(head.statusCode).toBe(200);
      expect(await textOf(head)).toBe('');
    } finally {
      await server.close();
    }
  });

  it('HIST-export: a client that reads slowly is waited for; one that goes away ends the work', async () => {
    for (let batch = 0; batch < 20; batch += 1) {
      await store.append(Array.from({ length: 1000 }, () => row({ argumentsPreview: 'x'.repeat(200) })));
    }
    let reads = 0;
    const counted = new Proxy(store, {
      get: (target, name: keyof HistoryStore) => {
        if (name === 'read') reads += 1;
        return target[name].bind(target);
      },
    });
    const server = await serve({ use: (work) => work(counted), clear: () => Promise.resolve(0) });
    try {
      const slow = await server.ask('format=json&arguments=true');
      await new Promise((resolve) => {
        setTimeout(resolve, 300);
      });
      expect(reads).toBeLessThan(40);
      expect(server.peak()).toBeLessThan(1_000_000);
      const readBefore = reads;
      slow.destroy();
      await new Promise((resolve) => {
        setTimeout(resolve, 100);
      });
      expect(reads).toBeLessThanOrEqual(readBefore + 1);
      const whole: unknown = JSON.parse(await textOf(await server.ask('format=json&arguments=true')));
      expect(whole).toHaveLength(20_000);
    } finally {
      await server.close();
    }
  });

  it('HIST-export: a store that fails in the middle cuts the file, so that it does not look whole', async () => {
    await store.append(Array.from({ length: 1200 }, () => row()));
    let reads = 0;
    const dying = new Proxy(store, {
      get: (target, name: keyof HistoryStore) => {
        if (name === 'read' && ++reads > 1) return () => Promise.reject(new StoreError('STORE_UNREACHABLE', 'gone'));
        return target[name].bind(target);
      },
    });
    const server = await serve({ use: (work) => work(dying), clear: () => Promise.resolve(0) });
    try {
      await expect(textOf(await server.ask('format=csv'))).rejects.toThrow(/aborted|terminated|reset/);
    } finally {
      await server.close();
    }
  });
});
