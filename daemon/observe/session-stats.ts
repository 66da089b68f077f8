import type { ErrorCode } from '../../protocol/errors.ts';
import type { FinishedCall } from '../../protocol/events.ts';
import type { LocalDay } from './local-day.ts';

const keptDurations = 128;
/** How old the percentiles may be. */
const percentilesKeptMs = 1_000;

/** A call that its client did not get an answer of the tool for; one that was cancelled failed nobody. */
export function isError({ outcome }: Pick<FinishedCall, 'outcome'>): boolean {
  return outcome !== 'ok' && outcome !== 'cancelled';
}

/** Calls and errors since local midnight. */
export class DayCounter {
  readonly #day: LocalDay;
  #number = 0;
  #calls = 0;
  #errors = 0;

  constructor(day: LocalDay) {
    this.#day = day;
  }

  add(failed: boolean): void {
    this.#turn();
    this.#calls += 1;
    if (failed) this.#errors += 1;
  }

  /** Calls of earlier runs of the daemon on this day. */
  addEarlier(counts: { readonly calls: number; readonly errors: number }): void {
    this.#turn();
    this.#calls += counts.calls;
    this.#errors += counts.errors;
  }

  get calls(): number {
    this.#turn();
    return this.#calls;
  }

  get errors(): number {
    this.#turn();
    return this.#errors;
  }

  #turn(): void {
    const { number } = this.#day;
    if (number === this.#number) return;
    this.#number = number;
    this.#calls = 0;
    this.#errors = 0;
  }
}

/** What the finished calls of one session add up to. Noting a call is a few writes; percentiles wait until asked for. */
export class SessionStats {
  readonly today: DayCounter;
  readonly #now: () => number;
  /** A ring, made with the first call. */
  #durations: Float64Array | undefined;
  #count = 0;
  #lastError: { readonly code: ErrorCode; readonly at: number } | null = null;
  #percentiles: { readonly p50Ms: number | null; readonly p95Ms: number | null } = { p50Ms: null, p95Ms: null };
  #percentilesOf = 0;
  #percentilesAt = -Infinity;

  /** `now`: epoch milliseconds. */
  constructor(day: LocalDay, now: () => number) {
    this.today = new DayCounter(day);
    this.#now = now;
  }

  add(call: FinishedCall): void {
    const failed = isError(call);
    this.today.add(failed);
    if (failed && call.errorCode !== null) this.#lastError = { code: call.errorCode, at: call.finishedAt };
    if (call.outcome === 'refused') return; // it never ran: its time says nothing about the tools
    this.#durations ??= new Float64Array(keptDurations);
    this.#durations[this.#count % keptDurations] = call.durationMs;
    this.#count += 1;
  }

  get lastError(): { readonly code: ErrorCode; readonly at: number } | null {
    return this.#lastError;
  }

  /** Of the last 128 calls that ran, at most one second old; rounded to 0.1 ms. */
  get percentiles(): { readonly p50Ms: number | null; readonly p95Ms: number | null } {
    const now = this.#now();
    const isFresh = now - this.#percentilesAt < percentilesKeptMs && now >= this.#percentilesAt;
    if (this.#durations === undefined || this.#percentilesOf === this.#count || isFresh) return this.#percentiles;
    const sorted = this.#durations.subarray(0, Math.min(this.#count, keptDurations)).toSorted();
    this.#percentiles = { p50Ms: nearestRank(sorted, 0.5), p95Ms: nearestRank(sorted, 0.95) };
    this.#percentilesOf = this.#count;
    this.#percentilesAt = now;
    return this.#percentiles;
  }
}

function nearestRank(sorted: Float64Array, share: number): number | null {
  const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  return value === undefined ? null : Math.round(value * 10) / 10;
}
