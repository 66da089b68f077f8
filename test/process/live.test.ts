import { describe, expect, it } from 'vitest';
import { AdminClient } from '../../platform/admin-client.ts';
import { FailureError } from '../../protocol/errors.ts';
import type { SessionView, Snapshot } from '../../protocol/snapshot.ts';
import type { DaemonProcess } from '../support/daemon-process.ts';
import { TestFeed } from '../support/feed-reader.ts';
import { codeOf, textOf } from '../support/raw-client.ts';
import { useScene } from './use-scene.ts';

const scene = useScene();

const window = {
  EXAI_SESSION_ID: 'vscode-instance-1',
  EXAI_SERVER_NAME: 'EXAI-WS-VSCode1',
  EXAI_LOG_PREFIX: 'vscode1',
};

async function watch(daemon: DaemonProcess): Promise<{ feed: TestFeed; admin: AdminClient }> {
  const feed = await TestFeed.open(scene.home.layout, daemon.port);
  const admin = AdminClient.open(scene.home.layout);
  scene.onEnd(() => {
    feed.close();
    admin.close();
  });
  return { feed, admin };
}

function session(snapshot: Snapshot | null, sessionId: string): SessionView | undefined {
  return snapshot?.sessions.find((one) => one.sessionId === sessionId);
}

async function codeOfRefusal(asked: Promise<unknown>): Promise<string> {
  try {
    await asked;
  } catch (error) {
    return error instanceof FailureError ? error.failure.code : String(error);
  }
  return 'fine';
}

describe('what is true now', () => {
  it('LIVE-snapshot-first LIVE-log-source: two windows of one entry appear as name and name#2, each with its log', async () => {
    const daemon = await scene.startDaemon();
    const { feed, admin } = await watch(daemon);
    const first = await scene.openWindow(window);
    await feed.when('the first window', ({ sessions }) => sessions.length === 1);
    await scene.openWindow(window);
    const both = await feed.when(
      'both with their logs',
      ({ sessions }) => sessions.every(({ logSource }) => logSource !== null) && sessions.length === 2,
    );
    expect(both.sessions).toMatchObject([
      {
        sessionId: 'vscode-instance-1',
        name: 'EXAI-WS-VSCode1',
        logSource: 'shim:vscode1',
        color: 1,
        credential: 'file',
      },
      { sessionId: 'vscode-instance-1#2', name: 'EXAI-WS-VSCode1', logSource: 'shim:vscode1-2', color: 2 },
    ]);
    expect(both).toMatchObject({
      daemon: { state: 'ready', authPolicy: 'open', wsUrl: `ws://127.0.0.1:${daemon.port}` },
      upstreams: [{ upstreamId: 'builtin', state: 'ready' }],
      problems: [],
    });
    expect(textOf(await first.callTool('echo', { text: '<b>hi</b>' }))).toBe('<b>hi</b>');
    await feed.when('the call in the figures', ({ totals }) => totals.callsToday === 1);
    expect(await admin.call('snapshot')).toMatchObject({ totals: { callsToday: 1, sessions: 2 } });
    expect(feed.messages.map(({ type }) => type).indexOf('snapshot')).toBe(0);
    expect(feed.state.lost).toBeNull();
  });

  it('LIVE-cancel-exact: one call is cancelled by its id, also while it waits, and its client is told', async () => {
    const daemon = await scene.startDaemon({ EXAI_WS_SESSION_MAX_INFLIGHT: '2', EXAI_WS_QUEUE_MAX: '8' });
    const { feed, admin } = await watch(daemon);
    const editor = await scene.openWindow(window);
    const answers = ['a', 'b', 'c'].map((mark) =>
      editor.callTool('sleep', { ms: 60_000, mark, token: 'hush' }, { id: mark }),
    );
    const { calls } = await feed.when(
      'two running calls and one in line',
      ({ calls: shown }) => shown.filter(({ state }) => state === 'running').length === 2 && shown.length === 3,
    );
    const idOf = (mark: string): string =>
      calls.find(({ argumentsPreview }) => argumentsPreview?.includes(`"mark":"${mark}"`))?.callId ?? '';
    expect(calls.find(({ callId }) => callId === idOf('c'))).toMatchObject({ state: 'queued', queuePosition: 1 });
    expect(calls[0]?.argumentsPreview).toContain('"token":"***"');
    await admin.send('cancelCall', { params: { callId: idOf('c') } });
    expect(codeOf(await answers[2]!)).toBe('CANCELLED');
    await admin.send('cancelCall', { params: { callId: idOf('a') } });
    expect(codeOf(await answers[0]!)).toBe('CANCELLED');
    const left = await feed.when('one call', ({ calls: shown }) => shown.length === 1);
    expect(left.calls).toMatchObject([{ callId: idOf('b'), state: 'running' }]);
    expect(await codeOfRefusal(admin.send('cancelCall', { params: { callId: idOf('a') } }))).toBe('NOT_FOUND');
    const ended = answers[1]?.catch(() => undefined); // who cancels gets no answer
    editor.cancel('b');
    await feed.when('no call', ({ calls: shown }) => shown.length === 0);
    await editor.stop();
    await ended;
  });

  it('LIVE-preview-bounded LIVE-cancel-exact: 10 MB of arguments are shown in short; a client without MCP is told too', async () => {
    const daemon = await scene.startDaemon();
    const { feed, admin } = await watch(daemon);
    const ops = await scene.connectOps(daemon, { session_id: 'script-1' });
    const text = '<script>alert(1)</script>'.repeat(400_000);
    ops.send({ op: 'call_tool', request_id: 'big', name: 'chat', arguments: { prompt: text, ms: 60_000 } });
    const { calls } = await feed.when('the call', ({ calls: shown }) => shown.length === 1);
    expect(calls[0]?.argumentsPreview?.length).toBeLessThanOrEqual(200);
    expect(JSON.stringify(feed.messages).length).toBeLessThan(50_000);
    await admin.send('cancelCall', { params: { callId: calls[0]?.callId ?? '' } });
    const answer = await ops.frame({ op: 'call_tool_res', request_id: 'big' });
    expect(answer).toMatchObject({ error: { code: 'CANCELLED' } });
    await feed.when('no call', ({ calls: shown }) => shown.length === 0);
  });

  it('LIVE-session-ops: a window is renamed, shown with its calls, and disconnected', async () => {
    const daemon = await scene.startDaemon();
    const { feed, admin } = await watch(daemon);
    const [first, second] = [await scene.openWindow(window), await scene.openWindow(window)];
    const params = { sessionId: 'vscode-instance-1#2' };
    expect(await admin.call('renameSession', { params, body: { name: 'Shop <b>' } })).toMatchObject({
      name: 'Shop <b>',
    });
    await feed.when('the new name', (shown) => session(shown, params.sessionId)?.name === 'Shop <b>');
    const running = second.callTool('sleep', { ms: 60_000 });
    await feed.when('its call', ({ calls }) => calls.length === 1);
    expect(await admin.call('session', { params })).toMatchObject({
      session: { sessionId: params.sessionId, inflight: 1 },
      calls: [{ tool: 'sleep', sessionId: params.sessionId }],
    });
    await admin.send('disconnectSession', { params });
    expect(codeOf(await running)).toBe('UNAUTHORIZED');
    const ended = await feed.when('its end', (shown) => session(shown, params.sessionId)?.connectionStatus === 'ended');
    expect(ended.totals.sessions).toBe(1);
    await feed.when('its row gone', ({ sessions, calls }) => sessions.length === 1 && calls.length === 0);
    expect(await codeOfRefusal(admin.call('session', { params }))).toBe('NOT_FOUND');
    expect(textOf(await first.callTool('echo', { text: 'still here' }))).toBe('still here');
  });

  it('LIVE-session-ops: a window that is asked to reconnect loses no call', async () => {
    const daemon = await scene.startDaemon();
    const { feed, admin } = await watch(daemon);
    const editor = await scene.openWindow(window);
    const params = { sessionId: 'vscode-instance-1' };
    const before = await feed.when('the window', ({ sessions }) => sessions.length === 1);
    const running = editor.callTool('count', { ms: 1_500 });
    await scene.executed(1);
    await admin.send('reconnectSession', { params });
    await feed.when('it to be away', (shown) => session(shown, params.sessionId)?.connectionStatus === 'detached');
    const meanwhile = editor.callTool('echo', { text: 'meanwhile' });
    await feed.when('it to be back', (shown) => session(shown, params.sessionId)?.connectionStatus === 'connected');
    expect(textOf(await meanwhile)).toBe('meanwhile');
    expect(textOf(await running)).toBe('1');
    expect(scene.executions).toBe(1);
    expect(feed.state.snapshot?.sessions.map(({ key }) => key)).toEqual(before.sessions.map(({ key }) => key));
    const ops = await scene.connectOps(daemon, { session_id: 'script-1' });
    expect(await codeOfRefusal(admin.send('reconnectSession', { params: { sessionId: 'script-1' } }))).toBe(
      'NOT_FOUND',
    );
    ops.terminate();
  });

  it('LIVE-rotation-rows: with reconnect every window ends on the new token, and no call is lost', async () => {
    const daemon = await scene.startDaemon({ EXAI_WS_TOKEN: 'a-first-token-of-32-characters-xx' });
    const { feed, admin } = await watch(daemon);
    const windows = [await scene.openWindow(window), await scene.openWindow(window), await scene.openWindow()];
    const running = windows.map((one) => one.callTool('sleep', { ms: 1_500 }));
    await feed.when('three calls', ({ calls }) => calls.length === 3);
    const { generation } = await admin.call('rotateToken', { body: { reconnect: true } });
    const done = await feed.when('all on the new token', ({ token }) => token.rotation?.state === 'done');
    expect(done.token).toMatchObject({
      generation,
      rotation: { rows: [{ state: 'new' }, { state: 'new' }, { state: 'new' }] },
    });
    expect(done.token.rotation?.rows.every(({ switchedAt }) => switchedAt !== null)).toBe(true);
    for (const answer of await Promise.all(running)) expect(textOf(answer)).toBe('slept 1500 ms');
    expect(done.sessions.map(({ hasOldToken }) => hasOldToken)).toEqual([false, false, false]);
    expect(JSON.stringify(feed.messages)).not.toContain('a-first-token');
  });

  it('LIVE-rotation-rows: the first token turns authentication on, and the windows follow', async () => {
    const daemon = await scene.startDaemon();
    const { feed, admin } = await watch(daemon);
    const [idle, busy] = [await scene.openWindow(window), await scene.openWindow(window)];
    const running = busy.callTool('sleep', { ms: 1_000 });
    await feed.when('the call', ({ calls }) => calls.length === 1);
    await admin.call('rotateToken', { body: { reconnect: true } });
    const shown = await feed.when(
      'the idle one on the token',
      ({ token }) => token.rotation?.rows.some(({ state }) => state === 'new') === true,
    );
    expect(shown).toMatchObject({
      daemon: { authPolicy: 'token' },
      token: { rotation: { rows: [{ sessionId: 'vscode-instance-1', state: 'new' }, { state: 'on-reconnect' }] } },
    });
    expect(textOf(await running)).toBe('slept 1000 ms');
    expect(textOf(await idle.callTool('whoami'))).toBe('vscode-instance-1');
    const after = await feed.when('two windows', ({ sessions }) => sessions.length === 2);
    expect(after.sessions.map(({ sessionId }) => sessionId).toSorted()).toEqual([
      'vscode-instance-1',
      'vscode-instance-1#2',
    ]);
  });

  it('LIVE-rotation-rows: without it they wait for their next connect, and one with a pasted token needs help', async () => {
    const token = 'a-first-token-of-32-characters-xx';
    const daemon = await scene.startDaemon({ EXAI_WS_TOKEN: token });
    const { feed, admin } = await watch(daemon);
    await scene.openWindow(window);
    await scene.openWindow({ ...window, EXAI_WS_TOKEN: token });
    await feed.when('both', ({ sessions }) => sessions.length === 2);
    await admin.call('rotateToken', { body: {} });
    const waiting = await feed.when('the rotation', ({ token: shown }) => shown.rotation !== null);
    expect(waiting.token.rotation).toMatchObject({
      state: 'waiting',
      rows: [{ state: 'on-reconnect' }, { sessionId: 'vscode-instance-1#2', state: 'needs-update' }],
    });
    expect(waiting.sessions.map(({ credential, hasOldToken }) => [credential, hasOldToken])).toEqual([
      ['file', true],
      ['inline', true],
    ]);
  });

  it('LIVE-pause LIVE-daemon-stops: a paused daemon says so, and a stopping one ends the feed', async () => {
    const daemon = await scene.startDaemon();
    const { feed, admin } = await watch(daemon);
    const editor = await scene.openWindow(window);
    const running = editor.callTool('sleep', { ms: 500 });
    await feed.when('the call', ({ calls }) => calls.length === 1);
    await admin.send('pause');
    await feed.when('the pause', ({ daemon: shown }) => shown.isPaused);
    const refused = await editor.callTool('echo', { text: 'x' });
    expect(codeOf(refused)).toBe('DAEMON_UNAVAILABLE');
    expect(refused.error?.message).toContain('paused');
    expect(refused.error?.data).toMatchObject({ retryable: true, mayHaveRun: false });
    expect(textOf(await running)).toBe('slept 500 ms');
    await admin.send('unpause');
    await feed.when('the end of the pause', ({ daemon: shown }) => !shown.isPaused);
    expect(textOf(await editor.callTool('echo', { text: 'again' }))).toBe('again');
    const last = editor.callTool('sleep', { ms: 400 });
    await feed.when('the last call', ({ calls }) => calls.length === 1);
    const stopped = daemon.kill('SIGTERM');
    await feed.when('the drain', ({ daemon: shown }) => shown.state === 'draining');
    expect(textOf(await last)).toBe('slept 400 ms');
    await stopped;
    expect(feed.messages.at(-1)).toEqual({ type: 'restart', reason: 'daemon-stopping' });
    expect(feed.hasEnded).toBe(true);
  });

  it('LIVE-problems: a full window is a problem that names it', async () => {
    const daemon = await scene.startDaemon({ EXAI_WS_SESSION_MAX_INFLIGHT: '1' });
    const { feed } = await watch(daemon);
    const editor = await scene.openWindow(window);
    const running = editor.callTool('sleep', { ms: 60_000 }, { id: 'long' });
    await feed.when('the call', ({ calls }) => calls.length === 1);
    expect(codeOf(await editor.callTool('echo', { text: 'x' }))).toBe('OVER_CAPACITY');
    const { problems } = await feed.when('the problem', ({ problems: shown }) => shown.length === 1);
    expect(problems).toMatchObject([
      {
        code: 'OVER_CAPACITY',
        scope: { kind: 'session' },
        params: { scope: 'EXAI-WS-VSCode1', inflight: 1, limit: 1 },
      },
    ]);
    const ended = running.catch(() => undefined); // who cancels gets no answer
    await editor.stop();
    await ended;
  });
});
