import type { SeriesQuery } from '../../protocol/history.ts';
import type { SeriesSpan } from './history-store.ts';

const maxBuckets = 360;

/** Seconds of the named ranges and their buckets. */
const ranges = {
  '15m': { seconds: 900, bucketSeconds: 5 },
  '1h': { seconds: 3_600, bucketSeconds: 15 },
  '24h': { seconds: 86_400, bucketSeconds: 300 },
  '7d': { seconds: 7 * 86_400, bucketSeconds: 1_800 },
} as const;

/** Lengths that a person can read off a time axis. */
const bucketLadder = [5, 15, 60, 300, 1_800, 7_200, 21_600, 86_400, 604_800];

/**
 * The buckets of a question. A named range ends with the bucket of this moment, and its buckets begin at whole multiples,
 * so that they do not shift from question to question. With `from` or `to` it is exactly that range, up to now, in the
 * smallest bucket that gives at most 360 points. `now` in epoch seconds. Undefined: `from` is not before `to`.
 */
export function seriesSpan(query: SeriesQuery, now: number): SeriesSpan | undefined {
  const { seconds, bucketSeconds } = ranges[query.range];
  if (query.from === undefined && query.to === undefined) {
    const to = (Math.floor(now / bucketSeconds) + 1) * bucketSeconds;
    return { from: to - seconds, to, bucketSeconds };
  }
  const end = query.to ?? now;
  const from = query.from ?? Math.max(0, end - seconds);
  if (from >= end) return undefined;
  // What is to come is no gap: it is left out.
  const to = Math.max(from, Math.min(end, now));
  return { from, to, bucketSeconds: smallestBucket(to - from) };
}

function smallestBucket(seconds: number): number {
  const fitting = bucketLadder.find((bucket) => seconds / bucket <= maxBuckets);
  return fitting ?? Math.ceil(seconds / maxBuckets / 604_800) * 604_800;
}
