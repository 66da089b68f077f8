import type { CapacityRefusal, CapacityScope } from '../../protocol/errors.ts';
import { type MonotonicClock, monotonicClock, type Schedule, scheduleUnref } from './deadline.ts';
import type { Room } from './fair-queue.ts';
import { WaitingCalls, type WaitOptions, type WaitOutcome } from './waiting-calls.ts';

/** Whose slots a call takes: its session's, the global one and, when it has one, its provider's. */
export interface CapacityKey {
  readonly session: string;
  readonly provider: string | null;
}

/** The slots of one running call. Whoever got it calls `release` exactly once, in `finally`. */
export interface Lease {
  /** Gives all slots back. A second call changes nothing and is reported to `onDoubleRelease`. */
  release(): void;
}

export interface Held {
  readonly type: 'lease';
  readonly lease: Lease;
  /** Milliseconds spent in the queue; 0 without a wait. */
  readonly waitedMs: number;
}

export interface Refused {
  readonly type: 'refused';
  readonly refusal: CapacityRefusal;
  readonly retryAfterMs: number;
  /** Set when the call was in the queue and its time there ran out. */
  readonly reason?: 'wait';
}

export interface WaitCancelled {
  readonly type: 'cancelled';
}

export interface LimiterOptions {
  /** Calls in flight. Providers without an entry have no limit. */
  readonly caps: {
    readonly session: number;
    readonly global: number;
    readonly providers: Readonly<Record<string, number>>;
  };
  /** `max` 0: no queue, refusals are immediate. */
  readonly queue: { readonly max: number; readonly waitMs: number };
  readonly retryAfterMs: number;
  readonly clock?: MonotonicClock;
  readonly schedule?: Schedule;
  readonly onDoubleRelease?: () => void;
  /** Changed places in line are reported at most this often; 1 s by default. */
  readonly positionIntervalMs?: number;
}

export interface LimiterSnapshot {
  readonly global: { readonly capacity: number; readonly inflight: number };
  /** Providers with a cap. */
  readonly providers: Readonly<Record<string, { readonly capacity: number; readonly inflight: number }>>;
  readonly queued: number;
  readonly queuedByProvider: ReadonlyMap<string | null, number>;
  readonly sessionCap: number;
  /** `max` 0: no queue. */
  readonly queue: { readonly max: number };
  /** Sessions with a running or waiting call. */
  readonly sessions: ReadonlyMap<string, { readonly inflight: number; readonly queued: number }>;
}

/**
 * Capacity of this daemon (WIRE §7.1). A lease is session + global + provider, checked in that order and taken in one
 * synchronous step, so nothing is held while waiting and there is nothing to roll back. Counters change in two places
 * only, on taking and in `release`; they are never compared with a cap and "repaired".
 *
 * Whenever control leaves this class no waiting call could start: a new call can therefore take free slots at once
 * without overtaking a waiting one of the same session and provider.
 */
export class Limiter {
  readonly #retryAfterMs: number;
  readonly #onDoubleRelease: (() => void) | undefined;
  readonly #sessions = new Map<string, SessionSlots>();
  readonly #providers = new Map<string, ProviderSlots>();
  readonly #waiting: WaitingCalls<Lease>;
  readonly #room: Room;
  #sessionCap: number;
  #globalCap: number;
  #globalInflight = 0;

  constructor(options: LimiterOptions) {
    const { caps, queue, clock = monotonicClock, schedule = scheduleUnref, positionIntervalMs = 1000 } = options;
    this.#retryAfterMs = options.retryAfterMs;
    this.#onDoubleRelease = options.onDoubleRelease;
    this.#sessionCap = checkedCap(caps.session);
    this.#globalCap = checkedCap(caps.global);
    for (const [name, cap] of Object.entries(caps.providers)) this.#setProviderCap(name, checkedCap(cap));
    this.#waiting = new WaitingCalls({ ...queue, positionIntervalMs, clock, schedule });
    this.#room = {
      hasSessionRoom: (session) => (this.#sessions.get(session)?.inflight ?? 0) < this.#sessionCap,
      hasProviderRoom: (provider) => provider === null || hasRoom(this.#providers.get(provider)),
    };
  }

  /** Whether `acquire` may turn a refusal of `tryAcquire` into a lease. */
  get hasQueue(): boolean {
    return this.#waiting.max > 0;
  }

  /** Takes the slots now, or says which limit is exceeded first. Never queues. */
  tryAcquire(key: CapacityKey): Held | Refused {
    const session = this.#sessions.get(key.session);
    const provider = key.provider === null ? undefined : this.#providers.get(key.provider);
    const ofSession = session === undefined ? 0 : session.inflight;
    if (ofSession >= this.#sessionCap) return this.#refuse('session', this.#sessionCap, ofSession);
    if (this.#globalInflight >= this.#globalCap) return this.#refuse('global', this.#globalCap, this.#globalInflight);
    if (provider !== undefined && !hasRoom(provider)) {
      return this.#refuse('provider', provider.capacity, provider.inflight);
    }
    return { type: 'lease', lease: this.#take(key, session, provider), waitedMs: 0 };
  }

  /**
   * Like `tryAcquire`, but waits in the fair queue when there is one. Rejects only with what `onQueued` threw. A lease
   * may arrive in the same moment as an abort of `signal`: who awaits looks at the signal and releases in `finally`.
   */
  acquire(key: CapacityKey, options: WaitOptions = {}): Promise<Held | Refused | WaitCancelled> {
    if (options.signal?.aborted === true) return Promise.resolve({ type: 'cancelled' });
    const taken = this.tryAcquire(key);
    if (taken.type === 'lease' || !this.hasQueue) return Promise.resolve(taken);
    return new Promise((resolve, reject) => {
      this.#waiting.add(key.session, key.provider, options, (outcome) => {
        if (outcome.type === 'failed') reject(outcome.error);
        else resolve(this.#answer(outcome));
      });
    });
  }

  /**
   * Changes a cap at run time. Lowered below what runs, it refuses new calls until enough have ended; raised, it starts
   * waiting ones. `null` takes a provider's cap away.
   */
  setCap(scope: 'session' | 'global', name: null, value: number): void;
  setCap(scope: 'provider', name: string, value: number | null): void;
  setCap(scope: 'session' | 'global' | 'provider', name: string | null, value: number | null): void {
    const cap = value === null ? noCap : checkedCap(value);
    if (scope === 'session') this.#sessionCap = cap;
    else if (scope === 'global') this.#globalCap = cap;
    else if (name !== null) this.#setProviderCap(name, cap);
    this.#startWaiting();
  }

  /**
   * Changes at run time how many calls may wait. What waits goes on waiting; 0 lets no further call wait.
   */
  setQueueMax(max: number): void {
    this.#waiting.setMax(checkedCap(max));
  }

  /** The waiting calls of an ended session leave the queue as `cancelled`. Held leases stay valid. */
  endSession(session: string): void {
    this.#waiting.cancel(session);
  }

  /** Every waiting call ends as `cancelled` and all timers stop. Held leases stay valid. */
  close(): void {
    this.#waiting.cancel();
  }

  /** What one session holds and waits for, in calls. */
  ofSession(session: string): { readonly inflight: number; readonly queued: number } {
    return { inflight: this.#sessions.get(session)?.inflight ?? 0, queued: this.#waiting.sizeOf(session) };
  }

  get sessionCap(): number {
    return this.#sessionCap;
  }

  snapshot(): LimiterSnapshot {
    const providers: [string, { capacity: number; inflight: number }][] = [];
    for (const [name, { capacity, inflight }] of this.#providers) {
      if (capacity !== noCap) providers.push([name, { capacity, inflight }]);
    }
    const sessions = new Map<string, { inflight: number; queued: number }>();
    for (const [name, { inflight }] of this.#sessions) sessions.set(name, { inflight, queued: 0 });
    for (const [name, queued] of this.#waiting.sizes()) {
      sessions.set(name, { inflight: sessions.get(name)?.inflight ?? 0, queued });
    }
    return {
      global: { capacity: this.#globalCap, inflight: this.#globalInflight },
      providers: Object.fromEntries(providers),
      queued: this.#waiting.size,
      queuedByProvider: this.#waiting.sizesByProvider(),
      sessionCap: this.#sessionCap,
      queue: { max: this.#waiting.max },
      sessions,
    };
  }

  #take(key: CapacityKey, session: SessionSlots | undefined, provider: ProviderSlots | undefined): Lease {
    const ofSession = session ?? this.#addSession(key.session);
    const ofProvider = provider ?? (key.provider === null ? undefined : this.#addProvider(key.provider));
    ofSession.inflight += 1;
    this.#globalInflight += 1;
    if (ofProvider !== undefined) ofProvider.inflight += 1;
    return new HeldLease(ofSession, ofProvider, this.#giveBack);
  }

  /** One function for all leases, so that a lease is one small object. */
  readonly #giveBack: GiveBack = (session, provider, isFirst) => {
    if (!isFirst) {
      this.#onDoubleRelease?.();
      return;
    }
    session.inflight -= 1;
    if (session.inflight === 0) this.#sessions.delete(session.name);
    this.#globalInflight -= 1;
    if (provider !== undefined) provider.inflight -= 1;
    this.#startWaiting();
  };

  #startWaiting(): void {
    while (this.#waiting.size > 0 && this.#globalInflight < this.#globalCap) {
      if (!this.#waiting.startNext(this.#room, this.#grant)) break;
    }
  }

  readonly #grant = (key: CapacityKey): Lease => {
    const provider = key.provider === null ? undefined : this.#providers.get(key.provider);
    return this.#take(key, this.#sessions.get(key.session), provider);
  };

  #answer(outcome: Exclude<WaitOutcome<Lease>, { type: 'failed' }>): Held | Refused | WaitCancelled {
    if (outcome.type === 'granted') return { type: 'lease', lease: outcome.grant, waitedMs: outcome.waitedMs };
    if (outcome.type === 'cancelled') return outcome;
    const refused = this.#refuse('queue', outcome.limit, this.#globalInflight, outcome.queued);
    return outcome.type === 'expired' ? { ...refused, reason: 'wait' } : refused;
  }

  #refuse(scope: CapacityScope, limit: number, inflight: number, queued = this.#waiting.size): Refused {
    return { type: 'refused', refusal: { scope, limit, inflight, queued }, retryAfterMs: this.#retryAfterMs };
  }

  #addSession(name: string): SessionSlots {
    const session: SessionSlots = { name, inflight: 0 };
    this.#sessions.set(name, session);
    return session;
  }

  /**
   * A provider without a cap is counted as well: it may be given one while its calls run. Providers are kept, for there
   * are only as many as the configuration names.
   */
  #addProvider(name: string): ProviderSlots {
    const provider: ProviderSlots = { inflight: 0, capacity: noCap };
    this.#providers.set(name, provider);
    return provider;
  }

  #setProviderCap(name: string, capacity: number): void {
    const provider = this.#providers.get(name) ?? this.#addProvider(name);
    provider.capacity = capacity;
  }
}

const noCap = Number.POSITIVE_INFINITY;

interface SessionSlots {
  readonly name: string;
  inflight: number;
}

interface ProviderSlots {
  inflight: number;
  capacity: number;
}

type GiveBack = (session: SessionSlots, provider: ProviderSlots | undefined, isFirst: boolean) => void;

function hasRoom(provider: ProviderSlots | undefined): boolean {
  return provider === undefined || provider.inflight < provider.capacity;
}

/** 0 is allowed: it holds everything back, as long as it stands. */
function checkedCap(value: number): number {
  if (!Number.isInteger(value) || value < 0) throw new RangeError(`A cap is a whole number of calls, not ${value}.`);
  return value;
}

class HeldLease implements Lease {
  readonly #session: SessionSlots;
  readonly #provider: ProviderSlots | undefined;
  readonly #giveBack: GiveBack;
  #isHeld = true;

  constructor(session: SessionSlots, provider: ProviderSlots | undefined, giveBack: GiveBack) {
    this.#session = session;
    this.#provider = provider;
    this.#giveBack = giveBack;
  }

  release(): void {
    const isFirst = this.#isHeld;
    this.#isHeld = false;
    this.#giveBack(this.#session, this.#provider, isFirst);
  }
}
