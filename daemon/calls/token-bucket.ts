import { type MonotonicClock, monotonicClock } from './deadline.ts';

/** `capacity` request frames at once, `refillPerSecond` afterwards. */
export interface BucketLimits {
  readonly capacity: number;
  readonly refillPerSecond: number;
}

export type RateScope = 'global' | 'address' | 'session';

/** Why a request frame was refused: the first empty bucket, and when it holds a token again. */
export interface RateRefusal {
  readonly scope: RateScope;
  /** Capacity of that bucket in frames. */
  readonly limit: number;
  readonly retryAfterMs: number;
}

export interface RateLimiterOptions {
  readonly global: BucketLimits;
  readonly address: BucketLimits;
  readonly session: BucketLimits;
  /** Buckets kept per kind; beyond it full and then the oldest ones are forgotten. */
  readonly maxTracked?: number;
  readonly clock?: MonotonicClock;
}

/**
 * Guard 9 (WIRE §2): three buckets per request frame. A frame takes one token from each or none at all, so a refused
 * client does not use up what the others share. Callers that are exempt (loopback, local socket) do not ask.
 */
export class RateLimiter {
  readonly #global: TokenBucket;
  readonly #addresses: BucketTable;
  readonly #sessions: BucketTable;
  readonly #clock: MonotonicClock;

  constructor(options: RateLimiterOptions) {
    const { maxTracked = 10_000, clock = monotonicClock } = options;
    this.#clock = clock;
    this.#global = new TokenBucket(options.global, clock());
    this.#addresses = new BucketTable(options.address, maxTracked);
    this.#sessions = new BucketTable(options.session, maxTracked);
  }

  /** Undefined when the frame may pass. `address` and `session` are opaque keys. */
  take(address: string, session: string): RateRefusal | undefined {
    const now = this.#clock();
    if (!this.#global.hasToken(now)) return this.#global.refusal('global');
    const ofAddress = this.#addresses.get(address, now);
    if (!ofAddress.hasToken(now)) return ofAddress.refusal('address');
    const ofSession = this.#sessions.get(session, now);
    if (!ofSession.hasToken(now)) return ofSession.refusal('session');
    this.#global.take();
    ofAddress.take();
    ofSession.take();
    return undefined;
  }

  forgetSession(session: string): void {
    this.#sessions.delete(session);
  }

  /** Buckets that are empty now and refuse whoever comes. Looks at every bucket: for a scrape, not for a call. */
  active(): number {
    const now = this.#clock();
    return (this.#global.hasToken(now) ? 0 : 1) + this.#addresses.countEmpty(now) + this.#sessions.countEmpty(now);
  }

  /** Buckets in memory, for tests and metrics. */
  get tracked(): { readonly addresses: number; readonly sessions: number } {
    return { addresses: this.#addresses.size, sessions: this.#sessions.size };
  }
}

/** A whole token, less what adding up fractions of milliseconds may lose. */
const wholeToken = 1 - 1e-6;

class TokenBucket {
  readonly #limits: BucketLimits;
  #tokens: number;
  #filledAt: number;

  constructor(limits: BucketLimits, now: number) {
    this.#limits = limits;
    this.#tokens = limits.capacity;
    this.#filledAt = now;
  }

  hasToken(now: number): boolean {
    this.#fill(now);
    return this.#tokens >= wholeToken;
  }

  isFull(now: number): boolean {
    this.#fill(now);
    return this.#tokens >= this.#limits.capacity;
  }

  /** Only after `hasToken`. */
  take(): void {
    this.#tokens -= 1;
  }

  refusal(scope: RateScope): RateRefusal {
    const missing = Math.max(0, 1 - this.#tokens);
    const retryAfterMs = Math.max(1, Math.ceil((missing / this.#limits.refillPerSecond) * 1000));
    return { scope, limit: this.#limits.capacity, retryAfterMs };
  }

  #fill(now: number): void {
    if (now <= this.#filledAt) return;
    const added = ((now - this.#filledAt) / 1000) * this.#limits.refillPerSecond;
    this.#tokens = Math.min(this.#limits.capacity, this.#tokens + added);
    this.#filledAt = now;
  }
}

/** How many of the oldest buckets one newcomer looks at when the table is full. */
const evictionSteps = 8;

/** Buckets by key, bounded. A bucket that is full again says the same as none and goes first. */
class BucketTable {
  readonly #limits: BucketLimits;
  readonly #maxKeys: number;
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(limits: BucketLimits, maxKeys: number) {
    this.#limits = limits;
    this.#maxKeys = maxKeys;
  }

  get size(): number {
    return this.#buckets.size;
  }

  get(key: string, now: number): TokenBucket {
    let bucket = this.#buckets.get(key);
    if (bucket === undefined) {
      if (this.#buckets.size >= this.#maxKeys) this.#evict(now);
      bucket = new TokenBucket(this.#limits, now);
      this.#buckets.set(key, bucket);
    }
    return bucket;
  }

  delete(key: string): void {
    this.#buckets.delete(key);
  }

  countEmpty(now: number): number {
    let empty = 0;
    for (const bucket of this.#buckets.values()) if (!bucket.hasToken(now)) empty += 1;
    return empty;
  }

  #evict(now: number): void {
    let oldest: string | undefined;
    let steps = 0;
    for (const [key, bucket] of this.#buckets) {
      if (bucket.isFull(now)) {
        this.#buckets.delete(key);
        return;
      }
      oldest ??= key;
      steps += 1;
      if (steps >= evictionSteps) break;
      // Still in use: to the back, so that the next newcomer looks at others.
      this.#buckets.delete(key);
      this.#buckets.set(key, bucket);
    }
    if (oldest !== undefined) this.#buckets.delete(oldest);
  }
}
