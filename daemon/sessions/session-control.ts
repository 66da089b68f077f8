import { FailureError } from '../../protocol/errors.ts';
import { closeCodes } from '../../protocol/limits.ts';
import { type Schedule, scheduleUnref } from '../calls/deadline.ts';
import type { Session } from './session.ts';
import type { SessionRegistry } from './session-registry.ts';

/** All shims are asked to reconnect within this time, a few at once, so that their handshakes do not come in one burst. */
const spreadMs = 2_000;
const stepMs = 50;

export interface SessionControlOptions {
  readonly registry: SessionRegistry;
  readonly schedule?: Schedule;
}

/** What an admin does to sessions. Unknown sessions are a `NOT_FOUND` {@link FailureError}. */
export class SessionControl {
  readonly #registry: SessionRegistry;
  readonly #schedule: Schedule;

  constructor({ registry, schedule = scheduleUnref }: SessionControlOptions) {
    this.#registry = registry;
    this.#schedule = schedule;
  }

  /** By key first, then by session id, also of a session that is away and has lent its name to another. */
  find(keyOrSessionId: string): Session {
    const found =
      this.#registry.find(keyOrSessionId) ??
      this.#registry.confirmed().find(({ sessionId }) => sessionId === keyOrSessionId);
    if (found?.isConfirmed === true) return found;
    throw new FailureError({ code: 'NOT_FOUND', message: 'There is no such session.', hint: 'It may have ended.' });
  }

  /** A name for people, kept until the session ends; empty takes it away. */
  rename(keyOrSessionId: string, name: string): Session {
    const session = this.find(keyOrSessionId);
    session.label = name === '' ? null : name;
    return session;
  }

  /** Ends a session: its calls are cancelled, and its shim reports why. */
  disconnect(keyOrSessionId: string): void {
    this.#registry.end(this.find(keyOrSessionId), 'disconnected by an admin', closeCodes.revoked);
  }

  /** Asks a shim to connect again, which resumes its session and loses no call. */
  reconnect(keyOrSessionId: string): void {
    const session = this.find(keyOrSessionId);
    if (!canReconnect(session)) {
      throw new FailureError({
        code: 'NOT_FOUND',
        message: 'This session cannot be asked to reconnect: only a connected shim resumes what it was doing.',
      });
    }
    session.connection?.close(closeCodes.shutdown);
  }

  /**
   * Asks every shim that reads its token from a file to connect again. Whoever would come back as somebody else, since
   * authentication was off until now, is left alone while its calls run: these it could not find again.
   */
  reconnectFollowers(): void {
    const followers = this.#registry
      .confirmed()
      .filter(
        (session) =>
          canReconnect(session) &&
          session.credentialSource === 'file' &&
          (session.owner.auth === 'shared' || (session.owner.auth === 'disabled' && session.peer?.inflight === 0)),
      );
    const gapMs = Math.min(stepMs, spreadMs / followers.length);
    for (const [index, session] of followers.entries()) {
      const { connection } = session;
      const ask = (): void => {
        // Not one that has come back by itself meanwhile, with the new token.
        if (session.connection === connection) connection?.close(closeCodes.shutdown);
      };
      if (index === 0) ask();
      else this.#schedule(ask, index * gapMs);
    }
  }
}

function canReconnect({ transport, state, connection, peer }: Session): boolean {
  return transport === 'shim' && state === 'connected' && connection !== null && peer?.isResumable === true;
}
