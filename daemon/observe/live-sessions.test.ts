import { describe, expect, it } from 'vitest';
import { LiveScene } from '../testing/live-scene.ts';
import { userOwner } from '../testing/sessions.ts';
import { sampleStatus } from './sample-data.ts';

function create(options: Partial<ConstructorParameters<typeof LiveScene>[0]> = {}): LiveScene {
  return new LiveScene({ status: sampleStatus(), ...options });
}

const names = (scene: LiveScene): string[] => scene.live.snapshot().sessions.map(({ sessionId }) => sessionId);

describe('sessions as they are shown', () => {
  it('LIVE-session-order: in order of connecting, whatever they do; two of one name are two', async () => {
    const scene = create();
    const [first, second] = [scene.connect('window'), scene.connect('window'), scene.connect('other')];
    scene.detach(first);
    await scene.call(second);
    expect(names(scene)).toEqual(['window', 'window#2', 'other']);
    scene.resume(first);
    expect(names(scene)).toEqual(['window', 'window#2', 'other']);
  });

  it('LIVE-session-order: one that has ended stays for 3 s and then goes, with and without a reader', async () => {
    const scene = create();
    const session = scene.connect('one');
    scene.connect('two');
    const reader = scene.read();
    await scene.advance(100);
    scene.registry.end(session, 'bye');
    expect(scene.live.snapshot().totals.sessions).toBe(1);
    await scene.advance(2_900);
    expect(scene.row(session)).toMatchObject({ connectionStatus: 'ended', endedAt: scene.nowMs / 1000 - 2.9 });
    expect(reader.state.snapshot?.sessions).toHaveLength(2);
    await scene.advance(100);
    expect(names(scene)).toEqual(['two']);
    expect(reader.state.snapshot?.sessions).toHaveLength(1);
  });

  it('LIVE-session-order: sessions of one instance have one colour, others take the next', () => {
    const scene = create();
    const colors = ['a', 'b', null, 'a', null].map((id) => {
      const session = scene.connect('window', id === null ? {} : { instance: { id } });
      return scene.row(session)?.color;
    });
    expect(colors).toEqual([1, 2, 3, 1, 4]);
  });

  it('LIVE-session-ops: a name for people lasts as long as the session', async () => {
    const scene = create();
    const session = scene.connect('one', { instance: { serverName: 'EXAI-1' } });
    expect(scene.row(session)).toMatchObject({ name: 'EXAI-1', serverName: 'EXAI-1' });
    session.label = 'My window';
    scene.detach(session);
    scene.resume(session);
    expect(scene.row(session)).toMatchObject({ name: 'My window', sessionId: 'one', connectionStatus: 'connected' });
  });

  it.each([
    [{ client: { credential: 'file' } }, undefined, 'file'],
    [{ client: { credential: 'env' } }, undefined, 'inline'],
    [{ client: { credential: 'none' } }, undefined, 'none'],
    [{}, undefined, 'inline'],
    [{}, { ...userOwner('ana'), auth: 'disabled' as const }, 'none'],
    [{ client: { credential: 'file' } }, userOwner('ana'), 'jwt'],
    [{}, { ...userOwner('ana'), auth: 'instance' as const }, 'instance'],
  ])('LIVE-rotation-rows: %j is held as %3$s', (fields, owner, credential) => {
    const scene = create();
    expect(scene.row(scene.connect('one', fields, owner))?.credential).toBe(credential);
  });

  it('LIVE-log-source: the log of a shim can be followed, once it is known', () => {
    const scene = create();
    const session = scene.connect('one');
    expect(scene.row(session)?.logSource).toBeNull();
    session.logFile = 'ws_shim_vscode1-2.log';
    expect(scene.row(session)?.logSource).toBe('shim:vscode1-2');
  });

  it('LIVE-text-is-text: an odd hello makes no odd row', () => {
    const scene = create({ maskText: (text) => text.replaceAll('s3cret', '***') });
    const session = scene.connect('one', {
      client: { name: 'x'.repeat(1_000), pid: -4, workspace: 'C:\\Users\\ana\\s3cret\\' },
    });
    expect(scene.row(session)).toMatchObject({ pid: null, workspaceName: '***' });
    expect(scene.row(session)?.clientName).toHaveLength(200);
  });
});

describe('figures', () => {
  it('LIVE-counters: of today, in total and per session', async () => {
    const scene = create();
    const [one, two] = [scene.connect('one'), scene.connect('two')];
    for (const [session, error] of [
      [one, undefined],
      [one, new Error('no')],
      [two, undefined],
    ] as const) {
      const call = await scene.call(session);
      call.finish(error);
      await call.reply;
    }
    expect(scene.live.snapshot().totals).toMatchObject({ sessions: 2, callsToday: 3, errorsToday: 1, inflight: 0 });
    expect(scene.row(one)).toMatchObject({ callsToday: 2, errorsToday: 1, lastError: { code: 'EXEC_ERROR' } });
    expect(scene.row(two)).toMatchObject({ callsToday: 1, errorsToday: 0, lastError: null });
    await scene.advance(100);
    scene.time.advance(12 * 3_600_000);
    expect(scene.live.snapshot().totals).toMatchObject({ callsToday: 0, errorsToday: 0 });
    expect(scene.row(one)).toMatchObject({ callsToday: 0, errorsToday: 0 });
  });

  it('LIVE-problems: a full limit is a problem for a minute, and then no more', async () => {
    const scene = create({ sessionCap: 1 });
    const session = scene.connect('one', { instance: { serverName: 'EXAI-1' } });
    await scene.call(session);
    expect(await (await scene.call(session)).reply).toMatchObject({ failure: { code: 'OVER_CAPACITY' } });
    const reader = scene.read();
    const problem = {
      problemId: `OVER_CAPACITY:session:${session.key}`,
      scope: { kind: 'session', id: session.key },
      params: { scope: 'EXAI-1', inflight: 1, limit: 1, waiting: 0, count: 1 },
      since: scene.nowMs / 1000,
    };
    expect(reader.state.snapshot).toMatchObject({ problems: [problem], totals: { refusedLastMinute: 1 } });
    await scene.advance(58_000);
    expect(reader.state.snapshot).toMatchObject({ problems: [problem] });
    await scene.advance(3_000);
    expect(reader.state.snapshot).toMatchObject({ problems: [], totals: { refusedLastMinute: 0 } });
  });

  it('LIVE-problems: so are a full provider and clients with a wrong token', async () => {
    const scene = create();
    const session = scene.connect('one');
    for (let at = 0; at < 3; at += 1) await scene.call(session, { tool: 'kimi_work' });
    await scene.advance(1_000);
    scene.bus.emit({ type: 'handshake.finished', transport: 'shim', result: 'unauthorized' });
    scene.bus.emit({ type: 'handshake.finished', transport: 'shim', result: 'hello_timeout' });
    expect(scene.live.snapshot().problems).toMatchObject([
      {
        code: 'OVER_CAPACITY',
        scope: { kind: 'provider', id: 'kimi' },
        params: { scope: 'Kimi', inflight: 2, limit: 2 },
      },
      { code: 'UNAUTHORIZED', params: { count: 1 } },
    ]);
  });

  it('LIVE-cancel-exact: calls in line show their place, calls that run their deadline', async () => {
    const scene = create({ sessionCap: 1, queueMax: 8 });
    const session = scene.connect('one');
    const calls = [await scene.call(session), await scene.call(session), await scene.call(session)];
    await scene.advance(200);
    const rows = Object.fromEntries(scene.live.calls().map((row) => [row.callId, row]));
    expect(rows).toMatchObject({
      c_1: { state: 'running', queuePosition: null, queuedMs: 0, sessionId: 'one', sessionKey: session.key },
      c_2: { state: 'queued', queuePosition: 1, startedAt: null, deadlineAt: null },
      c_3: { state: 'queued', queuePosition: 2 },
    });
    expect((rows['c_1']?.deadlineAt ?? 0) - (rows['c_1']?.startedAt ?? 0)).toBeCloseTo(120);
    expect(scene.live.snapshot()).toMatchObject({
      totals: { inflight: 1, queued: 2 },
      caps: { sessionCap: 1, global: { inflight: 1, queued: 2, cap: 8 }, queue: { inflight: 2, cap: 8 } },
    });
    calls[0]?.context()?.reportProgress({ progress: 2, total: 4, message: 'm'.repeat(500) });
    calls[0]?.context()?.reportProgress({ progress: Number.NaN });
    expect(scene.live.calls().find(({ callId }) => callId === 'c_1')?.progress).toEqual({
      value: 0,
      total: null,
      message: null,
    });
    expect(scene.live.calls('somebody else')).toEqual([]);
  });
});
