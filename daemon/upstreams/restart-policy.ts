/** When a server that has ended by itself is started again. Pure; times in milliseconds. */
const restartLimits = {
  firstDelayMs: 500,
  maxDelayMs: 30_000,
  /** A run this long forgives the failures before it. */
  healthyMs: 60_000,
  /** This many failures within the window are a crash loop: it stays down until somebody asks for a start. */
  loopFailures: 5,
  loopWindowMs: 120_000,
} as const;

export type RestartDecision = { readonly type: 'wait'; readonly delayMs: number } | { readonly type: 'give-up' };

export class RestartPolicy {
  #failures: number[] = [];

  /** The server has ended or could not be started; `ranMs` is how long it was ready. */
  failed(now: number, ranMs: number): RestartDecision {
    if (ranMs >= restartLimits.healthyMs) this.#failures = [];
    this.#failures = this.#failures.filter((at) => now - at < restartLimits.loopWindowMs);
    this.#failures.push(now);
    if (this.#failures.length >= restartLimits.loopFailures) return { type: 'give-up' };
    const delayMs = restartLimits.firstDelayMs * 2 ** (this.#failures.length - 1);
    return { type: 'wait', delayMs: Math.min(delayMs, restartLimits.maxDelayMs) };
  }

  reset(): void {
    this.#failures = [];
  }
}
