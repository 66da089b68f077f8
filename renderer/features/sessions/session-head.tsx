import { type ReactNode, useCallback, useState } from 'react';
import type { SessionView } from '../../../protocol/snapshot.ts';
import { SessionMenu } from '../../parts/session-menu.tsx';
import { useCanAct, useClient, useWords } from '../../state/services.ts';
import { markNameOf, titleOf } from '../../state/session-words.ts';
import { useAction } from '../../state/use-action.ts';
import { describeFailure } from '../../strings/failure.ts';
import { Button } from '../../ui/button.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { IdentityMark } from '../../ui/identity-mark.tsx';
import { MiddleText } from '../../ui/middle-text.tsx';
import { Status } from '../../ui/status-mark.tsx';
import { SessionNameField } from './session-name-field.tsx';

interface SessionHeadProps {
  readonly session: SessionView;
  readonly isEnded: boolean;
  readonly back: ReactNode;
}

/** Which session this is, how it is, and what can be done with it. */
export function SessionHead({ session, isEnded, back }: SessionHeadProps) {
  const words = useWords();
  const { text } = words;
  const client = useClient();
  const canAct = useCanAct();
  const [isRenaming, setRenaming] = useState(false);
  const { key, sessionId } = session;
  const disconnect = useAction(
    useCallback(() => client.run('disconnectSession', { params: { sessionId: key } }), [client, key]),
    isEnded,
  );
  const now = disconnect.now;
  const result =
    now.state === 'failed'
      ? describeFailure(now.failure, words)
      : now.state === 'unanswered'
        ? text.common.noAnswerYet
        : now.state === 'done'
          ? text.session.disconnected
          : undefined;
  return (
    <>
      <div className="session-page__bar">
        {back}
        <span className="session-page__actions">
          {isEnded ? null : (
            <Button
              kind="outlined"
              testId="session-disconnect"
              disabled={!canAct || now.state === 'pending'}
              onClick={disconnect.start}
            >
              {text.session.disconnect}
            </Button>
          )}
          <SessionMenu session={session} onRename={() => setRenaming(true)} />
        </span>
      </div>
      {result === undefined ? null : (
        <p className="session-page__result" role="status" data-state={now.state}>
          {result}
        </p>
      )}
      <header className="session-page__head">
        <div className="session-page__title">
          <IdentityMark color={session.color} name={markNameOf(session)} />
          <h1 tabIndex={-1} className="truncate" title={titleOf(session)}>
            <bdi>{titleOf(session)}</bdi>
          </h1>
          {isEnded ? (
            <Status kind="off" word={text.overview.ended} />
          ) : session.connectionStatus === 'detached' ? (
            <Status kind="half" word={text.overview.reconnecting} />
          ) : (
            <Status kind="live" word={text.overview.live} />
          )}
        </div>
        {isRenaming && !isEnded ? (
          <SessionNameField session={session} onClose={() => setRenaming(false)} />
        ) : (
          <p className="session-page__id">
            <bdi className="truncate">{session.name}</bdi>
            <span aria-hidden="true">{text.common.separator.trim()}</span>
            <span className="session-page__id-text" data-testid="session-fact-sessionId">
              <MiddleText text={sessionId} isId />
            </span>
            <CopyButton what="session-id" name={text.overview.sessionId} text={sessionId} />
          </p>
        )}
      </header>
    </>
  );
}
