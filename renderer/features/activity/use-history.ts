import { useEffect, useState, useSyncExternalStore } from 'react';
import type { HistoryFilter } from '../../../protocol/history.ts';
import { useClient, useModel } from '../../state/services.ts';
import { createHistoryReader, type HistoryReader, type HistoryState } from './history-reader.ts';

/** The history of one filter, kept up to date by what the feed tells. */
export function useHistory(filter: HistoryFilter): { readonly reader: HistoryReader; readonly now: HistoryState } {
  const client = useClient();
  const [reader] = useState(() =>
    createHistoryReader({
      client,
      setTimeout: (callback, ms) => window.setTimeout(callback, ms),
      clearTimeout: (timer) => window.clearTimeout(timer),
    }),
  );
  const now = useSyncExternalStore(reader.subscribe, reader.state);
  useEffect(() => reader.open(filter), [reader, filter]);
  useEffect(() => reader.close, [reader]);

  // These change when a call ends; which one it was the feed does not tell.
  const ended = useModel(({ totals }) => `${totals.callsToday}/${totals.errorsToday}/${totals.inflight}`);
  useEffect(() => {
    if (ended !== undefined) reader.pulse();
  }, [reader, ended]);
  return { reader, now };
}
