import { describe, expect, it, vi } from 'vitest';
import type { FeedMessage } from '../../protocol/feed.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import type { AdminClient, Answer } from './admin-client.ts';
import { createFeedReader, type FeedEvent } from './feed-reader.ts';

const snapshot: Snapshot = {
  seq: 4,
  takenAt: 100,
  daemon: {
    state: 'ready',
    isPaused: false,
    pid: 1,
    version: '1.0.0',
    runId: 'run',
    startedAt: 1,
    wsUrl: null,
    localSocket: null,
    dashboardUrl: null,
    authPolicy: 'token',
    store: 'none',
    rssBytes: 0,
  },
  totals: { sessions: 0, inflight: 0, queued: 0, refusedLastMinute: 0, callsToday: 0, errorsToday: 0 },
  caps: {
    sessionCap: 8,
    global: { id: 'global', label: 'All', inflight: 0, cap: 24, configuredCap: 24, queued: 0 },
    providers: [],
    queue: null,
  },
  savings: null,
  token: { generation: 1, rotatedAt: null, oldValidUntil: null, rotation: null },
  problems: [],
  sessions: [],
  calls: [],
  upstreams: [],
  instances: [],
};
const silenceMs = 11_000;
const first: FeedMessage = { type: 'snapshot', snapshot };
const delta = (seq: number): FeedMessage => ({ type: 'delta', seq, takenAt: 101 });

interface Script {
  /** Messages of this connection, or the status it is refused with. */
  readonly says: readonly FeedMessage[] | number;
}

/** Runs a reader through connections, each of which ends after its messages; returns what it told and how long it paused. */
async function run(
  ...scripts: readonly Script[]
): Promise<{ events: FeedEvent['type'][]; reasons: string[]; pauses: number[] }> {
  const events: FeedEvent['type'][] = [];
  const reasons: string[] = [];
  const pauses: number[] = [];
  const left = [...scripts];
  const done = Promise.withResolvers<void>();
  const client: Pick<AdminClient, 'stream'> = {
    stream: async () => {
      const { says } = left.shift() ?? { says: 0 };
      return typeof says === 'number'
        ? { state: 'failed', failure: { code: 'x', status: says, message: undefined } }
        : answerOf(says);
    },
  };
  const reader = createFeedReader({
    client,
    onEvent: (event) => {
      events.push(event.type);
      if (event.type === 'lost') reasons.push(event.reason);
    },
    setTimeout: (callback, ms) => {
      if (ms === silenceMs) return 0; // The watch over silence.
      pauses.push(ms);
      if (left.length === 0) done.resolve();
      else queueMicrotask(callback);
      return 1;
    },
    clearTimeout: () => undefined,
    isHidden: () => false,
  });
  reader.start();
  await done.promise;
  reader.stop();
  return { events, reasons, pauses };
}

/** Ends after its messages, or stays open until `until` is aborted. */
function answerOf(
  messages: readonly FeedMessage[],
  until?: AbortSignal,
): Answer<ReadableStream<Uint8Array<ArrayBuffer>>> {
  const bytes = new TextEncoder().encode(messages.map((message) => `${JSON.stringify(message)}\n`).join(''));
  const value = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      // In pieces that do not care where a line ends.
      for (let at = 0; at < bytes.length; at += 97) controller.enqueue(bytes.slice(at, at + 97));
      if (until === undefined) controller.close();
      else until.addEventListener('abort', () => controller.error(until.reason));
    },
  });
  return { state: 'ok', value };
}

describe('createFeedReader', () => {
  it('tells snapshot, deltas and heartbeats in order, and when it breaks off', async () => {
    const heartbeat: FeedMessage = { type: 'heartbeat', seq: 6, takenAt: 102 };
    const { events, reasons } = await run({ says: [first, delta(5), heartbeat, delta(7)] });
    expect(events).toEqual(['snapshot', 'delta', 'heartbeat', 'delta', 'lost']);
    expect(reasons).toEqual(['broken-off']);
  });

  it('connects afresh and at once when a message was missed', async () => {
    const { events, pauses } = await run({ says: [first, delta(5), delta(7)] }, { says: [first] });
    expect(events).toEqual(['snapshot', 'delta', 'snapshot', 'lost']);
    expect(pauses).toEqual([0, 250]);
  });

  it('connects at once when it was too slow, and tells when the daemon stops', async () => {
    const slow: FeedMessage = { type: 'restart', reason: 'slow-reader' };
    const stopping: FeedMessage = { type: 'restart', reason: 'daemon-stopping' };
    const { events, pauses } = await run({ says: [first, slow] }, { says: [first, stopping] });
    expect(events).toEqual(['snapshot', 'snapshot', 'lost']);
    expect(pauses).toEqual([0, 250]);
  });

  it('pauses from 0.25 s up to 5 s, and anew after a snapshot', async () => {
    const { reasons, pauses } = await run(...[0, 503, 0, 0, 0, 0, 0].map((says) => ({ says })), { says: [first] });
    expect(pauses).toEqual([250, 500, 1_000, 2_000, 4_000, 5_000, 5_000, 250]);
    expect(reasons.slice(0, 2)).toEqual(['refused', 'refused']);
  });

  it('looks every 3 s at first whether it is let in again, later every 30 s, and anew after a snapshot', async () => {
    const { reasons, pauses } = await run(...[401, 401, 401, 401, 401, 401].map((says) => ({ says })), {
      says: [first, { type: 'restart', reason: 'signed-out' }],
    });
    expect(new Set(reasons)).toEqual(new Set(['signed-out']));
    expect(pauses).toEqual([3_000, 6_000, 12_000, 24_000, 30_000, 30_000, 3_000]);
  });

  it('does not ask while it is signed out and nobody looks, and asks at once when it is seen again', async () => {
    const page = { isHidden: false };
    const waiting: { readonly ms: number; readonly run: () => void }[] = [];
    let asked = 0;
    const reader = createFeedReader({
      client: {
        stream: async () => {
          asked += 1;
          return { state: 'failed', failure: { code: 'UI_SESSION_EXPIRED', status: 401, message: undefined } };
        },
      },
      onEvent: () => undefined,
      setTimeout: (callback, ms) => (ms === silenceMs ? 0 : waiting.push({ ms, run: callback })),
      clearTimeout: () => undefined,
      isHidden: () => page.isHidden,
    });
    reader.start();
    await vi.waitFor(() => expect(waiting).toHaveLength(1));
    page.isHidden = true;
    waiting[0]?.run();
    expect(asked).toBe(1);
    page.isHidden = false;
    reader.show();
    expect(asked).toBe(2);
    await vi.waitFor(() => expect(waiting.map(({ ms }) => ms)).toEqual([3_000, 3_000]));
    reader.stop();
  });

  it('LIVE-hidden: closes the feed of a page that nobody sees, without a word, and reads on when it is seen again', async () => {
    const timers: { readonly ms: number; run: (() => void) | undefined }[] = [];
    const signals: AbortSignal[] = [];
    const events: FeedEvent['type'][] = [];
    const reader = createFeedReader({
      client: {
        stream: async (_name, _request, signal) => {
          if (signal !== undefined) signals.push(signal);
          return answerOf([first], signal);
        },
      },
      onEvent: (event) => events.push(event.type),
      setTimeout: (callback, ms) => timers.push({ ms, run: callback }) - 1,
      clearTimeout: (timer) => {
        const cleared = timers[timer];
        if (cleared !== undefined) cleared.run = undefined;
      },
      isHidden: () => false,
    });
    const pass = (ms: number): void => timers.findLast((timer) => timer.ms === ms)?.run?.();
    reader.start();
    await vi.waitFor(() => expect(events).toEqual(['snapshot']));

    reader.hide();
    reader.show();
    pass(10_000); // was called off
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);

    reader.hide();
    pass(10_000);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    reader.show();
    await vi.waitFor(() => expect(events).toEqual(['snapshot', 'snapshot']));
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    reader.stop();
  });

  it('takes what is no message of the feed for a broken connection', async () => {
    const { events } = await run({ says: [first, { type: 'unknown' } as unknown as FeedMessage] });
    expect(events).toEqual(['snapshot', 'lost']);
  });
});
