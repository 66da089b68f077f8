import type { HistoryRow } from '../../../protocol/history.ts';

/** One answer of `GET /api/history`. */
export interface HistoryPage {
  readonly rows: readonly HistoryRow[];
  readonly next: string | null;
  readonly total: number;
}

/** What has been fetched so far, newest first: pages without a gap between them. */
export interface HistoryPages extends HistoryPage {
  /** `total` when the newest row was fetched: what is more now is new. */
  readonly total: number;
}

/** The next older page below what is there. */
export function appendPage(pages: HistoryPages, page: HistoryPage): HistoryPages {
  const known = new Set(pages.rows.map(({ id }) => id));
  // Rows that were written meanwhile do not count here: they stand above, and wait to be asked for.
  return { ...pages, rows: [...pages.rows, ...page.rows.filter(({ id }) => !known.has(id))], next: page.next };
}

/** The newest page above what is there. When the two do not meet, the new page takes the place of all. */
export function mergeNewest(pages: HistoryPages, page: HistoryPage): HistoryPages {
  const known = new Set(pages.rows.map(({ id }) => id));
  const fresh = page.rows.filter(({ id }) => !known.has(id));
  const isMeeting = fresh.length < page.rows.length && page.total >= pages.rows.length + fresh.length;
  return isMeeting ? { rows: [...fresh, ...pages.rows], next: pages.next, total: page.total } : page;
}

/** Calls that have come since the newest row was fetched. */
export function newCallsOf(pages: HistoryPages, totalNow: number): number {
  return Math.max(0, totalNow - pages.total);
}
