import type { CallOutcome } from '../../protocol/events.ts';
import type { SeriesData, SeriesSpan } from './history-store.ts';

/** What a series needs to know of a call. Start in epoch seconds, the total duration includes the time in the queue. */
export interface TimedCall {
  readonly startedAt: number;
  readonly queuedMs: number;
  readonly durationMs: number;
  readonly outcome: CallOutcome;
}

/** A call of no length was in flight, too. */
const shortest = 1e-6;

/**
 * Counts calls into buckets. A call belongs to the bucket in which it began, so that the sums are those of the table of
 * calls for the same range. p50 and p95 are exact (nearest rank) over the total durations of the calls of the bucket,
 * without refused ones, which have done nothing. `inflightMax` counts calls between getting their slots and their end.
 */
export class SeriesBuilder {
  readonly #span: SeriesSpan;
  readonly #buckets: { calls: number; errors: number; refused: number; durations: number[] }[];
  /** When calls got their slots and when they ended; the pairs do not matter. */
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];

  constructor(span: SeriesSpan) {
    this.#span = span;
    const count = Math.max(0, Math.ceil((span.to - span.from) / span.bucketSeconds));
    this.#buckets = Array.from({ length: count }, () => ({ calls: 0, errors: 0, refused: 0, durations: [] }));
  }

  /** Calls that began before the range count as load only; those behind it not at all. In any order. */
  add(call: TimedCall): void {
    const { from, to, bucketSeconds } = this.#span;
    const { startedAt, queuedMs, durationMs, outcome } = call;
    if (startedAt >= to) return;
    if (outcome !== 'refused') {
      const slotAt = startedAt + queuedMs / 1000;
      this.#starts.push(slotAt);
      this.#ends.push(Math.max(startedAt + durationMs / 1000, slotAt + shortest));
    }
    if (startedAt < from) return;
    const bucket = this.#buckets[Math.floor((startedAt - from) / bucketSeconds)];
    if (bucket === undefined) return;
    bucket.calls += 1;
    switch (outcome) {
      case 'refused':
        bucket.refused += 1;
        return;
      case 'tool_error':
      case 'error':
      case 'timeout':
      case 'interrupted':
        bucket.errors += 1;
        break;
      case 'ok':
      case 'cancelled':
        break;
    }
    bucket.durations.push(durationMs);
  }

  /** A call that got its slots at `startedAt` and still holds them. */
  addRunning(startedAt: number): void {
    if (startedAt < this.#span.to) this.#starts.push(startedAt);
  }

  finish(): SeriesData {
    const { from, bucketSeconds } = this.#span;
    const ranked = this.#buckets.map(({ durations }) => new Float64Array(durations).toSorted());
    return {
      bucketSeconds,
      t: this.#buckets.map((_, index) => from + index * bucketSeconds),
      calls: this.#buckets.map(({ calls }) => calls),
      errors: this.#buckets.map(({ errors }) => errors),
      refused: this.#buckets.map(({ refused }) => refused),
      p50Ms: ranked.map((durations) => nearestRank(durations, 0.5)),
      p95Ms: ranked.map((durations) => nearestRank(durations, 0.95)),
      inflightMax: this.#inflightMax(),
    };
  }

  /** Walks all starts and ends in order of time, ends first: who follows without a break was never there together. */
  #inflightMax(): (number | null)[] {
    const { from, to, bucketSeconds } = this.#span;
    const starts = new Float64Array(this.#starts).toSorted();
    const ends = new Float64Array(this.#ends).toSorted();
    let started = 0;
    let ended = 0;
    return this.#buckets.map((_, index) => {
      const begin = from + index * bucketSeconds;
      const end = Math.min(begin + bucketSeconds, to);
      while ((starts[started] ?? Infinity) < begin) started += 1;
      while ((ends[ended] ?? Infinity) <= begin) ended += 1;
      let most = started - ended;
      for (let next = starts[started]; next !== undefined && next < end; next = starts[started]) {
        while ((ends[ended] ?? Infinity) <= next) ended += 1;
        started += 1;
        most = Math.max(most, started - ended);
      }
      // Nobody was there: whether the daemon ran at all, the calls do not tell.
      return most === 0 ? null : most;
    });
  }
}

/** Of sorted values; null without any. */
function nearestRank(sorted: Float64Array, share: number): number | null {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}
