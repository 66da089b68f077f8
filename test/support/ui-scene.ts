import type { Snapshot } from '../../protocol/snapshot.ts';
import { type FakeAdminApi, type FakeHandlers, Refusal, startFakeAdminApi } from './fake-admin-api.ts';
import { FakeFeed } from './fake-feed.ts';
import { fakeRecords } from './fake-records.ts';

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
      ...fakeRecords(feed),
      ...more,
    },
  });
  return { api, feed };
}
