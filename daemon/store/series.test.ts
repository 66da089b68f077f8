import { array, assert, constantFrom, integer, property, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SeriesBuilder, type TimedCall } from './series.ts';

function seriesOf(calls: readonly TimedCall[], span = { from: 0, to: 60, bucketSeconds: 15 }) {
  const series = new SeriesBuilder(span);
  for (const one of calls) series.add(one);
  return series.finish();
}

function call(startedAt: number, durationMs: number, changes: Partial<TimedCall> = {}): TimedCall {
  return { startedAt, durationMs, queuedMs: 0, outcome: 'ok', ...changes };
}

describe('SeriesBuilder', () => {
  it('HIST-series: percentiles are values that occurred, by nearest rank', () => {
    const durations = Array.from({ length: 100 }, (_, index) => call(1, 100 - index));
    expect(seriesOf(durations)).toMatchObject({ p50Ms: [50, null, null, null], p95Ms: [95, null, null, null] });
    expect(seriesOf([call(1, 7)])).toMatchObject({ p50Ms: [7, null, null, null], p95Ms: [7, null, null, null] });
  });

  it('HIST-series: calls that follow each other were never there together; one without length was', () => {
    expect(seriesOf([call(1, 1000), call(2, 1000), call(3, 500)]).inflightMax[0]).toBe(1);
    expect(seriesOf([call(1, 0)]).inflightMax).toEqual([1, null, null, null]);
    expect(seriesOf([call(1, 0), call(1, 0)]).inflightMax[0]).toBe(2);
  });

  it('HIST-series: a call is in flight from its slots to its end, in every bucket it touches', () => {
    const waited = call(1, 31_000, { queuedMs: 20_000 });
    expect(seriesOf([waited])).toMatchObject({ calls: [1, 0, 0, 0], inflightMax: [null, 1, 1, null] });
    expect(seriesOf([call(-100, 130_000)])).toMatchObject({ calls: [0, 0, 0, 0], inflightMax: [1, 1, null, null] });
    expect(seriesOf([call(60, 5)])).toMatchObject({ calls: [0, 0, 0, 0], inflightMax: [null, null, null, null] });
  });

  it('HIST-series: a last bucket that is shorter counts like the others', () => {
    const { t, calls } = seriesOf([call(61, 1), call(69.9, 1), call(70, 1)], { from: 0, to: 70, bucketSeconds: 60 });
    expect({ t, calls }).toEqual({ t: [0, 60], calls: [0, 2] });
  });

  it('HIST-series: agrees with counting one by one', () => {
    const anyCall = record({
      startedAt: integer({ min: -40, max: 65 }),
      queuedMs: constantFrom(0, 1000, 5000),
      durationMs: constantFrom(5000, 7000, 30_000),
      outcome: constantFrom('ok', 'refused', 'timeout', 'cancelled'),
    });
    assert(
      property(array(anyCall, { maxLength: 30 }), (calls) => {
        const series = seriesOf(calls);
        const ran = calls.filter(({ outcome, startedAt }) => outcome !== 'refused' && startedAt < 60);
        const slotAt = ({ startedAt, queuedMs }: TimedCall): number => startedAt + queuedMs / 1000;
        const endAt = (one: TimedCall): number => Math.max(one.startedAt + one.durationMs / 1000, slotAt(one) + 1e-6);
        const expected = [0, 15, 30, 45].map((begin) => {
          const moments = [begin, ...ran.map(slotAt).filter((at) => at >= begin && at < begin + 15)];
          const levels = moments.map((at) => ran.filter((one) => slotAt(one) <= at && endAt(one) > at).length);
          return Math.max(...levels) || null;
        });
        expect(series.inflightMax).toEqual(expected);
        const inRange = calls.filter(({ startedAt }) => startedAt >= 0 && startedAt < 60).length;
        expect(series.calls.reduce((sum, count) => sum + count, 0)).toBe(inRange);
      }),
    );
  });
});
