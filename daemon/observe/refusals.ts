import type { CapacityScope } from '../../protocol/errors.ts';
import type { CallInfo } from '../../protocol/events.ts';
import { SlidingMinute } from './sliding-minute.ts';

/** The limit that has refused calls: whose, and how often in the last minute. */
export interface RefusedScope {
  readonly scope: CapacityScope;
  /** Key of the session, upper-case provider, else the scope itself. */
  readonly id: string;
  readonly count: number;
  /** Epoch seconds of the first. */
  readonly since: number;
}

/** Refusals of the last minute by the limit that was hit. */
export class RefusalLog {
  readonly #now: () => number;
  readonly #minutes = new Map<string, { readonly scope: CapacityScope; readonly id: string; minute: SlidingMinute }>();

  /** `now`: epoch milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  add(scope: CapacityScope, { sessionKey, provider }: Pick<CallInfo, 'sessionKey' | 'provider'>): void {
    const id = scope === 'session' ? sessionKey : scope === 'provider' ? (provider ?? scope) : scope;
    const key = `${scope}:${id}`;
    let held = this.#minutes.get(key);
    if (held === undefined) {
      this.#forgetQuiet(); // so that limits of sessions long gone do not add up
      held = { scope, id, minute: new SlidingMinute(this.#now) };
      this.#minutes.set(key, held);
    }
    held.minute.add();
  }

  /** Limits that have refused a call within the last minute. */
  recent(): RefusedScope[] {
    this.#forgetQuiet();
    return Array.from(this.#minutes.values(), ({ scope, id, minute }) => ({
      scope,
      id,
      count: minute.total,
      since: minute.since ?? 0,
    }));
  }

  #forgetQuiet(): void {
    for (const [key, { minute }] of this.#minutes) if (minute.total === 0) this.#minutes.delete(key);
  }
}
