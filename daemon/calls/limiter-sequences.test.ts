import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { type CapacityKey, type Held, Limiter, type Refused, type WaitCancelled } from './limiter.ts';
import { ManualTime } from './manual-time.ts';

/** Everything that can happen to capacity, chosen by numbers so that one generator and one seeded run share it. */
type Step =
  | { readonly do: 'call'; readonly session: number; readonly provider: number }
  /** The tool returned, threw, timed out or its session was dropped: `finally` releases. */
  | { readonly do: 'finish' | 'crash' | 'timeout' | 'doubleRelease'; readonly pick: number }
  | { readonly do: 'cancel'; readonly pick: number }
  | { readonly do: 'endSession'; readonly session: number }
  | { readonly do: 'setCap'; readonly scope: 'session' | 'global' | 'KIMI' | 'GLM'; readonly cap: number }
  | { readonly do: 'wait'; readonly ms: number };

const sessionNames = ['a', 'b', 'c', 'd', 'e', 'f'];
const providerNames = [null, 'KIMI', 'GLM', 'CUSTOM'];
const waitMs = 1000;

interface Waiting {
  readonly key: CapacityKey;
  readonly cancel: AbortController;
  readonly since: number;
  /** Calls of other sessions that started while this one could have, since its own session's last start. */
  readonly overtaken: Map<string, number>;
}

/** Drives a limiter and an independent model of it side by side; every step compares them. */
class Harness {
  readonly time = new ManualTime();
  readonly queueMax: number;
  readonly limiter: Limiter;
  readonly caps = { session: 3, global: 6, KIMI: 3, GLM: 2 };
  /** In order of arrival. */
  waiting: Waiting[] = [];
  held: { readonly key: CapacityKey; readonly lease: Held['lease'] }[] = [];
  readonly released: Held['lease'][] = [];
  doubleReleases = 0;
  expectedDoubleReleases = 0;
  calls = 0;
  /** Assertions that failed in a continuation; thrown by the step that caused them. */
  readonly #failures: unknown[] = [];

  constructor(queueMax: number) {
    this.queueMax = queueMax;
    this.limiter = new Limiter({
      caps: { session: 3, global: 6, providers: { KIMI: 3, GLM: 2 } },
      queue: { max: queueMax, waitMs },
      retryAfterMs: 1,
      clock: this.time.clock,
      schedule: this.time.schedule,
      onDoubleRelease: () => {
        this.doubleReleases += 1;
      },
    });
  }

  async step(step: Step): Promise<void> {
    switch (step.do) {
      case 'call':
        this.#call({
          session: sessionNames[step.session % sessionNames.length] ?? 'a',
          provider: providerNames[step.provider % providerNames.length] ?? null,
        });
        break;
      case 'finish':
      case 'crash':
      case 'timeout':
        await this.#run(step);
        break;
      case 'doubleRelease': {
        const lease = this.released[step.pick % Math.max(1, this.released.length)];
        if (lease === undefined) break;
        this.expectedDoubleReleases += 1;
        lease.release();
        break;
      }
      case 'cancel':
        this.waiting[step.pick % Math.max(1, this.waiting.length)]?.cancel.abort();
        break;
      case 'endSession':
        this.limiter.endSession(sessionNames[step.session % sessionNames.length] ?? 'a');
        break;
      case 'setCap':
        this.caps[step.scope] = step.cap;
        if (step.scope === 'session' || step.scope === 'global') this.limiter.setCap(step.scope, null, step.cap);
        else this.limiter.setCap('provider', step.scope, step.cap);
        break;
      case 'wait':
        this.time.advance(step.ms);
        break;
    }
    await this.#settle();
    this.#check();
  }

  /** Ends everything that runs or waits; then nothing may be left anywhere. */
  async finish(): Promise<void> {
    for (const { cancel } of this.waiting) cancel.abort();
    await this.#settle();
    for (const { lease } of this.held.splice(0)) lease.release();
    await this.#settle();
    const { global, providers, queued, sessions } = this.limiter.snapshot();
    assert.equal(global.inflight, 0);
    assert.deepEqual(
      Object.values(providers).map(({ inflight }) => inflight),
      [0, 0],
    );
    assert.deepEqual([queued, sessions.size, this.waiting.length, this.time.pendingTimers], [0, 0, 0, 0]);
    assert.equal(this.doubleReleases, this.expectedDoubleReleases);
  }

  #inflight(of: (key: CapacityKey) => boolean): number {
    return this.held.filter(({ key }) => of(key)).length;
  }

  #capOf(provider: string | null): number {
    return provider === 'KIMI' || provider === 'GLM' ? this.caps[provider] : Number.POSITIVE_INFINITY;
  }

  /** The limit that a new call exceeds first, by the letter of WIRE §7.1. */
  #exceeded({ session, provider }: CapacityKey): 'session' | 'global' | 'provider' | undefined {
    if (this.#inflight((key) => key.session === session) >= this.caps.session) return 'session';
    if (this.held.length >= this.caps.global) return 'global';
    const sameProvider = this.#inflight((key) => key.provider === provider);
    return sameProvider >= this.#capOf(provider) ? 'provider' : undefined;
  }

  #call(key: CapacityKey): void {
    this.calls += 1;
    const exceeded = this.#exceeded(key);
    const immediate = exceeded === undefined || this.queueMax === 0 ? this.limiter.tryAcquire(key) : undefined;
    if (immediate?.type === 'lease') {
      assert.equal(exceeded, undefined);
      this.held.push({ key, lease: immediate.lease });
      return;
    }
    if (immediate !== undefined) {
      assert.equal(immediate.refusal.scope, exceeded);
      return;
    }
    const call: Waiting = { key, cancel: new AbortController(), since: this.time.clock(), overtaken: new Map() };
    const ofSession = this.waiting.filter((other) => other.key.session === key.session).length;
    const isFull = this.waiting.length >= this.queueMax || ofSession >= Math.max(1, Math.floor(this.queueMax / 4));
    if (!isFull) this.waiting.push(call);
    void this.limiter
      .acquire(key, { signal: call.cancel.signal })
      .then((outcome) => this.#ended(call, outcome, isFull))
      .catch((error: unknown) => this.#failures.push(error));
  }

  #ended(call: Waiting, outcome: Held | Refused | WaitCancelled, wasFull: boolean): void {
    if (wasFull) {
      assert.equal(outcome.type, 'refused');
      assert.equal(outcome.refusal.scope, 'queue');
      assert.equal(outcome.reason, undefined);
      return;
    }
    const at = this.waiting.indexOf(call);
    assert.ok(at >= 0);
    if (outcome.type === 'refused') {
      assert.equal(outcome.refusal.scope, 'queue');
      assert.equal(outcome.reason, 'wait');
      assert.ok(this.time.clock() - call.since >= waitMs);
    }
    if (outcome.type === 'lease') {
      assert.equal(this.#exceeded(call.key), undefined);
      this.#checkTurn(call, at);
      this.held.push({ key: call.key, lease: outcome.lease });
    }
    this.waiting.splice(at, 1);
  }

  /** FIFO within session and provider; nobody is overtaken more than once per lane of the other session. */
  #checkTurn(started: Waiting, at: number): void {
    const { session, provider } = started.key;
    for (const [index, other] of this.waiting.entries()) {
      if (other.key.session === session) {
        if (other.key.provider === provider) assert.ok(index >= at);
        other.overtaken.clear();
      } else if (this.#exceeded(other.key) === undefined && this.#isHead(other)) {
        const times = (other.overtaken.get(session) ?? 0) + 1;
        other.overtaken.set(session, times);
        assert.ok(times <= providerNames.length);
      }
    }
  }

  #isHead(call: Waiting): boolean {
    return (
      call === this.waiting.find(({ key }) => key.session === call.key.session && key.provider === call.key.provider)
    );
  }

  /** A call as the dispatcher runs it: whatever happens, `finally` gives the lease back. */
  async #run(step: Extract<Step, { readonly pick: number }>): Promise<void> {
    const at = step.pick % Math.max(1, this.held.length);
    const call = this.held[at];
    if (call === undefined) return;
    this.held.splice(at, 1);
    try {
      if (step.do === 'crash') throw new Error('the tool crashed');
      if (step.do === 'timeout') this.time.advance(1);
    } catch {
      // the crash itself is of no interest, only that the slot comes back
    } finally {
      call.lease.release();
      this.released.push(call.lease);
    }
    await this.#settle();
  }

  /** Lets promises that were resolved reach `#ended`. */
  async #settle(): Promise<void> {
    for (let turn = 0; turn < 4; turn += 1) await Promise.resolve();
    if (this.#failures.length > 0) throw this.#failures[0];
  }

  #check(): void {
    const { global, providers, queued, sessions } = this.limiter.snapshot();
    assert.deepEqual(global, { capacity: this.caps.global, inflight: this.held.length });
    for (const name of ['KIMI', 'GLM'] as const) {
      const inflight = this.#inflight((key) => key.provider === name);
      assert.deepEqual(providers[name], { capacity: this.caps[name], inflight });
    }
    assert.equal(queued, this.waiting.length);
    assert.ok(queued <= this.queueMax);
    for (const name of sessionNames) {
      const inflight = this.#inflight((key) => key.session === name);
      const ofSession = this.waiting.filter(({ key }) => key.session === name).length;
      assert.ok(ofSession <= Math.max(1, Math.floor(this.queueMax / 4)));
      const expected = inflight + ofSession === 0 ? undefined : { inflight, queued: ofSession };
      assert.deepEqual(sessions.get(name), expected);
    }
    for (const { key, since } of this.waiting) {
      assert.notEqual(this.#exceeded(key), undefined);
      assert.ok(this.time.clock() - since < waitMs);
    }
    assert.equal(this.doubleReleases, this.expectedDoubleReleases);
  }
}

const pick = fc.nat(1000);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 10, arbitrary: fc.record({ do: fc.constant('call' as const), session: fc.nat(5), provider: fc.nat(3) }) },
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constantFrom('finish' as const, 'crash' as const, 'timeout' as const), pick }),
  },
  fc.record({ do: fc.constant('doubleRelease' as const), pick }),
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cancel' as const), pick }) },
  fc.record({ do: fc.constant('endSession' as const), session: fc.nat(5) }),
  fc.record({
    do: fc.constant('setCap' as const),
    scope: fc.constantFrom('session' as const, 'global' as const, 'KIMI' as const, 'GLM' as const),
    cap: fc.nat(8),
  }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.nat(600) }),
);

it('WIRE-C2 PF-C1: any sequence of calls, ends and cap changes keeps every bound and leaks nothing (≥ 10,000 steps)', async () => {
  let steps = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(0, 1, 8, 40),
      fc.array(anyStep, { minLength: 100, maxLength: 160 }),
      async (queueMax, sequence) => {
        const harness = new Harness(queueMax);
        for (const step of sequence) await harness.step(step);
        await harness.finish();
        steps += sequence.length;
      },
    ),
    { numRuns: 100 },
  );
  expect(steps).toBeGreaterThanOrEqual(10_000);
}, 60_000);

it('WIRE-C2 PF-C1: one run of 10,000 steps, always the same', async () => {
  const random = seededRandom(20_261_121);
  const harness = new Harness(16);
  for (let count = 0; count < 10_000; count += 1) {
    const chance = random(100);
    const step: Step =
      chance < 50
        ? { do: 'call', session: random(6), provider: random(4) }
        : chance < 75
          ? { do: 'finish', pick: random(1000) }
          : chance < 80
            ? { do: 'crash', pick: random(1000) }
            : chance < 84
              ? { do: 'timeout', pick: random(1000) }
              : chance < 86
                ? { do: 'doubleRelease', pick: random(1000) }
                : chance < 91
                  ? { do: 'cancel', pick: random(1000) }
                  : chance < 92
                    ? { do: 'endSession', session: random(6) }
                    : chance < 94
                      ? { do: 'setCap', scope: scopes[random(4)] ?? 'global', cap: 1 + random(8) }
                      : { do: 'wait', ms: random(300) };
    await harness.step(step);
  }
  expect(harness.calls).toBeGreaterThan(4000);
  expect(harness.released.length).toBeGreaterThan(1000);
  await harness.finish();
}, 60_000);

const scopes = ['session', 'global', 'KIMI', 'GLM'] as const;

/** Whole numbers below `limit`, the same for the same seed (linear congruential). */
function seededRandom(seed: number): (limit: number) => number {
  let state = seed >>> 0;
  return (limit) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
}
