import { describe, expect, it } from 'vitest';
import type { Delta } from '../../protocol/feed.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { createLiveFeed } from './live-feed.ts';
import { createLiveStore } from './live-store.ts';
import { coverOf, statusOf } from './status.ts';

const snapshot = {
  takenAt: 100,
  daemon: { runId: 'run', state: 'ready', isPaused: false },
  totals: { inflight: 0 },
  problems: [],
  sessions: [],
  calls: [],
  upstreams: [],
  instances: [],
} as unknown as Snapshot;

function delta(inflight: number): Delta {
  return { type: 'delta', seq: 1, takenAt: 100 + inflight, totals: { inflight } } as unknown as Delta;
}

function scene() {
  const store = createLiveStore();
  const frames: (() => void)[] = [];
  const page = { isHidden: false, now: 5_000 };
  const corrected: number[] = [];
  let published = 0;
  store.subscribe(() => {
    published += 1;
  });
  const feed = createLiveFeed({
    store,
    clock: { correct: (takenAt) => corrected.push(takenAt) },
    now: () => page.now,
    setTimeout: (callback) => frames.push(callback),
    isHidden: () => page.isHidden,
  });
  const frame = () => frames.splice(0).forEach((callback) => callback());
  return { store, feed, frame, page, corrected, published: () => published, timers: () => frames.length };
}

describe('createLiveFeed', () => {
  it('shows what has come within a frame at once, however much it was', () => {
    const { store, feed, frame, published } = scene();
    feed.take({ type: 'snapshot', snapshot });
    for (let count = 1; count <= 500; count += 1) feed.take({ type: 'delta', delta: delta(count) });
    expect(published()).toBe(1);
    frame();
    expect(published()).toBe(2);
    expect(store.getState().model?.totals.inflight).toBe(500);
  });

  it('shows nothing while the page is hidden, and everything when it is seen again', () => {
    const { store, feed, frame, page, published } = scene();
    feed.take({ type: 'snapshot', snapshot });
    page.isHidden = true;
    for (let count = 1; count <= 3_000; count += 1) {
      feed.take({ type: 'delta', delta: delta(count) });
      if (count % 10 === 0) frame();
    }
    expect(published()).toBe(1);
    page.isHidden = false;
    feed.show();
    expect(published()).toBe(2);
    expect(store.getState().model?.totals.inflight).toBe(3_000);
  });

  it('keeps a few hundred rows at most while the page is hidden, without a timer', () => {
    const { store, feed, page, timers, published } = scene();
    feed.take({ type: 'snapshot', snapshot });
    page.isHidden = true;
    const waiting = new Set<number>();
    let mostWaiting = 0;
    for (let count = 1; count <= 1_000; count += 1) {
      waiting.add(count);
      feed.take({
        type: 'delta',
        delta: {
          ...delta(count),
          calls: { put: [], removed: Array.from({ length: 9 }, (_, index) => `call-${count}-${index}`) },
          // Read when this delta is folded in, and only then.
          get savings() {
            waiting.delete(count);
            return undefined;
          },
        },
      });
      mostWaiting = Math.max(mostWaiting, waiting.size);
    }
    expect(mostWaiting).toBeLessThanOrEqual(31);
    expect(timers()).toBe(0);
    expect(published()).toBe(1);
    page.isHidden = false;
    feed.show();
    expect(store.getState().model?.totals.inflight).toBe(1_000);
  });

  it('drops what waits when a fresh snapshot comes', () => {
    const { store, feed, frame } = scene();
    feed.take({ type: 'snapshot', snapshot });
    feed.take({ type: 'delta', delta: delta(7) });
    feed.take({ type: 'snapshot', snapshot });
    frame();
    expect(store.getState().model?.totals.inflight).toBe(0);
  });

  it('corrects the clock with everything that tells the time', () => {
    const { feed, corrected } = scene();
    feed.take({ type: 'snapshot', snapshot });
    feed.take({ type: 'delta', delta: delta(1) });
    feed.take({ type: 'heartbeat', takenAt: 110 });
    expect(corrected).toEqual([100, 101, 110]);
  });

  it('keeps the last picture for a moment, then says that nobody answers', () => {
    const { store, feed, page } = scene();
    feed.take({ type: 'snapshot', snapshot });
    expect([statusOf(store.getState()), coverOf(store.getState(), 0)]).toEqual(['running', 'none']);
    feed.take({ type: 'lost', reason: 'broken-off' });
    expect([statusOf(store.getState()), coverOf(store.getState(), 60_000)]).toEqual(['reconnecting', 'none']);
    page.now = 5_250;
    feed.take({ type: 'lost', reason: 'refused' });
    expect(store.getState().connection).toEqual({ state: 'lost', since: 5_000, isRefused: true });
    expect(coverOf(store.getState(), 5_700)).toBe('none');
    expect(coverOf(store.getState(), 5_800)).toBe('daemon-down');
    feed.take({ type: 'snapshot', snapshot });
    expect(coverOf(store.getState(), 5_800)).toBe('none');
  });

  it('asks for a sign-in', () => {
    const { store, feed } = scene();
    feed.take({ type: 'lost', reason: 'signed-out' });
    expect([statusOf(store.getState()), coverOf(store.getState(), 0)]).toEqual(['signed-out', 'signed-out']);
  });
});
