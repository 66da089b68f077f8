import './chart-figure.css';
import { lazy, Suspense, useCallback, useId, useMemo, useState } from 'react';
import { useWords } from '../../state/services.ts';
import type { Words } from '../../strings/words.ts';
import { Button } from '../../ui/button.tsx';
import type { SeriesLook } from '../../ui/chart-colors.ts';
import { captionOf } from './captions.ts';
import { type ChartColumn, type ChartData, spanOf, sumOf, topOf, valueText } from './chart-data.ts';
import { ChartTable } from './chart-table.tsx';

const TimeChart = lazy(async () => ({ default: (await import('../../ui/time-chart.tsx')).TimeChart }));

const looks: Readonly<Record<ChartColumn['id'], SeriesLook>> = {
  calls: { color: '--s1', kind: 'bars' },
  p50: { color: '--s1', kind: 'line' },
  p95: { color: '--s2', kind: 'line', isDashed: true },
  inflight: { color: '--s3', kind: 'area' },
  errors: { color: '--danger', kind: 'bars' },
  refused: { color: '--s2', kind: 'bars', isHatched: true },
};
const capLook: SeriesLook = { color: '--text-2', kind: 'limit' };
const daySeconds = 86_400;

interface ChartFigureProps {
  readonly chart: ChartData;
  readonly onSelect: (from: number, to: number) => void;
}

/** One chart: what it is, its values under the cursor, the drawing or its table, and a sentence that says it all. */
export function ChartFigure({ chart, onSelect }: ChartFigureProps) {
  const words = useWords();
  const { text, fill } = words;
  const { name, t, columns, cap, bucketSeconds } = chart;
  const titleId = useId();
  const [isTable, setTable] = useState(false);
  const [cursor, setCursor] = useState<number>();
  const timeOf = useTimeOf(chart, words);
  const tickOf = useTickOf(chart, words);
  const title = fill(text.dashboard.titles[name], { span: spanOf(bucketSeconds, words) });
  const say = useCallback((value: number | null | undefined) => valueText({ name }, value, words), [name, words]);
  const nameOf = (id: ChartColumn['id']) => text.dashboard.series[id];
  const reading = (index: number) =>
    fill(text.dashboard.reading, {
      time: timeOf(t[index] ?? 0),
      values: columns
        .map(({ id, values }) => fill(text.dashboard.value, { name: nameOf(id), value: say(values[index]) }))
        .join(', '),
    });
  const drawn = useMemo(() => drawnOf(chart), [chart]);
  const last = say(columns[0]?.values.at(-1));

  const keys =
    columns.length === 1 && cap === null ? null : (
      <ul className="chart__keys" aria-hidden="true">
        {columns.map(({ id }) => (
          <li key={id} className={`chart__key chart__key--${id}`}>
            {nameOf(id)}
          </li>
        ))}
        {cap === null ? null : (
          <li className="chart__key chart__key--cap">{fill(text.dashboard.series.cap, { cap })}</li>
        )}
      </ul>
    );

  return (
    <figure
      className="chart"
      data-testid={`chart-${name}`}
      data-last={last}
      data-total={sumOf(columns[0]?.values ?? [])}
      aria-labelledby={titleId}
    >
      <div className="chart__head">
        <h2 id={titleId}>{title}</h2>
        {isTable ? null : keys}
        <span className="chart__reading truncate" aria-hidden="true">
          {cursor === undefined || isTable ? '' : reading(cursor)}
        </span>
        <Button
          testId={`chart-table-${name}`}
          aria-pressed={isTable}
          onClick={() => {
            setTable((before) => !before);
            setCursor(undefined);
          }}
        >
          {isTable ? text.dashboard.chart : text.dashboard.table}
        </Button>
      </div>
      {isTable ? (
        <ChartTable chart={chart} labelledBy={titleId} timeOf={timeOf} say={say} />
      ) : (
        <Suspense fallback={<div className="chart__blank" />}>
          <TimeChart
            t={t}
            bucketSeconds={bucketSeconds}
            values={drawn.values}
            looks={drawn.looks}
            top={topOf(chart)}
            sync="dashboard"
            label={fill(text.dashboard.cursor, { title })}
            sayValue={say}
            sayTick={tickOf}
            describe={reading}
            onCursor={setCursor}
            onSelect={onSelect}
          />
        </Suspense>
      )}
      <figcaption>{captionOf(chart, words, timeOf)}</figcaption>
    </figure>
  );
}

/** Bucket times as short as they are clear: with the day when the range holds more than one. */
function useTimeOf({ t, bucketSeconds }: ChartData, words: Words): (at: number) => string {
  const isLong = (t.at(-1) ?? 0) - (t[0] ?? 0) > daySeconds;
  return useCallback(
    (at: number) => (isLong ? words.dayClock(at) : bucketSeconds < 60 ? words.clockSeconds(at) : words.clock(at)),
    [isLong, bucketSeconds, words],
  );
}

/** Places on the axis: the day where the range holds several, else the time. */
function useTickOf({ t }: ChartData, words: Words): (at: number) => string {
  const isLong = (t.at(-1) ?? 0) - (t[0] ?? 0) > 2 * daySeconds;
  return useCallback((at: number) => (isLong ? words.day(at) : words.clock(at)), [isLong, words]);
}

/** What is drawn, from behind to the front: errors stand on top of refusals, a limit lies above all. */
function drawnOf({ name, t, columns, cap }: ChartData) {
  const limit = cap === null ? [] : [{ look: capLook, values: t.map(() => cap) }];
  const parts = columns.map(({ id, values }) => ({ look: looks[id], values }));
  const [errors, refused] = parts;
  const stacked =
    name === 'errors' && errors !== undefined && refused !== undefined
      ? [
          {
            look: refused.look,
            values: refused.values.map((value, index) =>
              (value ?? 0) === 0 ? null : (value ?? 0) + (errors.values[index] ?? 0),
            ),
          },
          errors,
        ]
      : parts;
  const all = [...stacked, ...limit];
  return { looks: all.map(({ look }) => look), values: all.map(({ values }) => values) };
}
