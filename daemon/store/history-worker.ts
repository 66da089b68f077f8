import { parentPort, workerData } from 'node:worker_threads';
import { type HistoryStore, StoreError } from './history-store.ts';
import { SqliteHistory, type SqliteHistoryOptions } from './sqlite-history.ts';
import type { StoreAnswer, StoreFailure, StoreOpened, StoreRequest } from './worker-messages.ts';

/** Entry of the thread that owns the database: opens the file it is told, then answers one request after another. */
async function main(options: SqliteHistoryOptions, port: NonNullable<typeof parentPort>): Promise<void> {
  let store: SqliteHistory;
  try {
    const opened = await SqliteHistory.open(options);
    store = opened.store;
    port.postMessage({ type: 'opened', setAside: opened.setAside } satisfies StoreOpened);
  } catch (error) {
    port.postMessage({ type: 'refused', failure: failureOf(error) } satisfies StoreOpened);
    port.close();
    return;
  }
  port.on('message', (request: StoreRequest) => {
    void answer(store, request).then((reply) => {
      port.postMessage(reply);
      if (request.method === 'close') port.close();
    });
  });
}

async function answer(store: HistoryStore, request: StoreRequest): Promise<StoreAnswer> {
  try {
    return { id: request.id, type: 'value', value: await run(store, request) };
  } catch (error) {
    return { id: request.id, type: 'failure', failure: failureOf(error) };
  }
}

function run(store: HistoryStore, request: StoreRequest): Promise<unknown> {
  switch (request.method) {
    case 'append':
      return store.append(...request.args);
    case 'read':
      return store.read(...request.args);
    case 'count':
      return store.count(...request.args);
    case 'facets':
      return store.facets(...request.args);
    case 'series':
      return store.series(...request.args);
    case 'countsSince':
      return store.countsSince(...request.args);
    case 'newestId':
      return store.newestId(...request.args);
    case 'remove':
      return store.remove(...request.args);
    case 'reclaim':
      return store.reclaim(...request.args);
    case 'close':
      return store.close(...request.args);
  }
}

function failureOf(error: unknown): StoreFailure {
  if (error instanceof StoreError) return { code: error.code, message: error.message };
  const isError = error instanceof Error;
  return { code: null, message: isError ? error.message : String(error), stack: isError ? error.stack : undefined };
}

const options: SqliteHistoryOptions = workerData;
if (parentPort !== null) void main(options, parentPort);
