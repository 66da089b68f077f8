import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualTime } from './manual-time.ts';
import { RateLimiter, type RateLimiterOptions } from './token-bucket.ts';

const defaults = {
  global: { capacity: 1000, refillPerSecond: 100 },
  address: { capacity: 100, refillPerSecond: 10 },
  session: { capacity: 50, refillPerSecond: 5 },
};

function create(options: Partial<RateLimiterOptions> = {}): { rates: RateLimiter; time: ManualTime } {
  const time = new ManualTime();
  return { rates: new RateLimiter({ ...defaults, clock: time.clock, ...options }), time };
}

/** Frames that pass until the first refusal. */
function burst(rates: RateLimiter, address: string, session: string): number {
  let passed = 0;
  while (rates.take(address, session) === undefined) passed += 1;
  return passed;
}

describe('RateLimiter', () => {
  it('WIRE-2.9: a session may send 50 at once, then 5 per second', () => {
    const { rates, time } = create();
    expect(burst(rates, 'a', 's')).toBe(50);
    expect(rates.take('a', 's')).toEqual({ scope: 'session', limit: 50, retryAfterMs: 200 });
    time.advance(1000);
    expect(burst(rates, 'a', 's')).toBe(5);
  });

  it('WIRE-2.9: an hour of silence earns no more than the capacity', () => {
    const { rates, time } = create();
    burst(rates, 'a', 's');
    time.advance(3_600_000);
    expect(burst(rates, 'a', 's')).toBe(50);
  });

  it('WIRE-2.9: fractions of milliseconds add up to a whole token', () => {
    const { rates, time } = create();
    time.advance(461.136);
    burst(rates, 'a', 's');
    time.advance(200);
    expect(rates.take('a', 's')).toBeUndefined();
  });

  it('WIRE-2.9: an address may send 100 at once over all its sessions', () => {
    const { rates } = create();
    expect(burst(rates, 'a', 's1')).toBe(50);
    expect(burst(rates, 'a', 's2')).toBe(50);
    expect(rates.take('a', 's3')).toEqual({ scope: 'address', limit: 100, retryAfterMs: 100 });
    expect(rates.take('b', 's3')).toBeUndefined();
  });

  it('WIRE-2.9: all clients together may send 1000 at once', () => {
    const { rates } = create();
    let passed = 0;
    for (let at = 0; at < 40; at += 1) {
      for (let frame = 0; frame < 30; frame += 1) if (rates.take(`a${at}`, `s${at}`) === undefined) passed += 1;
    }
    expect(passed).toBe(1000);
    expect(rates.take('new', 'new')).toEqual({ scope: 'global', limit: 1000, retryAfterMs: 10 });
  });

  it('WIRE-2.9: a refused frame costs nothing anywhere: a client over its rate does not starve others', () => {
    const { rates } = create();
    burst(rates, 'a', 'greedy');
    for (let frame = 0; frame < 5000; frame += 1) expect(rates.take('a', 'greedy')?.scope).toBe('session');
    expect(burst(rates, 'a', 'polite')).toBe(50);
  });

  it('WIRE-2.9: whoever waits retryAfterMs may pass, whatever the rate', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.double({ min: 0.1, max: 100_000, noNaN: true }),
        fc.array(fc.double({ min: 0, max: 20_000, noNaN: true }), { maxLength: 30 }),
        (capacity, refillPerSecond, waits) => {
          const { rates, time } = create({ session: { capacity, refillPerSecond }, global: plenty, address: plenty });
          for (const wait of waits) {
            time.advance(wait);
            rates.take('a', 's');
          }
          for (let frame = 0; frame < capacity; frame += 1) rates.take('a', 's');
          const refusal = rates.take('a', 's');
          if (refusal === undefined) return;
          time.advance(refusal.retryAfterMs);
          expect(rates.take('a', 's')).toBeUndefined();
        },
      ),
    );
  });

  it('WIRE-2.9: in any stretch of time no more pass than capacity + rate × time', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 1000 }),
        fc.array(fc.tuple(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 0, max: 20 })), { maxLength: 60 }),
        (capacity, refillPerSecond, steps) => {
          const { rates, time } = create({ session: { capacity, refillPerSecond }, global: plenty, address: plenty });
          let passed = 0;
          for (const [waitMs, frames] of steps) {
            time.advance(waitMs);
            for (let frame = 0; frame < frames; frame += 1) if (rates.take('a', 's') === undefined) passed += 1;
          }
          expect(passed).toBeLessThanOrEqual(capacity + (time.clock() / 1000) * refillPerSecond + 1e-3);
        },
      ),
    );
  });

  it('WIRE-2.9: memory is bounded: idle addresses are forgotten first, a busy one is not let off by newcomers', () => {
    const { rates, time } = create({ maxTracked: 100, global: plenty });
    rates.take('busy', 'b0');
    for (let at = 0; at < 99; at += 1) rates.take(`idle${at}`, `i${at}`);
    time.advance(20_000);
    expect(burst(rates, 'busy', 'b1') + burst(rates, 'busy', 'b2')).toBe(100);
    for (let at = 0; at < 50; at += 1) rates.take(`new${at}`, `n${at}`);
    expect(rates.tracked.addresses).toBe(100);
    expect(rates.take('busy', 'b3')?.scope).toBe('address');
    for (let at = 0; at < 10_000; at += 1) rates.take(`flood${at}`, `f${at}`);
    expect(rates.tracked).toEqual({ addresses: 100, sessions: 100 });
  });

  it('WIRE-2.9 WIRE-8.4: limits in force are those whose bucket is empty, until it fills', () => {
    const { rates, time } = create({ global: plenty });
    expect(rates.active()).toBe(0);
    burst(rates, 'a', 's');
    rates.take('a', 'other');
    expect(rates.active()).toBe(1);
    burst(rates, 'a', 'other');
    expect(rates.active()).toBe(3);
    time.advance(60_000);
    expect(rates.active()).toBe(0);
  });

  it('WIRE-2.9: an ended session is forgotten', () => {
    const { rates } = create();
    rates.take('a', 's');
    rates.forgetSession('s');
    expect(rates.tracked.sessions).toBe(0);
  });

  it('BAD-clock-jump: a clock that steps back gives and takes nothing', () => {
    let now = 10_000;
    const rates = new RateLimiter({ ...defaults, clock: () => now });
    burst(rates, 'a', 's');
    now = 0;
    expect(rates.take('a', 's')?.scope).toBe('session');
    now = 10_200;
    expect(rates.take('a', 's')).toBeUndefined();
  });
});

const plenty = { capacity: 1_000_000, refillPerSecond: 100_000 };
