import type { RotationView, SessionView, TokenView } from '../../../protocol/snapshot.ts';
import type { RotationRequest } from '../../state/rotation-request.ts';
import { tokenStandingOf } from '../../state/session-words.ts';

export interface RotationRowView {
  readonly key: string;
  readonly sessionId: string;
  readonly name: string;
  readonly state: RotationView['rows'][number]['state'];
  readonly switchedAt: number | null;
  /** Its session is connected by a shim, which can be asked to connect again. */
  readonly canReconnect: boolean;
}

/** What the page shows. `asked`: drawn at the click, before the daemon has answered. */
export interface RotationPicture {
  readonly phase: 'none' | 'asked' | 'waiting' | 'done';
  readonly startedAt: number | null;
  readonly rows: readonly RotationRowView[];
  readonly onNew: number;
}

export function rotationPicture(
  token: TokenView,
  sessions: readonly SessionView[],
  request: RotationRequest,
): RotationPicture {
  const byKey = new Map(sessions.map((session) => [session.key, session]));
  const canReconnect = (key: string) => {
    const session = byKey.get(key);
    return session?.transport === 'shim' && session.connectionStatus === 'connected';
  };
  const isAsked = request.state === 'asked' && token.generation === request.fromGeneration;
  const { rotation } = token;
  if (rotation !== null && !isAsked) {
    const rows = rotation.rows.map(({ sessionKey, sessionId, name, state, switchedAt }) => ({
      key: sessionKey,
      sessionId,
      name,
      state,
      switchedAt,
      canReconnect: state === 'on-reconnect' && canReconnect(sessionKey),
    }));
    return { phase: rotation.state, startedAt: rotation.startedAt, rows, onNew: countNew(rows) };
  }
  const rows = sessions.map((session): RotationRowView => {
    const isOld = tokenStandingOf(session) === 'old';
    const { key, sessionId, name } = session;
    const state = isAsked
      ? 'on-reconnect'
      : isOld
        ? session.credential === 'file'
          ? 'on-reconnect'
          : 'needs-update'
        : 'new';
    return { key, sessionId, name, state, switchedAt: null, canReconnect: !isAsked && isOld && canReconnect(key) };
  });
  return { phase: isAsked ? 'asked' : 'none', startedAt: null, rows, onNew: countNew(rows) };
}

function countNew(rows: readonly RotationRowView[]): number {
  return rows.filter(({ state }) => state === 'new').length;
}
