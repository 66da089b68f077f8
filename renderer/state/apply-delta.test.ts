import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Delta } from '../../protocol/feed.ts';
import type { CallView, SessionView, Snapshot } from '../../protocol/snapshot.ts';
import { applyDeltas } from './apply-delta.ts';
import { type Model, modelOf } from './model.ts';

const keys = ['a', 'b', 'c', 'd', 'e'];

const session = fc
  .record({ key: fc.constantFrom(...keys), connectedAt: fc.nat(5), inflight: fc.nat(8) })
  .map((part) => ({ ...part, sessionId: part.key, instanceId: null }) as unknown as SessionView);
const call = fc
  .record({ callId: fc.constantFrom(...keys), receivedAt: fc.nat(5), queuedMs: fc.nat(100) })
  .map((part) => part as unknown as CallView);

function changes<Row>(row: fc.Arbitrary<Row>, keyOf: (value: Row) => string) {
  return fc.record({
    put: fc.uniqueArray(row, { selector: keyOf, maxLength: 4 }),
    removed: fc.uniqueArray(fc.constantFrom(...keys), { maxLength: 3 }),
  });
}

const delta = fc
  .record(
    {
      takenAt: fc.nat(1_000),
      totals: fc.record({ inflight: fc.nat() }),
      savings: fc.option(fc.record({ processes: fc.nat() })),
      problems: fc.array(fc.record({ problemId: fc.string() }), { maxLength: 2 }),
      sessions: changes(session, ({ key }) => key),
      calls: changes(call, ({ callId }) => callId),
    },
    { requiredKeys: ['takenAt'] },
  )
  .map((part) => ({ type: 'delta', seq: 1, ...part }) as unknown as Delta);

const empty = {
  seq: 0,
  takenAt: 0,
  daemon: { runId: 'run' },
  totals: {},
  caps: {},
  savings: null,
  token: {},
  problems: [],
  sessions: [],
  calls: [],
  upstreams: [],
  instances: [],
} as unknown as Snapshot;

/** The plainest way to do it: whole lists, changed message by message. */
function plainly(deltas: readonly Delta[]): Snapshot {
  let now = empty;
  for (const { sessions, calls, ...whole } of deltas) {
    now = {
      ...now,
      ...(whole as unknown as Partial<Snapshot>),
      seq: 0,
      sessions: changed(now.sessions, sessions, ({ key }) => key),
      calls: changed(now.calls, calls, ({ callId }) => callId),
    };
  }
  return now;
}

function changed<Row>(
  before: readonly Row[],
  change: { put: Row[]; removed: string[] } | undefined,
  keyOf: (row: Row) => string,
): Row[] {
  const kept = before.filter((row) => change?.put.every((put) => keyOf(put) !== keyOf(row)) ?? true);
  return [...kept, ...(change?.put ?? [])].filter((row) => !(change?.removed.includes(keyOf(row)) ?? false));
}

/** A model without the rows that are gone, which a snapshot does not tell. */
function visible(model: Model) {
  const nothing = new Map();
  return {
    ...model,
    sessions: byKey(model.sessions),
    calls: byKey(model.calls),
    goneSessions: nothing,
    goneCalls: nothing,
  };
}

function byKey(rows: ReadonlyMap<string, unknown>) {
  return [...rows].toSorted(([left], [right]) => left.localeCompare(right));
}

describe('applyDeltas', () => {
  it('ends where a fresh snapshot would', () => {
    fc.assert(
      fc.property(fc.array(delta, { maxLength: 12 }), (deltas) => {
        expect(visible(applyDeltas(modelOf(empty), deltas))).toEqual(visible(modelOf(plainly(deltas))));
      }),
    );
  });

  it('does not depend on how the frames cut the messages', () => {
    fc.assert(
      fc.property(fc.array(delta, { maxLength: 12 }), fc.nat(12), (deltas, cut) => {
        const inTwo = applyDeltas(applyDeltas(modelOf(empty), deltas.slice(0, cut)), deltas.slice(cut));
        expect(visible(inTwo)).toEqual(visible(applyDeltas(modelOf(empty), deltas)));
      }),
    );
  });

  it('keeps every row and part that no message names the same object', () => {
    fc.assert(
      fc.property(fc.array(delta, { maxLength: 6 }), delta, (deltas, last) => {
        const before = applyDeltas(modelOf(empty), deltas);
        const after = applyDeltas(before, [last]);
        const named = new Set(last.sessions?.put.map(({ key }) => key));
        expect(last.totals ?? before.totals).toBe(after.totals);
        expect(last.sessions === undefined ? before.sessionOrder : after.sessionOrder).toBe(after.sessionOrder);
        expect(last.calls === undefined ? before.calls : after.calls).toBe(after.calls);
        expect([...after.sessions].filter(([key, row]) => !named.has(key) && before.sessions.get(key) !== row)).toEqual(
          [],
        );
      }),
    );
  });

  it('remembers the last of what is gone, and forgets it with the run of the daemon', () => {
    const put = { type: 'delta', seq: 1, takenAt: 1, sessions: { put: [{ key: 'a', connectedAt: 1 }], removed: [] } };
    const remove = { type: 'delta', seq: 2, takenAt: 2, sessions: { put: [], removed: ['a'] } };
    const model = applyDeltas(modelOf(empty), [put as unknown as Delta]);
    const after = applyDeltas(model, [remove as unknown as Delta]);
    expect([...after.goneSessions.keys()]).toEqual(['a']);
    expect([...modelOf(empty, model).goneSessions.keys()]).toEqual(['a']);
    const restarted = { ...empty, daemon: { ...empty.daemon, runId: 'next' } };
    expect(modelOf(restarted, model).goneSessions.size).toBe(0);
  });

  it('orders sessions by their instance, then by connecting', () => {
    const sessions = [
      { key: 'late', instanceId: 'two', connectedAt: 1 },
      { key: 'second', instanceId: 'one', connectedAt: 9 },
      { key: 'first', instanceId: 'one', connectedAt: 8 },
    ];
    const instances = [
      { instanceId: 'one', createdAt: 1 },
      { instanceId: 'two', createdAt: 2 },
    ];
    const model = modelOf({ ...empty, sessions, instances } as unknown as Snapshot);
    expect(model.sessionOrder).toEqual(['first', 'second', 'late']);
  });
});
