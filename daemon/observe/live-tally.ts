import type { DaemonEvent } from '../../protocol/events.ts';
import type { SessionRegistry } from '../sessions/session-registry.ts';
import { LiveSessions } from './live-sessions.ts';
import { LocalDay } from './local-day.ts';
import { RefusalLog } from './refusals.ts';
import { DayCounter, isError } from './session-stats.ts';
import { SlidingMinute } from './sliding-minute.ts';
import { TokenWatch, type TokenWatchOptions } from './token-watch.ts';

export interface LiveTallyOptions {
  readonly registry: SessionRegistry;
  readonly authenticator: TokenWatchOptions['authenticator'];
  readonly tokenGraceMs: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Milliseconds that no change of the wall clock moves. */
  readonly clock: () => number;
}

/**
 * What has to be counted while it happens, because nobody can say it afterwards. Runs on the call path: a finished call
 * costs a few writes.
 */
export class LiveTally {
  readonly sessions: LiveSessions;
  readonly token: TokenWatch;
  readonly today: DayCounter;
  /** Calls that were refused for a limit. */
  readonly refused: SlidingMinute;
  readonly refusals: RefusalLog;
  /** Clients that were refused for their credential. */
  readonly unauthorized: SlidingMinute;
  readonly #registry: SessionRegistry;

  constructor({ registry, authenticator, tokenGraceMs, now, clock }: LiveTallyOptions) {
    const day = new LocalDay(now);
    this.#registry = registry;
    this.today = new DayCounter(day);
    this.refused = new SlidingMinute(now);
    this.refusals = new RefusalLog(now);
    this.unauthorized = new SlidingMinute(now);
    this.sessions = new LiveSessions({ day, now, clock });
    this.token = new TokenWatch({ registry, authenticator, graceMs: tokenGraceMs, now });
  }

  /** What a reader has to be told: of the session of the call, of anything, or of nothing. */
  observe(event: DaemonEvent): 'session' | 'anything' | 'nothing' {
    switch (event.type) {
      case 'call.finished': {
        const { call } = event;
        this.today.add(isError(call));
        this.sessions.finished(call);
        if (call.outcome === 'refused') {
          this.refused.add();
          if (call.refusedScope !== null) this.refusals.add(call.refusedScope, call);
        }
        return 'session';
      }
      case 'session.connected': {
        const session = this.#registry.find(event.session.key);
        if (session === undefined) return 'nothing';
        this.sessions.connected(session);
        this.token.connected(session);
        return 'anything';
      }
      case 'session.ended':
        this.sessions.ended(event.session.key);
        this.token.ended(event.session.key, event.reason);
        return 'anything';
      case 'connection.opened':
        this.token.someoneConnected();
        return 'anything';
      case 'handshake.finished':
        if (event.result !== 'unauthorized' && event.result !== 'jwt_required') return 'nothing';
        this.unauthorized.add();
        return 'anything';
      case 'token.rotated':
        this.token.rotated(event.generation);
        return 'anything';
      case 'session.identified':
      case 'session.detached':
      case 'session.resumed':
      case 'daemon.draining':
        return 'anything';
      default:
        return 'nothing';
    }
  }
}
