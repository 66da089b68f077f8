import { describe, expect, it } from 'vitest';
import { RelayHarness } from './relay-harness.ts';

/** Through the relay, because the rule is about what the daemon is asked and what becomes of it (WIRE §7.2). */
describe('silence about a request', () => {
  const queries = (harness: RelayHarness) => harness.takeDaemon().filter(({ op }) => op === 'query');

  it('WIRE-M6 PF-D9 PF-T1: 40 s of silence cost one query with the same id, no error and no second execution', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    harness.call(1);
    harness.takeDaemon();
    harness.clock.advance(29_999);
    expect(harness.takeDaemon()).toEqual([]);
    harness.clock.advance(1);
    const [query] = harness.takeDaemon();
    expect(query).toMatchObject({ op: 'query', pending: [1] });
    harness.control({
      op: 'query_res',
      request_id: query?.['request_id'],
      running: [{ id: 1, remainingMs: 90_000 }],
      lost: [],
      unknown: [],
    });
    harness.clock.advance(10_000);
    harness.push({ id: 1, result: {} });
    harness.clock.advance(60_000);
    expect(queries(harness)).toEqual([]);
    expect(harness.takeEditor()).toHaveLength(1);
    expect(harness.deadLinks).toEqual([]);
  });

  it('WIRE-M6: only silent requests are asked for; progress counts as news, whatever its token is called', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    harness.call('quiet');
    harness.send({ id: 2, method: 'tools/call', params: { name: 't', _meta: { progressToken: 'tok-2' } } });
    harness.call(3);
    for (let beat = 0; beat < 4; beat++) {
      harness.clock.advance(7_500);
      harness.push({ method: 'notifications/progress', params: { progressToken: 'tok-2', progress: beat } });
      harness.push({ method: 'notifications/progress', params: { progressToken: 3, progress: beat } });
    }
    expect(queries(harness)).toMatchObject([{ pending: ['quiet'] }]);
  });

  it('WIRE-M6: what the daemon has lost is sent again, what nobody knows may have run, what is stored arrives', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    for (const id of [1, 2, 3, 4]) harness.call(id);
    harness.clock.advance(30_000);
    const [query] = queries(harness);
    harness.control({
      op: 'query_res',
      request_id: query?.['request_id'],
      running: [{ id: 1, remainingMs: 5 }],
      lost: [2],
      unknown: [3],
    });
    expect(harness.takeDaemon().map(({ id }) => id)).toEqual([2]);
    expect(harness.takeEditor()).toMatchObject([
      { id: 3, error: { data: { code: 'DAEMON_RESTARTED', mayHaveRun: true } } },
    ]);
    harness.push({ id: 4, result: {} });
    expect(harness.takeEditor()).toHaveLength(1);
  });

  it('WIRE-M6: an answer to an older query changes nothing: what it calls lost may have been sent again', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    harness.call(1);
    harness.clock.advance(40_000);
    const [first, second] = queries(harness);
    expect(second?.['request_id']).not.toBe(first?.['request_id']);
    harness.control({ op: 'query_res', request_id: first?.['request_id'], running: [], lost: [1], unknown: [] });
    expect(harness.takeDaemon()).toEqual([]);
    harness.control({ op: 'query_res', request_id: second?.['request_id'], running: [], lost: [1], unknown: [] });
    expect(harness.takeDaemon().map(({ id }) => id)).toEqual([1]);
  });

  it('WIRE-M6: three queries without an answer mean a dead connection', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    harness.call(1);
    harness.clock.advance(59_999);
    expect(queries(harness)).toHaveLength(3);
    expect(harness.deadLinks).toEqual([]);
    harness.clock.advance(1);
    expect(harness.deadLinks).toEqual(['the daemon does not answer queries']);
  });

  it('WIRE-M6: a call that is not answered within the daemon’s own word and the margin means the same', () => {
    const harness = new RelayHarness({ ackGraceMs: 60_000 });
    harness.openWindow();
    harness.call(1);
    let remainingMs = 10_000;
    for (let round = 0; round < 4; round++) {
      harness.clock.advance(30_000);
      for (const query of queries(harness)) {
        harness.control({
          op: 'query_res',
          request_id: query['request_id'],
          running: [{ id: 1, remainingMs }],
          lost: [],
          unknown: [],
        });
      }
      remainingMs = 0;
    }
    expect(harness.deadLinks).toEqual(['a request was not answered in the time the daemon gave']);
  });

  it('WIRE-M10 BAD-suspend: after a sleep the daemon is asked first and judged later', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    harness.call(1);
    harness.clock.advance(30_000);
    expect(queries(harness)).toHaveLength(1);
    harness.clock.sleep(600_000);
    expect(queries(harness)).toHaveLength(1);
    expect(harness.deadLinks).toEqual([]);
    harness.clock.advance(29_999);
    expect(harness.deadLinks).toEqual([]);
  });

  it('SHIM-S10: while the editor does not read, silence says nothing about the daemon', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    harness.call(1);
    harness.takeDaemon();
    harness.relay.setReadingPaused(true);
    harness.call(2);
    harness.clock.advance(300_000);
    expect(queries(harness)).toEqual([]);
    harness.relay.setReadingPaused(false);
    harness.clock.advance(29_000);
    expect(queries(harness)).toEqual([]);
    harness.clock.advance(1_000);
    expect(queries(harness)).toHaveLength(1);
  });
});
