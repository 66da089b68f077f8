import { describe, expect, it } from 'vitest';
import { CallWatch } from './call-watch.ts';
import { ManualTime } from './manual-time.ts';

function create(deadlineMs = 1000) {
  const time = new ManualTime();
  const cancelled = new AbortController();
  const sessionGone = new AbortController();
  const watch = new CallWatch({
    deadlineMs,
    startedAt: time.clock(),
    cancelled: cancelled.signal,
    sessionGone: sessionGone.signal,
    clock: time.clock,
    schedule: time.schedule,
  });
  return { time, cancelled, sessionGone, watch };
}

describe('CallWatch', () => {
  it('sets no timer before somebody looks at the signal', () => {
    const { time, watch } = create();
    expect(watch.isAborted).toBe(false);
    watch.dispose();
    expect(time.pendingTimers).toBe(0);
  });

  it('is one signal, however often it is looked at', () => {
    const { time, watch } = create();
    expect(watch.call).toBe(watch.call);
    expect(time.pendingTimers).toBe(1);
  });

  it.each([
    ['cancelled', 'cancelled'],
    ['sessionGone', 'session-ended'],
  ] as const)('PF-X1: an abort of %s before the first look is seen, and its reason is %s', (parent, reason) => {
    const sources = create();
    sources[parent].abort();
    expect(sources.watch.isAborted).toBe(true);
    expect(sources.watch.call.reason()).toBe(reason);
    expect(sources.watch.call.signal.aborted).toBe(true);
  });

  it('PF-X1: an abort after the first look reaches whoever holds the signal', () => {
    const { cancelled, watch } = create();
    const { signal } = watch.call;
    cancelled.abort();
    expect(signal.aborted).toBe(true);
    expect(watch.isAborted).toBe(true);
  });

  it('WIRE-7.2: the deadline counts from the start, not from the first look', () => {
    const { time, watch } = create(1000);
    time.advance(400);
    const { signal } = watch.call;
    time.advance(599);
    expect(signal.aborted).toBe(false);
    time.advance(1);
    expect(signal.aborted).toBe(true);
    expect(watch.call.reason()).toBe('timeout');
  });

  it('WIRE-7.2: a first look after the deadline times out at once', () => {
    const { time, watch } = create(1000);
    time.advance(5000);
    const { signal } = watch.call;
    time.advance(0);
    expect(signal.aborted).toBe(true);
  });

  it('WIRE-7.2: nothing aborts a call that has settled, whoever looks at it later', () => {
    const { time, cancelled, watch } = create(50);
    watch.dispose();
    cancelled.abort();
    time.advance(100);
    expect(watch.isAborted).toBe(false);
    expect(watch.call.signal.aborted).toBe(false);
    expect(watch.call.reason()).toBeUndefined();
    watch.dispose();
    expect(time.pendingTimers).toBe(0);
  });

  it('PF-C1: nothing is left behind when a signal that was looked at has settled', () => {
    const { time, cancelled, watch } = create(50);
    const { signal } = watch.call;
    watch.dispose();
    cancelled.abort();
    time.advance(100);
    expect(signal.aborted).toBe(false);
    expect(watch.isAborted).toBe(false);
    expect(time.pendingTimers).toBe(0);
  });
});
