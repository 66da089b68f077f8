import { describe, expect, it } from 'vitest';
import type { Series } from '../../../protocol/history.ts';
import { createWords } from '../../strings/words.ts';
import { captionOf } from './captions.ts';
import { type ChartData, chartsOf, niceTop, spanOf, sumOf, topOf, valueText } from './chart-data.ts';

const words = createWords('en', 'UTC');
const timeOf = (at: number) => words.clock(at);
const start = Date.UTC(2026, 10, 26, 14, 0) / 1000;

function series(part: Partial<Series> = {}): Series {
  const t = Array.from({ length: 36 }, (_, index) => start + index * 5);
  return {
    bucketSeconds: 5,
    t,
    calls: t.map(() => 1),
    errors: t.map((_, index) => (index === 20 ? 2 : 0)),
    refused: t.map((_, index) => (index === 21 ? 3 : 0)),
    p50Ms: t.map(() => null),
    p95Ms: t.map(() => null),
    inflightMax: t.map((_, index) => (index < 2 ? null : index % 7)),
    cap: 24,
    ...part,
  };
}

function chart(name: ChartData['name'], part?: Partial<Series>): ChartData {
  const found = chartsOf(series(part), 24).find((one) => one.name === name);
  if (found === undefined) throw new Error(name);
  return found;
}

describe('chartsOf', () => {
  it('counts calls per minute, with the same sum', () => {
    const { t, bucketSeconds, columns } = chart('calls');
    expect(t).toEqual([start, start + 60, start + 120]);
    expect(bucketSeconds).toBe(60);
    expect(columns[0]?.values).toEqual([12, 12, 12]);
    expect(sumOf(columns[0]?.values ?? [])).toBe(36);
    expect(chart('errors').columns.map(({ values }) => values)).toEqual([
      [0, 2, 0],
      [0, 3, 0],
    ]);
  });

  it('leaves longer buckets and what is no count as they are', () => {
    expect(chart('calls', { bucketSeconds: 300 }).t).toHaveLength(36);
    expect(chart('inflight').t).toHaveLength(36);
    expect(chart('inflight').columns[0]?.values[0]).toBeNull();
  });
});

describe('scale', () => {
  it('is round, never below four, and holds the limit', () => {
    expect([0, 3, 5, 7, 11, 24, 101, 2_400].map(niceTop)).toEqual([4, 4, 5, 8, 15, 30, 150, 3_000]);
    expect(topOf(chart('inflight'))).toBe(30);
    expect(topOf(chart('errors'))).toBe(5);
  });
});

describe('captionOf', () => {
  it('says calls, peak and total', () => {
    expect(captionOf(chart('calls'), words, timeOf)).toBe('12 since 14:02, most 12 at 14:02; 36 calls in all.');
    expect(captionOf(chart('calls', { calls: [] }), words, timeOf)).toBe('No call in this range.');
  });

  it('says the latency that was measured last', () => {
    const p50Ms = series().t.map((_, index) => (index === 3 ? 400 : null));
    const p95Ms = series().t.map((_, index) => (index === 3 ? 2_100 : null));
    expect(captionOf(chart('latency', { p50Ms, p95Ms }), words, timeOf)).toBe(
      'Median 400 ms, p95 2.1 s at 14:00; slowest p95 2.1 s at 14:00.',
    );
    expect(captionOf(chart('latency'), words, timeOf)).toBe('No call ended in this range.');
  });

  it('says what is in flight against its limit', () => {
    expect(captionOf(chart('inflight'), words, timeOf)).toBe('0 of 24 at most since 14:02, peak 6 at 14:02.');
    const nothing = series().t.map(() => null);
    expect(captionOf(chart('inflight', { inflightMax: nothing }), words, timeOf)).toBe(
      'Nothing was measured in this range.',
    );
  });

  it('says errors and refusals', () => {
    expect(captionOf(chart('errors'), words, timeOf)).toBe('2 errors and 3 refusals in this range, last at 14:01.');
    const none = series().t.map(() => 0);
    expect(captionOf(chart('errors', { errors: none, refused: none }), words, timeOf)).toBe(
      'No error and no refusal in this range.',
    );
  });
});

it('writes values and spans', () => {
  expect(valueText({ name: 'latency' }, 2_100, words)).toBe('2.1 s');
  expect(valueText({ name: 'calls' }, 1_200, words)).toBe('1,200');
  expect(valueText({ name: 'inflight' }, null, words)).toBe('–');
  expect([5, 60, 300, 1_800, 7_200].map((seconds) => spanOf(seconds, words))).toEqual([
    '5 s',
    'minute',
    '5 min',
    '30 min',
    '2 h',
  ]);
});
