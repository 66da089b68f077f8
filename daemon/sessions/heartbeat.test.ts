import { describe, expect, it, vi } from 'vitest';
import { Heartbeat } from './heartbeat.ts';

const intervalMs = 25_000;
const timeoutMs = 10_000;
const tenMinutesMs = 600_000;

/** Time that can also pass while the process sleeps: then what fell due meanwhile runs late, when it is over. */
class SleepingTime {
  #now = 0;
  readonly #timers = new Set<{ readonly at: number; readonly task: () => void }>();

  readonly now = (): number => this.#now;

  readonly schedule = (task: () => void, delayMs: number): (() => void) => {
    const timer = { at: this.#now + delayMs, task };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  };

  get pendingTimers(): number {
    return this.#timers.size;
  }

  sleep(ms: number): void {
    this.#now += ms;
    this.advance(0);
  }

  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const [due] = [...this.#timers].filter(({ at }) => at <= end).toSorted((left, right) => left.at - right.at);
      if (due === undefined) break;
      this.#timers.delete(due);
      this.#now = Math.max(this.#now, due.at);
      due.task();
    }
    this.#now = end;
  }
}

/** A peer that answers pings after `answersAfterMs`, or never. Its answer is read only while the process is awake. */
function create(options: { answersAfterMs?: number; intervalMs?: number } = {}) {
  const time = new SleepingTime();
  const state = { lastReadAt: 0, pings: 0, losses: 0 };
  const heartbeat = new Heartbeat({
    intervalMs: options.intervalMs ?? intervalMs,
    timeoutMs,
    lastReadAt: () => state.lastReadAt,
    sendPing: () => {
      state.pings += 1;
      if (options.answersAfterMs !== undefined) time.schedule(read, options.answersAfterMs);
    },
    onLost: () => {
      state.losses += 1;
    },
    clock: time,
  });
  const read = (): void => {
    state.lastReadAt = time.now();
  };
  return { heartbeat, time, state, read };
}

describe('heartbeat', () => {
  it('PF-R8: ten idle minutes with a peer that answers: a ping per interval, no loss', () => {
    const { heartbeat, time, state } = create({ answersAfterMs: 5 });
    heartbeat.start();
    time.advance(tenMinutesMs);
    expect(state.losses).toBe(0);
    expect(state.pings).toBeGreaterThanOrEqual(22);
    expect(state.pings).toBeLessThanOrEqual(24);
  });

  it('SHIM-S10: a tolerated peer is lost only after its silence, with pings all along', () => {
    const { heartbeat, time, state } = create();
    heartbeat.tolerate(60_000);
    heartbeat.start();
    time.advance(59_000);
    expect(state.losses).toBe(0);
    expect(state.pings).toBeGreaterThan(1);
    time.advance(15_000);
    expect(state.losses).toBe(1);
  });

  it('PF-R8: ten busy minutes: whatever is read is life, no ping is needed', () => {
    const { heartbeat, time, state, read } = create();
    heartbeat.start();
    for (let ms = 0; ms < tenMinutesMs; ms += 1000) {
      read();
      time.advance(1000);
    }
    expect(state).toMatchObject({ losses: 0, pings: 0 });
  });

  it('PF-R1 MAIN-broken-socket: a peer that has gone is lost after interval and time-out, once', () => {
    const { heartbeat, time, state } = create();
    heartbeat.start();
    time.advance(intervalMs + timeoutMs - 1);
    expect(state).toMatchObject({ pings: 1, losses: 0 });
    time.advance(1000);
    expect(state).toMatchObject({ pings: 1, losses: 1 });
    time.advance(tenMinutesMs);
    expect(state).toMatchObject({ pings: 1, losses: 1 });
  });

  it('PF-R8: a slow pong within the time-out, or any other byte, is enough', () => {
    const { heartbeat, time, state } = create({ answersAfterMs: timeoutMs - 1 });
    heartbeat.start();
    time.advance(tenMinutesMs);
    expect(state.losses).toBe(0);
  });

  it.each([
    ['before the ping', 1000],
    ['between ping and judgement', intervalMs + 1000],
    ['at the very moment of judgement', intervalMs + timeoutMs],
  ])(
    'WIRE-M10 BAD-suspend PF-R8: asleep for ten minutes %s: a fresh ping, and the full time-out to answer it',
    (_when, awakeMs) => {
      const { heartbeat, time, state, read } = create();
      heartbeat.start();
      time.advance(awakeMs);
      const before = state.pings;
      time.sleep(tenMinutesMs);
      expect(state).toMatchObject({ losses: 0, pings: before + 1 });
      time.advance(timeoutMs - 1);
      read();
      time.advance(intervalMs);
      expect(state.losses).toBe(0);
    },
  );

  it('WIRE-M10 BAD-suspend: a peer that did not survive the sleep is found out', () => {
    const { heartbeat, time, state } = create();
    heartbeat.start();
    time.advance(intervalMs + 1000);
    time.sleep(tenMinutesMs);
    time.advance(timeoutMs + 1000);
    expect(state.losses).toBe(1);
  });

  it('PF-P8 BAD-suspend: after a blocked loop, what lies unread is read before the peer is judged', () => {
    const { heartbeat, time, state, read } = create();
    heartbeat.start();
    time.advance(intervalMs);
    expect(state.pings).toBe(1);
    time.sleep(timeoutMs + 2000); // timers run before sockets are read
    time.schedule(read, 0);
    time.advance(intervalMs);
    expect(state.losses).toBe(0);
  });

  it('PF-R8: off at 0; nothing after stop, whenever it comes', () => {
    const off = create({ intervalMs: 0 });
    off.heartbeat.start();
    expect(off.time.pendingTimers).toBe(0);
    for (const stopAtMs of [1000, intervalMs + 1000]) {
      const { heartbeat, time, state } = create();
      heartbeat.start();
      time.advance(stopAtMs);
      heartbeat.stop();
      const { pings } = state;
      expect(time.pendingTimers).toBe(0);
      time.advance(tenMinutesMs);
      expect(state).toMatchObject({ pings, losses: 0 });
    }
  });
});

it('BAD-clock-jump PF-R8: the wall clock may stand still or jump by an hour: pings come, nobody is lost', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  let lastReadAt = performance.now();
  let losses = 0;
  const jumpsMs = [3_600_000, -7_200_000, 3_600_000];
  await new Promise<void>((resolve) => {
    const heartbeat = new Heartbeat({
      intervalMs: 5,
      timeoutMs: 5,
      lastReadAt: () => lastReadAt,
      sendPing: () => {
        lastReadAt = performance.now() + 1;
        const jumpMs = jumpsMs.shift();
        if (jumpMs !== undefined) vi.setSystemTime(Date.now() + jumpMs);
        else {
          heartbeat.stop();
          resolve();
        }
      },
      onLost: () => {
        losses += 1;
      },
    });
    heartbeat.start();
  });
  vi.useRealTimers();
  expect(losses).toBe(0);
});
