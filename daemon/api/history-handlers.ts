import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Logger } from '../../platform/json-logger.ts';
import { FailureError } from '../../protocol/errors.ts';
import type { ExportQuery, SeriesQuery } from '../../protocol/history.ts';
import type { CallHistory } from '../store/call-history.ts';
import { decodeCursor, encodeCursor } from '../store/history-cursor.ts';
import { type HistoryPosition, type HistoryStore, StoreError } from '../store/history-store.ts';
import { seriesSpan } from '../store/series-span.ts';
import type { AdminExchange, AdminHandlers } from './admin-handler.ts';
import { exportFileName, exportFormat } from './history-export.ts';

export interface HistorySources {
  /** Absent: this daemon keeps no history. */
  readonly history: Pick<CallHistory, 'use' | 'clear'> | undefined;
  /** The global cap now. */
  globalCap(): number | null;
  /** Calls that hold their slots now; the history knows finished ones only. */
  running(): Iterable<RunningCall>;
  readonly logger: Pick<Logger, 'info'>;
}

export interface RunningCall {
  readonly sessionId: string;
  readonly instanceId: string | null;
  /** Epoch seconds. */
  readonly startedAt: number;
}

type HistoryRoute = 'history' | 'historyFacets' | 'historySeries' | 'historyExport' | 'clearHistory';

/** Rows of an export in memory at a time. */
const exportChunkRows = 500;

/** The rows of the admin route table that are about finished calls. */
export function historyHandlers(sources: HistorySources): Pick<AdminHandlers, HistoryRoute> {
  return {
    history: ({ query }) =>
      ask(sources, async (store) => {
        const { before, limit, ...filter } = query;
        const after = positionOf(before);
        // One more than is shown tells whether there is another page.
        const found = await store.read(filter, { after, limit: limit + 1 });
        const rows = found.slice(0, limit);
        const last = found.length > limit ? rows.at(-1) : undefined;
        return { rows, next: last === undefined ? null : encodeCursor(last), total: await store.count(filter) };
      }),
    historyFacets: () => ask(sources, (store) => store.facets()),
    historySeries: ({ query }) => {
      const span = seriesSpan(query, Date.now() / 1000);
      if (span === undefined) {
        throw new FailureError({ code: 'VALIDATION_ERROR', message: 'from must be before to.' });
      }
      const { session, instance } = query;
      return ask(sources, async (store) => ({
        ...(await store.series({ ...span, session, instance, running: runningStarts(sources.running(), query) })),
        cap: sources.globalCap(),
      }));
    },
    historyExport: ({ query }, exchange) => ask(sources, (store) => sendExport(store, query, exchange)),
    clearHistory: async ({ query }) => {
      const deleted = await translated(() => historyOf(sources).clear(query));
      // The search text and ids are what somebody typed, which may be anything: their names are enough here.
      const { outcome, from, to } = query;
      const filter = Object.entries(query).flatMap(([name, value]) => (value === undefined ? [] : [name]));
      sources.logger.info('calls were deleted from the history on request', { deleted, filter, outcome, from, to });
      return { deleted };
    },
  };
}

/** When those of them began that the filter lets through. */
function runningStarts(running: Iterable<RunningCall>, { session, instance }: SeriesQuery): number[] {
  return [...running]
    .filter((call) => session === undefined || call.sessionId === session)
    .filter((call) => instance === undefined || call.instanceId === instance)
    .map(({ startedAt }) => startedAt);
}

function ask<T>(sources: HistorySources, work: (store: HistoryStore) => Promise<T>): Promise<T> {
  return translated(() => historyOf(sources).use(work));
}

function historyOf({ history }: HistorySources): NonNullable<HistorySources['history']> {
  if (history !== undefined) return history;
  throw new FailureError({
    code: 'NOT_FOUND',
    message: 'This daemon keeps no history of calls.',
    hint: 'Set EXAI_HISTORY=true and restart it.',
  });
}

const hints = {
  STORE_LOCKED: 'Close the program that has history.db open.',
  STORE_FULL: 'Make room on the disk of the state directory.',
  STORE_DAMAGED: 'It is moved aside and begun anew; ask again in a moment.',
  STORE_NEWER: 'Install the version that wrote it, or move history.db away and restart the daemon.',
  STORE_UNREACHABLE: 'The log of the daemon says why.',
} as const;

/** A store that has failed is an expected failure: calls go on, and it may be back in a moment. */
async function translated<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new FailureError(
      {
        code: 'DAEMON_UNAVAILABLE',
        message: `The history of calls cannot be used (${error.code}): ${error.message}.`,
        hint: hints[error.code],
        retryable: error.code !== 'STORE_NEWER',
        details: { store: error.code },
      },
      { cause: error },
    );
  }
}

function positionOf(before: string | undefined): HistoryPosition | undefined {
  if (before === undefined) return undefined;
  const position = decodeCursor(before);
  if (position !== undefined) return position;
  throw new FailureError({
    code: 'VALIDATION_ERROR',
    message: 'before is no place in the history.',
    hint: 'Give what the page before answered as next, or leave it out.',
  });
}

/**
 * Newest first, chunk by chunk, each when the client has taken the one before. A failure in the middle is thrown, and the
 * connection cut: a file that ends early must not look whole.
 */
async function sendExport(
  store: HistoryStore,
  query: ExportQuery,
  { request, response, gone }: AdminExchange,
): Promise<void> {
  const { format, arguments: withArguments, ...filter } = query;
  const writer = exportFormat(format, { arguments: withArguments });
  // Before the head: a store that fails at once can still be answered with a sentence.
  let rows = await store.read(filter, { limit: exportChunkRows });
  response.writeHead(200, {
    'Content-Type': writer.contentType,
    'Content-Disposition': `attachment; filename="${exportFileName({ ...filter, format, now: Date.now() / 1000 })}"`,
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
  });
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  let text = writer.head;
  for (let isFirst = true; rows.length > 0; isFirst = false) {
    await taken(response, text + writer.chunk(rows, isFirst), gone);
    if (gone.aborted) return;
    text = '';
    const after = rows.at(-1);
    rows = rows.length < exportChunkRows ? [] : await store.read(filter, { after, limit: exportChunkRows });
  }
  response.end(text + writer.tail);
}

/** Resolves when there is room for more, or nobody is there to take it. */
async function taken(response: ServerResponse, text: string, gone: AbortSignal): Promise<void> {
  if (gone.aborted || response.write(text)) return;
  try {
    await once(response, 'drain', { signal: gone });
  } catch (error) {
    if (!gone.aborted) throw error;
  }
}
