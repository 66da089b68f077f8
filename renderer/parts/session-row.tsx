import './session-row.css';
import { memo } from 'react';
import { hrefOf } from '../state/router.ts';
import { useSession, useWords } from '../state/services.ts';
import { markNameOf, subtitleOf, titleOf } from '../state/session-words.ts';
import { CopyButton } from '../ui/copy-button.tsx';
import { IdentityMark } from '../ui/identity-mark.tsx';
import { Meter } from '../ui/meter.tsx';
import { MiddleText } from '../ui/middle-text.tsx';
import { Row, useRowPlace, useRowTabIndex } from '../ui/row.tsx';
import { Status } from '../ui/status-mark.tsx';

/** One session in two lines. Renders when this session changes, and for nothing else. */
export const SessionRow = memo(function SessionRow({ sessionKey }: { readonly sessionKey: string }) {
  const { text, fill } = useWords();
  const session = useSession(sessionKey);
  const { phase } = useRowPlace();
  const tabIndex = useRowTabIndex();
  if (session === undefined) return null;
  const state = phase === 'live' ? session.connectionStatus : 'ended';
  const { sessionId, inflight, cap, queued } = session;
  return (
    <Row testId="session-row" dataId={sessionId} state={state} className="session-row">
      <IdentityMark color={session.color} name={markNameOf(session)} />
      <a
        className="session-row__title truncate"
        href={hrefOf(['sessions', sessionId])}
        data-row-target
        tabIndex={tabIndex}
      >
        <bdi>{titleOf(session)}</bdi>
      </a>
      {state === 'connected' ? (
        <span className="session-row__load" data-testid="session-inflight">
          <Status kind="live" word={text.overview.live} isWordHidden />
          <Meter label={titleOf(session)} value={inflight} max={cap} waiting={queued} />
          <span className="session-row__figures">{fill(text.common.units.of, { value: inflight, total: cap })}</span>
        </span>
      ) : (
        <span className="session-row__load">
          {state === 'detached' ? (
            <Status kind="half" word={text.overview.reconnecting} />
          ) : (
            <Status kind="off" word={text.overview.ended} />
          )}
        </span>
      )}
      <span className="session-row__meta">
        <bdi className="truncate">{subtitleOf(session)}</bdi>
        <span aria-hidden="true">{text.common.separator.trim()}</span>
        <MiddleText text={sessionId} isId />
      </span>
      <span className="session-row__copy">
        <CopyButton what="session-id" name={text.overview.sessionId} text={sessionId} tabIndex={tabIndex} />
      </span>
    </Row>
  );
});
