import './call-detail.css';
import type { ReactNode } from 'react';
import type { HistoryRow } from '../../../protocol/history.ts';
import { hrefOf } from '../../state/router.ts';
import { useRouter, useWords } from '../../state/services.ts';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { providerOf, sentenceOf } from './call-words.ts';

/** Everything the history knows of one call. */
export function CallDetail({ row, name }: { readonly row: HistoryRow; readonly name: string }) {
  const words = useWords();
  const router = useRouter();
  const { text, fill } = words;
  const { facts } = text.activity;
  const sentence = sentenceOf(row, words);
  const provider = providerOf(row, words);
  const took = words.duration(row.durationMs);
  const hasArguments = row.argumentsPreview !== null && row.argumentsPreview !== '';
  return (
    <div className="call-detail">
      {sentence === undefined ? null : (
        <p className={`call-detail__sentence call-detail__sentence--${row.outcome}`}>{sentence}</p>
      )}
      <dl className="call-detail__facts">
        {row.errorCode === null ? null : (
          <Fact label={facts.code}>
            <span className="mono">{row.errorCode}</span>
          </Fact>
        )}
        <Fact label={facts.session}>
          {name === row.sessionId ? null : (
            <>
              <bdi>{name}</bdi>
              <span aria-hidden="true">{text.common.separator}</span>
            </>
          )}
          <bdi className="mono" dir="ltr">
            {row.sessionId}
          </bdi>
        </Fact>
        {row.instanceId === null ? null : (
          <Fact label={facts.instance}>
            <bdi className="mono" dir="ltr">
              {row.instanceId}
            </bdi>
          </Fact>
        )}
        {row.upstream === null ? null : (
          <Fact label={facts.upstream}>
            <bdi>{row.upstream}</bdi>
          </Fact>
        )}
        {provider === undefined ? null : (
          <Fact label={facts.provider}>
            <bdi>{provider}</bdi>
          </Fact>
        )}
        <Fact label={facts.timing}>
          {row.queuedMs === 0
            ? fill(text.activity.timing, { took })
            : fill(text.activity.timingWaited, { waited: words.duration(row.queuedMs), took })}
        </Fact>
        <Fact label={facts.size}>
          {fill(text.activity.size, {
            request: words.bytes(row.requestBytes),
            response: words.bytes(row.responseBytes),
          })}
        </Fact>
        <Fact label={facts.started}>
          <time dateTime={new Date(row.startedAt * 1000).toISOString()}>{words.absolute(row.startedAt)}</time>
        </Fact>
        <Fact label={facts.callId}>
          <bdi className="mono" dir="ltr">
            {row.callId}
          </bdi>
        </Fact>
        {hasArguments ? (
          <Fact label={facts.arguments}>
            <bdi className="call-detail__arguments mono" dir="ltr">
              {row.argumentsPreview}
            </bdi>
          </Fact>
        ) : null}
      </dl>
      <div className="call-detail__actions">
        <CopyButton what="call-id" name={text.activity.callId} label={text.activity.copyCallId} text={row.callId} />
        <Button onClick={() => router.setQuery({ session: row.sessionId })}>{text.activity.onlySession}</Button>
        <Button onClick={() => router.setQuery({ tool: row.tool })}>{text.activity.onlyTool}</Button>
        <ButtonLink href={hrefOf(['sessions', row.sessionId])} isOnward>
          {text.activity.showSession}
        </ButtonLink>
      </div>
    </div>
  );
}

function Fact({ label, children }: { readonly label: string; readonly children: ReactNode }) {
  return (
    <div className="call-detail__fact">
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}
