import { describe, expect, it } from 'vitest';
import type { RotationView, SessionView, TokenView } from '../../../protocol/snapshot.ts';
import { rotationPicture } from './rotation-picture.ts';

function session(key: string, part: Partial<SessionView> = {}): SessionView {
  return {
    key,
    sessionId: key,
    name: key,
    transport: 'shim',
    connectionStatus: 'connected',
    credential: 'file',
    hasOldToken: false,
    ...part,
  } as SessionView;
}

function token(generation: number, rotation: RotationView | null = null): TokenView {
  return { generation, rotatedAt: null, oldValidUntil: null, rotation };
}

const sessions = [session('a'), session('b', { credential: 'inline', transport: 'ws', hasOldToken: true })];
const idle = { state: 'idle' } as const;

describe('rotationPicture', () => {
  it('says who uses the token there is', () => {
    const { phase, rows, onNew } = rotationPicture(token(7), sessions, idle);
    expect([phase, rows.map(({ state }) => state), onNew]).toEqual(['none', ['new', 'needs-update'], 1]);
  });

  it('draws every session as not yet there at the click, also after an earlier rotation', () => {
    const earlier: RotationView = { startedAt: 1, state: 'done', rows: [] };
    const { phase, rows, onNew } = rotationPicture(token(7, earlier), sessions, { state: 'asked', fromGeneration: 7 });
    expect([phase, rows.map(({ state }) => state), onNew]).toEqual(['asked', ['on-reconnect', 'on-reconnect'], 0]);
  });

  it('follows the daemon as soon as the token has changed', () => {
    const row = { sessionKey: 'a', sessionId: 'a', name: 'a', switchedAt: null };
    const rotation: RotationView = {
      startedAt: 1,
      state: 'waiting',
      rows: [
        { ...row, state: 'on-reconnect' },
        { ...row, sessionKey: 'gone', state: 'on-reconnect' },
        { ...row, sessionKey: 'b', state: 'new', switchedAt: 2 },
      ],
    };
    const picture = rotationPicture(token(8, rotation), sessions, { state: 'asked', fromGeneration: 7 });
    expect([picture.phase, picture.onNew, picture.startedAt]).toEqual(['waiting', 1, 1]);
    expect(picture.rows.map(({ canReconnect }) => canReconnect)).toEqual([true, false, false]);
  });
});
