import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { FailureError } from '../../protocol/errors.ts';
import { closeCodes } from '../../protocol/limits.ts';
import { ManualTime } from '../calls/manual-time.ts';
import { RecordedBus } from '../testing/recorded-bus.ts';
import { hello, RecordedConnection, sharedOwner } from '../testing/sessions.ts';
import type { Session, SessionOwner } from './session.ts';
import { SessionControl } from './session-control.ts';
import { SessionRegistry } from './session-registry.ts';

function create() {
  const time = new ManualTime();
  const bus = new RecordedBus();
  const registry = new SessionRegistry({
    graceMs: 10_000,
    maxSessions: 1_000,
    maxPerUser: null,
    bus,
    schedule: time.schedule,
  });
  const control = new SessionControl({ registry, schedule: time.schedule });
  const open = (
    name: string,
    options: { shim?: boolean; credential?: string; owner?: SessionOwner; inflight?: number; resumable?: boolean } = {},
  ): { session: Session; connection: RecordedConnection } => {
    const { shim = true, credential = 'file', owner = sharedOwner, inflight = 0, resumable = true } = options;
    const connection = new RecordedConnection();
    const opened = registry.open({
      owner,
      transport: shim ? 'shim' : 'ops',
      hello: hello({ session_id: name, ...(shim ? { shimId: randomUUID(), client: { credential } } : {}) }),
      connection,
      tokenGeneration: 1,
    });
    if (opened.type === 'refused') throw new Error(opened.error);
    const { session } = opened;
    session.peer = { isResumable: resumable, inflight, onDetached() {}, onEnded() {}, sweep() {} };
    registry.confirm(session);
    return { session, connection };
  };
  return { time, bus, registry, control, open };
}

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return error instanceof FailureError ? error.failure.code : String(error);
  }
  return 'fine';
}

describe('what an admin does to sessions', () => {
  it('LIVE-session-ops: finds them by key, by id with a number sign, and by a name that was lent away', () => {
    const { control, registry, open } = create();
    const first = open('window');
    const { session: second } = open('window');
    expect(control.find('window#2')).toBe(second);
    expect(control.find(second.key)).toBe(second);
    registry.detach(first.session, first.connection, 'closed 1006');
    const { session: third } = open('window');
    expect(control.find('window')).toBe(third);
    expect(control.find(first.session.key)).toBe(first.session);
    registry.end(third, 'bye');
    expect(control.find('window')).toBe(first.session);
    expect(codeOf(() => control.find('nobody'))).toBe('NOT_FOUND');
    expect(codeOf(() => control.find(third.key))).toBe('NOT_FOUND');
  });

  it('LIVE-session-ops: disconnecting ends a session with 4006', () => {
    const { control, bus, open } = create();
    const { session, connection } = open('window');
    control.disconnect('window');
    expect(connection.closes).toEqual([closeCodes.revoked]);
    expect(session.gone.aborted).toBe(true);
    expect(bus.of('session.ended')).toMatchObject([{ reason: 'disconnected by an admin' }]);
    expect(codeOf(() => control.disconnect('window'))).toBe('NOT_FOUND');
  });

  it('LIVE-session-ops: renaming is for people, and an empty name takes it away', () => {
    const { control, open } = create();
    const { session } = open('window');
    expect(control.rename('window', 'Shop').label).toBe('Shop');
    expect(session.sessionId).toBe('window');
    expect(control.rename('window', '').label).toBeNull();
  });

  it('LIVE-session-ops: only a connected shim that can resume is asked to reconnect', () => {
    const { control, registry, open } = create();
    const shim = open('shim');
    control.reconnect('shim');
    expect(shim.connection.closes).toEqual([closeCodes.shutdown]);
    expect(shim.session.state).toBe('connected');
    open('ops', { shim: false });
    open('deaf', { resumable: false });
    const away = open('away');
    registry.detach(away.session, away.connection, 'closed 1006');
    for (const name of ['ops', 'deaf', 'away', 'nobody'])
      expect(codeOf(() => control.reconnect(name))).toBe('NOT_FOUND');
  });

  it('LIVE-rotation-rows: after a rotation those that read a file are asked one after the other, within 2 s', () => {
    const { control, time, open } = create();
    const followers = Array.from({ length: 100 }, (_, at) => open(`window-${at}`));
    const others = [
      open('env', { credential: 'env' }),
      open('ops', { shim: false }),
      open('user', { owner: { ...sharedOwner, auth: 'jwt' } }),
    ];
    const open1 = { ...sharedOwner, principal: 'open', auth: 'disabled' as const };
    const idle = open('idle', { owner: open1 });
    const busy = open('busy', { owner: open1, inflight: 1 });
    control.reconnectFollowers();
    const asked = () => followers.filter(({ connection }) => connection.closes.length > 0).length;
    expect(asked()).toBe(1);
    time.advance(1_000);
    expect(asked()).toBeGreaterThan(40);
    expect(asked()).toBeLessThan(60);
    time.advance(1_000);
    expect(asked()).toBe(100);
    expect(idle.connection.closes).toEqual([closeCodes.shutdown]);
    expect([...others, busy].flatMap(({ connection }) => connection.closes)).toEqual([]);
  });

  it('LIVE-rotation-rows: one that has come back by itself is left alone', () => {
    const { control, time, open } = create();
    open('first');
    const second = open('second');
    control.reconnectFollowers();
    const fresh = new RecordedConnection();
    second.session.connection = fresh;
    time.advance(2_000);
    expect([...second.connection.closes, ...fresh.closes]).toEqual([]);
  });
});
