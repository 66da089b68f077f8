import { array, assert, asyncProperty, nat, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ManualTime } from '../calls/manual-time.ts';
import { FrameScheduler, type Inbox, type TurnBudget } from './frame-scheduler.ts';

const budget: TurnBudget = { frames: 4, burstBytes: 1000, bytesPerMs: 10 };

function create(turnBudget = budget) {
  const time = new ManualTime();
  const scheduler = new FrameScheduler(turnBudget, {
    now: time.clock,
    soon: setImmediate,
    later: (action, delayMs) => void time.schedule(action, delayMs),
  });
  const handled: string[] = [];
  const open = (name: string, onFrame?: (text: string, inbox: Inbox) => void) => {
    const flow: string[] = [];
    const inbox = scheduler.open(
      (bytes) => {
        const text = bytes.toString('utf8');
        handled.push(`${name}${text}`);
        onFrame?.(text, inbox);
      },
      { pause: () => flow.push('pause'), resume: () => flow.push('resume') },
    );
    const push = (count: number, from = 0): void => {
      for (let at = from; at < from + count; at += 1) inbox.push(Buffer.from(String(at)));
    };
    return { inbox, flow, push };
  };
  return { scheduler, handled, open, time };
}

/** The loop's I/O phase lies between two turns. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await nextTurn();
}

function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${name}${index}`);
}

describe('FrameScheduler', () => {
  it('MAIN-concurrent: a client within its budget is served in the tick its frame came', () => {
    const { handled, open } = create();
    open('a').push(4);
    expect(handled).toEqual(numbered('a', 4));
  });

  it('MAIN-two-windows PF-P8: a client that floods delays no other by a turn', async () => {
    const { handled, open } = create();
    const [flood, quiet] = [open('f'), open('q')];
    flood.push(100);
    expect(handled).toHaveLength(4);
    quiet.push(1);
    expect(handled.at(-1)).toBe('q0'); // not one turn later
    for (let turn = 1; turn <= 5; turn += 1) {
      await nextTurn();
      expect(handled.filter((entry) => entry.startsWith('f'))).toHaveLength(4 * (turn + 1));
      quiet.push(1, turn);
      expect(handled.at(-1)).toBe(`q${turn}`);
    }
  });

  it('MAIN-two-windows: two that flood share the turns', async () => {
    const { handled, open } = create();
    const [first, second] = [open('a'), open('b')];
    first.push(20);
    second.push(20);
    await turns(2);
    expect(handled.filter((entry) => entry.startsWith('a'))).toHaveLength(12);
    expect(handled.filter((entry) => entry.startsWith('b'))).toHaveLength(12);
  });

  it('MAIN-two-windows PF-P8: alone a client may move any number of bytes', () => {
    const { handled, open } = create();
    const { inbox } = open('a');
    for (const size of [1000, 5000, 100]) inbox.push(Buffer.alloc(size, '.'));
    expect(handled).toHaveLength(3);
  });

  it('MAIN-two-windows PF-P8: beside another, who has moved a burst waits until it is made up for, the other does not', async () => {
    const { handled, open, time } = create();
    const [big, small] = [open('b'), open('s')];
    small.push(1);
    big.inbox.push(Buffer.alloc(1500));
    big.push(1);
    small.push(1, 1);
    expect(handled.map((entry) => entry.slice(0, 2))).toEqual(['s0', 'b\0', 's1']);
    await turns(2);
    time.advance(49); // 500 bytes too many, 10 a millisecond
    await turns(2);
    expect(handled).toHaveLength(3);
    time.advance(2);
    await turns(2);
    expect(handled.at(-1)).toBe('b0');
  });

  it('MAIN-two-windows PF-P8: what is sent to a client counts as well; once the others are quiet nobody waits', async () => {
    const { handled, open, time } = create();
    const [big, small] = [open('b'), open('s')];
    small.push(1);
    big.inbox.charge(1_000_000);
    big.push(1);
    await turns(2);
    expect(handled).toEqual(['s0']);
    time.advance(1_600); // a debt is no longer than sixteen bursts
    await turns(2);
    expect(handled).toEqual(['s0', 'b0']);
    time.advance(101);
    big.inbox.charge(1_000_000);
    big.push(1, 1);
    expect(handled.at(-1)).toBe('b1');
  });

  it('BAD-never-reads PF-P8: a full inbox stops the reading of its socket, and starts it again once it is half empty', async () => {
    const { open } = create();
    const { push, flow } = open('a');
    push(4 + 31);
    expect(flow).toEqual([]);
    push(10);
    expect(flow).toEqual(['pause']);
    await turns(6); // 41 waited, 17 are left
    expect(flow).toEqual(['pause']);
    await nextTurn();
    expect(flow).toEqual(['pause', 'resume']);
  });

  it('PF-P5: the order of a client is kept, whatever arrives in between', async () => {
    const steps = array(tuple(nat(2), nat(9)), { minLength: 1, maxLength: 20 });
    await assert(
      asyncProperty(steps, async (pushes) => {
        const { handled, open } = create();
        const clients = ['a', 'b', 'c'].map((name) => ({ name, sent: 0, ...open(name) }));
        for (const [who, count] of pushes) {
          const client = clients[who];
          if (client === undefined) continue;
          client.push(count, client.sent);
          client.sent += count;
          if (count === 0) await nextTurn();
        }
        await turns(60);
        for (const { name, sent } of clients)
          expect(handled.filter((entry) => entry.startsWith(name))).toEqual(numbered(name, sent));
      }),
      { numRuns: 30 },
    );
  });

  it('MAIN-broken-socket: what a client sent before it left is handled, nothing is taken afterwards', async () => {
    const { handled, open } = create();
    const { inbox, push, flow } = open('a');
    push(50);
    inbox.close();
    inbox.close();
    expect(handled).toEqual(numbered('a', 50));
    push(1, 50);
    await turns(3);
    expect(handled).toHaveLength(50);
    expect(flow).toEqual(['pause']);
  });

  it('MAIN-broken-socket: a frame that closes its own connection is followed by the rest, in order', async () => {
    const { handled, open } = create();
    const { push } = open('a', (text, inbox) => {
      if (text === '5') inbox.close();
    });
    push(10);
    await turns(3);
    expect(handled).toEqual(numbered('a', 10));
  });

  it('PF-P8: with nothing to do there are no turns', async () => {
    const { scheduler, open } = create();
    open('a').push(1);
    await turns(3);
    expect(scheduler.turn).toBe(1);
  });
});
