import './session-table.css';
import { type ReactNode, useCallback, useMemo, useState } from 'react';
import type { SessionView } from '../../protocol/snapshot.ts';
import { useSessionFilter } from '../state/filter.ts';
import { useModel, useServices, useWords } from '../state/services.ts';
import { sessionRules } from '../state/stable-rows.ts';
import { RowList } from '../ui/row-list.tsx';
import { SessionRow } from './session-row.tsx';
import { SessionTableRow } from './session-table-row.tsx';
import { SortHeader, type SortOrder } from './sort-header.tsx';

export interface SessionListProps {
  readonly labelledBy: string;
  readonly isTable: boolean;
  readonly empty: ReactNode;
}

type SortColumn = 'name' | 'folder' | 'sessionId' | 'client' | 'p95' | 'errors' | 'connected';

const valueOf: Readonly<Record<SortColumn, (session: SessionView) => string | number>> = {
  name: ({ name }) => name,
  folder: ({ workspaceName }) => workspaceName ?? '',
  sessionId: ({ sessionId }) => sessionId,
  client: ({ clientName }) => clientName,
  p95: ({ p95Ms }) => p95Ms ?? -1,
  errors: ({ errorsToday }) => errorsToday,
  connected: ({ connectedAt }) => connectedAt,
};

/** Keys of the sessions that the filter of the address lets through, in stable order. */
export function useFilteredSessions(): readonly string[] {
  const { session, instance } = useSessionFilter();
  const order = useModel((model) => model.sessionOrder);
  const isFiltered = session !== undefined || instance !== undefined;
  const sessions = useModel((model) => (isFiltered ? model.sessions : undefined));
  return useMemo(
    () =>
      (order ?? []).filter((key) => {
        const row = sessions?.get(key);
        if (row === undefined) return !isFiltered;
        return (session ?? row.sessionId) === row.sessionId && (instance ?? row.instanceId) === row.instanceId;
      }),
    [order, sessions, session, instance, isFiltered],
  );
}

/** Every session: two-line rows in the window, a sortable table in the dashboard. */
export function SessionList({ labelledBy, isTable, empty }: SessionListProps) {
  const { live } = useServices();
  const { text } = useWords();
  const filtered = useFilteredSessions();
  const [sort, setSort] = useState<SortOrder<SortColumn>>();
  // Sorted once, at the click: a row that changes its figures must not jump. New ones go last.
  const [places, setPlaces] = useState<ReadonlyMap<string, number>>(new Map());
  const ids = useMemo(
    () =>
      sort === undefined
        ? filtered
        : filtered.toSorted((left, right) => placeOf(places, left) - placeOf(places, right)),
    [filtered, sort, places],
  );
  const renderRow = useCallback(
    (key: string) => (isTable ? <SessionTableRow sessionKey={key} /> : <SessionRow sessionKey={key} />),
    [isTable],
  );

  function sortBy(column: SortColumn): void {
    const next = nextOrder(sort, column);
    setSort(next);
    if (next === undefined) return;
    const rows = filtered.flatMap((key) => live.getState().model?.sessions.get(key) ?? []);
    const sign = next.direction === 'ascending' ? 1 : -1;
    const sorted = rows.toSorted((left, right) => sign * compare(valueOf[column](left), valueOf[column](right)));
    setPlaces(new Map(sorted.map(({ key }, index) => [key, index])));
  }

  const { columns } = text.overview;
  const header = (
    <div role="row" className="session-table__row" aria-rowindex={1}>
      <SortHeader column="name" label={columns.name} sort={sort} onSort={sortBy} />
      <SortHeader column="folder" label={columns.folder} sort={sort} onSort={sortBy} />
      <SortHeader column="sessionId" label={columns.sessionId} sort={sort} onSort={sortBy} />
      <SortHeader column="client" label={columns.client} sort={sort} onSort={sortBy} className="cell--roomy" />
      <span role="columnheader">{columns.inFlight}</span>
      <span role="columnheader" className="cell--number cell--roomy">
        {columns.waiting}
      </span>
      <SortHeader
        column="p95"
        label={columns.p95}
        sort={sort}
        onSort={sortBy}
        className="cell--number cell--narrow-out"
      />
      <SortHeader
        column="errors"
        label={columns.errors}
        sort={sort}
        onSort={sortBy}
        className="cell--number cell--roomy"
      />
      <SortHeader column="connected" label={columns.connected} sort={sort} onSort={sortBy} className="cell--spare" />
      <span role="columnheader" className="cell--narrow-out">
        {columns.token}
      </span>
      <span role="columnheader">
        <span className="visually-hidden">{columns.actions}</span>
      </span>
    </div>
  );
  return (
    <RowList
      testId="session-list"
      labelledBy={labelledBy}
      ids={ids}
      rules={sessionRules}
      bornAt={unknown}
      rowHeight={isTable ? 36 : 48}
      renderRow={renderRow}
      empty={empty}
      {...(isTable ? { header } : {})}
    />
  );
}

/** Sessions are shown as soon as they are known. */
function unknown(): undefined {
  return undefined;
}

function placeOf(places: ReadonlyMap<string, number>, key: string): number {
  return places.get(key) ?? Number.MAX_SAFE_INTEGER;
}

function compare(left: string | number, right: string | number): number {
  return typeof left === 'number' && typeof right === 'number'
    ? left - right
    : String(left).localeCompare(String(right));
}

/** Up, then down, then the order of connecting again. */
function nextOrder(sort: SortOrder<SortColumn> | undefined, column: SortColumn): SortOrder<SortColumn> | undefined {
  if (sort?.column !== column) return { column, direction: 'ascending' };
  return sort.direction === 'ascending' ? { column, direction: 'descending' } : undefined;
}
