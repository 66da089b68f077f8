import { describe, expect, it } from 'vitest';
import { RelayHarness } from './relay-harness.ts';

const ids = (messages: readonly { readonly id?: unknown }[]): unknown[] => messages.map(({ id }) => id);

describe('while the daemon is away', () => {
  it('WIRE-M4: what comes within 20 s is answered later, in order and behind what was sent again', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    harness.call(1);
    harness.call(2);
    harness.relay.linkDown();
    harness.call(3);
    harness.send({ method: 'notifications/roots/list_changed' });
    harness.send({ id: 4, method: 'tools/list' });
    harness.clock.advance(19_999);
    expect(harness.relay.resume()).toMatchObject({ daemonRunId: 'run-1', pending: [1, 2] });
    harness.takeDaemon();
    harness.linkUp({ isResumed: true, lost: [2] });
    expect(harness.takeDaemon().map(({ id, method }) => id ?? method)).toEqual([
      2,
      3,
      'notifications/roots/list_changed',
      4,
    ]);
    expect(harness.takeEditor()).toEqual([]);
  });

  it('WIRE-M4: after 20 s a waiting request is refused: it can be repeated, it has not run', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    harness.relay.linkDown();
    harness.relay.daemonUnavailable('Nobody listens on /run/daemon.sock.', true);
    harness.call(1);
    harness.clock.advance(10_000);
    harness.call(2);
    harness.clock.advance(10_000);
    expect(harness.takeEditor()).toMatchObject([
      {
        id: 1,
        error: {
          code: 503,
          data: {
            code: 'DAEMON_UNAVAILABLE',
            retryable: true,
            mayHaveRun: false,
            hint: 'Nobody listens on /run/daemon.sock.',
          },
        },
      },
    ]);
    harness.clock.advance(10_000);
    expect(ids(harness.takeEditor())).toEqual([2]);
    harness.linkUp({ isResumed: true });
    expect(harness.takeDaemon()).toEqual([]);
    expect(harness.clock.timers).toBe(0);
  });

  it('WIRE-M4: the 65th waiting frame is refused at once; a notification without room is dropped', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    harness.relay.linkDown();
    for (let id = 1; id <= 70; id++) harness.call(id);
    harness.send({ method: 'notifications/roots/list_changed' });
    expect(ids(harness.takeEditor())).toEqual([65, 66, 67, 68, 69, 70]);
    harness.linkUp({ isResumed: true });
    expect(ids(harness.takeDaemon())).toEqual(Array.from({ length: 64 }, (_, at) => at + 1));
  });

  it('WIRE-M4: no more than 64 MiB wait', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    harness.relay.linkDown();
    const text = 'x'.repeat(30 * 1024 * 1024);
    for (let id = 1; id <= 3; id++) harness.send({ id, method: 'tools/call', params: { text } });
    expect(ids(harness.takeEditor())).toEqual([3]);
  });

  it('WIRE-M4: a sent call that stays unanswered for 120 s may have run, anything else may be repeated', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    harness.call(1);
    harness.send({ id: 2, method: 'tools/list' });
    harness.relay.linkDown();
    harness.clock.advance(119_999);
    expect(harness.takeEditor()).toEqual([]);
    harness.clock.advance(1);
    expect(harness.takeEditor()).toMatchObject([
      { id: 1, error: { data: { code: 'DAEMON_UNAVAILABLE', retryable: false, mayHaveRun: true } } },
      { id: 2, error: { data: { code: 'DAEMON_UNAVAILABLE', retryable: true, mayHaveRun: false } } },
    ]);
    expect(harness.relay.resume()?.pending).toEqual([]);
  });

  it('WIRE-M5: a cancel removes what waits, and what was sent counts as cancelled by its absence', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    harness.call(1);
    harness.takeDaemon();
    harness.relay.linkDown();
    harness.call(2);
    harness.send({ method: 'notifications/cancelled', params: { requestId: 2 } });
    harness.send({ method: 'notifications/cancelled', params: { requestId: 1 } });
    expect(harness.relay.resume()?.pending).toEqual([]);
    harness.linkUp({ isResumed: true });
    expect(harness.takeDaemon()).toEqual([]);
    harness.push({ id: 1, result: {} });
    expect(harness.takeEditor()).toEqual([]);
  });

  it('WIRE-M7: a cancel on a live connection is passed on and its answer dropped; initialize cannot be cancelled', () => {
    const harness = new RelayHarness();
    harness.linkUp();
    harness.initialize();
    harness.send({ method: 'notifications/cancelled', params: { requestId: 0 } });
    harness.push({ id: 0, result: { protocolVersion: '2025-06-18' } });
    expect(ids(harness.takeEditor())).toEqual([0]);
    harness.call('a');
    harness.takeDaemon();
    harness.send({ method: 'notifications/cancelled', params: { requestId: 'a' } });
    expect(harness.takeDaemon()).toMatchObject([{ params: { requestId: 'a' } }]);
    harness.push({ id: 'a', result: {} });
    expect(harness.takeEditor()).toEqual([]);
  });

  it('WIRE-M3: unknown calls may have run; unknown lists are asked again; running ones are waited for', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    harness.call(1);
    harness.send({ id: 2, method: 'tools/list' });
    harness.call(3);
    harness.relay.linkDown();
    harness.takeDaemon();
    harness.linkUp({ daemonRunId: 'run-2', unknown: [1, 2] });
    expect(harness.takeEditor()).toMatchObject([
      { id: 1, error: { data: { code: 'DAEMON_RESTARTED', mayHaveRun: true } } },
    ]);
    expect(ids(harness.takeDaemon())).toEqual([2]);
    harness.push({ id: 3, result: {} });
    expect(ids(harness.takeEditor())).toEqual([3]);
    expect(harness.relay.resume()?.daemonRunId).toBe('run-2');
  });

  it('WIRE-M2: answers written before the drop are reported to the same daemon, not to a new one', () => {
    for (const isResumed of [true, false]) {
      const harness = new RelayHarness();
      harness.openWindow();
      harness.call(1);
      harness.push({ id: 1, result: {} });
      harness.relay.linkDown();
      harness.takeDaemon();
      harness.clock.advance(5_000);
      harness.linkUp({ isResumed });
      expect(harness.takeDaemon()).toEqual(isResumed ? [{ op: 'received', ids: [1] }] : []);
    }
  });

  it('WIRE-M3: the daemon that is about to stop finishes what runs; what comes now waits for the next one', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    harness.call(1);
    harness.control({ op: 'draining', maxMs: 5_000 });
    harness.call(2);
    harness.send({ method: 'notifications/cancelled', params: { requestId: 1 } });
    expect(harness.takeDaemon().map(({ id, method }) => id ?? method)).toEqual([1, 'notifications/cancelled']);
    harness.relay.linkDown();
    harness.linkUp({ daemonRunId: 'run-2' });
    expect(ids(harness.takeDaemon())).toEqual([2]);
  });

  it('PF-R3 BAD-token: a refused window answers everything at once, and goes on when it is let in', () => {
    const harness = new RelayHarness();
    harness.initialize();
    harness.call(1);
    const failure = { code: 'UNAUTHORIZED', message: 'no', hint: 'the token' } as const;
    harness.relay.refuse(failure);
    harness.send({ id: 2, method: 'tools/list' });
    harness.send({ id: 3, method: 'ping' });
    harness.send({ method: 'notifications/initialized' });
    const answers = harness.takeEditor();
    expect(ids(answers)).toEqual([0, 1, 2, 3]);
    for (const { error } of answers.slice(0, 3))
      expect(error).toMatchObject({ code: 401, data: { code: 'UNAUTHORIZED', hint: 'the token' } });
    harness.clock.advance(60_000);
    expect(harness.takeEditor()).toEqual([]);
    harness.linkUp();
    harness.initialize();
    harness.call(4);
    expect(ids(harness.takeDaemon())).toEqual([0, 4]);
  });

  it('PF-R3: of a window that is refused later, running calls may have run', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    harness.call(1);
    harness.relay.linkDown();
    harness.call(2);
    harness.relay.refuse({ code: 'SESSION_LIMIT', message: 'full' });
    expect(harness.takeEditor()).toMatchObject([
      { id: 1, error: { data: { code: 'SESSION_LIMIT', mayHaveRun: true, retryable: false } } },
      { id: 2, error: { data: { code: 'SESSION_LIMIT', mayHaveRun: false, retryable: true } } },
    ]);
  });
});

describe('requests of the daemon', () => {
  it('WIRE-5.2: each is shown to the editor once, and an answer that was lost is repeated', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    const ask = { id: 'exai-1', method: 'roots/list' };
    harness.push(ask);
    harness.relay.linkDown();
    harness.linkUp({ isResumed: true });
    harness.push(ask);
    expect(ids(harness.takeEditor())).toEqual(['exai-1']);
    harness.send({ id: 'exai-1', result: { roots: [] } });
    harness.relay.linkDown();
    harness.linkUp({ isResumed: true });
    harness.takeDaemon();
    harness.push(ask);
    expect(harness.takeEditor()).toEqual([]);
    expect(harness.takeDaemon()).toEqual([{ jsonrpc: '2.0', id: 'exai-1', result: { roots: [] } }]);
  });

  it('WIRE-5.2: an answer given while away is kept for the repeat; the last 64 are', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    for (let count = 1; count <= 65; count++) harness.push({ id: `exai-${count}`, method: 'roots/list' });
    harness.relay.linkDown();
    for (let count = 1; count <= 65; count++) harness.send({ id: `exai-${count}`, result: {} });
    harness.linkUp({ isResumed: true });
    harness.takeEditor();
    harness.takeDaemon();
    harness.push({ id: 'exai-2', method: 'roots/list' });
    expect(ids(harness.takeDaemon())).toEqual(['exai-2']);
    harness.push({ id: 'exai-1', method: 'roots/list' });
    expect(ids(harness.takeEditor())).toEqual(['exai-1']);
  });

  it('WIRE-5.2: a new daemon is never given the answer to its predecessor’s request of the same id', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    harness.push({ id: 'exai-1', method: 'elicitation/create' });
    harness.takeEditor();
    harness.relay.linkDown();
    harness.linkUp({ daemonRunId: 'run-2' });
    expect(harness.takeEditor()).toMatchObject([
      { method: 'notifications/cancelled', params: { requestId: 'exai-1' } },
    ]);
    harness.send({ id: 'exai-1', result: { late: true } });
    expect(harness.takeDaemon()).toEqual([]);
    harness.push({ id: 'exai-1', method: 'elicitation/create' });
    expect(ids(harness.takeEditor())).toEqual(['exai-1']);
    harness.send({ id: 'exai-1', result: { fresh: true } });
    expect(harness.takeDaemon()).toMatchObject([{ result: { fresh: true } }]);
  });
});
