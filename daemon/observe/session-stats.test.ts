import { describe, expect, it } from 'vitest';
import type { CallOutcome } from '../../protocol/events.ts';
import { LocalDay } from './local-day.ts';
import { sampleCall } from './sample-data.ts';
import { DayCounter, SessionStats } from './session-stats.ts';

function create(at = new Date(2026, 9, 1, 23, 59, 58)) {
  const clock = { now: at.getTime() };
  const day = new LocalDay(() => clock.now);
  const stats = new SessionStats(day, () => clock.now);
  const add = (durationMs: number, outcome: CallOutcome = 'ok', errorCode: 'TIMEOUT' | 'OVER_CAPACITY' | null = null) =>
    stats.add(sampleCall({ durationMs, outcome, errorCode, finishedAt: clock.now / 1000 }));
  return { clock, day, stats, add };
}

describe('what one session has done', () => {
  it('LIVE-counters: calls and errors count from local midnight', () => {
    const { clock, stats, add } = create();
    add(1);
    add(1, 'tool_error');
    add(1, 'cancelled');
    add(1, 'refused', 'OVER_CAPACITY');
    expect([stats.today.calls, stats.today.errors]).toEqual([4, 2]);
    clock.now += 2_000;
    expect([stats.today.calls, stats.today.errors]).toEqual([0, 0]);
    add(1, 'timeout', 'TIMEOUT');
    expect([stats.today.calls, stats.today.errors]).toEqual([1, 1]);
  });

  it('LIVE-counters: what earlier runs did today counts until midnight', () => {
    const { clock, day } = create();
    const counter = new DayCounter(day);
    counter.add(true);
    counter.addEarlier({ calls: 40, errors: 2 });
    expect([counter.calls, counter.errors]).toEqual([41, 3]);
    clock.now += 2_000;
    expect([counter.calls, counter.errors]).toEqual([0, 0]);
  });

  it('LIVE-counters: a clock that is set back begins another day', () => {
    const { clock, day } = create();
    const { number } = day;
    clock.now -= 24 * 3_600_000;
    expect(day.number).not.toBe(number);
    const counter = new DayCounter(day);
    counter.add(false);
    expect(counter.calls).toBe(1);
  });

  it('LIVE-counters: latency is that of the last 128 calls that ran', () => {
    const { clock, stats, add } = create();
    expect(stats.percentiles).toEqual({ p50Ms: null, p95Ms: null });
    add(0, 'refused', 'OVER_CAPACITY');
    expect(stats.percentiles.p50Ms).toBeNull();
    for (let ms = 1; ms <= 1_000; ms += 1) add(ms);
    clock.now += 1_000;
    expect(stats.percentiles).toEqual({ p50Ms: 936, p95Ms: 994 });
  });

  it('LIVE-idle-cost: latency is worked out once a second at most', () => {
    const { clock, stats, add } = create();
    add(10);
    expect(stats.percentiles.p50Ms).toBe(10);
    add(0.26);
    clock.now += 999;
    expect(stats.percentiles.p50Ms).toBe(10);
    clock.now += 1;
    expect(stats.percentiles).toEqual({ p50Ms: 0.3, p95Ms: 10 });
  });

  it('LIVE-counters: the last error stays until the next', () => {
    const { clock, stats, add } = create();
    add(1, 'timeout', 'TIMEOUT');
    const at = clock.now / 1000;
    clock.now += 60_000;
    add(1, 'cancelled');
    add(1);
    expect(stats.lastError).toEqual({ code: 'TIMEOUT', at });
  });
});
