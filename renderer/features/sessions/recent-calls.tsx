import { useEffect, useState } from 'react';
import type { HistoryRow } from '../../../protocol/history.ts';
import type { Answer } from '../../api/admin-client.ts';
import { outcomeMarks } from '../../parts/outcome-marks.ts';
import { useClient, useModel, useWords } from '../../state/services.ts';
import { describeFailure } from '../../strings/failure.ts';
import { Skeleton } from '../../ui/panels.tsx';
import { Status } from '../../ui/status-mark.tsx';
import { Clock } from '../../ui/time.tsx';

const rowsShown = 20;
/** The history is written in batches, and a busy session must not ask at every call. */
const settleMs = 1_000;

interface RecentCallsProps {
  readonly sessionId: string;
  /** Counts up when calls end: then it is time to look again. */
  readonly callsToday: number;
  readonly labelledBy: string;
}

/** The last calls of a session, newest first. */
export function RecentCalls({ sessionId, callsToday, labelledBy }: RecentCallsProps) {
  const words = useWords();
  const { text } = words;
  const client = useClient();
  const hasHistory = useModel(({ daemon }) => daemon.store !== 'none') ?? true;
  const [answer, setAnswer] = useState<Answer<readonly HistoryRow[]>>();
  const isFirst = answer === undefined;

  useEffect(() => {
    if (!hasHistory) return undefined;
    const controller = new AbortController();
    const timer = setTimeout(
      () => {
        const request = { query: { session: sessionId, limit: rowsShown } };
        void client.json('history', request, controller.signal).then((page) => {
          if (controller.signal.aborted) return;
          setAnswer(page.state === 'ok' ? { state: 'ok', value: page.value.rows } : page);
        });
      },
      isFirst ? 0 : settleMs,
    );
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- `callsToday` is not read, it says when to look again
  }, [client, sessionId, callsToday, hasHistory, isFirst]);

  if (!hasHistory) return <p className="session-page__quiet">{text.session.noHistory}</p>;
  if (answer === undefined) return <Skeleton rows={3} />;
  if (answer.state === 'failed') {
    return (
      <p className="session-page__error" role="alert">
        {words.fill(text.session.recentFailed, { reason: describeFailure(answer.failure, words) })}
      </p>
    );
  }
  if (answer.value.length === 0) return <p className="session-page__quiet">{text.session.noCalls}</p>;
  return (
    <ul aria-labelledby={labelledBy} data-testid="recent-list">
      {answer.value.map((row) => (
        <RecentRow key={row.id} row={row} />
      ))}
    </ul>
  );
}

function RecentRow({ row }: { readonly row: HistoryRow }) {
  const words = useWords();
  const outcome = words.text.common.outcome[row.outcome];
  const isOk = row.outcome === 'ok';
  return (
    <li className="recent-row" data-testid="recent-row" data-id={row.callId} data-state={row.outcome}>
      <Status kind={outcomeMarks[row.outcome]} word={outcome} isWordHidden />
      <bdi className="truncate" title={row.tool}>
        {row.tool}
      </bdi>
      <span className={isOk ? 'recent-row__result' : 'recent-row__result recent-row__result--code mono'}>
        {isOk ? words.duration(row.durationMs) : (row.errorCode ?? outcome)}
      </span>
      <span className="recent-row__time">
        <Clock at={row.startedAt} />
      </span>
    </li>
  );
}
