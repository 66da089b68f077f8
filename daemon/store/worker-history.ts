import { Worker } from 'node:worker_threads';
import type { HistoryFilter, HistoryRow } from '../../protocol/history.ts';
import {
  type HistoryCounts,
  type HistoryFacets,
  type HistoryStore,
  type ReadOptions,
  type RemoveOptions,
  type SeriesData,
  type SeriesRequest,
  StoreError,
} from './history-store.ts';
import type { SqliteHistoryOptions } from './sqlite-history.ts';
import type { StoreAnswer, StoreFailure, StoreMethod, StoreOpened } from './worker-messages.ts';

export interface WorkerHistoryOptions extends SqliteHistoryOptions {
  /** Path of `history-worker`, a bundle or a source. */
  readonly workerFile: string;
}

export interface OpenedWorker {
  readonly store: HistoryStore;
  /** Where a damaged file was moved to; null when there was none. */
  readonly setAside: string | null;
}

interface Waiting {
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/**
 * Of the thread; the daemon's own heap is not counted. Reading 100,000 rows takes a tenth of it. Room for short-lived
 * objects would otherwise grow to a multiple of what a batch needs, and stay.
 */
const heap = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 4 };

/**
 * The SQLite store in a thread of its own: a lock, a slow disk or a large question makes nobody wait but who has asked
 * (docs/adr/0010). A thread that dies fails what is open with `STORE_UNREACHABLE`.
 */
export class WorkerHistory implements HistoryStore {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;
  #isGone = false;

  /** @throws StoreError when the file cannot be used, or the thread not started */
  static open({ workerFile, path, isDamaged = false }: WorkerHistoryOptions): Promise<OpenedWorker> {
    return new Promise((resolve, reject) => {
      // Options of Node that the daemon was started with (a profiler, say) are not for this thread.
      const worker = new Worker(workerFile, {
        workerData: { path, isDamaged } satisfies SqliteHistoryOptions,
        name: 'history',
        execArgv: [],
        resourceLimits: heap,
      });
      const fail = (error: unknown): void => {
        reject(
          new StoreError('STORE_UNREACHABLE', `the thread of the history cannot run (${textOf(error)})`, {
            cause: error,
          }),
        );
      };
      worker.once('error', fail);
      worker.once('exit', fail);
      worker.once('message', (opened: StoreOpened) => {
        worker.off('error', fail);
        worker.off('exit', fail);
        if (opened.type === 'opened') resolve({ store: new WorkerHistory(worker), setAside: opened.setAside });
        else reject(errorOf(opened.failure));
      });
    });
  }

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.unref();
    worker.on('message', (answer: StoreAnswer) => this.#settle(answer));
    worker.on('error', (error: unknown) => this.#end(textOf(error)));
    worker.on('exit', (code) => this.#end(`exit code ${code}`));
  }

  append(rows: readonly HistoryRow[]): Promise<void> {
    return this.#ask('append', rows);
  }

  read(filter: HistoryFilter, options: ReadOptions): Promise<HistoryRow[]> {
    return this.#ask('read', filter, options);
  }

  count(filter: HistoryFilter): Promise<number> {
    return this.#ask('count', filter);
  }

  facets(): Promise<HistoryFacets> {
    return this.#ask('facets');
  }

  series(request: SeriesRequest): Promise<SeriesData> {
    return this.#ask('series', request);
  }

  countsSince(from: number, exceptRunId: string): Promise<HistoryCounts> {
    return this.#ask('countsSince', from, exceptRunId);
  }

  newestId(): Promise<string | null> {
    return this.#ask('newestId');
  }

  remove(filter: HistoryFilter, options: RemoveOptions): Promise<number> {
    return this.#ask('remove', filter, options);
  }

  reclaim(): Promise<boolean> {
    return this.#ask('reclaim');
  }

  async close(): Promise<void> {
    if (this.#isGone) return;
    try {
      await this.#ask('close');
    } catch {
      // It has died instead, or cannot write: it is ended either way.
    }
    this.#end('closed');
    await this.#worker.terminate();
  }

  /** The thread answers a method with what the method returns: the one place where that is taken for granted. */
  #ask<Method extends StoreMethod>(
    method: Method,
    ...args: Parameters<HistoryStore[Method]>
  ): ReturnType<HistoryStore[Method]>;
  #ask(method: StoreMethod, ...args: unknown[]): Promise<unknown> {
    if (this.#isGone) return Promise.reject(new StoreError('STORE_UNREACHABLE', 'the history is closed'));
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#worker.ref(); // a thread that nobody asks anything does not keep the process
      // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window: it has no origin
      this.#worker.postMessage({ id, method, args });
    });
  }

  #settle(answer: StoreAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    if (waiting === undefined) return;
    this.#waiting.delete(answer.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if (answer.type === 'value') waiting.resolve(answer.value);
    else waiting.reject(errorOf(answer.failure));
  }

  #end(why: string): void {
    if (this.#isGone) return;
    this.#isGone = true;
    for (const waiting of this.#waiting.values()) {
      waiting.reject(new StoreError('STORE_UNREACHABLE', `the thread of the history has ended (${why})`));
    }
    this.#waiting.clear();
  }
}

function errorOf({ code, message, stack }: StoreFailure): Error {
  if (code !== null) return new StoreError(code, message);
  const error = new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
