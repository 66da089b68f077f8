import type { ReactNode } from 'react';
import type { SessionView } from '../../../protocol/snapshot.ts';
import { useWords } from '../../state/services.ts';
import { tokenStandingOf } from '../../state/session-words.ts';
import type { Words } from '../../strings/words.ts';
import { CopyButton } from '../../ui/copy-button.tsx';
import { MiddleText } from '../../ui/middle-text.tsx';
import { Status } from '../../ui/status-mark.tsx';
import { Ago, Clock } from '../../ui/time.tsx';

/** Figures in two columns, then what it is. What was not measured has a dash in its place. */
export function SessionFacts({ session, isEnded }: { readonly session: SessionView; readonly isEnded: boolean }) {
  const words = useWords();
  const { text, fill, number } = words;
  const { facts } = text.session;
  const { none } = text.common;
  const time = (milliseconds: number | null) => (milliseconds === null ? none : words.duration(milliseconds));
  return (
    <div className="session-page__facts" data-state={isEnded ? 'ended' : 'live'}>
      <dl className="facts facts--figures">
        <Fact id="inflight" label={facts.inflight}>
          {fill(text.session.inflightOf, { inflight: session.inflight, cap: session.cap })}
        </Fact>
        <Fact id="callsToday" label={facts.callsToday}>
          {number(session.callsToday)}
        </Fact>
        <Fact id="queued" label={facts.queued}>
          {number(session.queued)}
        </Fact>
        <Fact id="errorsToday" label={facts.errorsToday}>
          {number(session.errorsToday)}
        </Fact>
        <Fact id="p50Ms" label={facts.p50}>
          {time(session.p50Ms)}
        </Fact>
        <Fact id="p95Ms" label={facts.p95}>
          {time(session.p95Ms)}
        </Fact>
      </dl>
      <dl className="facts facts--names">
        <CopyFact id="serverName" label={facts.serverName} value={session.serverName} />
        <CopyFact id="serverId" label={facts.serverId} value={session.serverId} />
        <Fact id="editor" label={facts.editor}>
          <bdi>
            {session.pid === null
              ? (session.editor ?? session.clientName)
              : fill(text.session.editorProcess, {
                  editor: session.editor ?? session.clientName,
                  pid: String(session.pid),
                })}
          </bdi>
        </Fact>
        <Fact id="workspaceName" label={facts.folder}>
          <bdi>{session.workspaceName ?? none}</bdi>
        </Fact>
        <Fact id="connectedAt" label={facts.connected}>
          <Clock at={session.connectedAt} />
          <span aria-hidden="true">{text.common.separator}</span>
          <Ago at={session.connectedAt} />
        </Fact>
        <Fact id="token" label={facts.token}>
          <TokenFact session={session} words={words} />
        </Fact>
        <Fact id="transport" label={facts.transport}>
          {text.session.transports[session.transport]}
        </Fact>
        {session.lastError === null ? null : (
          <Fact id="lastError" label={facts.lastError}>
            <span className="mono">{session.lastError.code}</span>
            <span aria-hidden="true">{text.common.separator}</span>
            <Ago at={session.lastError.at} />
          </Fact>
        )}
      </dl>
    </div>
  );
}

function Fact({ id, label, children }: { readonly id: string; readonly label: string; readonly children: ReactNode }) {
  return (
    <div className="facts__row">
      <dt>{label}</dt>
      <dd data-testid={`session-fact-${id}`}>{children}</dd>
    </div>
  );
}

function CopyFact({
  id,
  label,
  value,
}: {
  readonly id: string;
  readonly label: string;
  readonly value: string | null;
}) {
  const { text } = useWords();
  return (
    <Fact id={id} label={label}>
      {value === null ? (
        text.common.none
      ) : (
        <span className="facts__copy">
          <MiddleText text={value} isId />
          <CopyButton what={id} name={label} text={value} />
        </span>
      )}
    </Fact>
  );
}

function TokenFact({ session, words }: { readonly session: SessionView; readonly words: Words }) {
  const { text, fill } = words;
  const generation = session.tokenGeneration;
  switch (tokenStandingOf(session)) {
    case 'current':
      return <Status kind="done" word={fill(text.session.tokenCurrent, { generation })} />;
    case 'old':
      return session.credential === 'file' ? (
        <Status kind="half" word={fill(text.session.tokenOldFile, { generation })} />
      ) : (
        <Status kind="attention" word={fill(text.session.tokenOldInline, { generation })} />
      );
    case 'own':
      return session.credential === 'jwt' ? text.session.credentials.jwt : text.session.credentials.instance;
    case 'none':
      return text.session.credentials.none;
  }
}
