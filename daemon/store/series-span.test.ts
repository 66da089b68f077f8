import { describe, expect, it } from 'vitest';
import { seriesSpan } from './series-span.ts';

const now = 1_790_000_003.5;

describe('seriesSpan', () => {
  it.each([
    ['15m', 5, 180],
    ['1h', 15, 240],
    ['24h', 300, 288],
    ['7d', 1800, 336],
  ] as const)('HIST-series: %s is %i s a bucket and ends with the one of now', (range, bucketSeconds, points) => {
    const span = seriesSpan({ range }, now);
    expect(span).toMatchObject({ bucketSeconds });
    const { from, to } = span ?? { from: 0, to: 0 };
    expect((to - from) / bucketSeconds).toBe(points);
    expect(from % bucketSeconds).toBe(0);
    expect(to).toBeGreaterThan(now);
    expect(to - bucketSeconds).toBeLessThanOrEqual(now);
  });

  it.each([
    [600, 5],
    [1800, 5],
    [1801, 15],
    [5400, 15],
    [5401, 60],
    [30 * 86_400, 7_200],
    [3650 * 86_400, 1_209_600],
  ])('HIST-series: a range of %i s of one’s own takes the smallest bucket that gives 360 points', (seconds, bucket) => {
    const span = seriesSpan({ range: '1h', from: now - seconds, to: now }, now);
    expect(span?.bucketSeconds).toBe(bucket);
    expect(Math.ceil(seconds / bucket)).toBeLessThanOrEqual(360);
    expect(span).toMatchObject({ from: now - seconds, to: now });
  });

  it('HIST-series: one end is enough, what is to come is left out, and a range must have a length', () => {
    expect(seriesSpan({ range: '1h', to: now - 100 }, now)).toEqual({
      from: now - 3700,
      to: now - 100,
      bucketSeconds: 15,
    });
    expect(seriesSpan({ range: '1h', from: now - 60 }, now)).toEqual({ from: now - 60, to: now, bucketSeconds: 5 });
    expect(seriesSpan({ range: '1h', from: now - 60, to: now + 1e9 }, now)).toMatchObject({ to: now });
    expect(seriesSpan({ range: '1h', from: now + 10, to: now + 20 }, now)).toMatchObject({
      from: now + 10,
      to: now + 10,
    });
    expect(seriesSpan({ range: '1h', from: 200, to: 200 }, now)).toBeUndefined();
    expect(seriesSpan({ range: '1h', from: now + 1 }, now)).toBeUndefined();
  });
});
