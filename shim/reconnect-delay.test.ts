import { describe, expect, it } from 'vitest';
import { isLoggedAttempt, reconnectDelayMs } from './reconnect-delay.ts';

describe('reconnectDelayMs', () => {
  it('PF-R7: doubles from 0.25 s to 5 s, give or take a tenth', () => {
    const middle = () => 0.5;
    expect([0, 1, 2, 3, 4, 5, 6, 100].map((failures) => reconnectDelayMs(failures, middle))).toEqual([
      250, 500, 1000, 2000, 4000, 5000, 5000, 5000,
    ]);
    expect(reconnectDelayMs(0, () => 0)).toBeCloseTo(225);
    expect(reconnectDelayMs(9, () => 0.999_999)).toBeCloseTo(5500, 0);
  });

  it('PF-R7: fifty windows that lost the daemon together do not come back together', () => {
    const random = seeded(7);
    const arrivals = Array.from({ length: 50 }, () => {
      let at = 0;
      for (let failures = 0; failures < 6; failures += 1) at += reconnectDelayMs(failures, random);
      return at;
    });
    const perTenth = new Map<number, number>();
    for (const at of arrivals) perTenth.set(Math.floor(at / 100), (perTenth.get(Math.floor(at / 100)) ?? 0) + 1);
    expect(Math.max(...perTenth.values())).toBeLessThanOrEqual(10);
  });
});

it('SHIM-S9: attempts leave a line each at 1, 5, 20, 50 and every 50th', () => {
  const logged = Array.from({ length: 200 }, (_, index) => index + 1).filter(isLoggedAttempt);
  expect(logged).toEqual([1, 5, 20, 50, 100, 150, 200]);
});

/** Numbers from [0, 1) that are the same at every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}
