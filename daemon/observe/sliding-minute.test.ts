import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SlidingMinute } from './sliding-minute.ts';

describe('the last minute', () => {
  it('LIVE-counters LIVE-problems: forgets to the second, whenever it is asked', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20_000), { maxLength: 200 }), (gaps) => {
        let now = 1_790_000_000_123;
        const minute = new SlidingMinute(() => now);
        const seen: number[] = [];
        for (const gap of gaps) {
          now += gap;
          minute.add();
          seen.push(Math.floor(now / 1000));
          if (gap % 3 === 0) expect(minute.total).toBe(seen.filter((at) => Math.floor(now / 1000) - at < 60).length);
        }
        now += 60_000;
        expect([minute.total, minute.since]).toEqual([0, null]);
      }),
    );
  });

  it('LIVE-problems: knows since when, and begins anew after a quiet minute', () => {
    let now = 1_000_000;
    const minute = new SlidingMinute(() => now);
    minute.add();
    now += 59_000;
    minute.add();
    expect(minute.since).toBe(1_000);
    now += 30_000;
    expect([minute.total, minute.since]).toEqual([1, 1_000]);
    now += 60_000;
    minute.add();
    expect([minute.total, minute.since]).toEqual([1, 1_149]);
  });

  it('LIVE-problems: a clock that is set back empties it', () => {
    let now = 1_000_000;
    const minute = new SlidingMinute(() => now);
    minute.add();
    now -= 5_000;
    expect(minute.total).toBe(0);
    minute.add();
    expect(minute.total).toBe(1);
  });
});
