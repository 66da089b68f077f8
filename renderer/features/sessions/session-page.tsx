import './session-page.css';
import { useId } from 'react';
import { CallList, useCallIds } from '../../parts/call-list.tsx';
import { SectionHead } from '../../parts/section-head.tsx';
import { hrefOf } from '../../state/router.ts';
import { useModel, useWords } from '../../state/services.ts';
import { ButtonLink } from '../../ui/button.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { ErrorPanel } from '../../ui/panels.tsx';
import { RecentCalls } from './recent-calls.tsx';
import { SessionFacts } from './session-facts.tsx';
import { SessionHead } from './session-head.tsx';

interface SessionPageProps {
  readonly sessionId: string;
  readonly backHref: string;
}

/** Everything about one session. It stays when the session has ended. */
export function SessionPage({ sessionId, backHref }: SessionPageProps) {
  const words = useWords();
  const { text } = words;
  const headId = useId();
  // An id can be used again after its session has ended: the one that lives is meant.
  const session = useModel(
    ({ sessions, goneSessions }) =>
      [...sessions.values()].find((row) => row.sessionId === sessionId) ??
      [...goneSessions.values()].findLast((row) => row.sessionId === sessionId),
  );
  const isGone = useModel(({ sessions }) => session !== undefined && !sessions.has(session.key)) ?? false;
  const back = (
    <ButtonLink icon="back" href={backHref}>
      {text.session.backToSessions}
    </ButtonLink>
  );

  if (session === undefined) {
    return (
      <>
        <div className="session-page__bar">{back}</div>
        <h1 tabIndex={-1} className="visually-hidden">
          {text.session.unknown}
        </h1>
        <ErrorPanel title={text.session.unknown} code="NOT_FOUND">
          <ButtonLink kind="filled" href={backHref} testId="error-action">
            {text.session.allSessions}
          </ButtonLink>
        </ErrorPanel>
      </>
    );
  }

  const isEnded = isGone || session.connectionStatus === 'ended';
  const historyHref = hrefOf(['activity'], { session: sessionId });
  return (
    <article
      className="session-page"
      data-testid="session-detail"
      data-id={sessionId}
      data-state={isEnded ? 'ended' : session.connectionStatus}
    >
      <SessionHead session={session} isEnded={isEnded} back={back} />
      {isEnded ? (
        <div className="session-page__ended" data-testid="session-ended">
          <p>{words.fill(text.session.endedAt, { time: words.clock(session.endedAt ?? session.lastActiveAt) })}</p>
          <ButtonLink href={historyHref} isOnward>
            {text.session.showHistory}
          </ButtonLink>
        </div>
      ) : null}
      <SessionFacts session={session} isEnded={isEnded} />
      {isEnded ? null : <RunningCalls sessionId={sessionId} headId={`${headId}-running`} />}
      <section>
        <SectionHead id={`${headId}-recent`} title={text.session.recent}>
          <ButtonLink href={historyHref} isOnward>
            {text.session.recentAll}
          </ButtonLink>
        </SectionHead>
        <RecentCalls sessionId={sessionId} callsToday={session.callsToday} labelledBy={`${headId}-recent`} />
      </section>
      <div className="session-page__foot">
        {session.logSource === null ? null : (
          <ButtonLink icon="logs" href={hrefOf(['logs', session.logSource])}>
            {text.session.openLog}
          </ButtonLink>
        )}
        <CopyButton
          what="config-command"
          name={text.overview.addCommandName}
          label={text.shell.menu.copyConfig}
          text={text.overview.addCommand}
        />
      </div>
    </article>
  );
}

function RunningCalls({ sessionId, headId }: { readonly sessionId: string; readonly headId: string }) {
  const { text } = useWords();
  const count = useCallIds(sessionId).length;
  return (
    <section>
      {count === 0 ? (
        <SectionHead id={headId} title={text.overview.nothingRunning} isQuiet />
      ) : (
        <SectionHead id={headId} title={text.session.running} count={count} />
      )}
      <CallList labelledBy={headId} isTable={false} session={sessionId} empty={null} hasOwner={false} />
    </section>
  );
}
