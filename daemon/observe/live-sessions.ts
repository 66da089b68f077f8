import type { FinishedCall } from '../../protocol/events.ts';
import type { Session } from '../sessions/session.ts';
import type { LocalDay } from './local-day.ts';
import { SessionColors } from './session-colors.ts';
import { SessionStats } from './session-stats.ts';

/** A session that has ended is shown this long, so that people see what happened. */
const endedShownMs = 3_000;

export interface LiveSession {
  readonly session: Session;
  readonly color: number;
  readonly stats: SessionStats;
  /** Epoch seconds; null while it lives. */
  endedAt: number | null;
}

export interface LiveSessionsOptions {
  readonly day: LocalDay;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Milliseconds that no change of the wall clock moves. */
  readonly clock: () => number;
}

/** The sessions that are shown, in order of connecting, with what is counted for each. */
export class LiveSessions {
  readonly #options: LiveSessionsOptions;
  readonly #colors = new SessionColors();
  readonly #shown = new Map<string, LiveSession>();
  readonly #ended: { readonly key: string; readonly goneAt: number }[] = [];

  constructor(options: LiveSessionsOptions) {
    this.#options = options;
  }

  /** Everything that is shown. */
  all(): IterableIterator<[key: string, LiveSession]> {
    return this.#shown.entries();
  }

  get(key: string): LiveSession | undefined {
    return this.#shown.get(key);
  }

  /** Sessions that have not ended. */
  get living(): number {
    return this.#shown.size - this.#ended.length;
  }

  connected(session: Session): void {
    const { day, now } = this.#options;
    if (this.#shown.has(session.key)) return;
    this.#shown.set(session.key, {
      session,
      color: this.#colors.colorOf(session.instanceId),
      stats: new SessionStats(day, now),
      endedAt: null,
    });
  }

  ended(key: string): void {
    const live = this.#shown.get(key);
    if (live === undefined || live.endedAt !== null) return;
    live.endedAt = this.#options.now() / 1000;
    this.#ended.push({ key, goneAt: this.#options.clock() + endedShownMs });
    this.forgetEnded(); // also while nobody looks
  }

  finished(call: FinishedCall): void {
    this.#shown.get(call.sessionKey)?.stats.add(call);
  }

  /** Drops the sessions that have been shown as ended for long enough; returns their keys. */
  forgetEnded(): string[] {
    const now = this.#options.clock();
    const gone: string[] = [];
    for (let first = this.#ended[0]; first !== undefined && first.goneAt <= now; first = this.#ended[0]) {
      this.#ended.shift();
      this.#shown.delete(first.key);
      gone.push(first.key);
    }
    return gone;
  }
}
