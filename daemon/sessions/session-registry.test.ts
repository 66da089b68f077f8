import { randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { closeCodes } from '../../protocol/limits.ts';
import { ManualTime } from '../calls/manual-time.ts';
import { RecordedBus } from '../testing/recorded-bus.ts';
import { hello, RecordedConnection, sharedOwner, userOwner } from '../testing/sessions.ts';
import type { Session, SessionOwner, SessionPeer } from './session.ts';
import { type OpenRequest, type RegistryOptions, SessionRegistry } from './session-registry.ts';

const graceMs = 120_000;

function create(options: Partial<RegistryOptions> = {}) {
  const time = new ManualTime();
  const bus = new RecordedBus();
  const registry = new SessionRegistry({
    graceMs,
    maxSessions: 100,
    maxPerUser: null,
    bus,
    now: () => 1_790_000_000_000 + time.clock(),
    schedule: time.schedule,
    ...options,
  });
  return { registry, time, bus };
}

interface Opening extends Partial<Omit<OpenRequest, 'hello'>> {
  readonly name?: unknown;
  readonly shimId?: string;
  readonly instance?: string;
}

function open(registry: SessionRegistry, opening: Opening = {}) {
  const { name, shimId, instance, ...request } = opening;
  const connection = new RecordedConnection();
  const result = registry.open({
    owner: sharedOwner,
    transport: shimId === undefined ? 'ops' : 'shim',
    hello: hello({
      session_id: name,
      ...(shimId === undefined ? {} : { shimId, mode: 'mcp' }),
      instance: { id: instance },
    }),
    connection,
    tokenGeneration: 1,
    ...request,
  });
  if (result.type === 'refused') throw new Error(result.error);
  return { ...result, connection, leave: () => registry.detach(result.session, connection, 'closed 1006') };
}

class FakePeer implements SessionPeer {
  isResumable = true;
  inflight = 0;
  readonly seen: string[] = [];
  onDetached(): void {
    this.seen.push('detached');
  }
  onEnded(): void {
    this.seen.push('ended');
  }
  sweep(): void {
    this.seen.push('swept');
  }
}

function withPeer(session: Session, inflight: number): FakePeer {
  const peer = new FakePeer();
  peer.inflight = inflight;
  session.peer = peer;
  return peer;
}

describe('names', () => {
  it('WIRE-H10: session ids outside the charset are replaced by s-… of 24 characters', () => {
    const { registry } = create();
    for (const name of ['ab', 'x'.repeat(65), 'a b', 'a#2', undefined, 5]) {
      const { session, isRenamed } = open(registry, { name });
      expect(session.sessionId).toMatch(/^s-.{22}$/);
      expect(isRenamed).toBe(false);
    }
  });

  it('WIRE-H11 PF-S2 PF-D1: the second and third of a name are numbered, a freed name is given again', () => {
    const { registry } = create();
    const windows = [1, 2, 3].map(() => open(registry, { name: 'win' }));
    expect(windows.map(({ session }) => session.sessionId)).toEqual(['win', 'win#2', 'win#3']);
    expect(windows.map(({ isRenamed }) => isRenamed)).toEqual([false, true, true]);
    registry.end(windows[0]?.session as Session, 'bye');
    expect(open(registry, { name: 'win' }).session.sessionId).toBe('win');
  });

  it.each([
    ['first', 0, 1],
    ['second', 1, 0],
  ])('PF-S2: of two windows of one name the %s closes, the other stays', (_which, closing, staying) => {
    const { registry } = create();
    const windows = ['a', 'b'].map(() => open(registry, { name: 'win' }));
    registry.end(windows[closing]?.session as Session, 'bye');
    const left = windows[staying]?.session as Session;
    expect(registry.list().map(({ key }) => key)).toEqual([left.key]);
    expect(registry.find(left.sessionId)).toBe(left);
    expect(left.gone.aborted).toBe(false);
  });

  it('MAIN-same-env PF-S4: two shims with the same environment are two sessions, visibly numbered', () => {
    const { registry } = create();
    const shims = [1, 2].map(() => open(registry, { name: 'win', instance: 'inst_01', shimId: randomUUID() }));
    for (const { session } of shims) registry.confirm(session);
    expect(registry.list().map(({ sessionId }) => sessionId)).toEqual(['win', 'win#2']);
  });

  it('WIRE-H11: a detached session without a call gives its name up; when it is back it is numbered', () => {
    const { registry } = create();
    const shimId = randomUUID();
    const first = open(registry, { name: 'win', shimId });
    registry.confirm(first.session);
    first.leave();
    const newcomer = open(registry, { name: 'win' });
    expect(newcomer.session.sessionId).toBe('win');
    const back = open(registry, { name: 'win', shimId });
    expect(back).toMatchObject({ type: 'resumed', isRenamed: true });
    expect(back.session).toBe(first.session);
    expect(back.session.sessionId).toBe('win#2');
    expect(registry.find('win#2')).toBe(first.session);
  });

  it('WIRE-H11: a detached session with a running call keeps its name', () => {
    const { registry } = create();
    const first = open(registry, { name: 'win' });
    withPeer(first.session, 1);
    first.leave();
    expect(open(registry, { name: 'win', owner: userOwner('eve') }).session.sessionId).toBe('win#2');
  });
});

describe('probes', () => {
  it('SHIM-S18: a shim is counted, shown and named only once confirmed', () => {
    const { registry, bus } = create();
    const { session } = open(registry, { name: 'win', shimId: randomUUID() });
    expect(registry.list()).toEqual([]);
    expect(registry.counts()).toEqual({ connected: 0, detached: 0 });
    expect(registry.find('win')).toBeUndefined();
    expect(bus.types()).toEqual([]);
    expect(registry.confirm(session)).toBeUndefined();
    expect(registry.confirm(session)).toBeUndefined();
    expect(registry.list()).toMatchObject([{ sessionId: 'win' }]);
    expect(registry.counts()).toEqual({ connected: 1, detached: 0 });
    expect(bus.types()).toEqual(['session.connected']);
  });

  it('SHIM-S18: a probe leaves no trace: no name held, no grace, no event', () => {
    const { registry, time, bus } = create();
    const probe = open(registry, { name: 'claude', shimId: randomUUID() });
    const window = open(registry, { name: 'claude', shimId: randomUUID() });
    expect(window.session.sessionId).toBe('claude');
    probe.leave();
    expect(probe.session.state).toBe('ended');
    registry.confirm(window.session);
    expect(window.session.sessionId).toBe('claude');
    expect(registry.all()).toEqual([window.session]);
    expect(time.pendingTimers).toBe(0);
    expect(bus.types()).toEqual(['session.connected']);
  });

  it('SHIM-S18: of two shims that were lent one name the first to confirm keeps it', () => {
    const { registry } = create();
    const [slow, quick] = [
      open(registry, { name: 'win', shimId: randomUUID() }),
      open(registry, { name: 'win', shimId: randomUUID() }),
    ];
    expect(registry.confirm(quick.session)).toBeUndefined();
    expect(registry.confirm(slow.session)).toBe('win#2');
    registry.end(slow.session, 'bye');
    expect(registry.find('win')).toBe(quick.session);
  });

  it('SHIM-S18 WIRE-H13: probes do not fill the session table', () => {
    const { registry } = create({ maxSessions: 1 });
    for (let count = 0; count < 5; count += 1) open(registry, { name: 'win', shimId: randomUUID() });
    expect(open(registry, { name: 'ops' }).session.sessionId).toBe('ops');
  });
});

describe('reconnecting', () => {
  it('MAIN-exactly-once: the same shim process finds its session, by a new connection', () => {
    const { registry, time, bus } = create();
    const shimId = randomUUID();
    const first = open(registry, { name: 'win', shimId });
    const peer = withPeer(first.session, 1);
    registry.confirm(first.session);
    first.leave();
    expect(first.session.state).toBe('detached');
    expect(registry.counts()).toEqual({ connected: 0, detached: 1 });
    time.advance(graceMs - 1);
    const second = open(registry, { name: 'win', shimId, tokenGeneration: 2 });
    expect(second).toMatchObject({ type: 'resumed', isSuperseding: false, isRenamed: false });
    expect(second.session).toBe(first.session);
    expect(second.session).toMatchObject({ state: 'connected', resumes: 1, tokenGeneration: 2 });
    time.advance(graceMs * 2);
    expect(second.session.state).toBe('connected');
    expect(peer.seen).toEqual(['detached']);
    expect(bus.types()).toEqual(['session.connected', 'session.detached']);
  });

  it.each([
    ['another principal', { owner: userOwner('eve') }],
    ['another instance', { instance: 'inst_02' }],
    ['another process', { shimId: randomUUID() }],
  ])('WIRE-H11 PF-D5: %s is another session', (_what, other) => {
    const { registry } = create();
    const shim = { name: 'win', shimId: randomUUID(), instance: 'inst_01' };
    const first = open(registry, shim);
    registry.confirm(first.session);
    first.leave();
    expect(open(registry, { ...shim, ...other }).type).toBe('opened');
  });

  it('WIRE-H11: a second connection of a shim supersedes the first, whose close changes nothing', () => {
    const { registry } = create();
    const shimId = randomUUID();
    const first = open(registry, { name: 'win', shimId });
    const peer = withPeer(first.session, 0);
    registry.confirm(first.session);
    const second = open(registry, { name: 'win', shimId });
    expect(second).toMatchObject({ type: 'resumed', isSuperseding: true });
    expect(first.connection.closes).toEqual([{ code: 4005, reason: 'superseded' }]);
    expect(peer.seen).toEqual(['detached']);
    first.leave();
    expect(second.session).toMatchObject({ state: 'connected', connection: second.connection });
  });

  it('WIRE-H5: a credential renewed at the reconnect counts from then on', () => {
    const { registry } = create();
    const shim = { name: 'win', shimId: randomUUID() };
    const first = open(registry, { ...shim, owner: userOwner('ana', 1_790_000_000) });
    registry.confirm(first.session);
    first.leave();
    const second = open(registry, { ...shim, owner: userOwner('ana', 1_790_003_600) });
    expect(second.session).toBe(first.session);
    expect(second.session.owner.expiresAt).toBe(1_790_003_600);
  });

  it('WIRE-O9 PF-D9: an old client that announces the name of its detached session continues it', () => {
    const { registry } = create();
    const first = open(registry, { name: 'old' });
    first.leave();
    const back = open(registry, { name: 'old' });
    expect(back).toMatchObject({ type: 'resumed', isRenamed: false });
    expect(back.session).toBe(first.session);
  });

  it.each([
    ['while the first is connected', false, { name: 'old' }],
    ['with another principal', true, { name: 'old', owner: userOwner('eve') }],
    ['with a shim id', true, { name: 'old', shimId: randomUUID() }],
    ['under another name', true, { name: 'older' }],
    ['without a name', true, {}],
  ])('WIRE-O9 PF-D5: %s it is a new session', (_what, isDetached, other) => {
    const { registry } = create();
    const first = open(registry, { name: 'old' });
    if (isDetached) first.leave();
    expect(open(registry, other).session).not.toBe(first.session);
  });

  it('WIRE-O9: direct MCP has no resume: the session ends with its socket', () => {
    const { registry } = create();
    const connection = new RecordedConnection();
    const result = registry.open({ owner: sharedOwner, transport: 'ws', hello: null, connection, tokenGeneration: 1 });
    if (result.type === 'refused') throw new Error('refused');
    registry.detach(result.session, connection, 'closed');
    expect(result.session.state).toBe('ended');
    expect(registry.all()).toEqual([]);
  });

  it('WIRE-H8: a client without shim id that chose mcp cannot find its calls again, so its session ends', () => {
    const { registry } = create();
    const { session, leave } = open(registry, { name: 'win' });
    withPeer(session, 1).isResumable = false;
    leave();
    expect(session.state).toBe('ended');
  });
});

describe('the end of a session', () => {
  it('PF-X3 MAIN-broken-socket: when the grace is over, calls are cancelled and the name is free', () => {
    const { registry, time, bus } = create();
    const window = open(registry, { name: 'win' });
    const peer = withPeer(window.session, 1);
    window.leave();
    time.advance(graceMs - 1);
    expect(window.session.gone.aborted).toBe(false);
    time.advance(1);
    expect(window.session).toMatchObject({ state: 'ended', connection: null });
    expect(window.session.gone.aborted).toBe(true);
    expect(peer.seen).toEqual(['detached', 'ended']);
    expect(open(registry, { name: 'win' }).session.sessionId).toBe('win');
    expect(bus.of('session.ended')).toMatchObject([
      { reason: 'grace over', session: { state: 'ended', sessionId: 'win' } },
    ]);
  });

  it('PF-X3: without a grace the lost socket ends it at once', () => {
    const { registry } = create({ graceMs: 0 });
    const window = open(registry, { name: 'win' });
    window.leave();
    expect(window.session.state).toBe('ended');
  });

  it('WIRE-H11: bye closes the connection with 1000, an admin with what he says; twice is once', () => {
    const { registry, bus } = create();
    const [first, second] = [open(registry, { name: 'one' }), open(registry, { name: 'two' })];
    registry.end(first.session, 'bye');
    registry.end(first.session, 'bye');
    registry.end(second.session, 'revoked', closeCodes.revoked);
    expect(first.connection.closes).toEqual([{ code: 1000, reason: '' }]);
    expect(second.connection.closes).toEqual([{ code: 4006, reason: 'revoked' }]);
    first.leave();
    expect(bus.of('session.ended')).toHaveLength(2);
    expect(registry.confirm(first.session)).toBeUndefined();
  });
});

describe('limits', () => {
  it('WIRE-H13: the 101st session is refused, a resume is not', () => {
    const { registry } = create();
    const windows = Array.from({ length: 100 }, (_, index) => open(registry, { name: `win-${index}` }));
    expect(() => open(registry)).toThrow('session_limit');
    if (windows[0] !== undefined) withPeer(windows[0].session, 1);
    windows[0]?.leave();
    expect(() => open(registry)).toThrow('session_limit'); // a session in grace counts while its call runs
    expect(open(registry, { name: 'win-0' }).type).toBe('resumed');
    registry.end(windows[1]?.session as Session, 'bye');
    expect(open(registry).type).toBe('opened');
  });

  it('WIRE-H13: legacy clients that have gone make room, the oldest first; shims keep their place for the grace', () => {
    const { registry } = create();
    const shims = Array.from({ length: 98 }, (_, index) => {
      const shim = open(registry, { shimId: `0b0f3c1e-6c55-4d7e-9c0a-2f1d7a5b9${String(index).padStart(3, '0')}` });
      registry.confirm(shim.session);
      return shim;
    });
    const [first, second] = [open(registry, { name: 'one' }), open(registry, { name: 'two' })];
    for (const { leave } of [...shims, second, first]) leave();
    expect(open(registry).type).toBe('opened');
    expect(first.session.state).toBe('ended');
    expect(open(registry, { name: 'two' }).type).toBe('resumed');
    expect(() => open(registry)).toThrow('session_limit');
  });

  it('WIRE-H13 SHIM-S18: shims that said hello while there was room are refused when they become windows too many', () => {
    const { registry } = create({ maxSessions: 2 });
    const shims = [1, 2, 3].map((n) =>
      open(registry, { name: `win-${n}`, shimId: `0b0f3c1e-6c55-4d7e-9c0a-2f1d7a5b9e1${n}` }),
    );
    for (const { session } of shims) registry.confirm(session);
    expect(registry.list()).toHaveLength(2);
    expect(shims[2]?.session.state).toBe('ended');
    expect(shims[2]?.connection.closes).toEqual([{ code: 1013, reason: 'session limit' }]);
  });

  it('WIRE-H13: the limit of a user is his own', () => {
    const { registry } = create({ maxPerUser: 2 });
    for (const user of ['ana', 'ana', 'bob']) open(registry, { owner: userOwner(user) });
    expect(() => open(registry, { owner: userOwner('ana') })).toThrow('session_limit');
    expect(open(registry, { owner: userOwner('bob') }).type).toBe('opened');
    expect(open(registry).type).toBe('opened');
  });
});

it('MAIN-two-windows PF-S1: what is shown of a session', () => {
  const { registry } = create();
  const { session } = open(registry, {
    hello: hello({
      session_id: 'win',
      instance: { id: 'inst_01', serverId: 'srv', serverName: 'Server', configFingerprint: '0123456789abcdef' },
      client: { name: 'kit', version: '2', pid: 5, editor: 'zed', workspace: '/home/ana/shop' },
    }),
  } as Opening);
  const { key, ...info } = session.info();
  expect(key).toMatch(/^[0-9a-f-]{36}$/);
  expect(info).toEqual({
    sessionId: 'win',
    state: 'connected',
    transport: 'ops',
    auth: 'shared',
    principal: 'shared',
    tokenGeneration: 1,
    instanceId: 'inst_01',
    serverId: 'srv',
    serverName: 'Server',
    configFingerprint: '0123456789abcdef',
    shimId: null,
    clientName: 'kit',
    clientVersion: '2',
    editor: 'zed',
    workspace: '/home/ana/shop',
    pid: 5,
    connectedAt: 1_790_000_000,
    lastActiveAt: 1_790_000_000,
    inflight: 0,
    callsTotal: 0,
    resumes: 0,
  });
});

describe('a shim whose daemon turns authentication on', () => {
  const open1: SessionOwner = { ...sharedOwner, principal: 'open', auth: 'disabled' };

  it('LIVE-rotation-rows: leaves no second row behind when it comes back with a credential', () => {
    const { registry, bus } = create();
    const shimId = randomUUID();
    const before = open(registry, { name: 'window', shimId, owner: open1 });
    registry.confirm(before.session);
    before.leave();
    const after = open(registry, { name: 'window', shimId });
    expect(registry.all()).toHaveLength(2);
    registry.confirm(after.session);
    expect(registry.list().map(({ key, sessionId }) => [key, sessionId])).toEqual([[after.session.key, 'window']]);
    expect(bus.types().slice(-2)).toEqual(['session.connected', 'session.ended']);
  });

  it('LIVE-rotation-rows: nothing is ended while a call runs, for another shim, or without a credential', () => {
    const { registry } = create();
    const shimId = randomUUID();
    const busy = open(registry, { name: 'busy', shimId, owner: open1 });
    registry.confirm(busy.session);
    const peer = new FakePeer();
    peer.inflight = 1;
    busy.session.peer = peer;
    busy.leave();
    registry.confirm(open(registry, { name: 'busy', shimId }).session);
    registry.confirm(open(registry, { name: 'other', shimId: randomUUID(), owner: open1 }).session);
    registry.confirm(open(registry, { name: 'third', shimId: randomUUID() }).session);
    expect(registry.list()).toHaveLength(4);
  });
});
