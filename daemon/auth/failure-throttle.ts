import { performance } from 'node:perf_hooks';
import { limits } from '../../protocol/limits.ts';

export interface FailureThrottleOptions {
  /** Monotonic, in milliseconds. */
  readonly now?: () => number;
  /** Addresses kept in memory; beyond it the one that has failed least recently is forgotten. */
  readonly maxAddresses?: number;
}

export interface FailureVerdict {
  /** How long to wait before the refusal is sent. */
  readonly delayMs: number;
  /** Whether this failure may be logged: one line per address per 10 s (WIRE §1.4). */
  readonly shouldLog: boolean;
}

interface Failures {
  /** When the last ones happened, oldest first; as many as decide about the delay. */
  readonly times: number[];
  loggedAt: number | undefined;
}

/** Guard 8 (WIRE §2): slows down who guesses credentials. Nobody is locked out and no address is exempt. */
export class FailureThrottle {
  readonly #now: () => number;
  readonly #maxAddresses: number;
  /** In the order of the last failure. */
  readonly #failures = new Map<string, Failures>();

  constructor(options: FailureThrottleOptions = {}) {
    this.#now = options.now ?? (() => performance.now());
    this.#maxAddresses = options.maxAddresses ?? 10_000;
  }

  /** Addresses in memory, for tests and metrics. */
  get tracked(): number {
    return this.#failures.size;
  }

  /** Counts one failed authentication of `address` (an opaque key). */
  failed(address: string): FailureVerdict {
    const now = this.#now();
    this.#forgetOld(now);
    const failures = this.#failures.get(address) ?? { times: [], loggedAt: undefined };
    failures.times.push(now);
    if (failures.times.length > limits.authFailuresBeforeDelay) failures.times.shift();
    this.#touch(address, failures);

    const shouldLog = failures.loggedAt === undefined || now - failures.loggedAt >= limits.authFailureLogIntervalMs;
    if (shouldLog) failures.loggedAt = now;
    return { delayMs: isTooMany(failures.times, now) ? limits.authFailureDelayMs : 0, shouldLog };
  }

  #touch(address: string, failures: Failures): void {
    this.#failures.delete(address);
    this.#failures.set(address, failures);
    if (this.#failures.size <= this.#maxAddresses) return;
    const [oldest] = this.#failures.keys();
    if (oldest !== undefined) this.#failures.delete(oldest);
  }

  #forgetOld(now: number): void {
    for (const [address, { times }] of this.#failures) {
      if (now - (times.at(-1) ?? now) < limits.authFailureWindowMs) return;
      this.#failures.delete(address);
    }
  }
}

function isTooMany(times: readonly number[], now: number): boolean {
  const [first] = times;
  return (
    times.length >= limits.authFailuresBeforeDelay && first !== undefined && now - first < limits.authFailureWindowMs
  );
}
