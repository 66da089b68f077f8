import type { DaemonEvent } from '../../protocol/events.ts';
import { EventBus } from '../observe/event-bus.ts';

/** A real bus that remembers what was announced. */
export class RecordedBus extends EventBus {
  readonly events: DaemonEvent[] = [];

  constructor() {
    super();
    this.subscribe((event) => this.events.push(event));
  }

  types(): string[] {
    return this.events.map(({ type }) => type);
  }

  of<Type extends DaemonEvent['type']>(type: Type): Extract<DaemonEvent, { type: Type }>[] {
    return this.events.filter((event): event is Extract<DaemonEvent, { type: Type }> => event.type === type);
  }
}
