import type { HistoryFilter } from '../../../protocol/history.ts';
import type { AdminClient, ApiFailure } from '../../api/admin-client.ts';
import { keyOfFilter } from '../../state/history-filter.ts';
import { appendPage, type HistoryPage, type HistoryPages, mergeNewest, newCallsOf } from './history-pages.ts';

export interface HistoryState {
  /** Undefined until the first answer; those of the former filter until the new one has answered. */
  readonly pages: HistoryPages | undefined;
  readonly failure: ApiFailure | undefined;
  /** The rows belong to the former filter. */
  readonly isStale: boolean;
  /** Finished calls that match and wait to be asked for. */
  readonly newCalls: number;
}

export interface HistoryReaderOptions {
  readonly client: Pick<AdminClient, 'json'>;
  readonly setTimeout: (callback: () => void, ms: number) => number;
  readonly clearTimeout: (timer: number) => void;
}

/** Pages of finished calls: older ones as they are asked for, newer ones as they come. */
export interface HistoryReader {
  readonly state: () => HistoryState;
  readonly subscribe: (listener: () => void) => () => void;
  readonly open: (filter: HistoryFilter) => void;
  readonly retry: () => void;
  /** The next older page, unless one is on its way. */
  readonly more: () => void;
  /** Calls have ended somewhere: looks whether some of them match, at most once a second. */
  readonly pulse: () => void;
  /** While held nothing is put above what is shown; new calls are only counted. */
  readonly hold: (isHeld: boolean) => void;
  /** Puts the new calls on top, also while held. */
  readonly showNew: () => Promise<void>;
  readonly close: () => void;
}

const pageRows = 100;
/** The history is written in batches, so a call is in it a little after it has ended. */
const settleMs = 1_000;

export function createHistoryReader({ client, ...timers }: HistoryReaderOptions): HistoryReader {
  const listeners = new Set<() => void>();
  let state: HistoryState = { pages: undefined, failure: undefined, isStale: true, newCalls: 0 };
  let filter: HistoryFilter = {};
  /** Ends with the filter: what an older one answers is dropped. */
  let attempt = new AbortController();
  let isFetchingMore = false;
  let isHeld = false;
  let timer: number | undefined;
  let isPulsedAgain = false;

  function set(patch: Partial<HistoryState>): void {
    state = { ...state, ...patch };
    for (const listener of listeners) listener();
  }

  async function fetchPage(query: { before?: string; limit?: number }): Promise<HistoryPage | undefined> {
    const { signal } = attempt;
    const answer = await client.json('history', { query: { ...filter, limit: pageRows, ...query } }, signal);
    if (signal.aborted) return undefined;
    if (answer.state === 'ok') return answer.value;
    set({ failure: answer.failure });
    return undefined;
  }

  async function load(): Promise<void> {
    attempt.abort();
    attempt = new AbortController();
    isFetchingMore = false;
    set({ isStale: true, failure: undefined, newCalls: 0 });
    const page = await fetchPage({});
    if (page !== undefined) set({ pages: page, isStale: false });
  }

  async function look(): Promise<void> {
    const { pages, isStale } = state;
    if (pages === undefined || isStale) return;
    if (!isHeld) return await showNew();
    const page = await fetchPage({ limit: 1 });
    if (page !== undefined && state.pages !== undefined) {
      set({ newCalls: newCallsOf(state.pages, page.total), failure: undefined });
    }
  }

  async function showNew(): Promise<void> {
    const page = await fetchPage({});
    if (page === undefined || state.pages === undefined) return;
    set({ pages: mergeNewest(state.pages, page), newCalls: 0, failure: undefined });
  }

  function pulse(): void {
    if (timer !== undefined) {
      isPulsedAgain = true;
      return;
    }
    timer = timers.setTimeout(() => {
      timer = undefined;
      void look();
      if (isPulsedAgain) {
        isPulsedAgain = false;
        pulse();
      }
    }, settleMs);
  }

  return {
    state: () => state,
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    open(next) {
      const isOther = keyOfFilter(next) !== keyOfFilter(filter);
      filter = next;
      if (isOther || (state.pages === undefined && state.failure === undefined)) void load();
    },
    retry: () => void load(),
    more() {
      const before = state.pages?.next ?? null;
      if (before === null || isFetchingMore || state.isStale) return;
      const mine = attempt;
      isFetchingMore = true;
      void fetchPage({ before }).then((page) => {
        if (mine !== attempt) return;
        isFetchingMore = false;
        if (page !== undefined && state.pages !== undefined) {
          set({ pages: appendPage(state.pages, page), failure: undefined });
        }
      });
    },
    pulse,
    hold(value) {
      const isFreed = isHeld && !value;
      isHeld = value;
      if (isFreed && state.newCalls > 0) void showNew();
    },
    showNew,
    close() {
      attempt.abort();
      if (timer !== undefined) timers.clearTimeout(timer);
      timer = undefined;
    },
  };
}
