import type { Series } from '../../../protocol/history.ts';
import type { Words } from '../../strings/words.ts';

export const chartNames = ['calls', 'latency', 'inflight', 'errors'] as const;
export type ChartName = (typeof chartNames)[number];

export interface ChartColumn {
  readonly id: 'calls' | 'p50' | 'p95' | 'inflight' | 'errors' | 'refused';
  readonly values: readonly (number | null)[];
}

/** What one chart and its table show: the same numbers. */
export interface ChartData {
  readonly name: ChartName;
  /** Beginning of each bucket, epoch seconds. */
  readonly t: readonly number[];
  readonly bucketSeconds: number;
  /** The first is the one that captions speak of. */
  readonly columns: readonly ChartColumn[];
  readonly cap: number | null;
}

/** A call is counted per minute at the finest: a bar of five seconds would say more than it knows. */
const finestCount = 60;

/** The four charts of a series. `cap`: the limit that stands above what is in flight. */
export function chartsOf(series: Series, cap: number | null): readonly ChartData[] {
  const { t, bucketSeconds } = series;
  const counted = countedOf(series);
  return [
    { name: 'calls', ...counted, columns: [{ id: 'calls', values: counted.calls }], cap: null },
    {
      name: 'latency',
      t,
      bucketSeconds,
      columns: [
        { id: 'p50', values: series.p50Ms },
        { id: 'p95', values: series.p95Ms },
      ],
      cap: null,
    },
    { name: 'inflight', t, bucketSeconds, columns: [{ id: 'inflight', values: series.inflightMax }], cap },
    {
      name: 'errors',
      ...counted,
      columns: [
        { id: 'errors', values: counted.errors },
        { id: 'refused', values: counted.refused },
      ],
      cap: null,
    },
  ];
}

/** Counts in buckets of a minute, or in their own when those are longer. Sums stay the same. */
function countedOf({ t, bucketSeconds, calls, errors, refused }: Series) {
  if (bucketSeconds >= finestCount) return { t, bucketSeconds, calls, errors, refused };
  const starts: number[] = [];
  const sums = { calls: [] as number[], errors: [] as number[], refused: [] as number[] };
  for (const [index, time] of t.entries()) {
    const start = Math.floor(time / finestCount) * finestCount;
    if (starts.at(-1) !== start) {
      starts.push(start);
      for (const list of Object.values(sums)) list.push(0);
    }
    const at = starts.length - 1;
    sums.calls[at] = (sums.calls[at] ?? 0) + (calls[index] ?? 0);
    sums.errors[at] = (sums.errors[at] ?? 0) + (errors[index] ?? 0);
    sums.refused[at] = (sums.refused[at] ?? 0) + (refused[index] ?? 0);
  }
  return { t: starts, bucketSeconds: finestCount, ...sums };
}

export function sumOf(values: readonly (number | null)[]): number {
  return values.reduce<number>((sum, value) => sum + (value ?? 0), 0);
}

/** A round number at or above `value`, so that the scale rests while values wander. Whole below ten. */
export function niceTop(value: number): number {
  if (value <= 4) return 4;
  const power = 10 ** Math.floor(Math.log10(value));
  const step = [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((one) => one * power >= value) ?? 10;
  return Math.ceil(step * power);
}

/** Top of a chart: above its highest value, and above its limit where that is near enough to matter. */
export function topOf({ columns, cap, name }: ChartData): number {
  const rows = columns[0]?.values.length ?? 0;
  const isStacked = name === 'errors';
  let highest = 0;
  for (let index = 0; index < rows; index += 1) {
    const values = columns.map((column) => column.values[index] ?? 0);
    highest = Math.max(highest, isStacked ? sumOf(values) : Math.max(...values));
  }
  return niceTop(cap === null ? highest : Math.max(highest, cap));
}

export function valueText({ name }: Pick<ChartData, 'name'>, value: number | null | undefined, words: Words): string {
  if (value === null || value === undefined) return words.text.common.none;
  return name === 'latency' ? words.duration(value) : words.number(value);
}

/** "minute", "5 min". */
export function spanOf(seconds: number, { text, fill }: Words): string {
  const { spans } = text.dashboard;
  if (seconds === 60) return spans.minute;
  if (seconds < 60) return fill(spans.seconds, { count: seconds });
  return seconds < 3_600
    ? fill(spans.minutes, { count: Math.round(seconds / 60) })
    : fill(spans.hours, { count: Math.round(seconds / 3_600) });
}
