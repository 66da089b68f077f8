import { describe, expect, it } from 'vitest';
import type { TokenView } from '../../protocol/snapshot.ts';
import { LiveScene } from '../testing/live-scene.ts';
import { sharedOwner, userOwner } from '../testing/sessions.ts';
import { sampleStatus } from './sample-data.ts';

function create(tokenGraceMs = 0): LiveScene {
  return new LiveScene({ status: sampleStatus(), tokenGraceMs });
}

function rows(scene: LiveScene): [name: string, state: string][] | undefined {
  return scene.live.snapshot().token.rotation?.rows.map(({ name, state }) => [name, state]);
}

describe('a rotation', () => {
  it('LIVE-rotation-rows: shows who follows by itself, who needs help, and whom it does not concern', () => {
    const scene = create();
    scene.connect('file', { client: { credential: 'file' } });
    scene.connect('env', { client: { credential: 'env' } });
    scene.connect('older-shim');
    scene.connect('user', {}, userOwner('ana'));
    expect(scene.live.snapshot().token).toEqual<TokenView>({
      generation: 1,
      rotatedAt: null,
      oldValidUntil: null,
      rotation: null,
    });
    scene.rotate();
    expect(rows(scene)).toEqual([
      ['file', 'on-reconnect'],
      ['env', 'needs-update'],
      ['older-shim', 'needs-update'],
      ['user', 'new'],
    ]);
    expect(scene.live.snapshot().token).toMatchObject({
      generation: 2,
      rotatedAt: scene.nowMs / 1000,
      rotation: { state: 'waiting' },
    });
    expect(scene.live.snapshot().sessions.map(({ hasOldToken }) => hasOldToken)).toEqual([true, true, true, false]);
  });

  it('LIVE-rotation-rows: a row turns on proof only, and the last one ends it', async () => {
    const scene = create();
    const [first, second] = ['one', 'two'].map((name) => scene.connect(name, { client: { credential: 'file' } }));
    if (first === undefined || second === undefined) throw new Error('two sessions');
    scene.rotate();
    const reader = scene.read();
    await scene.advance(1_000);
    scene.detach(first);
    scene.resume(first);
    const at = scene.nowMs / 1000;
    await scene.advance(100);
    expect(reader.state.snapshot?.token.rotation).toMatchObject({
      state: 'waiting',
      rows: [
        { sessionId: 'one', state: 'new', switchedAt: at },
        { sessionId: 'two', state: 'on-reconnect', switchedAt: null },
      ],
    });
    scene.detach(second);
    scene.resume(second);
    expect(scene.live.snapshot().token.rotation).toMatchObject({ state: 'done' });
    expect(scene.row(second)?.hasOldToken).toBe(false);
  });

  it('LIVE-rotation-rows: a legacy client that comes back with the new token turns too', () => {
    const scene = create();
    const session = scene.connect('old', { client: { credential: 'env' } });
    scene.rotate();
    session.tokenGeneration = 2; // as the registry notes at a reconnect
    scene.bus.emit({ type: 'connection.opened', transport: 'ops' });
    expect(rows(scene)).toEqual([['old', 'new']]);
  });

  it('LIVE-rotation-rows: who leaves needs nothing, who is lost on the way has failed', async () => {
    const scene = create();
    const [gone, lost] = ['gone', 'lost'].map((name) => scene.connect(name, { client: { credential: 'file' } }));
    if (gone === undefined || lost === undefined) throw new Error('two sessions');
    scene.rotate();
    scene.registry.end(gone, 'bye');
    scene.detach(lost);
    await scene.advance(10_000);
    expect(rows(scene)).toEqual([['lost', 'failed']]);
    expect(scene.live.snapshot().token.rotation?.state).toBe('done');
  });

  it('LIVE-rotation-rows: where authentication was off, the same process may come back as another session', () => {
    const scene = create();
    const open = { ...sharedOwner, principal: 'open', auth: 'disabled' as const };
    const before = scene.connect('one', { client: { credential: 'file' } }, open);
    scene.rotate();
    const { hello } = before;
    const opened = scene.registry.open({
      owner: sharedOwner,
      transport: 'shim',
      hello,
      connection: { send: () => undefined, close: () => undefined },
      tokenGeneration: 2,
    });
    if (opened.type === 'refused') throw new Error(opened.error);
    scene.registry.confirm(opened.session);
    expect(scene.live.snapshot().token.rotation?.rows).toMatchObject([
      { sessionKey: opened.session.key, sessionId: 'one#2', state: 'new' },
    ]);
  });

  it('LIVE-rotation-rows: says how long the old token is still good, and forgets all when there is none', () => {
    const scene = create(60_000);
    scene.rotate();
    const until = scene.nowMs / 1000 + 60;
    expect(scene.live.snapshot().token.oldValidUntil).toBe(until);
    scene.time.advance(60_000);
    expect(scene.live.snapshot().token.oldValidUntil).toBeNull();
    scene.authenticator.policy = 'open';
    expect(scene.live.snapshot().token.rotation).toBeNull();
  });
});
