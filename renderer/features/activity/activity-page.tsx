import './activity-page.css';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { HistoryRow } from '../../../protocol/history.ts';
import { ActivityTabs } from '../../parts/activity-tabs.tsx';
import { ExportMenu } from '../../parts/export-menu.tsx';
import { filterOf, filterOfKey, keyOfFilter, noFilter } from '../../state/history-filter.ts';
import { useAddress, useModel, useRouter, useWords } from '../../state/services.ts';
import { useLayout } from '../../state/use-layout.ts';
import { useRowShape } from '../../state/use-row-shape.ts';
import { describeFailure } from '../../strings/failure.ts';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { EmptyState, ErrorPanel, Skeleton } from '../../ui/panels.tsx';
import { UnfoldList, type UnfoldListHandle } from '../../ui/unfold-list.tsx';
import { ActivityFilters } from './activity-filters.tsx';
import { CallDetail } from './call-detail.tsx';
import { CallLine, CallLineHead } from './call-line.tsx';
import { useHistory } from './use-history.ts';

/** Finished calls. The address is the filter. */
export function ActivityPage() {
  const { text, plural } = useWords();
  const isWide = useLayout() !== 'small';
  const { query } = useAddress();
  const key = keyOfFilter(filterOf(query));
  const filter = useMemo(() => filterOfKey(key), [key]);
  const hasHistory = useModel(({ daemon }) => daemon.store !== 'none') ?? true;
  const { reader, now } = useHistory(filter);
  return (
    <div className="activity" data-testid="activity">
      <div className="activity__head">
        {isWide ? null : <ActivityTabs current="calls" />}
        <h1 tabIndex={-1} className={isWide ? undefined : 'visually-hidden'}>
          {text.activity.title}
        </h1>
        {now.pages === undefined || !isWide ? null : (
          <p className="activity__total">{plural(text.activity.total, now.pages.total)}</p>
        )}
        <span className="activity__export">{hasHistory ? <ExportMenu filter={filter} /> : null}</span>
      </div>
      {hasHistory ? (
        <>
          <ActivityFilters filter={filter} />
          <Calls reader={reader} now={now} filterKey={key} />
        </>
      ) : (
        <EmptyState text={text.activity.noHistory}>
          <ButtonLink kind="outlined" href="#/settings">
            {text.activity.openSettings}
          </ButtonLink>
        </EmptyState>
      )}
    </div>
  );
}

type CallsProps = ReturnType<typeof useHistory> & { readonly filterKey: string };

function Calls({ reader, now, filterKey }: CallsProps) {
  const words = useWords();
  const { text } = words;
  const router = useRouter();
  const shape = useRowShape();
  const list = useRef<UnfoldListHandle>(null);
  const area = useRef<HTMLDivElement>(null);
  const holds = useRef({ scroll: false, pointer: false, focus: false });
  const [openKey, setOpenKey] = useState<string>();
  const sessions = useModel((model) => model.sessions);
  const gone = useModel((model) => model.goneSessions);
  const names = useMemo(
    () =>
      new Map(
        [...(gone?.values() ?? []), ...(sessions?.values() ?? [])].map(({ sessionId, name }) => [sessionId, name]),
      ),
    [sessions, gone],
  );
  const { pages, failure } = now;
  const items = useMemo(() => (pages?.rows ?? []).map((row) => ({ key: row.id, row })), [pages]);

  /** Nothing is put above what a person looks at, points at or stands on. */
  function hold(patch: Partial<typeof holds.current>): void {
    Object.assign(holds.current, patch);
    reader.hold(Object.values(holds.current).includes(true));
  }

  // Another filter is read from its top, unless the person stands on a row that it has kept.
  useEffect(() => {
    if (area.current?.contains(document.activeElement) !== true) list.current?.scrollTo('start');
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- `filterKey` is not read, it says when
  }, [filterKey]);
  const isEmpty = items.length === 0;
  useEffect(() => {
    if (!isEmpty) return;
    holds.current = { scroll: false, pointer: false, focus: false };
    reader.hold(false);
  }, [isEmpty, reader]);
  const isFiltered = filterKey !== '';

  async function showNew(): Promise<void> {
    await reader.showNew();
    list.current?.scrollTo('start');
    area.current?.querySelector<HTMLElement>('[data-row-target]')?.focus({ preventScroll: true });
  }

  const nameOf = useCallback((row: HistoryRow) => names.get(row.sessionId) ?? row.sessionId, [names]);
  const renderRow = useCallback(
    ({ row }: { row: HistoryRow }) => <CallLine row={row} name={nameOf(row)} shape={shape} />,
    [nameOf, shape],
  );
  const renderDetail = useCallback(
    ({ row }: { row: HistoryRow }) => <CallDetail row={row} name={nameOf(row)} />,
    [nameOf],
  );

  if (pages === undefined) {
    return failure === undefined ? (
      <Skeleton rows={10} />
    ) : (
      <ErrorPanel title={text.activity.failed} cause={describeFailure(failure, words)} code={failure.code}>
        <Button kind="outlined" testId="error-action" onClick={reader.retry}>
          {text.common.retry}
        </Button>
      </ErrorPanel>
    );
  }
  return (
    <>
      {failure === undefined ? null : (
        <div className="activity__failure" role="alert" data-testid="error-panel">
          <p>{describeFailure(failure, words)}</p>
          <Button testId="error-action" onClick={reader.retry}>
            {text.common.retry}
          </Button>
        </div>
      )}
      {isEmpty ? (
        <EmptyState text={isFiltered ? text.activity.noMatch : text.activity.empty}>
          {isFiltered ? (
            <Button kind="outlined" onClick={() => router.setQuery(noFilter)}>
              {text.activity.clearFilters}
            </Button>
          ) : null}
        </EmptyState>
      ) : (
        <div
          ref={area}
          className="activity__list"
          onPointerEnter={() => hold({ pointer: true })}
          onPointerLeave={() => hold({ pointer: false })}
          onFocus={() => hold({ focus: true })}
          onBlur={({ currentTarget, relatedTarget }) => {
            if (!currentTarget.contains(relatedTarget)) hold({ focus: false });
          }}
        >
          {shape === 'columns' ? <CallLineHead /> : null}
          {now.newCalls === 0 ? null : (
            <div className="activity__new">
              <Button kind="filled" icon="up" testId="new-calls" onClick={() => void showNew()}>
                {words.plural(text.activity.newCalls, now.newCalls)}
              </Button>
            </div>
          )}
          <UnfoldList
            testId="history-list"
            rowTestId="history-row"
            detailTestId="history-detail"
            label={text.activity.list}
            items={items}
            total={Math.max(pages.total, items.length)}
            rowHeight={shape === 'two-line' ? 48 : 32}
            openKey={openKey}
            onOpen={setOpenKey}
            wordsOf={wordsOf}
            renderRow={renderRow}
            renderDetail={renderDetail}
            onScroll={({ isAtStart }) => hold({ scroll: !isAtStart })}
            onNearEnd={reader.more}
            handle={list}
            isStale={now.isStale}
          />
        </div>
      )}
    </>
  );
}

function wordsOf({ row }: { row: HistoryRow }) {
  return { dataId: row.callId, state: row.outcome };
}
