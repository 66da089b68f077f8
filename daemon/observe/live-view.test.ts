import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { snapshotSchema } from '../../protocol/snapshot.ts';
import type { Session } from '../sessions/session.ts';
import {
  LiveScene,
  type LiveSceneOptions,
  type RecordedReader,
  type SceneCall,
  settled,
} from '../testing/live-scene.ts';
import { sampleStatus } from './sample-data.ts';

function create(options: Partial<LiveSceneOptions> = {}): LiveScene {
  return new LiveScene({ status: sampleStatus(), ...options });
}

/** The likely ones are there more than once. */
const commands =
  'connect connect detach resume end rename identify unauthorized wait pause rotate call call call finish finish fail cancel progress cap'.split(
    ' ',
  );

/** Looked at every second only, or different by nature. */
const slowParts = new Set(['seq', 'takenAt', 'problems', 'totals', 'p50Ms', 'p95Ms']);

function withoutSlowParts(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, field: unknown) => (slowParts.has(key) ? 0 : field)));
}

function expectSame(scene: LiveScene, reader: RecordedReader): void {
  const { seq: _seq, takenAt: _takenAt, ...fresh } = scene.live.snapshot();
  expect(reader.state.lost).toBeNull();
  expect(reader.state.snapshot).toMatchObject({ ...fresh });
  expect(reader.state.snapshot?.sessions.map(({ key }) => key)).toEqual(fresh.sessions.map(({ key }) => key));
}

describe('the feed', () => {
  it('LIVE-snapshot-first: begins with everything, in the form of the contract', async () => {
    const scene = create();
    const session = scene.connect('vscode-instance-1');
    const call = await scene.call(session, { args: { prompt: 'hi' } });
    const reader = scene.read();
    expect(reader.types()).toEqual(['snapshot']);
    expectSame(scene, reader);
    expect(snapshotSchema.parse(scene.live.snapshot())).toEqual(scene.live.snapshot());
    expect(reader.state.snapshot).toMatchObject({
      sessions: [{ sessionId: 'vscode-instance-1', inflight: 1, cap: 4 }],
      calls: [{ tool: 'work', state: 'running', argumentsPreview: '{"prompt":"hi"}' }],
      upstreams: [{ upstreamId: 'builtin', tools: 2, inflight: 1 }],
    });
    call.finish();
  });

  it('LIVE-deltas-equal-snapshot LIVE-snapshot-first: whatever happens, both readers know what a fresh snapshot says', async () => {
    const command = fc.record({
      what: fc.constantFrom(...commands),
      pick: fc.nat(1000),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 40 }), fc.nat(30), async (script, joinAt) => {
        const scene = create({ queueMax: 8, sessionCap: 2 });
        const calls: SceneCall[] = [];
        const first = scene.read();
        let second: RecordedReader | undefined;
        for (const [index, { what, pick }] of script.entries()) {
          if (index === joinAt) second = scene.read();
          await run(scene, calls, what, pick);
          await scene.advanceToFrame();
          for (const reader of second === undefined ? [first] : [first, second]) {
            expect(withoutSlowParts(reader.state.snapshot)).toEqual(withoutSlowParts(scene.live.snapshot()));
          }
        }
        await scene.advance(2_100); // a scan, and latency that is a second old by then
        await scene.advanceToFrame();
        for (const reader of second === undefined ? [first] : [first, second]) expectSame(scene, reader);
        for (const session of scene.registry.all()) scene.registry.end(session, 'test');
        await scene.advance(4_000);
        await scene.advanceToFrame();
        expectSame(scene, first);
        expect(first.state.snapshot).toMatchObject({ sessions: [], calls: [], totals: { sessions: 0, inflight: 0 } });
      }),
      { numRuns: 50 },
    );
  }, 30_000);

  it('LIVE-snapshot-first LIVE-idle-cost: a line is made once for all readers', async () => {
    const scene = create();
    const readers = [scene.read(), scene.read()];
    scene.connect('one');
    await scene.advance(100);
    expect(readers.map((reader) => reader.types())).toEqual([
      ['snapshot', 'delta'],
      ['snapshot', 'delta'],
    ]);
    expect(readers[0]?.buffers[1]).toBe(readers[1]?.buffers[1]);
  });

  it('LIVE-no-flicker: a call that ends within the frame shows in the figures alone', async () => {
    const scene = create();
    const session = scene.connect('one');
    const reader = scene.read();
    const call = await scene.call(session);
    call.finish();
    await call.reply;
    await scene.advance(100);
    const delta: unknown = JSON.parse(reader.lines[1] ?? '');
    expect(delta).not.toHaveProperty('calls');
    expect(delta).toMatchObject({ totals: { callsToday: 1 }, sessions: { put: [{ callsToday: 1, inflight: 0 }] } });
  });

  it('LIVE-heartbeat: silence is broken every 5 s, and only silence', async () => {
    const scene = create();
    scene.connect('one');
    const reader = scene.read();
    await scene.advance(4_900);
    expect(reader.types()).toEqual(['snapshot']);
    await scene.advance(5_100);
    expect(reader.types()).toEqual(['snapshot', 'heartbeat', 'heartbeat']);
    expect(reader.state.lost).toBeNull();
    scene.connect('two');
    await scene.advance(4_900);
    expect(reader.types().slice(3)).toEqual(['delta']);
  });

  it('LIVE-slow-reader: who does not keep up is told to start again, and the other notices nothing', async () => {
    const scene = create();
    const slow = scene.read();
    const quick = scene.read();
    slow.unsentBytes = 4 * 1024 * 1024 + 100_000;
    for (const name of ['one', 'two', 'three']) {
      scene.connect(name);
      await scene.advance(100);
    }
    expect(slow.types()).toEqual(['snapshot', 'restart']);
    expect(slow.state.lost).toBe('slow-reader');
    expect(slow.hasEnded).toBe(true);
    expect(quick.types()).toEqual(['snapshot', 'delta', 'delta', 'delta']);
    expectSame(scene, quick);
  });

  it('LIVE-daemon-stops: every reader is told, and nothing follows', async () => {
    const scene = create();
    const reader = scene.read();
    scene.live.stop();
    scene.connect('one');
    await scene.advance(10_000);
    expect(reader.types()).toEqual(['snapshot', 'restart']);
    expect(reader.state.lost).toBe('daemon-stopping');
  });

  it('LIVE-idle-cost: after the last reader has gone no frame runs and no call is watched', async () => {
    const scene = create();
    const session = scene.connect('one');
    const reader = scene.read();
    scene.live.close(reader);
    scene.live.close(reader);
    expect(scene.time.pendingTimers).toBe(0);
    const call = await scene.call(session);
    call.finish();
    await call.reply;
    const next = scene.read();
    expectSame(scene, next);
    expect(reader.types()).toEqual(['snapshot']);
  });

  it('LIVE-text-is-text: HTML in names and arguments passes as it is', async () => {
    const scene = create();
    const html = '<img src=x onerror=alert(1)>"\u2028';
    const session = scene.connect('one', {
      instance: { serverName: html },
      client: { name: html, workspace: '/home/<b>' },
    });
    await scene.call(session, { args: { [html]: html } });
    const { snapshot } = scene.read().state;
    expect(snapshot?.sessions[0]).toMatchObject({ name: html, clientName: html, workspaceName: '<b>' });
    expect(snapshot?.calls[0]?.argumentsPreview).toBe(JSON.stringify({ [html]: html }));
  });

  it('LIVE-snapshot-first: 500 sessions are shown in less than 20 ms', () => {
    const scene = create();
    for (let at = 0; at < 500; at += 1) scene.connect(`window-${at}`, { instance: { serverName: `Window ${at}` } });
    scene.live.snapshot();
    const times = Array.from({ length: 5 }, () => {
      const from = performance.now();
      scene.live.snapshot();
      return performance.now() - from;
    });
    expect(Math.min(...times)).toBeLessThan(20);
  });
});

async function run(scene: LiveScene, calls: SceneCall[], what: string, pick: number): Promise<void> {
  const sessions = scene.registry.confirmed();
  const session: Session | undefined = sessions[pick % Math.max(1, sessions.length)];
  const call = calls[pick % Math.max(1, calls.length)];
  const inflight = [...scene.dispatcher.inflight.all()];
  switch (what) {
    case 'connect':
      scene.connect(`window-${pick % 5}`, { instance: { id: `instance-${pick % 3}` } });
      break;
    case 'detach':
      if (session !== undefined) scene.detach(session);
      break;
    case 'resume':
      if (session !== undefined) scene.resume(session);
      break;
    case 'end':
      if (session !== undefined) scene.registry.end(session, 'test');
      break;
    case 'rename':
      if (session !== undefined) session.label = `name ${pick}`;
      scene.live.changed();
      break;
    case 'call':
      if (session !== undefined) calls.push(await scene.call(session, { tool: pick % 2 === 0 ? 'work' : 'kimi_work' }));
      break;
    case 'finish':
      call?.finish();
      break;
    case 'fail':
      call?.finish(new Error('failed'));
      break;
    case 'cancel':
      scene.dispatcher.inflight.cancel(inflight[pick % Math.max(1, inflight.length)]?.info.callId ?? '');
      break;
    case 'progress':
      call?.context()?.reportProgress({ progress: pick, total: 1000, message: `step ${pick}` });
      break;
    case 'pause':
      scene.dispatcher.setPaused(pick % 2 === 0);
      scene.live.changed();
      break;
    case 'rotate':
      scene.rotate();
      break;
    case 'cap':
      scene.limiter.setCap('global', null, 1 + (pick % 10));
      scene.live.changed();
      break;
    case 'identify':
      if (session !== undefined) {
        session.client = { name: `client ${pick}`, version: null };
        scene.bus.emit({ type: 'session.identified', session: session.info(), protocolVersion: '2025-11-25' });
      }
      break;
    case 'unauthorized':
      scene.bus.emit({ type: 'handshake.finished', transport: 'shim', result: 'unauthorized' });
      break;
    default:
      await scene.advance(pick * 4);
  }
  await settled();
}
