import { performance } from 'node:perf_hooks';
import type { Logger } from '../../platform/json-logger.ts';
import type { SecretValues } from '../../platform/redaction.ts';
import type { HistoryFilter, HistoryRow } from '../../protocol/history.ts';
import type { EventBus } from '../observe/event-bus.ts';
import type { DaemonStatus } from '../observe/status.ts';
import { type HistoryCounts, type HistoryStore, StoreError } from './history-store.ts';
import { HistoryWriter } from './history-writer.ts';
import { purge } from './purge.ts';

export interface CallHistoryOptions {
  /** Opens the store; rejects with {@link StoreError} when it cannot be used. `isDamaged`: what is there is of no use. */
  open(options: {
    readonly isDamaged: boolean;
  }): Promise<{ readonly store: HistoryStore; readonly setAside: string | null }>;
  readonly bus: EventBus;
  readonly logger: Pick<Logger, 'info' | 'warn' | 'error'>;
  readonly secrets: SecretValues;
  readonly daemonRunId: string;
  /** For how many days calls are kept; 0: for ever. */
  readonly keepDays: number;
  readonly previewOf?: ((callId: string) => string | null) | undefined;
  /** Whether there is anything to open before the first row. Absent: yes. */
  readonly exists?: () => boolean;
  /** A store that nobody uses for so long is closed, and opened again when somebody does: its thread has a price. */
  readonly idleMs?: number;
  /** How long after `start` the store is opened: what clients do at once after `ready` goes first. */
  readonly openDelayMs?: number;
  readonly retryMs?: number;
  readonly flushMs?: number;
}

const maxRetryMs = 30_000;
const purgeIntervalMs = 3_600_000;
const defaultIdleMs = 30_000;
/** How long the end of the daemon waits for the last rows. */
const lastWriteMs = 1_500;
const lastCloseMs = 500;

/**
 * The history of calls and what may happen to it. Calls never wait for it and never fail with it: while its store cannot
 * be used rows wait, and it is opened again from time to time. A store of a later version is left alone for good.
 */
export class CallHistory {
  readonly #options: CallHistoryOptions;
  readonly #writer: HistoryWriter;
  readonly #stopping = new AbortController();
  readonly #unsubscribe: () => void;
  #store: HistoryStore | undefined;
  /** While the store is being opened. */
  #opening: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #problem: StoreError | null = null;
  #openTimer: NodeJS.Timeout | undefined;
  #checkTimer: NodeJS.Timeout | undefined;
  /** Resolved when the store has had its turn after `start`, or will not have one. */
  readonly #firstTurn = Promise.withResolvers<void>();
  #isStarting = false;
  #purgeTimer: NodeJS.Timeout | undefined;
  /** Monotonic, of the last purge that was done; a history that is opened for every call is not purged for every call. */
  #purgedAt = Number.NEGATIVE_INFINITY;
  #idleTimer: NodeJS.Timeout | undefined;
  /** Questions and batches under way. */
  #uses = 0;
  #retryMs: number;
  #lossesTold = 0;

  constructor(options: CallHistoryOptions) {
    this.#options = options;
    this.#retryMs = options.retryMs ?? 1_000;
    this.#writer = new HistoryWriter({
      daemonRunId: options.daemonRunId,
      secrets: options.secrets,
      previewOf: options.previewOf,
      ...(options.flushMs === undefined ? {} : { flushMs: options.flushMs }),
      ...(options.retryMs === undefined ? {} : { retryMs: options.retryMs }),
      append: (rows) => this.#append(rows),
      onRefused: (error, rows) => options.logger.error('rows of the history were refused', { error, rows }),
    });
    this.#unsubscribe = options.bus.subscribe((event) => this.#writer.observe(event));
  }

  /** For the status of the daemon. Not open yet is no problem. */
  get status(): NonNullable<DaemonStatus['store']> {
    const problem = this.#problem;
    return { kind: 'sqlite', ok: problem === null, ...(problem === null ? {} : { code: problem.code }) };
  }

  /** Rows that wait for the store. */
  get pending(): number {
    return this.#writer.pending;
  }

  /** Rows that were lost while the store could not be used. */
  get dropped(): number {
    return this.#writer.dropped;
  }

  /**
   * Opens the store a moment later, where there is one. Calls are noted from the beginning: some come before everything
   * is started.
   */
  start(): void {
    if (this.#options.exists?.() === false) return;
    this.#isStarting = true;
    this.#openLater(this.#options.openDelayMs ?? 200);
  }

  /** Writes what waits, for a second and a half at most, and closes the store. Safe to call twice. */
  async stop(): Promise<void> {
    this.#unsubscribe();
    this.#stopping.abort();
    this.#firstTurn.resolve();
    clearInterval(this.#purgeTimer);
    await withDeadline(this.#writeLast(), lastWriteMs);
    clearTimeout(this.#openTimer);
    clearTimeout(this.#checkTimer);
    clearTimeout(this.#idleTimer);
    const lost = this.#writer.pending;
    this.#writer.close();
    if (lost > 0) this.#options.logger.warn('calls were not written to the history', { lost });
    const store = this.#store;
    this.#store = undefined;
    if (store !== undefined) this.#closing = store.close();
    // Also one that was being closed when the end came: its thread still has the file.
    if (this.#closing !== undefined) await withDeadline(this.#closing, lastCloseMs);
  }

  async #writeLast(): Promise<void> {
    if (this.#writer.pending > 0 && this.#store === undefined && this.#problem === null) await this.#open();
    await this.#opening;
    await this.#writer.flush();
  }

  /**
   * Runs a question against the store, after what has been noted so far is written.
   * @throws StoreError when the store cannot be used
   */
  async use<T>(work: (store: HistoryStore) => Promise<T>): Promise<T> {
    if (this.#store === undefined && this.#problem === null) await this.#open();
    const store = this.#store;
    if (store === undefined) throw this.#problem ?? new StoreError('STORE_UNREACHABLE', 'the history is closed');
    this.#uses += 1;
    try {
      await this.#writer.flush();
      return await work(store);
    } catch (error) {
      if (error instanceof StoreError) this.#note(store, error);
      throw error;
    } finally {
      this.#uses -= 1;
      this.#closeWhenIdle();
    }
  }

  /**
   * Calls and errors of earlier runs since a moment (epoch seconds), for counters that go on after a restart; null when
   * unknown. Nobody hurries for them: after `start` they wait until the store is opened anyway.
   */
  async countsSince(from: number): Promise<HistoryCounts | null> {
    if (this.#store === undefined && this.#options.exists?.() === false) return { calls: 0, errors: 0 };
    if (this.#isStarting) await this.#firstTurn.promise;
    if (this.#stopping.signal.aborted) return null;
    try {
      return await this.use((store) => store.countsSince(from, this.#options.daemonRunId));
    } catch (error) {
      if (error instanceof StoreError) return null;
      throw error;
    }
  }

  /** Deletes the rows that match and are written by now. */
  clear(filter: HistoryFilter): Promise<number> {
    return this.use(async (store) => {
      const upToId = await store.newestId();
      return upToId === null ? 0 : purge(store, filter, { upToId, signal: this.#stopping.signal });
    });
  }

  async #append(rows: readonly HistoryRow[]): Promise<void> {
    if (this.#store === undefined && this.#problem === null) await this.#open();
    const store = this.#store;
    if (store === undefined) throw this.#problem ?? new StoreError('STORE_UNREACHABLE', 'the history is not open yet');
    this.#uses += 1;
    try {
      await store.append(rows);
    } catch (error) {
      if (error instanceof StoreError) this.#note(store, error);
      throw error;
    } finally {
      this.#uses -= 1;
      this.#closeWhenIdle();
    }
    this.#mended();
  }

  /** What a use of the store has shown. A lock or a full disk ends by itself; anything else needs a new start. */
  #note(store: HistoryStore, error: StoreError): void {
    if (this.#store !== store) return;
    this.#tell(error);
    if (error.code === 'STORE_LOCKED' || error.code === 'STORE_FULL') {
      this.#checkLater(store);
      return;
    }
    this.#store = undefined;
    this.#closing = store.close();
    this.#openLater(this.#retryMs);
  }

  /** Rows that wait are tried again anyway; without any, somebody has to see that the store can be written again. */
  #checkLater(store: HistoryStore): void {
    if (this.#checkTimer !== undefined || this.#stopping.signal.aborted) return;
    this.#checkTimer = setTimeout(
      () => {
        this.#checkTimer = undefined;
        void this.#check(store);
      },
      (this.#options.retryMs ?? 1_000) * 10,
    );
    this.#checkTimer.unref();
  }

  async #check(store: HistoryStore): Promise<void> {
    if (this.#problem === null || this.#store !== store) return;
    if (this.#writer.pending > 0) {
      this.#checkLater(store);
      return;
    }
    try {
      await store.remove({ to: 0 }, { limit: 1 }); // takes the right to write and deletes nothing
      if (this.#store === store) this.#mended();
    } catch (error) {
      if (error instanceof StoreError) this.#note(store, error);
      else this.#options.logger.error('the call history could not be looked at', { error });
    }
  }

  #closeWhenIdle(): void {
    if (this.#uses > 0) return;
    if (this.#idleTimer !== undefined) {
      this.#idleTimer.refresh();
      return;
    }
    this.#idleTimer = setTimeout(() => {
      this.#idleTimer = undefined;
      const store = this.#store;
      if (store === undefined || this.#stopping.signal.aborted) return;
      if (this.#uses > 0 || this.#writer.pending > 0 || this.#problem !== null) {
        this.#closeWhenIdle();
        return;
      }
      this.#store = undefined;
      this.#closing = store.close();
    }, this.#options.idleMs ?? defaultIdleMs);
    this.#idleTimer.unref();
  }

  #openLater(delayMs: number): void {
    if (this.#openTimer !== undefined || this.#stopping.signal.aborted) return;
    this.#openTimer = setTimeout(() => {
      this.#openTimer = undefined;
      this.#firstTurn.resolve();
      if (this.#store === undefined) void this.#open();
    }, delayMs);
    this.#openTimer.unref();
  }

  #open(): Promise<void> {
    this.#opening ??= this.#openStore().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #openStore(): Promise<void> {
    try {
      await this.#closing;
      const { store, setAside } = await this.#options.open({ isDamaged: this.#problem?.code === 'STORE_DAMAGED' });
      this.#store = store;
      if (setAside !== null) {
        this.#options.logger.error('the call history was damaged and is begun anew', { movedTo: setAside });
      }
      this.#retryMs = this.#options.retryMs ?? 1_000;
      // That it opens does not mean that it can be written: rows that wait will tell.
      if (this.#writer.pending > 0) void this.#writer.flush();
      else this.#mended();
      this.#closeWhenIdle();
      this.#startPurging();
    } catch (error) {
      const problem =
        error instanceof StoreError
          ? error
          : new StoreError('STORE_UNREACHABLE', `a bug (${String(error)})`, { cause: error });
      this.#tell(problem);
      if (problem.code === 'STORE_NEWER') {
        // Nothing that this version does could mend that: rows would wait in vain.
        this.#unsubscribe();
        this.#writer.close();
        return;
      }
      this.#openLater(this.#retryMs);
      this.#retryMs = Math.min(this.#retryMs * 2, maxRetryMs);
    }
  }

  /** Each problem once, not each time it shows. */
  #tell(problem: StoreError): void {
    if (this.#problem?.code !== problem.code) {
      this.#options.logger.warn('the call history cannot be used; calls go on', {
        code: problem.code,
        reason: problem.message,
      });
    }
    this.#problem = problem;
  }

  #mended(): void {
    if (this.#problem === null) return;
    this.#problem = null;
    const lost = this.#writer.dropped - this.#lossesTold;
    this.#lossesTold = this.#writer.dropped;
    this.#options.logger.info('the call history is in use again', { waiting: this.#writer.pending, lost });
  }

  #startPurging(): void {
    if (this.#options.keepDays === 0 || this.#stopping.signal.aborted) return;
    if (performance.now() - this.#purgedAt >= purgeIntervalMs) void this.#purgeOld();
    this.#purgeTimer ??= setInterval(() => void this.#purgeOld(), purgeIntervalMs).unref();
  }

  async #purgeOld(): Promise<void> {
    const to = Date.now() / 1000 - this.#options.keepDays * 86_400;
    this.#purgedAt = performance.now();
    try {
      const deleted = await this.use((store) => purge(store, { to }, { signal: this.#stopping.signal }));
      if (deleted > 0) this.#options.logger.info('old calls were deleted from the history', { deleted });
    } catch (error) {
      this.#purgedAt = Number.NEGATIVE_INFINITY;
      // A store that cannot be used has been told of; the next opening or hour tries again.
      if (!(error instanceof StoreError)) this.#options.logger.error('old calls could not be deleted', { error });
    }
  }
}

function withDeadline(work: Promise<void>, ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  void work.finally(() => {
    clearTimeout(timer);
    resolve();
  });
  return promise;
}
