/** Monotonic time and one-shot timers; replaced in tests. */
export interface Clock {
  /** Monotonic milliseconds. */
  now(): number;
  /** Runs `action` once after `delayMs`; returns how to take it back. */
  schedule(action: () => void, delayMs: number): () => void;
}

export const systemClock: Clock = {
  // Not `performance.now()`: the first use of that global loads modules that nothing else here needs.
  now: () => process.uptime() * 1000,
  schedule: (action, delayMs) => {
    const timer = setTimeout(action, delayMs);
    return () => clearTimeout(timer);
  },
};
