import { describe, expect, it, vi } from 'vitest';
import { type Held, Limiter, type LimiterOptions } from './limiter.ts';
import { ManualTime } from './manual-time.ts';

const defaultCaps = { session: 8, global: 24, providers: { KIMI: 6, GLM: 4 } };

function create(options: Partial<LimiterOptions> = {}) {
  const time = new ManualTime();
  const counters = { doubleReleases: 0 };
  const limiter = new Limiter({
    caps: defaultCaps,
    queue: { max: 0, waitMs: 30_000 },
    retryAfterMs: 1000,
    clock: time.clock,
    schedule: time.schedule,
    onDoubleRelease: () => {
      counters.doubleReleases += 1;
    },
    ...options,
  });
  return { limiter, time, counters };
}

function hold(limiter: Limiter, session: string, provider: string | null = null): Held {
  const taken = limiter.tryAcquire({ session, provider });
  if (taken.type !== 'lease') throw new Error(`refused: ${taken.refusal.scope}`);
  return taken;
}

function holdMany(limiter: Limiter, count: number, session: string, provider: string | null = null): Held[] {
  return Array.from({ length: count }, () => hold(limiter, session, provider));
}

describe('refusal without a queue', () => {
  it('WIRE-C1: the 9th call of a session', () => {
    const { limiter } = create();
    holdMany(limiter, 8, 'a');
    expect(limiter.tryAcquire({ session: 'a', provider: null })).toEqual({
      type: 'refused',
      refusal: { scope: 'session', limit: 8, inflight: 8, queued: 0 },
      retryAfterMs: 1000,
    });
  });

  it('WIRE-C1 PF-C3: the 25th call over 4 sessions', () => {
    const { limiter } = create();
    for (const session of ['a', 'b', 'c', 'd']) holdMany(limiter, 6, session);
    expect(limiter.tryAcquire({ session: 'a', provider: 'KIMI' })).toMatchObject({
      refusal: { scope: 'global', limit: 24, inflight: 24, queued: 0 },
    });
  });

  it('PF-C3: 25 sessions at once, the 25th refused with scope global', () => {
    const { limiter } = create();
    for (let session = 0; session < 24; session += 1) hold(limiter, `conversation ${session}`);
    expect(limiter.tryAcquire({ session: 'conversation 24', provider: null })).toMatchObject({
      refusal: { scope: 'global' },
    });
  });

  it('WIRE-C1 PF-C4: the 7th call to Kimi and the 5th to GLM', () => {
    const { limiter } = create();
    for (const session of ['a', 'b']) holdMany(limiter, 3, session, 'KIMI');
    for (const session of ['a', 'b']) holdMany(limiter, 2, session, 'GLM');
    expect(limiter.tryAcquire({ session: 'c', provider: 'KIMI' })).toMatchObject({
      refusal: { scope: 'provider', limit: 6, inflight: 6 },
    });
    expect(limiter.tryAcquire({ session: 'c', provider: 'GLM' })).toMatchObject({
      refusal: { scope: 'provider', limit: 4, inflight: 4 },
    });
    hold(limiter, 'c');
  });

  it('WIRE-C1: the first exceeded limit is the scope: session, then global, then provider', () => {
    const { limiter } = create({ caps: { session: 1, global: 1, providers: { KIMI: 1 } } });
    hold(limiter, 'a', 'KIMI');
    expect(limiter.tryAcquire({ session: 'a', provider: 'KIMI' })).toMatchObject({ refusal: { scope: 'session' } });
    expect(limiter.tryAcquire({ session: 'b', provider: 'KIMI' })).toMatchObject({ refusal: { scope: 'global' } });
    limiter.setCap('global', null, 2);
    expect(limiter.tryAcquire({ session: 'b', provider: 'KIMI' })).toMatchObject({ refusal: { scope: 'provider' } });
  });

  it('WIRE-7.1: all or nothing: a refused call leaves no trace', () => {
    const { limiter } = create();
    holdMany(limiter, 4, 'a', 'GLM');
    const before = limiter.snapshot();
    for (let attempt = 0; attempt < 100; attempt += 1) limiter.tryAcquire({ session: `b${attempt}`, provider: 'GLM' });
    expect(limiter.snapshot()).toEqual(before);
  });

  it('WIRE-C3 PF-D7: refused, then retried after a release: runs', () => {
    const { limiter } = create();
    const [first] = holdMany(limiter, 8, 'a');
    expect(limiter.tryAcquire({ session: 'a', provider: null }).type).toBe('refused');
    first?.lease.release();
    hold(limiter, 'a');
  });

  it('PF-C2: running calls are never taken for leaks, however long they run', () => {
    const { limiter, time } = create();
    for (const session of ['a', 'b', 'c']) holdMany(limiter, 8, session);
    for (let minute = 0; minute < 60; minute += 1) {
      time.advance(60_000);
      expect(limiter.tryAcquire({ session: 'd', provider: null }).type).toBe('refused');
      expect(limiter.snapshot().global).toEqual({ capacity: 24, inflight: 24 });
    }
  });

  it('WIRE-7.1: acquire answers the same without a queue', async () => {
    const { limiter, time } = create({ caps: { ...defaultCaps, session: 1 } });
    expect(limiter.hasQueue).toBe(false);
    expect(await limiter.acquire({ session: 'a', provider: null })).toMatchObject({ type: 'lease', waitedMs: 0 });
    expect(await limiter.acquire({ session: 'a', provider: null })).toMatchObject({ refusal: { scope: 'session' } });
    expect(time.pendingTimers).toBe(0);
  });
});

describe('release', () => {
  it('PF-C1: a second release is counted and changes nothing', () => {
    const { limiter, counters } = create();
    const [first, second] = holdMany(limiter, 2, 'a', 'KIMI');
    first?.lease.release();
    first?.lease.release();
    first?.lease.release();
    expect(counters.doubleReleases).toBe(2);
    expect(limiter.snapshot()).toMatchObject({ global: { inflight: 1 }, providers: { KIMI: { inflight: 1 } } });
    second?.lease.release();
    expect(limiter.snapshot().global.inflight).toBe(0);
    expect(counters.doubleReleases).toBe(2);
  });

  it('PF-C1: an old lease of a session that came back does not free the new call’s slot', () => {
    const { limiter } = create({ caps: { session: 1, global: 24, providers: {} } });
    const old = hold(limiter, 'a', 'CUSTOM');
    old.lease.release();
    hold(limiter, 'a', 'CUSTOM');
    old.lease.release();
    expect(limiter.tryAcquire({ session: 'a', provider: 'CUSTOM' }).type).toBe('refused');
  });

  it('PF-X4: a slot given back at the end of the cancel grace is free, though the tool runs on', () => {
    const { limiter } = create({ caps: { session: 1, global: 1, providers: {} } });
    const abandoned = hold(limiter, 'a');
    abandoned.lease.release();
    const next = hold(limiter, 'a');
    next.lease.release();
    expect(limiter.snapshot().sessions.size).toBe(0);
  });

  it('WIRE-7.1: sessions are forgotten when their last call ends, and only capped providers are shown', () => {
    const { limiter } = create();
    const leases = Array.from({ length: 20 }, (_, index) => hold(limiter, `s${index}`, `P${index}`));
    expect(limiter.snapshot().sessions.size).toBe(20);
    for (const { lease } of leases) lease.release();
    expect(limiter.snapshot()).toEqual({
      global: { capacity: 24, inflight: 0 },
      providers: { KIMI: { capacity: 6, inflight: 0 }, GLM: { capacity: 4, inflight: 0 } },
      queued: 0,
      queuedByProvider: new Map(),
      sessionCap: 8,
      queue: { max: 0 },
      sessions: new Map(),
    });
  });
});

describe('setCap', () => {
  it('WIRE-7.1: lowering refuses new calls until enough have drained', () => {
    const { limiter } = create();
    const leases = holdMany(limiter, 6, 'a', 'KIMI');
    limiter.setCap('provider', 'KIMI', 2);
    for (let drained = 0; drained < 4; drained += 1) {
      expect(limiter.tryAcquire({ session: 'b', provider: 'KIMI' })).toMatchObject({
        refusal: { scope: 'provider', limit: 2, inflight: 6 - drained },
      });
      leases.pop()?.lease.release();
    }
    expect(limiter.tryAcquire({ session: 'b', provider: 'KIMI' }).type).toBe('refused');
    leases.pop()?.lease.release();
    hold(limiter, 'b', 'KIMI');
  });

  it('WIRE-7.1: a provider gets its first cap, and loses it, while its calls run', () => {
    const { limiter } = create();
    const leases = holdMany(limiter, 3, 'a', 'CUSTOM');
    limiter.setCap('provider', 'CUSTOM', 3);
    expect(limiter.snapshot().providers['CUSTOM']).toEqual({ capacity: 3, inflight: 3 });
    expect(limiter.tryAcquire({ session: 'b', provider: 'CUSTOM' })).toMatchObject({ refusal: { scope: 'provider' } });
    limiter.setCap('provider', 'CUSTOM', null);
    leases.push(hold(limiter, 'b', 'CUSTOM'));
    for (const { lease } of leases) lease.release();
    expect(limiter.snapshot().providers).not.toHaveProperty('CUSTOM');
  });

  it('WIRE-7.1: raising any cap starts waiting calls', async () => {
    const { limiter } = create({
      caps: { session: 1, global: 2, providers: { KIMI: 1 } },
      queue: { max: 100, waitMs: 30_000 },
    });
    hold(limiter, 'a', 'KIMI');
    const waiting = [
      limiter.acquire({ session: 'a', provider: null }),
      limiter.acquire({ session: 'b', provider: 'KIMI' }),
    ];
    limiter.setCap('provider', 'KIMI', 2);
    expect(limiter.snapshot().queued).toBe(1);
    limiter.setCap('session', null, 2);
    expect(limiter.snapshot().queued).toBe(1);
    limiter.setCap('global', null, 3);
    expect(limiter.snapshot().queued).toBe(0);
    expect((await Promise.all(waiting)).map((outcome) => outcome.type)).toEqual(['lease', 'lease']);
  });

  it.each([-1, 1.5, Number.NaN, Number.POSITIVE_INFINITY])('BAD-value: %s is no cap', (value) => {
    const { limiter } = create();
    expect(() => limiter.setCap('global', null, value)).toThrow(RangeError);
    expect(
      () => new Limiter({ caps: { ...defaultCaps, session: value }, queue: { max: 0, waitMs: 1 }, retryAfterMs: 1 }),
    ).toThrow(RangeError);
  });
});

describe('queue', () => {
  const queue = { max: 8, waitMs: 30_000 };

  it('WIRE-C4: queue 8: greedy’s 3rd waiting call is refused, the other’s first starts within one slot', async () => {
    const { limiter, time } = create({ caps: { session: 8, global: 2, providers: {} }, queue });
    const running = holdMany(limiter, 2, 'greedy');
    const greedy = [1, 2].map(() => limiter.acquire({ session: 'greedy', provider: null }));
    expect(await limiter.acquire({ session: 'greedy', provider: null })).toEqual({
      type: 'refused',
      refusal: { scope: 'queue', limit: 2, inflight: 2, queued: 2 },
      retryAfterMs: 1000,
    });
    const polite = limiter.acquire({ session: 'polite', provider: null });
    time.advance(500);
    running[0]?.lease.release();
    running[1]?.lease.release();
    expect(await polite).toMatchObject({ type: 'lease', waitedMs: 500 });
    expect(await greedy[0]).toMatchObject({ type: 'lease' });
    expect(limiter.snapshot().sessions).toEqual(
      new Map([
        ['greedy', { inflight: 1, queued: 1 }],
        ['polite', { inflight: 1, queued: 0 }],
      ]),
    );
  });

  it('WIRE-7.1: full in total: scope queue with the bound of the queue', async () => {
    const { limiter } = create({ caps: { session: 1, global: 1, providers: {} }, queue });
    hold(limiter, 'a');
    for (const session of ['a', 'b', 'c', 'd']) {
      void limiter.acquire({ session, provider: null });
      void limiter.acquire({ session, provider: null });
    }
    expect(await limiter.acquire({ session: 'e', provider: null })).toMatchObject({
      type: 'refused',
      refusal: { scope: 'queue', limit: 8, inflight: 1, queued: 8 },
    });
  });

  it('WIRE-7.1: who has waited EXAI_WS_QUEUE_WAIT_SECS is refused with reason wait', async () => {
    const { limiter, time } = create({ caps: { session: 1, global: 1, providers: {} }, queue });
    const running = hold(limiter, 'a');
    const waiting = limiter.acquire({ session: 'b', provider: null });
    time.advance(29_999);
    expect(limiter.snapshot().queued).toBe(1);
    time.advance(1);
    expect(await waiting).toEqual({
      type: 'refused',
      reason: 'wait',
      refusal: { scope: 'queue', limit: 8, inflight: 1, queued: 1 },
      retryAfterMs: 1000,
    });
    running.lease.release();
    expect(limiter.snapshot().sessions.size).toBe(0);
    expect(time.pendingTimers).toBe(0);
  });

  it('WIRE-O11: a cancelled call leaves the queue and takes no slot later', async () => {
    const { limiter, time } = create({ caps: { session: 1, global: 1, providers: {} }, queue });
    const running = hold(limiter, 'a');
    const cancel = new AbortController();
    const waiting = limiter.acquire({ session: 'b', provider: null }, { signal: cancel.signal });
    cancel.abort();
    expect(await waiting).toEqual({ type: 'cancelled' });
    running.lease.release();
    expect(limiter.snapshot().global.inflight).toBe(0);
    expect(time.pendingTimers).toBe(0);
  });

  it('WIRE-O11: a call that is cancelled before it asks takes nothing', async () => {
    const { limiter } = create({ queue });
    const outcome = await limiter.acquire({ session: 'a', provider: null }, { signal: AbortSignal.abort() });
    expect(outcome).toEqual({ type: 'cancelled' });
    expect(limiter.snapshot().sessions.size).toBe(0);
  });

  it('WIRE-O11: an abort after the lease was granted does not take it back', async () => {
    const { limiter } = create({ caps: { session: 1, global: 1, providers: {} }, queue });
    const running = hold(limiter, 'a');
    const cancel = new AbortController();
    const waiting = limiter.acquire({ session: 'b', provider: null }, { signal: cancel.signal });
    running.lease.release();
    cancel.abort();
    const outcome = await waiting;
    expect(outcome.type).toBe('lease');
    if (outcome.type === 'lease') outcome.lease.release();
    expect(limiter.snapshot().global.inflight).toBe(0);
  });

  it('WIRE-C2: a granted call leaves no listener on its signal', async () => {
    const { limiter } = create({ caps: { session: 1, global: 1, providers: {} }, queue });
    const running = hold(limiter, 'a');
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, 'addEventListener');
    const removed = vi.spyOn(signal, 'removeEventListener');
    const waiting = limiter.acquire({ session: 'b', provider: null }, { signal });
    expect(removed).not.toHaveBeenCalled();
    running.lease.release();
    expect((await waiting).type).toBe('lease');
    expect(removed.mock.calls).toEqual(added.mock.calls.map(([type, listener]) => [type, listener]));
  });

  it('WIRE-7.1 PF-X3: the end of a session removes its waiting calls only', async () => {
    const { limiter, time } = create({ caps: { session: 1, global: 1, providers: {} }, queue });
    const running = hold(limiter, 'a');
    const gone = [1, 2].map(() => limiter.acquire({ session: 'gone', provider: null }));
    const stays = limiter.acquire({ session: 'stays', provider: null });
    limiter.endSession('gone');
    expect(await Promise.all(gone)).toEqual([{ type: 'cancelled' }, { type: 'cancelled' }]);
    running.lease.release();
    expect((await stays).type).toBe('lease');
    expect(time.pendingTimers).toBe(0);
  });

  it('WIRE-7.1: close answers all waiting calls and stops all timers', async () => {
    const { limiter, time } = create({ caps: { session: 1, global: 1, providers: {} }, queue });
    hold(limiter, 'a');
    const waiting = ['b', 'c', 'd'].map((session) => limiter.acquire({ session, provider: null }));
    limiter.close();
    expect((await Promise.all(waiting)).map((outcome) => outcome.type)).toEqual([
      'cancelled',
      'cancelled',
      'cancelled',
    ]);
    expect(time.pendingTimers).toBe(0);
  });

  it('PF-C6: calls that wait for a full provider do not block other providers', async () => {
    const { limiter } = create({ queue });
    for (const session of ['a', 'b']) holdMany(limiter, 3, session, 'KIMI');
    const blocked = limiter.acquire({ session: 'a', provider: 'KIMI' });
    const same = await limiter.acquire({ session: 'a', provider: 'GLM' });
    const others = await limiter.acquire({ session: 'c', provider: null });
    expect([same.type, others.type]).toEqual(['lease', 'lease']);
    expect(limiter.snapshot().queued).toBe(1);
    limiter.close();
    expect((await blocked).type).toBe('cancelled');
  });

  it('WIRE-7.1: a newcomer takes a free slot at once, but never before a waiting call of its session and provider', async () => {
    const { limiter } = create({ caps: { session: 2, global: 24, providers: {} }, queue });
    const running = holdMany(limiter, 2, 'a');
    const order: string[] = [];
    const first = limiter.acquire({ session: 'a', provider: null }).then(() => order.push('first'));
    hold(limiter, 'b');
    running[0]?.lease.release();
    expect(limiter.tryAcquire({ session: 'a', provider: null }).type).toBe('refused');
    const second = limiter.acquire({ session: 'a', provider: null }).then(() => order.push('second'));
    running[1]?.lease.release();
    await Promise.all([first, second]);
    expect(order).toEqual(['first', 'second']);
  });
});

describe('place in line', () => {
  const options = { caps: { session: 1, global: 1, providers: {} }, queue: { max: 100, waitMs: 30_000 } };

  it('WIRE-4.3: reported at once, and again when it has changed, at most once a second', () => {
    const { limiter, time } = create(options);
    const running = hold(limiter, 'a');
    const seen: Record<string, number[]> = { b: [], c: [], d: [] };
    const cancel = new AbortController();
    for (const [session, signal] of [
      ['b', cancel.signal],
      ['c', undefined],
      ['d', undefined],
    ] as const) {
      void limiter.acquire(
        { session, provider: null },
        { ...(signal === undefined ? {} : { signal }), onQueued: (position) => seen[session]?.push(position) },
      );
    }
    expect(seen).toEqual({ b: [1], c: [2], d: [3] });
    cancel.abort();
    expect(seen).toEqual({ b: [1], c: [2], d: [3] });
    time.advance(1000);
    expect(seen).toEqual({ b: [1], c: [2, 1], d: [3, 2] });
    running.lease.release();
    time.advance(1000);
    expect(seen).toEqual({ b: [1], c: [2, 1], d: [3, 2, 1] });
    time.advance(10_000);
    expect(seen['d']).toEqual([3, 2, 1]);
  });

  it('WIRE-4.3: a place that has not changed is not reported again', () => {
    const { limiter, time } = create(options);
    hold(limiter, 'a');
    const seen: number[] = [];
    const behind = new AbortController();
    void limiter.acquire({ session: 'b', provider: null }, { onQueued: (position) => seen.push(position) });
    void limiter.acquire({ session: 'c', provider: null }, { signal: behind.signal });
    behind.abort();
    time.advance(1000);
    expect(seen).toEqual([1]);
    limiter.close();
  });

  it('WIRE-4.3: no place is reported to a call that starts at once', async () => {
    const { limiter } = create(options);
    let reports = 0;
    await limiter.acquire({ session: 'a', provider: null }, { onQueued: () => (reports += 1) });
    expect(reports).toBe(0);
  });

  it('WIRE-C2: a callback that throws ends its own wait, leaks nothing and disturbs nobody', async () => {
    const { limiter, time } = create(options);
    const running = hold(limiter, 'a');
    const throwing = limiter.acquire(
      { session: 'b', provider: null },
      {
        onQueued: () => {
          throw new Error('the connection is gone');
        },
      },
    );
    const waiting = limiter.acquire({ session: 'c', provider: null });
    await expect(throwing).rejects.toThrow('the connection is gone');
    expect(limiter.snapshot().queued).toBe(1);
    running.lease.release();
    expect((await waiting).type).toBe('lease');
    expect(time.pendingTimers).toBe(0);
  });

  it('WIRE-4.3: no place is reported to a call that a callback before it has taken out', () => {
    const { limiter, time } = create(options);
    hold(limiter, 'a');
    const first = new AbortController();
    const last = new AbortController();
    const seen: number[] = [];
    void limiter.acquire({ session: 'b', provider: null }, { signal: first.signal });
    void limiter.acquire(
      { session: 'c', provider: null },
      { onQueued: (position) => (position === 1 ? last.abort() : undefined) },
    );
    void limiter.acquire(
      { session: 'd', provider: null },
      { signal: last.signal, onQueued: (position) => seen.push(position) },
    );
    first.abort();
    time.advance(1000);
    expect(seen).toEqual([3]);
    limiter.close();
  });

  it('WIRE-C2: a callback may cancel its own call or release another', async () => {
    const { limiter, time } = create(options);
    const running = hold(limiter, 'a');
    const cancel = new AbortController();
    const cancelled = limiter.acquire(
      { session: 'b', provider: null },
      { signal: cancel.signal, onQueued: () => cancel.abort() },
    );
    expect(await cancelled).toEqual({ type: 'cancelled' });
    const granted = limiter.acquire({ session: 'b', provider: null }, { onQueued: () => running.lease.release() });
    expect((await granted).type).toBe('lease');
    expect(time.pendingTimers).toBe(0);
  });
});
