import { useEffect, useState } from 'react';
import type { Series } from '../../../protocol/history.ts';
import type { ApiFailure } from '../../api/admin-client.ts';
import type { SessionFilter } from '../../state/filter.ts';
import { useClient } from '../../state/services.ts';
import type { DashboardRange } from './dashboard-range.ts';

export interface SeriesState {
  readonly series: Series | undefined;
  readonly failure: ApiFailure | undefined;
  /** What is drawn belongs to the former filter. */
  readonly isStale: boolean;
}

const fastestMs = 5_000;
const afterFailureMs = 10_000;

/**
 * The series of a range and filter: at once when those change, then once per bucket while `isLive`. A range that was
 * chosen does not change any more, unless it reaches beyond now.
 */
export function useSeries(range: DashboardRange, { session, instance }: SessionFilter, isLive: boolean): SeriesState {
  const client = useClient();
  const key = JSON.stringify([range, session, instance]);
  const [state, setState] = useState<{ key: string; series?: Series; failure?: ApiFailure }>({ key: '' });
  const [turn, setTurn] = useState(0);
  const { type } = range;
  const id = type === 'named' ? range.id : undefined;
  const from = type === 'custom' ? range.from : undefined;
  const to = type === 'custom' ? range.to : undefined;

  useEffect(() => {
    const controller = new AbortController();
    const query = {
      ...(id === undefined ? {} : { range: id }),
      ...(from === undefined || to === undefined ? {} : { from, to }),
      ...(session === undefined ? {} : { session }),
      ...(instance === undefined ? {} : { instance }),
    };
    void client.json('historySeries', { query }, controller.signal).then((answer) => {
      if (controller.signal.aborted) return;
      setState((before) =>
        answer.state === 'ok' ? { key, series: answer.value } : { ...before, key, failure: answer.failure },
      );
    });
    return () => controller.abort();
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- `turn` is not read, it says when to look again
  }, [client, key, id, from, to, session, instance, turn]);

  const isSettled = state.key === key;
  useEffect(() => {
    const isOver = to !== undefined && to < Date.now() / 1000;
    if (!isLive || !isSettled || (isOver && state.failure === undefined)) return undefined;
    const wait =
      state.failure === undefined ? Math.max(fastestMs, (state.series?.bucketSeconds ?? 0) * 1000) : afterFailureMs;
    const look = () => setTurn((before) => before + 1);
    const timer = setTimeout(() => {
      if (document.hidden) document.addEventListener('visibilitychange', look, { once: true });
      else look();
    }, wait);
    return () => {
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', look);
    };
  }, [isLive, isSettled, to, state]);

  return { series: state.series, failure: state.failure, isStale: !isSettled };
}
