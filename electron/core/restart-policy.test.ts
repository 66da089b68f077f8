import { describe, expect, it } from 'vitest';
import { afterCrash, type CrashDecision, type CrashHistory, noCrashes, restartLimits } from './restart-policy.ts';

const { firstDelayMs, maxDelayMs, healthyMs } = restartLimits;

/** Decisions about crashes at these times, `readyForMs` before each. */
function decisions(times: readonly number[], readyForMs = 0, random = 0.5): CrashDecision[] {
  let history: CrashHistory = noCrashes;
  return times.map((at) => {
    const decision = afterCrash(history, { at, readyForMs, random });
    history = decision.history;
    return decision;
  });
}

describe('afterCrash', () => {
  it('TRAY-restart: doubles the pause from 0.5 s', () => {
    expect(decisions([0, 1_000, 3_000, 7_000])).toMatchObject(
      [500, 1_000, 2_000, 4_000].map((delayMs) => ({ delayMs })),
    );
  });

  it('TRAY-restart: never waits longer than 30 s', () => {
    const far = Array.from({ length: 12 }, (_, index) => index * 60_000);
    expect(decisions(far).at(-1)).toMatchObject({ type: 'retry', delayMs: maxDelayMs });
  });

  it('TRAY-restart: spreads the pause by a tenth', () => {
    expect(decisions([0], 0, 0)).toMatchObject([{ delayMs: firstDelayMs * 0.9 }]);
    expect(decisions([0], 0, 1)).toMatchObject([{ delayMs: firstDelayMs * 1.1 }]);
  });

  it('TRAY-restart: begins anew after a minute of health', () => {
    expect(decisions([0, 100_000, 200_000], healthyMs)).toMatchObject(
      Array.from({ length: 3 }, () => ({ delayMs: 500 })),
    );
  });

  it('TRAY-crash-loop: gives up at the fifth crash within two minutes, and not for the fifth in five', () => {
    expect(decisions([0, 1, 2, 3, 4]).map(({ type }) => type)).toEqual(['retry', 'retry', 'retry', 'retry', 'give-up']);
    expect(decisions([0, 60_000, 120_000, 180_000, 240_000]).at(-1)?.type).toBe('retry');
  });

  it('is worth a notification at the second crash within five minutes only', () => {
    expect(decisions([0, 1, 2]).map(({ isRepeated }) => isRepeated)).toEqual([false, true, false]);
    expect(decisions([0, 400_000]).map(({ isRepeated }) => isRepeated)).toEqual([false, false]);
  });
});
