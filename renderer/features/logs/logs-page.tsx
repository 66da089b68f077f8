import './logs-page.css';
import { useCallback, useEffect, useRef, useState } from 'react';
import type { LogLine, LogSource } from '../../../protocol/logs.ts';
import { ActivityTabs } from '../../parts/activity-tabs.tsx';
import { fetchAndSave } from '../../parts/save-file.ts';
import { useClient, useIsStale, useModel, useServices, useWords } from '../../state/services.ts';
import { useLayout } from '../../state/use-layout.ts';
import { useRowShape } from '../../state/use-row-shape.ts';
import { describeFailure } from '../../strings/failure.ts';
import { Button } from '../../ui/button.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { EmptyState, ErrorPanel, Skeleton } from '../../ui/panels.tsx';
import { UnfoldList, type UnfoldListHandle } from '../../ui/unfold-list.tsx';
import { type LogEntry, textOfEntries } from './log-buffer.ts';
import { LogControls } from './log-controls.tsx';
import { LogDetail, LogRow } from './log-row.tsx';
import { useLog } from './use-log.ts';
import { useLogFind } from './use-log-find.ts';

const linesCopied = 200;

/** One log: its tail, and every line that is added while the page is open. */
export function LogsPage({ source }: { readonly source: string }) {
  const words = useWords();
  const { text } = words;
  const isWide = useLayout() !== 'small';
  const shape = useRowShape();
  const sources = useLogSources();
  const [level, setLevel] = useState<NonNullable<LogLine['level']>>('debug');
  const log = useLog(source, level);
  const entries = log.buffer?.entries ?? noEntries;
  const find = useLogFind(entries);
  const list = useRef<UnfoldListHandle>(null);
  const [openKey, setOpenKey] = useState<string>();
  /** What had been taken when the reader stopped following; undefined while following. */
  const [stoppedAt, setStoppedAt] = useState<number>();
  const isFollowing = stoppedAt === undefined;
  const taken = log.buffer?.taken ?? 0;
  const file = sources.find(({ id }) => id === source)?.file ?? `${source.replaceAll(/[^\w.-]+/g, '_')}.log`;

  const stop = () => setStoppedAt((before) => before ?? taken);
  const follow = () => {
    setStoppedAt(undefined);
    list.current?.scrollTo('end');
  };
  const findText = find.text;
  const currentKey = find.currentKey;
  const renderRow = useCallback(
    (entry: LogEntry) => <LogRow entry={entry} shape={shape} find={findText} isCurrent={entry.key === currentKey} />,
    [shape, findText, currentKey],
  );
  const renderDetail = useCallback(
    (entry: LogEntry) => (entry.type === 'line' ? <LogDetail line={entry.line} find={findText} /> : null),
    [findText],
  );

  return (
    <div className="logs" data-testid="logs">
      <div className="logs__head">
        {isWide ? null : <ActivityTabs current="logs" />}
        <h1 tabIndex={-1} className={isWide ? undefined : 'visually-hidden'}>
          {text.logs.title}
        </h1>
        <bdi className="logs__file mono truncate" dir="ltr" title={file}>
          {file}
        </bdi>
      </div>
      <LogControls
        source={source}
        sources={sources}
        level={level}
        find={find}
        onLevel={setLevel}
        onStep={(direction) => {
          const index = find.step(direction);
          if (index === undefined) return;
          stop();
          list.current?.scrollTo(index);
        }}
      />
      {log.isBrokenOff ? (
        <p className="logs__note" role="status">
          {text.logs.brokenOff}
        </p>
      ) : null}
      {log.failure !== undefined ? (
        <ErrorPanel title={text.logs.unreadable} cause={describeFailure(log.failure, words)} code={log.failure.code}>
          <Button kind="outlined" testId="error-action" onClick={log.retry}>
            {text.common.retry}
          </Button>
        </ErrorPanel>
      ) : log.buffer === undefined ? (
        <Skeleton rows={6} />
      ) : entries.length === 0 ? (
        <EmptyState text={level === 'debug' ? text.logs.empty : text.logs.emptyLevel}>
          {level === 'debug' ? null : (
            <Button kind="outlined" onClick={() => setLevel('debug')}>
              {text.logs.showAllLevels}
            </Button>
          )}
        </EmptyState>
      ) : (
        <UnfoldList
          testId="log-list"
          rowTestId="log-line"
          detailTestId="log-detail"
          label={words.fill(text.logs.list, { file })}
          role="log"
          items={entries}
          total={entries.length}
          rowHeight={shape === 'two-line' ? 44 : 24}
          openKey={openKey}
          onOpen={(key) => {
            setOpenKey(key);
            if (key !== undefined) stop();
          }}
          wordsOf={wordsOf}
          renderRow={renderRow}
          renderDetail={renderDetail}
          dropped={log.buffer.dropped}
          isFollowing={isFollowing}
          onScroll={({ isAtEnd, isUp }) => {
            if (isUp && !isAtEnd) stop();
            else if (isAtEnd && !isUp && openKey === undefined) setStoppedAt(undefined);
          }}
          onEndKey={follow}
          handle={list}
        />
      )}
      <LogFoot
        source={source}
        file={file}
        entries={entries}
        isFollowing={isFollowing}
        newLines={stoppedAt === undefined ? 0 : taken - stoppedAt}
        onToggle={isFollowing ? stop : follow}
      />
    </div>
  );
}

const noEntries: readonly LogEntry[] = [];

interface LogFootProps {
  readonly source: string;
  readonly file: string;
  readonly entries: readonly LogEntry[];
  readonly isFollowing: boolean;
  readonly newLines: number;
  readonly onToggle: () => void;
}

function LogFoot({ source, file, entries, isFollowing, newLines, onToggle }: LogFootProps) {
  const { client, host, notices, words } = useServices();
  const { logs, shell, common } = words.text;
  const isStale = useIsStale();
  const gap = (count: number) => words.plural(logs.gap, count);

  async function download(): Promise<void> {
    const answer = await fetchAndSave(host, client.file('logFile', { params: { source } }), file);
    if (answer.state === 'ok') return;
    const reason = describeFailure(answer.failure, words);
    notices.getState().showToast(words.fill(shell.actionFailed, { action: logs.download, reason }));
  }

  return (
    <div className="logs__foot">
      <Button icon="follow" testId="log-follow" aria-pressed={isFollowing} onClick={onToggle}>
        {isFollowing
          ? logs.following
          : newLines === 0
            ? logs.follow
            : `${logs.follow}${common.separator}${words.plural(logs.newLines, newLines)}`}
      </Button>
      <span className="logs__foot-end">
        <CopyButton
          what="log"
          testId="log-copy"
          name={logs.lines}
          label={logs.copyShort}
          isDisabled={entries.length === 0}
          text={() => textOfEntries(entries.slice(-linesCopied), gap)}
        />
        <Button
          icon="download"
          testId="log-download"
          title={words.fill(logs.downloadFile, { file })}
          disabled={isStale}
          onClick={() => void download()}
        >
          {logs.download}
        </Button>
      </span>
    </div>
  );
}

function wordsOf(entry: LogEntry) {
  return { dataId: entry.key, state: entry.type === 'line' ? (entry.line.level ?? 'none') : 'gap' };
}

/** The logs there are; looked at again when a session comes or goes. */
function useLogSources(): readonly LogSource[] {
  const client = useClient();
  const [sources, setSources] = useState<readonly LogSource[]>([]);
  const order = useModel((model) => model.sessionOrder);
  useEffect(() => {
    const controller = new AbortController();
    void client.json('logs', {}, controller.signal).then((answer) => {
      if (answer.state === 'ok' && !controller.signal.aborted) setSources(answer.value.sources);
    });
    return () => controller.abort();
    // oxlint-disable-next-line react/exhaustive-effect-dependencies -- `order` is not read, it says when to look again
  }, [client, order]);
  return sources;
}
