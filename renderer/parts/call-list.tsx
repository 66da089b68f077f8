import { type ReactNode, useCallback, useMemo } from 'react';
import { useModel, useServices, useWords } from '../state/services.ts';
import { callRules } from '../state/stable-rows.ts';
import { RowList } from '../ui/row-list.tsx';
import { CallRow } from './call-row.tsx';

export interface CallListProps {
  readonly labelledBy: string;
  readonly isTable: boolean;
  /** Only calls of this session (by session id). */
  readonly session?: string | undefined;
  readonly empty: ReactNode;
  /** Rows name their session: where calls of several are mixed. */
  readonly hasOwner: boolean;
}

/** Ids of running and waiting calls, in order of arrival. */
export function useCallIds(session: string | undefined): readonly string[] {
  const order = useModel((model) => model.callOrder);
  const calls = useModel((model) => (session === undefined ? undefined : model.calls));
  return useMemo(
    () => (session === undefined ? (order ?? []) : (order ?? []).filter((id) => calls?.get(id)?.sessionId === session)),
    [order, calls, session],
  );
}

/** Running and waiting calls. One that is over within 300 ms is never drawn. */
export function CallList({ labelledBy, isTable, session, empty, hasOwner }: CallListProps) {
  const { live, clock } = useServices();
  const { text } = useWords();
  const ids = useCallIds(session);
  const bornAt = useCallback(
    (id: string) => {
      const call = live.getState().model?.calls.get(id);
      return call === undefined ? undefined : Date.now() - Math.max(0, clock.now() - call.receivedAt) * 1000;
    },
    [live, clock],
  );
  const renderRow = useCallback(
    (id: string) => <CallRow callId={id} isTable={isTable} hasOwner={hasOwner} />,
    [isTable, hasOwner],
  );
  const { columns } = text.overview;
  const header = (
    <div role="row" className="call-table__row" aria-rowindex={1}>
      {[columns.tool, columns.session, columns.provider, columns.progress].map((label) => (
        <span key={label} role="columnheader">
          {label}
        </span>
      ))}
      {[columns.age, columns.timeLeft].map((label) => (
        <span key={label} role="columnheader" className="cell--number">
          {label}
        </span>
      ))}
      <span role="columnheader">
        <span className="visually-hidden">{columns.actions}</span>
      </span>
    </div>
  );
  return (
    <RowList
      testId="call-list"
      labelledBy={labelledBy}
      ids={ids}
      rules={callRules}
      bornAt={bornAt}
      rowHeight={isTable ? 36 : 48}
      renderRow={renderRow}
      empty={empty}
      {...(isTable ? { header } : {})}
    />
  );
}
