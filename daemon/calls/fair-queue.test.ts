import assert from 'node:assert/strict';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairQueue, type QueueEntry, type Room } from './fair-queue.ts';

const open: Room = { hasSessionRoom: () => true, hasProviderRoom: () => true };

function roomExcept(blocked: { sessions?: string[]; providers?: (string | null)[] }): Room {
  return {
    hasSessionRoom: (session) => !(blocked.sessions ?? []).includes(session),
    hasProviderRoom: (provider) => !(blocked.providers ?? []).includes(provider),
  };
}

function addAll(queue: FairQueue<string>, ...calls: [session: string, provider: string | null, name: string][]): void {
  for (const [session, provider, name] of calls) expect(queue.add(session, provider, name).type).toBe('queued');
}

function drain(queue: FairQueue<string>, room = open): string[] {
  const started: string[] = [];
  for (let next = queue.take(room); next !== undefined; next = queue.take(room)) started.push(next.value);
  return started;
}

describe('FairQueue', () => {
  it('WIRE-7.1: FIFO within a session, round-robin between sessions', () => {
    const queue = new FairQueue<string>(100);
    addAll(queue, ['a', null, 'a1'], ['a', null, 'a2'], ['a', null, 'a3'], ['b', null, 'b1'], ['c', null, 'c1']);
    addAll(queue, ['b', null, 'b2']);
    expect(drain(queue)).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
  });

  it('WIRE-7.1: a session that comes back waits behind those that waited', () => {
    const queue = new FairQueue<string>(100);
    addAll(queue, ['a', null, 'a1'], ['b', null, 'b1'], ['c', null, 'c1']);
    expect(queue.take(open)?.value).toBe('a1');
    addAll(queue, ['a', null, 'a2']);
    expect(drain(queue)).toEqual(['b1', 'c1', 'a2']);
  });

  it('WIRE-7.1: a head blocked by its provider blocks neither other sessions nor its own other providers', () => {
    const queue = new FairQueue<string>(100);
    addAll(queue, ['a', 'KIMI', 'a-kimi'], ['a', 'GLM', 'a-glm'], ['a', null, 'a-none'], ['b', 'KIMI', 'b-kimi']);
    addAll(queue, ['b', 'GLM', 'b-glm']);
    expect(drain(queue, roomExcept({ providers: ['KIMI'] }))).toEqual(['a-glm', 'b-glm', 'a-none']);
    expect(drain(queue)).toEqual(['a-kimi', 'b-kimi']);
  });

  it('WIRE-7.1: a session at its cap is passed over and keeps its turn', () => {
    const queue = new FairQueue<string>(100);
    addAll(queue, ['a', null, 'a1'], ['b', null, 'b1'], ['c', null, 'c1']);
    expect(queue.take(roomExcept({ sessions: ['a'] }))?.value).toBe('b1');
    expect(drain(queue)).toEqual(['a1', 'c1']);
  });

  it('WIRE-7.1: sessions take turns, not lanes: more providers do not buy more turns', () => {
    const queue = new FairQueue<string>(100);
    addAll(queue, ['a', 'KIMI', 'a-kimi'], ['a', 'GLM', 'a-glm'], ['a', null, 'a-none'], ['b', null, 'b1']);
    addAll(queue, ['b', null, 'b2'], ['b', null, 'b3']);
    expect(drain(queue)).toEqual(['a-kimi', 'b1', 'a-glm', 'b2', 'a-none', 'b3']);
  });

  it('WIRE-7.1: the lanes of one session take turns as well', () => {
    const queue = new FairQueue<string>(100);
    addAll(queue, ['a', null, 'a1'], ['a', null, 'a2'], ['a', null, 'a3'], ['a', 'GLM', 'a-glm']);
    expect(drain(queue)).toEqual(['a1', 'a-glm', 'a2', 'a3']);
  });

  it('WIRE-7.1: a call held back by its provider does not starve behind its own session’s other calls', () => {
    const queue = new FairQueue<string>(100);
    addAll(queue, ['a', 'KIMI', 'a-kimi'], ['a', null, 'a1'], ['a', null, 'a2'], ['b', 'KIMI', 'b-kimi']);
    const kimiFull = roomExcept({ providers: ['KIMI'] });
    expect(queue.take(kimiFull)?.value).toBe('a1');
    expect(queue.take(kimiFull)?.value).toBe('a2');
    expect(queue.take(open)?.value).toBe('a-kimi');
  });

  it('WIRE-C4: a session may use a quarter of the queue, at least one place; the queue as a whole is bounded', () => {
    const queue = new FairQueue<string>(8);
    addAll(queue, ['greedy', null, 'g1'], ['greedy', 'GLM', 'g2']);
    expect(queue.add('greedy', null, 'g3')).toEqual({ type: 'full', limit: 2, queued: 2 });
    for (const session of ['a', 'b', 'c']) addAll(queue, [session, null, '1'], [session, null, '2']);
    expect(queue.add('d', null, '1')).toEqual({ type: 'full', limit: 8, queued: 8 });
    expect(queue.size).toBe(8);
    for (const [max, quarter] of [
      [1, 1],
      [3, 1],
      [4, 1],
      [7, 1],
      [8, 2],
      [10_000, 2500],
    ] as const) {
      expect(new FairQueue(max).maxPerSession).toBe(quarter);
    }
    expect(new FairQueue<string>(0).add('a', null, 'x')).toEqual({ type: 'full', limit: 0, queued: 0 });
  });

  it('WIRE-7.1: remove takes an entry out wherever it stands, once', () => {
    const queue = new FairQueue<string>(100);
    addAll(queue, ['a', null, 'a1']);
    const middle = queue.add('a', null, 'a2');
    addAll(queue, ['a', null, 'a3']);
    if (middle.type !== 'queued') throw new Error('the queue has room');
    expect(queue.remove(middle.entry)).toBe(true);
    expect(queue.remove(middle.entry)).toBe(false);
    expect(queue.sizeOf('a')).toBe(2);
    expect(drain(queue)).toEqual(['a1', 'a3']);
    expect([...queue.sizes()]).toEqual([]);
  });

  it('WIRE-7.1: removeAll takes out one session, or everything', () => {
    const queue = new FairQueue<string>(100);
    addAll(queue, ['a', null, 'a1'], ['a', 'GLM', 'a2'], ['b', null, 'b1']);
    expect(queue.removeAll('a').map((entry) => entry.value)).toEqual(['a1', 'a2']);
    expect(queue.removeAll('a')).toEqual([]);
    expect(queue.removeAll().map((entry) => entry.value)).toEqual(['b1']);
    expect(queue.size).toBe(0);
  });
});

const calls = fc.array(
  fc.record({ session: fc.constantFrom('a', 'b', 'c', 'd', 'e'), provider: fc.constantFrom(null, 'KIMI', 'GLM') }),
  { minLength: 1, maxLength: 60 },
);

describe('FairQueue, any load', () => {
  it('WIRE-7.1: the place in line is the one that inLine gives, from 1 without gaps', () => {
    fc.assert(
      fc.property(calls, fc.nat(20), (load, takes) => {
        const queue = new FairQueue<number>(200);
        for (const [index, { session, provider }] of load.entries()) queue.add(session, provider, index);
        for (let taken = 0; taken < takes; taken += 1) queue.take(open);
        const line = queue.inLine();
        expect(line).toHaveLength(queue.size);
        expect(line.map((entry) => queue.positionOf(entry))).toEqual(line.map((_, index) => index + 1));
      }),
    );
  });

  it('WIRE-7.1: with one provider the line is the order of starts', () => {
    fc.assert(
      fc.property(calls, (load) => {
        const queue = new FairQueue<number>(200);
        for (const [index, { session }] of load.entries()) queue.add(session, null, index);
        const line = queue.inLine().map((entry) => entry.value);
        const started: number[] = [];
        for (let next = queue.take(open); next !== undefined; next = queue.take(open)) started.push(next.value);
        expect(started).toEqual(line);
      }),
    );
  });

  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant('add' as const), session: fc.nat(5), provider: fc.nat(2) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('take' as const) }) },
    fc.record({ do: fc.constant('remove' as const), pick: fc.nat(30) }),
    fc.record({ do: fc.constant('toggle' as const), provider: fc.nat(2), session: fc.nat(5) }),
  );

  it.each([
    ['no provider is ever full: one turn each', false],
    ['providers and sessions fill up and drain: at most one turn per lane', true],
  ])('WIRE-7.1 WIRE-C2: nobody starves, order holds, nothing is lost; %s', (_name, canBlock) => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 40, maxLength: 200 }), (steps) => {
        const queue = new FairQueue<number>(64);
        const waiting: QueueEntry<number>[] = [];
        const blockedProviders = new Set<string | null>();
        const blockedSessions = new Set<string>();
        const room: Room = {
          hasProviderRoom: (provider) => !blockedProviders.has(provider),
          hasSessionRoom: (session) => !blockedSessions.has(session),
        };
        const canStart = (entry: QueueEntry<number>): boolean =>
          room.hasProviderRoom(entry.provider) && room.hasSessionRoom(entry.session);
        /** Starts of other sessions that a startable head has watched since its session's last start. */
        const watched = new Map<QueueEntry<number>, Map<string, number>>();
        for (const [index, event] of steps.entries()) {
          if (event.do === 'add') {
            const admission = queue.add(`s${event.session}`, [null, 'KIMI', 'GLM'][event.provider] ?? null, index);
            if (admission.type === 'queued') waiting.push(admission.entry);
          } else if (event.do === 'toggle') {
            if (!canBlock) continue;
            toggle(blockedProviders, [null, 'KIMI', 'GLM'][event.provider] ?? null);
            toggle(blockedSessions, `s${event.session}`);
          } else if (event.do === 'remove') {
            const entry = waiting[event.pick];
            if (entry === undefined) continue;
            assert.ok(queue.remove(entry));
            waiting.splice(event.pick, 1);
          } else {
            const startable = headsOf(waiting).filter(canStart);
            const taken = queue.take(room);
            if (taken === undefined) {
              assert.deepEqual(startable, []);
              continue;
            }
            assert.ok(startable.includes(taken));
            waiting.splice(waiting.indexOf(taken), 1);
            for (const head of startable) {
              if (head.session === taken.session) {
                watched.delete(head);
                continue;
              }
              const seen = watched.get(head) ?? new Map<string, number>();
              const starts = (seen.get(taken.session) ?? 0) + 1;
              watched.set(head, seen.set(taken.session, starts));
              assert.ok(starts <= (canBlock ? 3 : 1));
            }
          }
          expect(queue.size).toBe(waiting.length);
          for (const [session, size] of queue.sizes()) {
            expect(size).toBe(waiting.filter((entry) => entry.session === session).length);
            expect(size).toBeLessThanOrEqual(16);
          }
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** The first waiting entry of each session and provider. */
function headsOf(waiting: readonly QueueEntry<number>[]): QueueEntry<number>[] {
  return waiting.filter(
    (entry, index) =>
      waiting.findIndex((earlier) => earlier.session === entry.session && earlier.provider === entry.provider) ===
      index,
  );
}

function toggle<Item>(set: Set<Item>, item: Item): void {
  if (!set.delete(item)) set.add(item);
}
