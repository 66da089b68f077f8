import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalHash } from './content-hash.ts';
import {
  type RepeatDecision,
  type RepeatQuestion,
  ResultStore,
  type ResultStoreOptions,
  type RunningCall,
  type StoredResult,
} from './result-store.ts';

const chat = canonicalHash('chat', { prompt: 'hi' });
const other = canonicalHash('chat', { prompt: 'ho' });

interface Call {
  readonly execution: number;
}

type Question = Partial<RepeatQuestion> & { readonly connection?: object };

type Answer =
  | { readonly type: 'run'; readonly running: RunningCall<Call> }
  | { readonly type: 'join' | 'adopt' | 'replay'; readonly running: RunningCall<Call> }
  | { readonly type: 'join' | 'adopt' | 'replay'; readonly payload: string }
  | { readonly type: 'duplicate'; readonly originalRequestId: string | number };

type Shared = Exclude<RepeatDecision<Call, string>, { type: 'run' | 'duplicate' }>;

function sharedBy(decision: Shared): RunningCall<Call> | StoredResult<string> {
  if (decision.type === 'join') return decision.running;
  return decision.type === 'adopt' ? decision.from : decision.stored;
}

/** A daemon in small: executes what the store tells it to, and counts. */
class Session {
  readonly store: ResultStore<Call, string>;
  executions = 0;
  now = 0;

  constructor(options: Partial<ResultStoreOptions> = {}) {
    this.store = new ResultStore({ ttlMs: 600_000, ...options });
  }

  decide(question: Question): ReturnType<typeof this.store.decide> {
    return this.store.decide({
      requestId: 'r1',
      contentHash: chat,
      isLegacyReattached: false,
      coalesce: 'auto',
      toolExcepted: false,
      now: this.now,
      ...question,
    });
  }

  ask(question: Question = {}): Answer {
    const decision = this.decide(question);
    const ask = { requestId: 'r1', contentHash: chat, connection: windowA, ...question };
    if (decision.type === 'run') {
      this.executions += 1;
      return { type: 'run', running: this.store.begin(ask, { execution: this.executions }) };
    }
    if (decision.type === 'duplicate') return decision;
    const shared = sharedBy(decision);
    this.store.attach(shared, ask);
    return shared.state === 'running'
      ? { type: decision.type, running: shared }
      : { type: decision.type, payload: shared.payload };
  }

  /** Asks, and expects to execute. */
  run(question: Question = {}): RunningCall<Call> {
    const answer = this.ask(question);
    if (answer.type !== 'run') throw new Error(`expected to run, got ${answer.type}`);
    return answer.running;
  }

  succeed(running: RunningCall<Call>, payload = 'payload', isDelivered = true, bytes = payload.length): void {
    this.store.succeed(running, { payload, bytes, isDelivered, now: this.now });
  }
}

const windowA = { name: 'connection A' };
const windowB = { name: 'connection B' };

describe('WIRE §4.5, row by row', () => {
  it('WIRE-O8: same id, same content, running: joins, one execution', () => {
    const session = new Session();
    const running = session.run();
    expect(session.ask()).toEqual({ type: 'join', running });
    expect(session.executions).toBe(1);
  });

  it('WIRE-O8 PF-D2: same id, same content, succeeded: the stored payload, as often as asked', () => {
    const session = new Session();
    session.succeed(session.run(), '{"text":"Hello"}');
    session.now = 599_999;
    expect(session.ask()).toEqual({ type: 'replay', payload: '{"text":"Hello"}' });
    expect(session.ask()).toEqual({ type: 'replay', payload: '{"text":"Hello"}' });
    expect(session.executions).toBe(1);
  });

  it('WIRE-O8: same id, same content, succeeded longer ago than the TTL: runs again', () => {
    const session = new Session();
    session.succeed(session.run());
    session.now = 600_000;
    session.run();
    expect(session.executions).toBe(2);
  });

  it('WIRE-O8: EXAI_WS_RESULT_TTL 0 keeps no delivered result', () => {
    const session = new Session({ ttlMs: 0 });
    session.succeed(session.run());
    expect(session.store.size).toEqual({ running: 0, stored: 0, bytes: 0 });
    session.run();
  });

  it('WIRE-C3 PF-D7 PF-D8: same id, same content, failed or refused: runs again, no trace is left', () => {
    const session = new Session();
    session.store.fail(session.run());
    expect(session.store.size).toEqual({ running: 0, stored: 0, bytes: 0 });
    const second = session.run();
    session.succeed(second, 'worked');
    expect(session.ask()).toEqual({ type: 'replay', payload: 'worked' });
  });

  it('WIRE-O8: same id, other content, running: DUPLICATE naming the original', () => {
    const session = new Session();
    session.run({ requestId: 'r1' });
    expect(session.ask({ requestId: 'r1', contentHash: other })).toEqual({
      type: 'duplicate',
      originalRequestId: 'r1',
    });
    expect(session.executions).toBe(1);
  });

  it('WIRE-O8: the original of a joined call is the id it was first asked under', () => {
    const session = new Session();
    session.run({ requestId: 'first', coalesce: 'on' });
    expect(session.ask({ requestId: 'second', coalesce: 'on' }).type).toBe('join');
    expect(session.ask({ requestId: 'second', contentHash: other, coalesce: 'on' })).toEqual({
      type: 'duplicate',
      originalRequestId: 'first',
    });
  });

  it('WIRE-O8: same id, other content, finished: a new call, which the id then stands for', () => {
    const session = new Session();
    session.succeed(session.run(), 'old');
    session.succeed(session.run({ contentHash: other }), 'new');
    expect(session.ask({ contentHash: other })).toEqual({ type: 'replay', payload: 'new' });
  });

  it('WIRE-O8: an id that stands for a new call outlives the result of its old one', () => {
    const session = new Session();
    session.succeed(session.run(), 'old');
    const running = session.run({ contentHash: other });
    session.store.sweep(600_000);
    expect(session.ask({ contentHash: other })).toEqual({ type: 'join', running });
  });

  it('WIRE-O8: other id, same content: distinct calls, also when the first has finished', () => {
    const session = new Session();
    const first = session.run({ requestId: 'r1' });
    session.run({ requestId: 'r2' });
    session.succeed(first);
    session.run({ requestId: 'r3' });
    expect(session.executions).toBe(3);
  });

  it.each(['auto', 'on', 'off'] as const)(
    'WIRE-O8 PF-D4: 50 calls without an id each run (coalesce %s)',
    (coalesce) => {
      const session = new Session();
      for (let call = 0; call < 50; call += 1) session.succeed(session.run({ requestId: undefined, coalesce }));
      expect(session.executions).toBe(50);
      expect(session.store.size).toEqual({ running: 0, stored: 0, bytes: 0 });
    },
  );

  it('WIRE-O8 PF-D4: a call without an id shares nothing with one that has an id', () => {
    const session = new Session();
    session.run({ requestId: 'a', coalesce: 'on' });
    session.run({ requestId: undefined, coalesce: 'on' });
    session.succeed(session.run({ requestId: 'b', contentHash: other }));
    session.run({ requestId: undefined, contentHash: other, coalesce: 'on' });
    expect(session.executions).toBe(4);
  });

  it('WIRE-O8: the number 1 and the text "1" are two ids', () => {
    const session = new Session();
    session.run({ requestId: 1 });
    session.run({ requestId: '1', contentHash: other });
    expect(session.store.size.running).toBe(2);
  });

  it('WIRE-O10 PF-D3 PF-D5: sessions share nothing, not even with coalescing on', () => {
    const sessions = Array.from({ length: 10 }, () => new Session());
    for (const session of sessions) session.run({ requestId: 1, coalesce: 'on' });
    for (const session of sessions) expect(session.executions).toBe(1);
  });
});

describe('exception 1: the retry of a legacy client', () => {
  const retry = { requestId: 'new', connection: windowB, isLegacyReattached: true };

  it('WIRE-O9 PF-D9: adopts the running call of its lost connection', () => {
    const session = new Session();
    const running = session.run({ requestId: 'old', connection: windowA });
    session.store.connectionGone(windowA);
    expect(session.ask(retry)).toEqual({ type: 'adopt', running });
    expect(session.executions).toBe(1);
    session.succeed(running, 'late');
    expect(session.ask(retry)).toEqual({ type: 'replay', payload: 'late' });
  });

  it('WIRE-O9: adopts the stored result that nobody has had', () => {
    const session = new Session();
    const running = session.run({ requestId: 'old' });
    session.store.connectionGone(windowA);
    session.succeed(running, 'late', false);
    expect(session.ask(retry)).toEqual({ type: 'adopt', payload: 'late' });
    expect(session.ask(retry)).toEqual({ type: 'replay', payload: 'late' });
    expect(session.executions).toBe(1);
    session.run({ ...retry, requestId: 'newer' });
  });

  it('WIRE-O8: once: the next repeat is a call of its own', () => {
    const session = new Session();
    const running = session.run({ requestId: 'old' });
    session.store.connectionGone(windowA);
    expect(session.ask(retry).type).toBe('adopt');
    session.run({ ...retry, requestId: 'newer' });
    session.succeed(running);
    session.run({ ...retry, requestId: 'newest' });
  });

  it('WIRE-O8: two lost calls are adopted one by one, the oldest first', () => {
    const session = new Session();
    const first = session.run({ requestId: 'old1' });
    const second = session.run({ requestId: 'old2' });
    session.store.connectionGone(windowA);
    expect(session.ask({ ...retry, requestId: 'new1' })).toEqual({ type: 'adopt', running: first });
    expect(session.ask({ ...retry, requestId: 'new2' })).toEqual({ type: 'adopt', running: second });
    expect(session.executions).toBe(2);
  });

  it('WIRE-O8: a retry whose connection is lost as well can be adopted in its turn', () => {
    const session = new Session();
    const running = session.run({ requestId: 'old' });
    session.store.connectionGone(windowA);
    session.ask(retry);
    session.store.connectionGone(windowB);
    expect(session.ask({ ...retry, requestId: 'newer', connection: {} })).toEqual({ type: 'adopt', running });
  });

  it.each([
    ['the asking connection is still there', { gone: false }, {}],
    ['the result was delivered', { delivered: true }, {}],
    ['the connection did not re-attach', {}, { isLegacyReattached: false }],
    ['coalesce is off', {}, { coalesce: 'off' }],
    ['the content differs', {}, { contentHash: other }],
    ['in mcp mode', {}, { mode: 'mcp' }],
  ] satisfies [string, { gone?: boolean; delivered?: boolean }, Question][])(
    'WIRE-O8: does not apply when %s',
    (_name, past: { gone?: boolean; delivered?: boolean }, question: Question) => {
      const { gone = true, delivered = false } = past;
      const session = new Session();
      const running = session.run({ requestId: 'old' });
      if (delivered) session.succeed(running);
      if (gone) session.store.connectionGone(windowA);
      expect(session.ask({ ...retry, ...question }).type).toBe('run');
    },
  );

  it('WIRE-O8: an undelivered result outlives a short TTL until the grace is over, then it is stale', () => {
    const session = new Session({ ttlMs: 0, undeliveredMs: 120_000 });
    const running = session.run({ requestId: 'old' });
    session.store.connectionGone(windowA);
    session.succeed(running, 'late', false);
    session.now = 119_999;
    expect(session.decide(retry).type).toBe('adopt');
    session.now = 120_000;
    expect(session.ask(retry).type).toBe('run');
  });

  it('WIRE-O8: once adopted, the TTL counts from the success again', () => {
    const session = new Session({ ttlMs: 10_000, undeliveredMs: 120_000 });
    const running = session.run({ requestId: 'old' });
    session.store.connectionGone(windowA);
    session.succeed(running, 'late', false);
    session.now = 50_000;
    expect(session.ask(retry).type).toBe('adopt');
    expect(session.ask(retry).type).toBe('run');
  });
});

describe('exception 2: EXAI_WS_COALESCE=on', () => {
  it('WIRE-O8: another id joins the running twin, then gets its stored success', () => {
    const session = new Session();
    const running = session.run({ requestId: 'a', coalesce: 'on' });
    expect(session.ask({ requestId: 'b', coalesce: 'on' })).toEqual({ type: 'join', running });
    session.succeed(running, 'shared');
    expect(session.ask({ requestId: 'c', coalesce: 'on' })).toEqual({ type: 'replay', payload: 'shared' });
    expect(session.ask({ requestId: 'b', coalesce: 'off' })).toEqual({ type: 'replay', payload: 'shared' });
    session.now = 600_000;
    session.run({ requestId: 'd', coalesce: 'on' });
    expect(session.executions).toBe(2);
  });

  it('WIRE-O8: excepted tools are distinct calls', () => {
    const session = new Session();
    session.run({ requestId: 'a', coalesce: 'on', toolExcepted: true });
    session.run({ requestId: 'b', coalesce: 'on', toolExcepted: true });
    expect(session.ask({ requestId: 'b', coalesce: 'on', toolExcepted: true }).type).toBe('join');
  });

  it('WIRE-O8: in mcp mode only this exception applies, whatever the ids are', () => {
    const session = new Session();
    const running = session.run({ requestId: 1, mode: 'mcp' });
    session.succeed(running, 'first');
    session.run({ requestId: 1, mode: 'mcp' });
    expect(session.executions).toBe(2);
    expect(session.ask({ requestId: 2, mode: 'mcp', coalesce: 'on' }).type).toBe('join');
    expect(session.executions).toBe(2);
  });
});

describe('cancel', () => {
  it('WIRE-O11: a joined call is aborted by its last asker only', () => {
    const session = new Session();
    const running = session.run({ requestId: 'a', coalesce: 'on' });
    session.ask({ requestId: 'b', coalesce: 'on', connection: windowB });
    expect(session.store.cancel('a')).toEqual({ running, isLast: false });
    expect(session.store.cancel('a')).toBeUndefined();
    expect(session.store.cancel('b')).toEqual({ running, isLast: true });
  });

  it('WIRE-O11: finished and unknown calls are not found', () => {
    const session = new Session();
    session.succeed(session.run());
    expect(session.store.cancel('r1')).toBeUndefined();
    expect(session.store.cancel('never')).toBeUndefined();
  });

  it('WIRE-O11: a call whose connection is gone can still be cancelled from the new one', () => {
    const session = new Session();
    const running = session.run();
    session.store.connectionGone(windowA);
    expect(session.store.cancel('r1')).toEqual({ running, isLast: true });
  });

  it('PF-X4: the late success of a cancelled call is discarded', () => {
    const session = new Session();
    const running = session.run();
    session.store.cancel('r1');
    session.store.fail(running);
    session.succeed(running, 'late');
    expect(session.store.size).toEqual({ running: 0, stored: 0, bytes: 0 });
    session.run();
  });
});

describe('bounds', () => {
  it('WIRE-4.5: 512 results, the least recently used goes first', () => {
    const session = new Session();
    for (let call = 0; call < 512; call += 1) session.succeed(session.run({ requestId: call }), `p${call}`);
    expect(session.ask({ requestId: 0 })).toEqual({ type: 'replay', payload: 'p0' });
    session.succeed(session.run({ requestId: 512 }), 'p512');
    expect(session.store.size.stored).toBe(512);
    expect(session.ask({ requestId: 0 })).toEqual({ type: 'replay', payload: 'p0' });
    expect(session.ask({ requestId: 1 }).type).toBe('run');
  });

  it('WIRE-4.5: 64 MiB, counted in bytes of payload; what is larger alone is not kept', () => {
    const session = new Session();
    const mib = 1024 * 1024;
    for (let call = 0; call < 4; call += 1) session.succeed(session.run({ requestId: call }), 'x', true, 20 * mib);
    expect(session.store.size).toEqual({ running: 0, stored: 3, bytes: 60 * mib });
    session.succeed(session.run({ requestId: 'huge' }), 'x', true, 64 * mib + 1);
    expect(session.store.size).toEqual({ running: 0, stored: 3, bytes: 60 * mib });
    session.succeed(session.run({ requestId: 'exact' }), 'x', true, 64 * mib);
    expect(session.store.size).toEqual({ running: 0, stored: 1, bytes: 64 * mib });
  });

  it('WIRE-4.5: a stored result holds on to no connection', () => {
    const session = new Session();
    session.succeed(session.run());
    expect(session.store.byRequestId('r1')?.askers.size).toBe(0);
    expect(session.ask().type).toBe('replay');
    expect(session.store.byRequestId('r1')?.askers.size).toBe(0);
  });

  it('WIRE-4.5: sweep drops what has expired', () => {
    const session = new Session();
    session.succeed(session.run({ requestId: 'a' }));
    session.now = 300_000;
    session.succeed(session.run({ requestId: 'b' }));
    session.store.sweep(600_000);
    expect(session.store.size.stored).toBe(1);
    session.store.sweep(900_000);
    expect(session.store.size).toEqual({ running: 0, stored: 0, bytes: 0 });
  });
});

describe('any order of events', () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant('ask' as const), id: fc.nat(5), content: fc.nat(2) }) },
    {
      weight: 2,
      arbitrary: fc.record({ do: fc.constant('succeed' as const), pick: fc.nat(9), delivered: fc.boolean() }),
    },
    fc.record({ do: fc.constant('fail' as const), pick: fc.nat(9) }),
    fc.record({ do: fc.constant('cancel' as const), id: fc.nat(5) }),
    fc.record({ do: fc.constant('drop' as const) }),
    fc.record({ do: fc.constant('wait' as const), ms: fc.nat(400_000) }),
  );

  it('WIRE-O8: no id ever gets the answer of other content, running calls are never executed twice under one id', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('auto' as const, 'on' as const, 'off' as const),
        fc.boolean(),
        fc.array(step, { maxLength: 80 }),
        (coalesce, isLegacyReattached, steps) => {
          const session = new Session({ maxEntries: 4, maxBytes: 100 });
          let connection = {};
          const running = new Map<RunningCall<Call>, { contentHash: string; ids: Set<number> }>();
          for (const event of steps) {
            if (event.do === 'ask') {
              const contentHash = `content ${event.content}`;
              const answer = session.ask({
                requestId: event.id,
                contentHash,
                coalesce,
                isLegacyReattached,
                connection,
              });
              const holder = [...running.values()].find((call) => call.ids.has(event.id));
              if (answer.type === 'run') {
                assert.equal(holder, undefined);
                running.set(answer.running, { contentHash, ids: new Set([event.id]) });
              } else if (answer.type === 'duplicate') {
                assert.ok(holder !== undefined && holder.contentHash !== contentHash);
              } else if ('running' in answer) {
                const shared = running.get(answer.running);
                assert.equal(shared?.contentHash, contentHash);
                shared?.ids.add(event.id);
              } else {
                assert.equal(answer.payload, contentHash);
              }
              if (coalesce !== 'auto' || !isLegacyReattached) assert.notEqual(answer.type, 'adopt');
            } else if (event.do === 'succeed' || event.do === 'fail') {
              const [call, known] = [...running][event.pick % Math.max(1, running.size)] ?? [];
              if (call === undefined || known === undefined) continue;
              if (event.do === 'fail') session.store.fail(call);
              else session.succeed(call, known.contentHash, event.delivered);
              running.delete(call);
            } else if (event.do === 'cancel') {
              const found = session.store.cancel(event.id);
              const holder = [...running].find(([, call]) => call.ids.has(event.id));
              assert.equal(found?.running, holder?.[0]);
              holder?.[1].ids.delete(event.id);
              if (found?.isLast === true) {
                session.store.fail(found.running);
                running.delete(found.running);
              }
            } else if (event.do === 'drop') {
              session.store.connectionGone(connection);
              connection = {};
            } else {
              session.now += event.ms;
              session.store.sweep(session.now);
            }
            expect(session.store.size.running).toBe(running.size);
            expect(session.store.size.stored).toBeLessThanOrEqual(4);
            expect(session.store.size.bytes).toBeLessThanOrEqual(100);
          }
          for (const call of running.keys()) session.store.fail(call);
          session.store.sweep(Number.POSITIVE_INFINITY);
          expect(session.store.size).toEqual({ running: 0, stored: 0, bytes: 0 });
          expect([...session.store.byContent('content 0'), ...session.store.byContent('content 1')]).toEqual([]);
          for (let id = 0; id <= 5; id += 1) expect(session.store.byRequestId(id)).toBeUndefined();
        },
      ),
      { numRuns: 500 },
    );
  });
});
