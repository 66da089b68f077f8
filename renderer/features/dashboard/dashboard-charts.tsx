import './dashboard-charts.css';
import { useMemo, useState } from 'react';
import { type HistoryFilter, seriesRanges } from '../../../protocol/history.ts';
import { ExportMenu } from '../../parts/export-menu.tsx';
import { type SessionFilter, useSessionFilter } from '../../state/filter.ts';
import { useAddress, useModel, useServices, useWords } from '../../state/services.ts';
import { describeFailure } from '../../strings/failure.ts';
import { Button } from '../../ui/button.tsx';
import { Icon } from '../../ui/icons.tsx';
import { chartsOf } from './chart-data.ts';
import { ChartFigure } from './chart-figure.tsx';
import { BlankGrid } from './charts-blank.tsx';
import { type DashboardRange, queryOfRange, rangeOf } from './dashboard-range.ts';
import { useSeries } from './use-series.ts';

/** Four charts of a range, filtered like the tables below them. The address holds range and filter. */
export function DashboardCharts() {
  const { router, words } = useServices();
  const { text } = words;
  const { query } = useAddress();
  const filter = useSessionFilter();
  const range = rangeOf(query);
  const isLive = query.get('live') !== 'off';
  /** The pointer or the keyboard's cursor is in a chart: what is read must not move. */
  const [isInside, setInside] = useState(false);
  const hasHistory = useModel(({ daemon }) => daemon.store !== 'none') ?? true;
  const cap = useCap(filter);
  const { series, failure, isStale } = useSeries(range, filter, isLive && !isInside);
  const charts = useMemo(() => (series === undefined ? [] : chartsOf(series, cap)), [series, cap]);

  if (!hasHistory) return <p className="charts__note">{text.dashboard.noHistory}</p>;
  return (
    <section className="charts" aria-label={text.dashboard.charts}>
      <ChartsBar range={range} isLive={isLive} exported={exportedOf(range, filter, series?.t[0])} />
      {failure === undefined ? null : (
        <p className="charts__note charts__note--failed" role="alert">
          {words.fill(text.shell.actionFailed, {
            action: text.dashboard.failed,
            reason: describeFailure(failure, words),
          })}
        </p>
      )}
      {series === undefined && failure === undefined ? (
        <BlankGrid />
      ) : (
        <div
          className="charts__grid"
          data-state={isStale ? 'stale' : 'ready'}
          aria-busy={isStale}
          onPointerEnter={() => setInside(true)}
          onPointerLeave={() => setInside(false)}
          onFocus={() => setInside(true)}
          onBlur={() => setInside(false)}
        >
          {charts.map((chart) => (
            <ChartFigure
              key={chart.name}
              chart={chart}
              onSelect={(from, to) => router.setQuery(queryOfRange({ type: 'custom', from, to }))}
            />
          ))}
        </div>
      )}
    </section>
  );
}

/** The limit that the calls in flight have to stay under: of the session that is shown, else of all. */
function useCap({ session, instance }: SessionFilter): number | null {
  const caps = useModel((model) => model.caps);
  if (caps === undefined || instance !== undefined) return null;
  return session === undefined ? caps.global.cap : caps.sessionCap;
}

/** The calls that the charts show; from the beginning of the first bucket, so that sums agree. */
function exportedOf(range: DashboardRange, { session, instance }: SessionFilter, first: number | undefined) {
  const filter: HistoryFilter = {};
  if (session !== undefined) filter.session = session;
  if (instance !== undefined) filter.instance = instance;
  const from = range.type === 'custom' ? range.from : first;
  if (from !== undefined) filter.from = from;
  if (range.type === 'custom') filter.to = range.to;
  return filter;
}

interface ChartsBarProps {
  readonly range: DashboardRange;
  readonly isLive: boolean;
  readonly exported: HistoryFilter;
}

function ChartsBar({ range, isLive, exported }: ChartsBarProps) {
  const { router } = useServices();
  const words = useWords();
  const { dashboard } = words.text;
  const from = range.type === 'custom' ? words.dayClock(range.from) : '';
  const to = range.type === 'custom' ? words.dayClock(range.to) : '';
  return (
    <div className="charts__bar">
      <div className="charts__ranges" role="group" aria-label={dashboard.range}>
        {seriesRanges.map((id) => (
          <button
            key={id}
            type="button"
            className="charts__range"
            aria-label={dashboard.rangesSpoken[id]}
            aria-pressed={range.type === 'named' && range.id === id}
            data-testid={`range-${id}`}
            onClick={() => router.setQuery(queryOfRange({ type: 'named', id }))}
          >
            {dashboard.ranges[id]}
          </button>
        ))}
        {range.type === 'custom' ? (
          <button
            type="button"
            className="charts__range"
            aria-pressed
            aria-label={words.fill(dashboard.leaveCustom, { from, to })}
            data-testid="range-custom"
            onClick={() => router.setQuery(queryOfRange({ type: 'named', id: '1h' }))}
          >
            {words.fill(dashboard.custom, { from, to })}
            <Icon name="close" />
          </button>
        ) : null}
      </div>
      <span className="charts__actions">
        <Button
          icon={isLive ? 'mark' : 'pause'}
          testId="live-toggle"
          title={dashboard.liveHint}
          aria-pressed={isLive}
          onClick={() => router.setQuery({ live: isLive ? 'off' : undefined })}
        >
          {isLive ? dashboard.live : dashboard.paused}
        </Button>
        <ExportMenu filter={exported} />
      </span>
    </div>
  );
}
