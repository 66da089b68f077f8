import './call-row.css';
import { type KeyboardEvent, memo } from 'react';
import { type CallRowState, detailOf, progressOf, rowStateOf, sourceOf } from '../state/call-words.ts';
import { hrefOf } from '../state/router.ts';
import { useCall, useCanAct, useSession, useWords } from '../state/services.ts';
import { titleOf } from '../state/session-words.ts';
import { describeFailure } from '../strings/failure.ts';
import { IconButton } from '../ui/button.tsx';
import { Cell, Row, useRowPlace, useRowTabIndex } from '../ui/row.tsx';
import { type MarkKind, Status } from '../ui/status-mark.tsx';
import { Age, Countdown } from '../ui/time.tsx';
import { useCancelCall } from './use-cancel-call.ts';

interface CallRowProps {
  readonly callId: string;
  readonly isTable: boolean;
  readonly hasOwner: boolean;
}

const endMarks: Partial<Readonly<Record<CallRowState, MarkKind>>> = { done: 'done', cancelled: 'cancelled' };

/** One running or waiting call. Renders when this call changes, and for nothing else. */
export const CallRow = memo(function CallRow({ callId, isTable, hasOwner }: CallRowProps) {
  const words = useWords();
  const { text } = words;
  const call = useCall(callId);
  const session = useSession(call?.sessionKey ?? '');
  const { phase } = useRowPlace();
  const tabIndex = useRowTabIndex();
  const canAct = useCanAct();
  const cancel = useCancelCall(call, callId);
  if (call === undefined) return null;

  const state = rowStateOf(call, phase, cancel.now.state === 'pending' || cancel.now.state === 'done');
  const isOver = state === 'done' || state === 'cancelled';
  const canCancel = canAct && !isOver && state !== 'cancelling';
  const note =
    cancel.now.state === 'unanswered'
      ? text.common.noAnswerYet
      : cancel.now.state === 'failed'
        ? describeFailure(cancel.now.failure, words)
        : undefined;

  const endMark = endMarks[state];
  const tool = (
    <a
      className="call-row__tool truncate"
      href={hrefOf(['sessions', call.sessionId])}
      data-row-target
      tabIndex={tabIndex}
    >
      <bdi title={call.tool}>{call.tool}</bdi>
    </a>
  );
  const owner = <bdi title={call.sessionId}>{session === undefined ? call.sessionId : titleOf(session)}</bdi>;
  const time =
    endMark !== undefined ? (
      <Status kind={endMark} word={state === 'done' ? text.overview.call.finished : text.overview.call.cancelled} />
    ) : state === 'cancelling' ? (
      <span className="call-row__quiet">{text.overview.call.cancelling}</span>
    ) : call.queuePosition !== null ? (
      <span className="call-row__waiting" data-testid="queue-place">
        {words.place(call.queuePosition)}
      </span>
    ) : (
      <Age at={call.startedAt ?? call.receivedAt} testId="call-age" />
    );
  const button = (
    <IconButton
      icon="close"
      label={words.fill(text.overview.call.cancel, { tool: call.tool })}
      testId="call-cancel"
      tabIndex={tabIndex}
      // Not `disabled`: that would drop the focus of whoever has just pressed it.
      aria-disabled={!canCancel}
      onClick={() => canCancel && cancel.start()}
    />
  );
  const row = {
    testId: 'call-row',
    dataId: callId,
    state,
    onKeyDown: (event: KeyboardEvent) => {
      if (event.key === 'Delete' && canCancel) cancel.start();
    },
  };

  if (!isTable) {
    return (
      <Row {...row} className="call-row">
        {tool}
        <span className="call-row__owner truncate">{hasOwner ? owner : null}</span>
        <span className="call-row__time">{time}</span>
        {button}
        <span className={note === undefined ? 'call-row__detail truncate' : 'call-row__detail call-row__note truncate'}>
          <bdi>{note ?? detailOf(call, words)}</bdi>
        </span>
      </Row>
    );
  }
  return (
    <Row {...row} className="call-table__row">
      <Cell>{tool}</Cell>
      <Cell>{owner}</Cell>
      <Cell>
        <bdi>{sourceOf(call) ?? text.common.none}</bdi>
      </Cell>
      <Cell className={note === undefined ? 'call-row__quiet' : 'call-row__note'}>
        <bdi>{note ?? progressOf(call, words) ?? call.argumentsPreview ?? text.common.none}</bdi>
      </Cell>
      <Cell className="cell--number">{time}</Cell>
      <Cell className="cell--number">
        {isOver || call.deadlineAt === null ? text.common.none : <Countdown at={call.deadlineAt} />}
      </Cell>
      <Cell>{button}</Cell>
    </Row>
  );
});
