import { useCallback } from 'react';
import { tokenOnClipboardMs, useRevealToken } from '../../parts/use-copy-token.ts';
import { useCanAct, useClient, useSession, useWords } from '../../state/services.ts';
import { markNameOf, titleOf } from '../../state/session-words.ts';
import { useAction } from '../../state/use-action.ts';
import { describeFailure } from '../../strings/failure.ts';
import { Button } from '../../ui/button.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { IdentityMark } from '../../ui/identity-mark.tsx';
import { MiddleText } from '../../ui/middle-text.tsx';
import { type MarkKind, StatusMark } from '../../ui/status-mark.tsx';
import type { RotationRowView } from './rotation-picture.ts';

const marks: Readonly<Record<RotationRowView['state'], MarkKind>> = {
  new: 'done',
  'on-reconnect': 'half',
  'needs-update': 'attention',
  failed: 'failed',
};

interface RotationRowProps {
  readonly row: RotationRowView;
  readonly startedAt: number | null;
  /** No rotation is shown: rows say who uses the token there is. */
  readonly isIdle: boolean;
}

/** One session and its token: ✓ only on proof, ▲ with what to do. */
export function RotationRow({ row, startedAt, isIdle }: RotationRowProps) {
  const words = useWords();
  const { text } = words;
  const client = useClient();
  const canAct = useCanAct();
  const session = useSession(row.key);
  const reveal = useRevealToken();
  const { key, sessionId, name, state, switchedAt } = row;
  const reconnect = useAction(
    useCallback(() => client.run('reconnectSession', { params: { sessionId: key } }), [client, key]),
    state === 'new',
  );
  const hasReconnected = state === 'new' && switchedAt !== null;
  const word =
    reconnect.now.state === 'failed'
      ? describeFailure(reconnect.now.failure, words)
      : reconnect.now.state === 'unanswered'
        ? text.common.noAnswerYet
        : reconnect.now.state !== 'idle' && state === 'on-reconnect'
          ? text.rotation.states.asking
          : text.rotation.states[hasReconnected ? 'reconnected' : isIdle && state === 'new' ? 'current' : state];
  return (
    <li className="rotation-row" data-testid="rotation-row" data-id={sessionId} data-state={state}>
      <StatusMark kind={marks[state]} />
      {session === undefined ? null : <IdentityMark color={session.color} name={markNameOf(session)} />}
      <div className="rotation-row__words">
        <p className="rotation-row__name">
          <bdi className="truncate">{session === undefined ? name : titleOf(session)}</bdi>
          <span className="rotation-row__id">
            <MiddleText text={sessionId} isId />
          </span>
        </p>
        <p className="rotation-row__state">{word}</p>
      </div>
      {hasReconnected && startedAt !== null ? (
        <span className="rotation-row__time">{words.duration(Math.max(0, switchedAt - startedAt) * 1000)}</span>
      ) : null}
      {state === 'needs-update' ? (
        <CopyButton
          what="token"
          testId="rotation-copy-config"
          name={isIdle ? text.shell.menu.copyToken : text.rotation.copyToken}
          label={isIdle ? text.shell.menu.copyToken : text.rotation.copyToken}
          kind="outlined"
          text={reveal}
          clearAfterMs={tokenOnClipboardMs}
          isDisabled={!canAct}
        />
      ) : null}
      {row.canReconnect ? (
        <Button
          testId="rotation-reconnect"
          disabled={!canAct || reconnect.now.state === 'pending' || reconnect.now.state === 'done'}
          onClick={reconnect.start}
        >
          {text.rotation.reconnect}
        </Button>
      ) : null}
    </li>
  );
}
