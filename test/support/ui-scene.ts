import type { HistoryRow } from '../../protocol/history.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { type FakeAdminApi, type FakeHandlers, Refusal, startFakeAdminApi } from './fake-admin-api.ts';
import { FakeFeed } from './fake-feed.ts';

export interface UiScene {
  readonly api: FakeAdminApi;
  readonly feed: FakeFeed;
}

/** A fake daemon with the built interface, and handlers that do what the real one would. */
export async function startUiScene(snapshot: Snapshot, more: FakeHandlers = {}, port = 0): Promise<UiScene> {
  const feed = new FakeFeed(snapshot);
  const session = (id: string) => {
    const found = feed.snapshot.sessions.find((row) => row.key === id || row.sessionId === id);
    if (found === undefined) throw new Refusal(404, 'NOT_FOUND');
    return found;
  };
  const token = () => ({
    authPolicy: feed.snapshot.daemon.authPolicy,
    generation: feed.snapshot.token.generation,
    tokenFile: '/home/ana/.config/exai/shared.token',
    sessions: [],
  });
  const api = await startFakeAdminApi({
    feed,
    port,
    pages: 'dist/renderer',
    handlers: {
      cancelCall: ({ params }) => {
        const call = feed.snapshot.calls.find(({ callId }) => callId === params.callId);
        if (call === undefined) throw new Refusal(404, 'NOT_FOUND');
        feed.change({ calls: { put: [{ ...call, state: 'cancelling' }], removed: [] } });
      },
      disconnectSession: ({ params }) => {
        feed.change({ sessions: { put: [], removed: [session(params.sessionId).key] } });
      },
      renameSession: ({ params, body }) => {
        const renamed = { ...session(params.sessionId), name: body.name };
        feed.change({ sessions: { put: [renamed], removed: [] } });
        return renamed;
      },
      reconnectSession: () => undefined,
      pause: () => feed.change({ daemon: { ...feed.snapshot.daemon, isPaused: true } }),
      unpause: () => feed.change({ daemon: { ...feed.snapshot.daemon, isPaused: false } }),
      revealToken: () => ({ token: 'secret-token-that-nobody-may-see' }),
      rotateToken: () => {
        const generation = feed.snapshot.token.generation + 1;
        const startedAt = Date.now() / 1000;
        const rows = feed.snapshot.sessions.map(({ key, sessionId, name, credential }) => ({
          sessionKey: key,
          sessionId,
          name,
          switchedAt: null,
          state: credential === 'inline' ? ('needs-update' as const) : ('on-reconnect' as const),
        }));
        const rotation = { startedAt, state: 'waiting' as const, rows };
        feed.change({ token: { generation, rotatedAt: startedAt, oldValidUntil: null, rotation } });
        return token();
      },
      history: ({ query }) => {
        const rows = fakeHistory().filter((row) => query.session === undefined || row.sessionId === query.session);
        return { rows: rows.slice(0, query.limit), next: null, total: rows.length };
      },
      ...more,
    },
  });
  return { api, feed };
}

/** Finished calls of the busy daemon, newest first. */
export function fakeHistory(): readonly HistoryRow[] {
  const now = Date.now() / 1000;
  const outcomes: readonly [string, HistoryRow['outcome'], HistoryRow['errorCode'], number][] = [
    ['chat', 'ok', null, 2_100],
    ['version', 'ok', null, 4],
    ['thinkdeep', 'refused', 'OVER_CAPACITY', 1_200],
    ['planner', 'timeout', 'TIMEOUT', 120_000],
    ['read_file', 'cancelled', 'CANCELLED', 840],
    ['chat', 'tool_error', 'PROVIDER_ERROR', 3_050],
  ];
  return outcomes.map(([tool, outcome, errorCode, durationMs], index) => ({
    id: `row-${index}`,
    callId: `done-${index}`,
    startedAt: now - 60 * index - 30,
    sessionId: 'vscode-instance-1',
    instanceId: null,
    tool,
    upstream: null,
    provider: 'kimi',
    model: 'kimi-k2',
    queuedMs: 0,
    durationMs,
    outcome,
    errorCode,
    requestBytes: 1_434,
    responseBytes: 5_120,
    argumentsPreview: null,
    daemonRunId: 'run-1',
  }));
}
