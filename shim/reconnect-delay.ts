import { limits } from '../protocol/limits.ts';

/**
 * Wait before connect attempt `failures` + 1, in milliseconds: min(0.25 s × 2ⁿ, 5 s) ± 10 % (WIRE §5.3).
 * @param failures attempts in a row that came to nothing, from 0
 * @param random from [0, 1)
 */
export function reconnectDelayMs(failures: number, random: () => number): number {
  const plain = Math.min(limits.reconnectFirstMs * 2 ** Math.min(failures, 30), limits.reconnectMaxMs);
  return plain * (1 + limits.reconnectJitter * (2 * random() - 1));
}

/** Which attempts leave a line in the log: 1, 5, 20, 50 and every 50th (WIRE §5.3). */
export function isLoggedAttempt(attempt: number): boolean {
  return attempt === 1 || attempt === 5 || attempt === 20 || attempt % 50 === 0;
}
