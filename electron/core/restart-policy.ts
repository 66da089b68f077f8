/** Figures of ARCHITECTURE §5, in milliseconds. */
export const restartLimits = {
  firstDelayMs: 500,
  maxDelayMs: 30_000,
  jitter: 0.1,
  /** A daemon that has been ready this long has started well: the next crash begins a new row. */
  healthyMs: 60_000,
  crashesBeforeFailed: 5,
  crashWindowMs: 120_000,
  /** A second crash within this time is worth a notification. */
  notifyWindowMs: 300_000,
} as const;

/** What is remembered between crashes. */
export interface CrashHistory {
  /** Epoch milliseconds, oldest first, of the last `notifyWindowMs`. */
  readonly crashedAt: readonly number[];
  /** Crashes without a healthy run between them. */
  readonly streak: number;
}

export const noCrashes: CrashHistory = { crashedAt: [], streak: 0 };

export type CrashDecision = { readonly history: CrashHistory; readonly isRepeated: boolean } & (
  | { readonly type: 'retry'; readonly delayMs: number }
  | { readonly type: 'give-up' }
);

/**
 * What to do after the daemon ended without being asked to. Pure.
 * @param crash `readyForMs`: how long it had been ready, 0 when it never was; `random`: 0 to 1
 */
export function afterCrash(
  history: CrashHistory,
  crash: { readonly at: number; readonly readyForMs: number; readonly random: number },
): CrashDecision {
  const { firstDelayMs, maxDelayMs, jitter, healthyMs, crashesBeforeFailed, crashWindowMs, notifyWindowMs } =
    restartLimits;
  const before = crash.readyForMs >= healthyMs ? 0 : history.streak;
  const crashedAt = [...history.crashedAt.filter((at) => crash.at - at < notifyWindowMs), crash.at];
  const next = { crashedAt, streak: before + 1 };
  const isRepeated = crashedAt.length === 2;
  const recent = crashedAt.filter((at) => crash.at - at < crashWindowMs).length;
  if (recent >= crashesBeforeFailed) return { type: 'give-up', history: next, isRepeated };
  const delayMs = Math.min(maxDelayMs, firstDelayMs * 2 ** before);
  return {
    type: 'retry',
    history: next,
    isRepeated,
    delayMs: Math.round(delayMs * (1 + jitter * (2 * crash.random - 1))),
  };
}
