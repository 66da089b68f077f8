import { array, assert, constantFrom, nat, property, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ResumeBudget, ResumeBuffer, type ResumeLimits } from './resume-buffer.ts';

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

  it('WIRE-M2: bytes are bounded as well; an answer above the bound is expired at once', () => {
    const buffer = create();
    buffer.storeAnswer(1, bytes(60));
    buffer.storeAnswer(2, bytes(60));
    expect(states(buffer, [1, 2])).toEqual(['expired', 'stored']);
    buffer.storeAnswer(3, bytes(101));
    expect(states(buffer, [2, 3])).toEqual(['expired', 'expired']);
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
    expect(budget.bytes).toBe(90);
    expect(states(first, [1])).toEqual(['stored']);
    expect(states(second, [1, 2])).toEqual(['expired', 'stored']);
    first.clear();
    expect(budget.bytes).toBe(30);
    expect(states(first, [1])).toEqual(['never-seen']);
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
});
