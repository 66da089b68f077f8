import type { HistoryFilter } from '../../protocol/history.ts';
import type { HistoryStore } from './history-store.ts';

/** Some ten milliseconds of the database's time, so that rows are written and questions answered in between. */
const stepRows = 1_000;

export interface PurgeOptions {
  /** Rows that were written later stay. */
  readonly upToId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Deletes all rows that match, in steps, and gives their room back to the disk. Says how many. */
export async function purge(store: HistoryStore, filter: HistoryFilter, options: PurgeOptions = {}): Promise<number> {
  let deleted = 0;
  for (;;) {
    const step = await store.remove(filter, { upToId: options.upToId, limit: stepRows });
    deleted += step;
    if (step < stepRows || options.signal?.aborted === true) break;
  }
  let hasMore = deleted > 0;
  while (hasMore && options.signal?.aborted !== true) hasMore = await store.reclaim();
  return deleted;
}
