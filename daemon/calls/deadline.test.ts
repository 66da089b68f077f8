import { once } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { CallAbortError, createCallSignal, monotonicClock, scheduleUnref } from './deadline.ts';
import { ManualTime } from './manual-time.ts';

function parents() {
  return { cancelled: new AbortController(), sessionGone: new AbortController(), shutdown: new AbortController() };
}

describe('createCallSignal', () => {
  it('WIRE-7.2: aborts with timeout at the deadline, not before', () => {
    const time = new ManualTime();
    const call = createCallSignal({ deadlineMs: 120_000, clock: time.clock, schedule: time.schedule });
    time.advance(119_999);
    expect(call.signal.aborted).toBe(false);
    expect(call.reason()).toBeUndefined();
    expect(call.remainingMs()).toBe(1);
    time.advance(1);
    expect(call.signal.aborted).toBe(true);
    expect(call.reason()).toBe('timeout');
    expect(call.remainingMs()).toBe(0);
    expect(call.signal.reason).toBeInstanceOf(CallAbortError);
    expect(call.signal.reason).toMatchObject({ name: 'AbortError', reason: 'timeout' });
  });

  it.each([
    ['cancelled', 'cancelled'],
    ['sessionGone', 'session-ended'],
    ['shutdown', 'shutdown'],
  ] as const)('WIRE-4.4 PF-X1: an abort of %s reaches the call at once as %s', (parent, reason) => {
    const time = new ManualTime();
    const sources = parents();
    const call = createCallSignal({
      deadlineMs: 1000,
      cancelled: sources.cancelled.signal,
      sessionGone: sources.sessionGone.signal,
      shutdown: sources.shutdown.signal,
      clock: time.clock,
      schedule: time.schedule,
    });
    sources[parent].abort();
    expect(call.signal.aborted).toBe(true);
    expect(call.reason()).toBe(reason);
    expect(call.signal.reason).toMatchObject({ reason });
  });

  it('WIRE-7.2: the first cause wins, later ones change nothing', () => {
    const time = new ManualTime();
    const { cancelled, sessionGone } = parents();
    const call = createCallSignal({
      deadlineMs: 50,
      cancelled: cancelled.signal,
      sessionGone: sessionGone.signal,
      clock: time.clock,
      schedule: time.schedule,
    });
    sessionGone.abort();
    cancelled.abort();
    call.abort('shutdown');
    time.advance(100);
    expect(call.reason()).toBe('session-ended');
    expect(call.signal.reason).toMatchObject({ reason: 'session-ended' });
  });

  it('WIRE-7.2: a parent that is aborted already aborts the new call, and no timer is set', () => {
    const time = new ManualTime();
    const call = createCallSignal({
      deadlineMs: 50,
      sessionGone: AbortSignal.abort(),
      clock: time.clock,
      schedule: time.schedule,
    });
    expect(call.reason()).toBe('session-ended');
    expect(time.pendingTimers).toBe(0);
  });

  it.each(['settled', 'timeout', 'cancelled'] as const)(
    'PF-C1: nothing is left behind after the end (%s): no timer, no listener on the parents',
    (end) => {
      const time = new ManualTime();
      const { cancelled, sessionGone } = parents();
      const listeners = countListeners([cancelled.signal, sessionGone.signal]);
      const call = createCallSignal({
        deadlineMs: 50,
        cancelled: cancelled.signal,
        sessionGone: sessionGone.signal,
        clock: time.clock,
        schedule: time.schedule,
      });
      expect(listeners()).toBe(2);
      expect(time.pendingTimers).toBe(1);
      if (end === 'settled') call.dispose();
      else if (end === 'timeout') time.advance(50);
      else call.abort('cancelled');
      expect(listeners()).toBe(0);
      expect(time.pendingTimers).toBe(0);
      call.dispose();
    },
  );

  it('WIRE-7.2: nothing aborts a call that has settled', () => {
    const time = new ManualTime();
    const { cancelled } = parents();
    const call = createCallSignal({
      deadlineMs: 50,
      cancelled: cancelled.signal,
      clock: time.clock,
      schedule: time.schedule,
    });
    call.dispose();
    cancelled.abort();
    call.abort('shutdown');
    time.advance(100);
    expect(call.signal.aborted).toBe(false);
    expect(call.reason()).toBeUndefined();
  });

  it('WIRE-7.2: no deadline, no timer', () => {
    const time = new ManualTime();
    const call = createCallSignal({ clock: time.clock, schedule: time.schedule });
    expect(time.pendingTimers).toBe(0);
    expect(call.remainingMs()).toBeUndefined();
  });

  it('PF-X3: a thousand calls on one session signal raise no listener warning and all end with it', async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error): void => {
      warnings.push(warning);
    };
    process.on('warning', onWarning);
    try {
      const session = new AbortController();
      const calls = Array.from({ length: 1000 }, () => createCallSignal({ sessionGone: session.signal }));
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      session.abort();
      expect(calls.every((call) => call.reason() === 'session-ended')).toBe(true);
      expect(warnings).toEqual([]);
    } finally {
      process.off('warning', onWarning);
    }
  });

  it.each([
    ['forward', 86_400_000],
    ['back', -86_400_000],
  ])('BAD-clock-jump: setting the wall clock a day %s neither fires nor delays a deadline', async (_name, jumpMs) => {
    const realNow = Date.now;
    const call = createCallSignal({ deadlineMs: 40 });
    const before = monotonicClock();
    const wallClock = vi.spyOn(Date, 'now').mockImplementation(() => realNow() + jumpMs);
    try {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      expect(call.signal.aborted).toBe(false);
      expect(call.remainingMs()).toBeGreaterThan(0);
      expect(call.remainingMs()).toBeLessThanOrEqual(40);
      const giveUp = setTimeout(() => call.abort('shutdown'), 5000);
      await once(call.signal, 'abort');
      clearTimeout(giveUp);
      expect(call.reason()).toBe('timeout');
      expect(monotonicClock() - before).toBeGreaterThan(35);
    } finally {
      wallClock.mockRestore();
    }
  });
});

describe('scheduleUnref', () => {
  it('WIRE-7.2: its timers do not keep the process alive', () => {
    const setTimer = vi.spyOn(globalThis, 'setTimeout');
    const cancel = scheduleUnref(() => undefined, 60_000);
    const timer: unknown = setTimer.mock.results[0]?.value;
    cancel();
    setTimer.mockRestore();
    expect(timer instanceof Object && 'hasRef' in timer && typeof timer.hasRef === 'function' && timer.hasRef()).toBe(
      false,
    );
  });
});

/** Counts the abort listeners of these signals from now on. */
function countListeners(signals: readonly AbortSignal[]): () => number {
  let count = 0;
  for (const signal of signals) {
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    const live = new Set<unknown>();
    signal.addEventListener = (...args: Parameters<typeof add>): void => {
      live.add(args[1]);
      count += 1;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>): void => {
      if (live.delete(args[1])) count -= 1;
      remove(...args);
    };
  }
  return () => count;
}
