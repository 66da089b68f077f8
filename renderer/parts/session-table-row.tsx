import './session-table.css';
import { memo } from 'react';
import { hrefOf } from '../state/router.ts';
import { useSession, useWords } from '../state/services.ts';
import { markNameOf, titleOf, tokenStandingOf } from '../state/session-words.ts';
import { CopyButton } from '../ui/copy-button.tsx';
import { IdentityMark } from '../ui/identity-mark.tsx';
import { Meter } from '../ui/meter.tsx';
import { MiddleText } from '../ui/middle-text.tsx';
import { Cell, Row, useRowPlace, useRowTabIndex } from '../ui/row.tsx';
import { Status } from '../ui/status-mark.tsx';
import { Ago } from '../ui/time.tsx';
import { SessionMenu } from './session-menu.tsx';

/** One session in one line of the table. */
export const SessionTableRow = memo(function SessionTableRow({ sessionKey }: { readonly sessionKey: string }) {
  const words = useWords();
  const { text, fill } = words;
  const session = useSession(sessionKey);
  const { phase } = useRowPlace();
  const tabIndex = useRowTabIndex();
  if (session === undefined) return null;
  const state = phase === 'live' ? session.connectionStatus : 'ended';
  const { sessionId, inflight, cap, queued, tokenGeneration } = session;
  const standing = tokenStandingOf(session);
  return (
    <Row testId="session-row" dataId={sessionId} state={state} className="session-table__row">
      <Cell className="session-table__name">
        <IdentityMark color={session.color} name={markNameOf(session)} />
        <a href={hrefOf(['sessions', sessionId])} data-row-target tabIndex={tabIndex}>
          <MiddleText text={session.name} />
        </a>
      </Cell>
      <Cell>
        <bdi title={session.workspaceName ?? undefined}>{session.workspaceName ?? text.common.none}</bdi>
      </Cell>
      <Cell className="session-table__id">
        <MiddleText text={sessionId} isId />
        <CopyButton what="session-id" name={text.overview.sessionId} text={sessionId} tabIndex={tabIndex} />
      </Cell>
      <Cell className="cell--roomy">
        <bdi title={session.clientName}>{session.clientName}</bdi>
      </Cell>
      <Cell className="session-table__load">
        {state === 'connected' ? (
          <span className="session-table__meter" data-testid="session-inflight">
            <Meter label={titleOf(session)} value={inflight} max={cap} waiting={queued} />
            {fill(text.common.units.of, { value: inflight, total: cap })}
          </span>
        ) : (
          <Status
            kind={state === 'detached' ? 'half' : 'off'}
            word={state === 'detached' ? text.overview.reconnecting : text.overview.ended}
          />
        )}
      </Cell>
      <Cell className="cell--number cell--roomy">{words.number(queued)}</Cell>
      <Cell className="cell--number cell--narrow-out">
        {session.p95Ms === null ? text.common.none : words.duration(session.p95Ms)}
      </Cell>
      <Cell className="cell--number cell--roomy">{words.number(session.errorsToday)}</Cell>
      <Cell className="cell--spare">
        <Ago at={session.connectedAt} />
      </Cell>
      <Cell className="cell--narrow-out">
        {standing === 'current' || standing === 'old' ? (
          <Status
            kind={standing === 'current' ? 'done' : 'attention'}
            word={fill(standing === 'current' ? text.overview.tokenCurrent : text.overview.tokenOld, {
              generation: tokenGeneration,
            })}
          />
        ) : (
          <span className="session-table__quiet">{text.overview.tokenNone}</span>
        )}
      </Cell>
      <Cell className="session-table__actions">
        <SessionMenu session={session} tabIndex={tabIndex} />
      </Cell>
    </Row>
  );
});
