import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createStableList } from './stable-list.ts';
import { callRules, noRows, type RowRules, type StableRows, sessionRules, settleRows } from './stable-rows.ts';

const unknown = () => undefined;

function settle(
  rows: StableRows,
  live: readonly string[],
  now: number,
  rules: RowRules,
  pointer?: string,
  focus?: string,
) {
  return settleRows(rows, { live, bornAt: unknown, now, rules, pointer, focus });
}

function idsOf({ shown }: StableRows): string[] {
  return shown.map(({ id, phase }) => (phase === 'live' ? id : `${id}:${phase}`));
}

describe('settleRows', () => {
  it('never shows a call that is shorter than 300 ms', () => {
    const first = settle(noRows, ['a'], 0, callRules);
    expect(first).toMatchObject({ rows: { shown: [] }, nextAt: 300 });
    expect(idsOf(settle(first.rows, [], 100, callRules).rows)).toEqual([]);
    expect(idsOf(settle(first.rows, ['a'], 300, callRules).rows)).toEqual(['a']);
  });

  it('shows at once what has existed for longer', () => {
    const bornAt = () => -5_000;
    const { rows } = settleRows(noRows, {
      live: ['a'],
      bornAt,
      now: 0,
      rules: callRules,
      pointer: undefined,
      focus: undefined,
    });
    expect(idsOf(rows)).toEqual(['a']);
  });

  it('lets an ended row rest, fold and go', () => {
    let { rows, nextAt } = settle(noRows, ['a', 'b'], 0, sessionRules);
    ({ rows, nextAt } = settle(rows, ['b'], 10, sessionRules));
    expect([idsOf(rows), nextAt]).toEqual([['a:ended', 'b'], 3_010]);
    ({ rows, nextAt } = settle(rows, ['b'], 3_010, sessionRules));
    expect([idsOf(rows), nextAt]).toEqual([['a:folding', 'b'], 3_160]);
    ({ rows, nextAt } = settle(rows, ['b'], 3_160, sessionRules));
    expect([idsOf(rows), nextAt]).toEqual([['b'], undefined]);
  });

  it('takes a row back that returns while it rests', () => {
    const shown = settle(noRows, ['a'], 0, sessionRules).rows;
    const ended = settle(shown, [], 10, sessionRules).rows;
    expect(idsOf(settle(ended, ['a'], 20, sessionRules).rows)).toEqual(['a']);
  });

  it('inserts in order, but nothing above the guard', () => {
    const shown = settle(noRows, ['b', 'd'], 0, sessionRules).rows;
    const guarded = settle(shown, ['a', 'b', 'c', 'd', 'e'], 1, sessionRules, 'b').rows;
    expect(idsOf(guarded)).toEqual(['b', 'c', 'd', 'e']);
    expect(idsOf(settle(guarded, ['a', 'b', 'c', 'd', 'e'], 2, sessionRules).rows)).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('gives the same array while nothing changes', () => {
    const { shown } = settle(noRows, ['a'], 0, sessionRules).rows;
    expect(settle({ shown, waiting: new Map() }, ['a'], 50, sessionRules).rows.shown).toBe(shown);
  });

  const step = fc.record({ live: fc.subarray(['a', 'b', 'c', 'd', 'e', 'f', 'g']), wait: fc.nat(4_000) });
  const steps = fc.array(step, { minLength: 1, maxLength: 8 });

  it('moves nothing that lives at or above the pointer', () => {
    fc.assert(
      fc.property(steps, fc.nat(6), fc.nat(6), (changes, pointerAt, startAt) => {
        let now = 0;
        let rows = settle(noRows, ['a', 'c', 'e', 'g'].slice(0, startAt + 1), now, sessionRules).rows;
        const pointer = rows.shown[pointerAt % rows.shown.length]?.id;
        for (const { live, wait } of changes) {
          now += wait;
          const before = rows.shown.map(({ id }) => id);
          rows = settle(rows, live, now, sessionRules, pointer).rows;
          const above = before.slice(0, before.indexOf(pointer ?? '') + 1);
          const after = rows.shown.map(({ id }) => id);
          const places = above.filter((id) => live.includes(id)).map((id) => [id, above.indexOf(id)]);
          expect(places.map(([id]) => [id, after.indexOf(String(id))])).toEqual(places);
        }
      }),
    );
  });

  it('keeps the row with the focus, and those above it', () => {
    fc.assert(
      fc.property(steps, fc.nat(6), (changes, focusAt) => {
        let now = 0;
        let rows = settle(noRows, ['a', 'c', 'e', 'g'], now, sessionRules).rows;
        const focus = rows.shown[focusAt % rows.shown.length]?.id;
        const above = rows.shown.slice(0, rows.shown.findIndex(({ id }) => id === focus) + 1).map(({ id }) => id);
        for (const { live, wait } of changes) {
          now += wait;
          rows = settle(rows, live, now, sessionRules, undefined, focus).rows;
          expect(rows.shown.slice(0, above.length).map(({ id }) => id)).toEqual(above);
        }
      }),
    );
  });

  it('lets the last rows go from under a pointer that rests', () => {
    let { rows } = settle(noRows, ['a', 'b'], 0, sessionRules);
    for (const now of [10, 3_010, 3_160]) ({ rows } = settle(rows, [], now, sessionRules, 'b'));
    expect(idsOf(rows)).toEqual([]);
  });
});

describe('createStableList', () => {
  it('settles by itself when a time is up, and tells once per change', () => {
    let now = 0;
    const timers = new Map<number, { at: number; callback: () => void }>();
    const list = createStableList({
      rules: sessionRules,
      bornAt: unknown,
      now: () => now,
      setTimeout: (callback, ms) => {
        timers.set(timers.size + 1, { at: now + ms, callback });
        return timers.size;
      },
      clearTimeout: (timer) => timers.delete(timer),
    });
    const seen: string[][] = [];
    list.setLive(['a', 'b']);
    const stop = list.subscribe(() => seen.push(idsOf({ shown: list.rows(), waiting: new Map() })));
    list.setLive(['b']);
    while (timers.size > 0) {
      const [id, next] = [...timers].toSorted(([, left], [, right]) => left.at - right.at)[0] ?? expect.fail();
      timers.delete(id);
      now = next.at;
      next.callback();
    }
    stop();
    expect(seen).toEqual([['a:ended', 'b'], ['a:folding', 'b'], ['b']]);
    expect(now).toBe(3_150);
  });
});
