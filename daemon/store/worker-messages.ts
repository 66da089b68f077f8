import type { HistoryStore, StoreErrorCode } from './history-store.ts';

/** What goes between the daemon and the thread of its database. */
export type StoreMethod = keyof HistoryStore;

/** One call of a method; `id` comes back with the answer. */
export type StoreRequest = {
  readonly [Method in StoreMethod]: {
    readonly id: number;
    readonly method: Method;
    readonly args: Parameters<HistoryStore[Method]>;
  };
}[StoreMethod];

export interface StoreFailure {
  /** Null: a bug. */
  readonly code: StoreErrorCode | null;
  readonly message: string;
  readonly stack?: string | undefined;
}

export type StoreAnswer =
  | { readonly id: number; readonly type: 'value'; readonly value: unknown }
  | { readonly id: number; readonly type: 'failure'; readonly failure: StoreFailure };

/** The first message of the thread. */
export type StoreOpened =
  | { readonly type: 'opened'; readonly setAside: string | null }
  | { readonly type: 'refused'; readonly failure: StoreFailure };
