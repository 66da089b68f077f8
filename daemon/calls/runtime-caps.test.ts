import { expect, it } from 'vitest';
import { Limiter } from './limiter.ts';
import { ManualTime } from './manual-time.ts';
import { RuntimeCaps } from './runtime-caps.ts';

function setUp(queue: number) {
  const time = new ManualTime();
  const limiter = new Limiter({
    caps: { session: 8, global: 1, providers: {} },
    queue: { max: queue, waitMs: 30_000 },
    retryAfterMs: 1000,
    clock: time.clock,
    schedule: time.schedule,
  });
  return { limiter, caps: new RuntimeCaps(limiter, { session: 8, global: 1, queue, providers: {} }) };
}

const key = { session: 'a', provider: null };

it('LIVE-capacity-persist: a queue can be switched on, and off again without losing who waits', async () => {
  const { limiter, caps } = setUp(0);
  const first = limiter.tryAcquire(key);
  expect(await limiter.acquire(key)).toMatchObject({ type: 'refused', refusal: { scope: 'global' } });
  caps.apply({ queue: 4 });
  const waiting = limiter.acquire(key);
  expect(limiter.snapshot().queued).toBe(1);
  caps.apply({ queue: 0 });
  expect(await limiter.acquire(key)).toMatchObject({ type: 'refused', refusal: { scope: 'global' } });
  if (first.type === 'lease') first.lease.release();
  expect(await waiting).toMatchObject({ type: 'lease' });
});

it('LIVE-capacity-persist: a raised limit starts who waits', async () => {
  const { limiter, caps } = setUp(4);
  limiter.tryAcquire(key);
  const waiting = limiter.acquire(key);
  caps.apply({ global: 2 });
  expect(await waiting).toMatchObject({ type: 'lease' });
  expect([caps.global, caps.session, caps.queue]).toEqual([2, 8, 4]);
});
