import { describe, expect, it } from 'vitest';
import { applyFeedMessage, emptyFeedState, type FeedState } from './apply-feed.ts';
import type { CallView, Snapshot } from './snapshot.ts';

const gauge = { id: 'global', label: 'All', inflight: 0, cap: 24, configuredCap: 24, queued: 0 };
const snapshot: Snapshot = {
  seq: 7,
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
    authPolicy: 'open',
    store: 'none',
    rssBytes: 0,
  },
  totals: { sessions: 0, inflight: 0, queued: 0, refusedLastMinute: 0, callsToday: 0, errorsToday: 0 },
  caps: { sessionCap: 8, global: gauge, providers: [], queue: null },
  savings: null,
  token: { generation: 0, rotatedAt: null, oldValidUntil: null, rotation: null },
  problems: [],
  sessions: [],
  calls: [],
  upstreams: [],
  instances: [],
};
const live: FeedState = { snapshot, lost: null };

function call(callId: string, tool = 'chat'): CallView {
  return {
    callId,
    sessionKey: 'key',
    sessionId: 'window',
    tool,
    upstream: null,
    provider: null,
    state: 'running',
    receivedAt: 1,
    startedAt: 1,
    queuedMs: 0,
    queuePosition: null,
    deadlineAt: null,
    progress: null,
    argumentsPreview: null,
  };
}

describe('applying a feed', () => {
  it('LIVE-deltas-equal-snapshot: starts with the snapshot', () => {
    expect(applyFeedMessage(emptyFeedState, { type: 'snapshot', snapshot })).toEqual(live);
  });

  it('LIVE-deltas-equal-snapshot: replaces rows in place, appends new ones, takes gone ones away', () => {
    const three = { ...live, snapshot: { ...snapshot, calls: [call('a'), call('b'), call('c')] } };
    const delta = {
      type: 'delta' as const,
      seq: 8,
      takenAt: 101,
      calls: { put: [call('d'), call('b', 'version')], removed: ['a', 'never seen'] },
    };
    const after = applyFeedMessage(three, delta);
    expect(after.snapshot?.calls.map(({ callId, tool }) => `${callId} ${tool}`)).toEqual([
      'b version',
      'c chat',
      'd chat',
    ]);
    expect(after.snapshot).toMatchObject({ seq: 8, takenAt: 101 });
    expect(after.snapshot?.calls[1]).toBe(three.snapshot.calls[2]);
    expect(after.snapshot?.daemon).toBe(snapshot.daemon);
    expect(after.snapshot?.sessions).toBe(snapshot.sessions);
  });

  it('LIVE-deltas-equal-snapshot: a part that is null now is null', () => {
    const savings = { processes: 1, memoryBytes: 1, sharedUpstreams: 1, measuredAt: 1 };
    const before = { ...live, snapshot: { ...snapshot, savings } };
    const same = applyFeedMessage(before, { type: 'delta', seq: 8, takenAt: 101 });
    expect(same.snapshot?.savings).toEqual(savings);
    expect(applyFeedMessage(same, { type: 'delta', seq: 9, takenAt: 102, savings: null }).snapshot?.savings).toBeNull();
  });

  it('LIVE-deltas-equal-snapshot: a gap is seen, and nothing is applied until the next snapshot', () => {
    const lost = applyFeedMessage(live, { type: 'delta', seq: 9, takenAt: 101, problems: [] });
    expect(lost).toEqual({ snapshot, lost: 'gap' });
    expect(applyFeedMessage(lost, { type: 'heartbeat', seq: 8, takenAt: 102 })).toBe(lost);
    expect(applyFeedMessage(lost, { type: 'snapshot', snapshot })).toEqual(live);
    expect(applyFeedMessage(emptyFeedState, { type: 'heartbeat', seq: 1, takenAt: 1 }).lost).toBe('gap');
  });

  it('LIVE-slow-reader: a restart keeps the picture and says why', () => {
    expect(applyFeedMessage(live, { type: 'restart', reason: 'slow-reader' })).toEqual({
      snapshot,
      lost: 'slow-reader',
    });
    expect(applyFeedMessage(live, { type: 'heartbeat', seq: 8, takenAt: 105 })).toEqual({
      snapshot: { ...snapshot, seq: 8, takenAt: 105 },
      lost: null,
    });
  });
});
