import { describe, expect, it } from 'vitest';
import type { DaemonEvent } from '../../protocol/events.ts';
import { EventBus } from './event-bus.ts';

const event: DaemonEvent = { type: 'probe.seen', kind: 'silent' };

describe('EventBus', () => {
  it('WIRE-8.4: every listener has seen an event when emit returns, in order of subscription', () => {
    const bus = new EventBus();
    const seen: string[] = [];
    bus.subscribe(() => seen.push('first'));
    bus.subscribe(() => seen.push('second'));
    bus.emit(event);
    expect(seen).toEqual(['first', 'second']);
  });

  it('WIRE-11: a listener that throws harms nobody and is logged once, each broken one by itself', () => {
    const logged: unknown[] = [];
    const bus = new EventBus({ logger: { error: (_msg, fields) => logged.push(fields?.['event']) } });
    let seen = 0;
    for (const message of ['a', 'b']) {
      bus.subscribe(() => {
        throw new Error(message);
      });
    }
    bus.subscribe(() => {
      seen += 1;
    });
    for (let times = 0; times < 3; times += 1) bus.emit(event);
    expect(seen).toBe(3);
    expect(logged).toEqual(['probe.seen', 'probe.seen']);
  });

  it('WIRE-8.4: a listener may leave, twice, and during an event, without others missing it', () => {
    const bus = new EventBus();
    const seen: string[] = [];
    const leave = bus.subscribe(() => {
      seen.push('leaver');
      leave();
      leave();
    });
    const stay = (): void => {
      seen.push('stayer');
    };
    bus.subscribe(stay);
    const leaveOneOfTwo = bus.subscribe(stay);
    bus.emit(event);
    leaveOneOfTwo();
    bus.emit(event);
    expect(seen).toEqual(['leaver', 'stayer', 'stayer', 'stayer']);
  });
});
