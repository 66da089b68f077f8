import { array, assert, constantFrom, nat, property, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ResumeBudget } from './resume-budget.ts';
import { ResumeBuffer, type ResumeLimits } from './resume-buffer.ts';

const noBudget = Number.POSITIVE_INFINITY;

function create(limits: Partial<ResumeLimits> = {}, budget = new ResumeBudget(noBudget)) {
  return new ResumeBuffer({ maxFrames: 4, maxBytes: 100, maxRememberedIds: 3, ...limits }, budget);
}

function bytes(length: number): Uint8Array {
  return new Uint8Array(length);
}

function states(buffer: ResumeBuffer, ids: readonly (string | number)[]): string[] {
  return ids.map((id) => buffer.answer(id).type);
}

describe('ResumeBuffer', () => {
  it('WIRE-M2 PF-R6: an answer is kept, byte for byte, until it is confirmed', () => {
    const buffer = create();
    const answer = Uint8Array.from([1, 2, 3]);
    buffer.storeAnswer(7, answer);
    expect(buffer.answer(7)).toEqual({ type: 'stored', bytes: answer });
    expect(states(buffer, ['7', 8])).toEqual(['never-seen', 'never-seen']);
    buffer.confirm([7, 8]);
    expect(buffer.answer(7)).toEqual({ type: 'never-seen' });
    expect(buffer.bytes).toBe(0);
  });

  it('WIRE-M2: an id that is used again has its new answer', () => {
    const buffer = create();
    buffer.storeAnswer(7, bytes(60));
    buffer.storeAnswer(7, bytes(50));
    expect(buffer.bytes).toBe(50);
    expect(buffer.answer(7)).toEqual({ type: 'stored', bytes: bytes(50) });
  });

  it('WIRE-M2: notifications go first, then the oldest answers, which are known to have expired', () => {
    const buffer = create();
    buffer.storeAnswer(1, bytes(10));
    buffer.storeNotification(bytes(1));
    buffer.storeNotification(bytes(2));
    buffer.storeAnswer(2, bytes(10));
    buffer.storeAnswer(3, bytes(10));
    expect(buffer.takeNotifications().map(({ length }) => length)).toEqual([2]);
    expect(buffer.takeNotifications()).toEqual([]);
    buffer.storeAnswer(4, bytes(10));
    buffer.storeAnswer(5, bytes(10));
    expect(states(buffer, [1, 2, 3, 4, 5])).toEqual(['expired', 'stored', 'stored', 'stored', 'stored']);
    buffer.confirm([1]);
    expect(states(buffer, [1])).toEqual(['never-seen']);
  });

  it('WIRE-M2: bytes are bounded as well; an answer above the bound is expired at once, and takes no other with it', () => {
    const buffer = create();
    buffer.storeAnswer(1, bytes(60));
    buffer.storeAnswer(2, bytes(60));
    expect(states(buffer, [1, 2])).toEqual(['expired', 'stored']);
    buffer.storeAnswer(3, bytes(101));
    expect(states(buffer, [2, 3])).toEqual(['stored', 'expired']);
    buffer.storeAnswer(3, bytes(5));
    expect(states(buffer, [3])).toEqual(['stored']);
  });

  it('WIRE-M2: of expired ids the last are remembered', () => {
    const buffer = create({ maxFrames: 1 });
    for (const id of [1, 2, 3, 4, 5]) buffer.storeAnswer(id, bytes(1));
    expect(states(buffer, [1, 2, 3, 4, 5])).toEqual(['never-seen', 'expired', 'expired', 'expired', 'stored']);
  });

  it('WIRE-M2 PF-R1: the daemon-wide budget bounds all sessions; one that ends gives its share back', () => {
    const budget = new ResumeBudget(100);
    const [first, second] = [create({}, budget), create({}, budget)];
    first.storeAnswer(1, bytes(60));
    second.storeAnswer(1, bytes(30));
    second.storeAnswer(2, bytes(30));
    expect(budget.bytes).toBe(60);
    expect(states(first, [1])).toEqual(['expired']);
    expect(states(second, [1, 2])).toEqual(['stored', 'stored']);
    second.clear();
    expect(budget.bytes).toBe(0);
    expect(states(second, [1])).toEqual(['never-seen']);
    first.storeAnswer(2, bytes(100));
    expect(states(first, [1, 2])).toEqual(['expired', 'stored']);
  });

  it('WIRE-M2 PF-R1: the oldest of all sessions goes, not one of who stores next', () => {
    const budget = new ResumeBudget(100);
    const [quiet, busy] = [create({}, budget), create({}, budget)];
    busy.storeAnswer(1, bytes(30));
    quiet.storeAnswer(1, bytes(30));
    busy.storeAnswer(2, bytes(30));
    quiet.storeAnswer(2, bytes(40));
    expect(states(busy, [1, 2])).toEqual(['expired', 'stored']);
    expect(states(quiet, [1, 2])).toEqual(['stored', 'stored']);
    busy.storeAnswer(3, bytes(30));
    expect(states(quiet, [1, 2])).toEqual(['expired', 'stored']);
    expect(states(busy, [1, 2, 3])).toEqual(['expired', 'stored', 'stored']);
  });

  it('WIRE-M2: an answer that is stored anew is young again; one that was confirmed is no candidate', () => {
    const budget = new ResumeBudget(100);
    const [first, second] = [create({}, budget), create({}, budget)];
    first.storeAnswer(1, bytes(30));
    second.storeAnswer(1, bytes(30));
    first.storeAnswer(1, bytes(35));
    first.storeAnswer(2, bytes(35));
    first.confirm([2]);
    expect([...states(first, [1]), ...states(second, [1])]).toEqual(['stored', 'stored']);
    first.storeAnswer(3, bytes(36));
    expect([...states(first, [1, 3]), ...states(second, [1])]).toEqual(['stored', 'stored', 'expired']);
  });

  it('WIRE-M2: notifications of all sessions go before the oldest answer of any', () => {
    const budget = new ResumeBudget(100);
    const [first, second] = [create({}, budget), create({}, budget)];
    first.storeAnswer(1, bytes(50));
    second.storeNotification(bytes(20));
    first.storeNotification(bytes(10));
    second.storeAnswer(1, bytes(25));
    expect(second.takeNotifications()).toEqual([]);
    expect(first.takeNotifications()).toEqual([bytes(10)]);
    expect(states(first, [1])).toEqual(['stored']);
    second.storeNotification(bytes(30));
    expect(second.takeNotifications()).toEqual([]);
    expect([...states(first, [1]), ...states(second, [1])]).toEqual(['stored', 'stored']);
  });

  it('WIRE-M2: an answer or notification above the daemon-wide bound is expired at once, and nobody else loses anything', () => {
    const budget = new ResumeBudget(100);
    const [first, second] = [create({}, budget), create({ maxBytes: 1_000 }, budget)];
    first.storeAnswer(1, bytes(90));
    first.storeNotification(bytes(5));
    second.storeAnswer(1, bytes(101));
    second.storeNotification(bytes(101));
    expect(second.takeNotifications()).toEqual([]);
    expect([...states(first, [1]), ...states(second, [1])]).toEqual(['stored', 'expired']);
    expect(first.takeNotifications()).toEqual([bytes(5)]);
    expect(budget.bytes).toBe(90);
  });

  it('PF-R1: a full budget costs a store no more with many sessions and answers than with few', () => {
    const perStore = (sessions: number, answers: number): number => {
      const budget = new ResumeBudget(sessions * answers);
      const limits = { maxFrames: 1_000_000, maxBytes: Number.POSITIVE_INFINITY };
      const buffers = Array.from({ length: sessions }, () => create(limits, budget));
      const one = bytes(1);
      let id = 0;
      const round = (): void => {
        id += 1;
        for (const buffer of buffers) buffer.storeAnswer(id, one);
      };
      for (let at = 0; at < answers; at += 1) round();
      const rounds = Math.ceil(60_000 / sessions);
      const startedAt = performance.now();
      for (let at = 0; at < rounds; at += 1) round();
      expect(budget.bytes).toBe(sessions * answers);
      return (performance.now() - startedAt) / (rounds * sessions);
    };
    perStore(10, 10); // warms up
    // A scan over so many sessions or answers would cost a hundred microseconds and more; a store costs about one.
    expect(perStore(20_000, 5)).toBeLessThan(10 * perStore(10, 10) + 0.02);
  });

  it('WIRE-M2: whatever happens, the bounds hold and the budget is the sum', () => {
    const step = tuple(constantFrom('answer', 'notification', 'confirm', 'take', 'clear'), nat(2), nat(5), nat(70));
    assert(
      property(array(step, { maxLength: 60 }), (steps) => {
        const budget = new ResumeBudget(150);
        const buffers = [0, 1, 2].map(() => create({}, budget));
        for (const [what, who, id, length] of steps) {
          const buffer = buffers[who] ?? create();
          if (what === 'answer') buffer.storeAnswer(id, bytes(length));
          else if (what === 'notification') buffer.storeNotification(bytes(length));
          else if (what === 'confirm') buffer.confirm([id]);
          else if (what === 'take') buffer.takeNotifications();
          else buffer.clear();
          const sum = buffers.reduce((total, one) => total + one.bytes, 0);
          expect(budget.bytes).toBe(sum);
          expect(sum).toBeLessThanOrEqual(150);
          for (const one of buffers) expect(one.bytes).toBeLessThanOrEqual(100);
        }
      }),
    );
  });

  it('WIRE-M2 PF-R1: what goes is always the oldest, as in a plain list of everything', () => {
    const kinds = constantFrom(
      'answer',
      'answer',
      'answer',
      'notification',
      'notification',
      'confirm',
      'take',
      'clear',
    );
    const step = tuple(kinds, nat(2), nat(5), nat(160));
    assert(
      property(array(step, { maxLength: 80 }), (steps) => {
        const budget = new ResumeBudget(150);
        const limits = { maxFrames: 1_000, maxBytes: 10_000, maxRememberedIds: 1_000 };
        const buffers = [0, 1, 2].map(() => create(limits, budget));
        let model: Model[] = [];
        const expired = new Set<string>();
        for (const [what, who, id, length] of steps) {
          const buffer = buffers[who] ?? create();
          const name = `${who} ${id}`;
          if (what === 'answer') {
            model = model.filter((one) => one.name !== name);
            expired.delete(name);
            if (length > 150) expired.add(name);
            else model.push({ who, name, length });
            buffer.storeAnswer(id, bytes(length));
          } else if (what === 'notification') {
            if (length <= 150) model.push({ who, name: null, length });
            buffer.storeNotification(bytes(length));
          } else if (what === 'confirm') {
            model = model.filter((one) => one.name !== name);
            expired.delete(name);
            buffer.confirm([id]);
          } else if (what === 'take') {
            const waiting = model.filter((one) => one.who === who && one.name === null);
            expect(buffer.takeNotifications().map((one) => one.length)).toEqual(waiting.map((one) => one.length));
            model = model.filter((one) => !waiting.includes(one));
          } else {
            model = model.filter((one) => one.who !== who);
            for (const known of expired) if (known.startsWith(`${who} `)) expired.delete(known);
            buffer.clear();
          }
          while (model.reduce((sum, one) => sum + one.length, 0) > 150) {
            const oldest = Math.max(
              model.findIndex((one) => one.name === null),
              0,
            );
            const [gone] = model.splice(oldest, 1);
            if (gone?.name !== null && gone?.name !== undefined) expired.add(gone.name);
          }
          expect(budget.bytes).toBe(model.reduce((sum, one) => sum + one.length, 0));
          expect(budget.bytes).toBeLessThanOrEqual(150);
          for (const [at, one] of buffers.entries()) {
            for (const key of [0, 1, 2, 3, 4, 5]) {
              const isStored = model.some((frame) => frame.name === `${at} ${key}`);
              const isExpired = expired.has(`${at} ${key}`);
              expect(one.answer(key).type).toBe(isStored ? 'stored' : isExpired ? 'expired' : 'never-seen');
            }
          }
        }
      }),
    );
  });
});

/** A stored frame of the model; notifications have no name. */
interface Model {
  readonly who: number;
  readonly name: string | null;
  readonly length: number;
}
