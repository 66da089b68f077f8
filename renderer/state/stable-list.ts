import { feedFrameMs } from '../../protocol/feed.ts';
import { noRows, type RowRules, type ShownRow, type StableRows, settleRows } from './stable-rows.ts';

export interface StableListOptions {
  readonly rules: RowRules;
  /** Since when a row exists, in milliseconds of `now`; undefined: since it is first seen. */
  readonly bornAt: (id: string) => number | undefined;
  readonly now: () => number;
  readonly setTimeout: (callback: () => void, ms: number) => number;
  readonly clearTimeout: (timer: number) => void;
}

/** The rows of one list as a person should see them: no flicker, no jump under the pointer or the focus. */
export interface StableList {
  readonly rows: () => readonly ShownRow[];
  readonly subscribe: (listener: () => void) => () => void;
  /** The rows that exist now. */
  readonly setLive: (ids: readonly string[]) => void;
  /** The pointer or the focus has moved: to the row `id`, or out of the list. */
  readonly setGuard: (kind: 'pointer' | 'focus', id: string | undefined) => void;
}

export function createStableList({ rules, bornAt, now, ...timers }: StableListOptions): StableList {
  const listeners = new Set<() => void>();
  const guards: { pointer: string | undefined; focus: string | undefined } = { pointer: undefined, focus: undefined };
  let live: readonly string[] = [];
  let settled: StableRows = noRows;
  let timer: number | undefined;

  function settle(): void {
    const before = settled.shown;
    const { rows, nextAt } = settleRows(settled, { live, bornAt, now: now(), rules, ...guards });
    settled = rows;
    if (timer !== undefined) timers.clearTimeout(timer);
    // Not sooner than the next frame of the feed: under a flood every row would ask for a moment of its own.
    timer =
      nextAt === undefined || listeners.size === 0
        ? undefined
        : timers.setTimeout(settle, Math.max(feedFrameMs, nextAt - now()));
    if (rows.shown !== before) for (const listener of listeners) listener();
  }

  return {
    rows: () => settled.shown,
    subscribe(listener) {
      listeners.add(listener);
      settle();
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0 || timer === undefined) return;
        timers.clearTimeout(timer);
        timer = undefined;
      };
    },
    setLive(ids) {
      if (ids === live) return;
      live = ids;
      settle();
    },
    setGuard(kind, id) {
      if (guards[kind] === id) return;
      guards[kind] = id;
      settle(); // What has waited for it may go on.
    },
  };
}
