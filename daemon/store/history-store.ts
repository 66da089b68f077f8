import type { z } from 'zod';
import type { HistoryFilter, HistoryRow, historyFacetsSchema, Series } from '../../protocol/history.ts';

/**
 * Why the history cannot be used. `STORE_LOCKED`: another program holds the file. `STORE_FULL`: no room on the disk.
 * `STORE_DAMAGED`: its content cannot be read. `STORE_NEWER`: written by a later version, not to be touched.
 * `STORE_UNREACHABLE`: anything else between us and the data, a missing right or a broken disk, say.
 */
export type StoreErrorCode = 'STORE_LOCKED' | 'STORE_FULL' | 'STORE_DAMAGED' | 'STORE_NEWER' | 'STORE_UNREACHABLE';

/** The store itself has failed, not what was asked of it. What is thrown otherwise is a bug. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreError';
    this.code = code;
  }
}

/** A place in the list of calls, newest first: the row that was read last. */
export interface HistoryPosition {
  readonly startedAt: number;
  readonly id: string;
}

export interface ReadOptions {
  /** Only rows after this one in the list. Absent: from the newest on. */
  readonly after?: HistoryPosition | undefined;
  readonly limit: number;
}

export interface RemoveOptions {
  /** Rows that were written later stay; see {@link HistoryStore.newestId}. */
  readonly upToId?: string | undefined;
  readonly limit: number;
}

/** Which buckets to count in. `from` and `to` in epoch seconds; the last bucket may be shorter. */
export interface SeriesSpan {
  readonly from: number;
  readonly to: number;
  readonly bucketSeconds: number;
}

export interface SeriesRequest extends SeriesSpan {
  readonly session?: string | undefined;
  readonly instance?: string | undefined;
  /** When calls that have not ended yet got their slots, in epoch seconds: they are load, though no rows. */
  readonly running?: readonly number[] | undefined;
}

/** Without `cap`, which is no matter of the past. */
export type SeriesData = Omit<Series, 'cap'>;

export type HistoryFacets = z.output<typeof historyFacetsSchema>;

export interface HistoryCounts {
  readonly calls: number;
  /** Every outcome but `ok` and `cancelled`, as the live figures count. */
  readonly errors: number;
}

/**
 * Where finished calls are kept. One adapter per engine; all pass `history-store.contract.ts`. No method does much at
 * once: who wants to read or delete everything does it in steps, so that nobody else waits long. Every method rejects
 * with {@link StoreError} when the store has failed.
 */
export interface HistoryStore {
  /** All rows or none. Safe to repeat: a row whose run and call id are stored already is left as it is. */
  append(rows: readonly HistoryRow[]): Promise<void>;
  /** Newest first by start, then by id. */
  read(filter: HistoryFilter, options: ReadOptions): Promise<HistoryRow[]>;
  count(filter: HistoryFilter): Promise<number>;
  facets(): Promise<HistoryFacets>;
  series(request: SeriesRequest): Promise<SeriesData>;
  /** Of calls that began at `from` (epoch seconds) or later, in other runs of the daemon than the one named. */
  countsSince(from: number, exceptRunId: string): Promise<HistoryCounts>;
  /** Of the row that was written last; null while there is none. */
  newestId(): Promise<string | null>;
  /** Deletes at most `limit` matching rows, oldest first, and says how many. */
  remove(filter: HistoryFilter, options: RemoveOptions): Promise<number>;
  /** Gives some of the room of deleted rows back to the disk. True while there is more to give. */
  reclaim(): Promise<boolean>;
  /** Safe to call twice. */
  close(): Promise<void>;
}
