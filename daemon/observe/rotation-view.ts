import type { RotationView } from '../../protocol/snapshot.ts';
import type { Session } from '../sessions/session.ts';
import { credentialOf } from './session-view.ts';

type Row = RotationView['rows'][number];

/**
 * Who has followed a rotation: one row per session that lived at that moment. A row is `new` only on proof: the session has
 * connected with the new token since, or it has a credential that the rotation does not touch.
 */
export class RotationWatch {
  readonly #generation: number;
  readonly #startedAt: number;
  readonly #rows: { readonly shimId: string | null; row: Row }[];

  /** `now`: epoch seconds. */
  constructor(generation: number, sessions: readonly Session[], nameOf: (session: Session) => string, now: number) {
    this.#generation = generation;
    this.#startedAt = now;
    this.#rows = sessions.map((session) => ({
      shimId: session.hello?.shimId ?? null,
      row: {
        sessionKey: session.key,
        sessionId: session.sessionId,
        name: nameOf(session),
        state: stateAtRotation(session, generation),
        switchedAt: null,
      },
    }));
  }

  get isWaiting(): boolean {
    return this.#rows.some(({ row }) => isOpen(row));
  }

  /** This session has connected (again). True when a row has turned. */
  connected(session: Session, now: number): boolean {
    if (session.tokenGeneration < this.#generation) return false;
    const shimId = session.hello?.shimId ?? null;
    // Where a rotation changed who a shim is (authentication was off), the same process comes back as another session.
    const held = this.#rows.find(
      (one) => isOpen(one.row) && (one.row.sessionKey === session.key || (shimId !== null && one.shimId === shimId)),
    );
    if (held === undefined) return false;
    const { key: sessionKey, sessionId } = session;
    held.row = { ...held.row, sessionKey, sessionId, state: 'new', switchedAt: now };
    return true;
  }

  /** Looks at every row that is open; `find` knows the sessions that live. True when one has turned. */
  lookAgain(find: (sessionKey: string) => Session | undefined, now: number): boolean {
    let hasTurned = false;
    for (const { row } of this.#rows) {
      const session = isOpen(row) ? find(row.sessionKey) : undefined;
      if (session !== undefined && this.connected(session, now)) hasTurned = true;
    }
    return hasTurned;
  }

  /** A session that is over proves nothing any more; one that was lost on its way to the new token has failed. */
  ended(sessionKey: string, reason: string): boolean {
    const at = this.#rows.findIndex(({ row }) => isOpen(row) && row.sessionKey === sessionKey);
    const held = this.#rows[at];
    if (held === undefined) return false;
    if (held.row.state === 'on-reconnect' && reason === 'grace over') held.row = { ...held.row, state: 'failed' };
    else this.#rows.splice(at, 1);
    return true;
  }

  view(): RotationView {
    return {
      startedAt: this.#startedAt,
      state: this.isWaiting ? 'waiting' : 'done',
      rows: this.#rows.map(({ row }) => row),
    };
  }
}

function isOpen({ state }: Row): boolean {
  return state === 'on-reconnect' || state === 'needs-update';
}

function stateAtRotation(session: Session, generation: number): Row['state'] {
  const credential = credentialOf(session);
  if (credential === 'instance' || credential === 'jwt' || session.tokenGeneration >= generation) return 'new';
  return credential === 'file' ? 'on-reconnect' : 'needs-update';
}
