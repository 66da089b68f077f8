import './rotation-page.css';
import { useEffect, useMemo } from 'react';
import { tokenOnClipboardMs, useRevealToken } from '../../parts/use-copy-token.ts';
import { useRotate } from '../../parts/use-rotate.ts';
import { useCanAct, useModel, useServices, useWords } from '../../state/services.ts';
import { describeFailure } from '../../strings/failure.ts';
import { Button, ButtonLink } from '../../ui/button.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { EmptyState, ErrorPanel } from '../../ui/panels.tsx';
import { Status } from '../../ui/status-mark.tsx';
import { Clock } from '../../ui/time.tsx';
import { rotationPicture } from './rotation-picture.ts';
import { RotationRow } from './rotation-row.tsx';

/** The token, and who uses the new one. Opens at the click and fills in as each session proves it. */
export function RotationPage() {
  const words = useWords();
  const { text, fill } = words;
  const { notices, router } = useServices();
  const { run, isRunning, request, canRotate } = useRotate();
  const canAct = useCanAct();
  const reveal = useRevealToken();
  const token = useModel((model) => model.token);
  const sessions = useModel((model) => model.sessions);
  const picture = useMemo(
    () =>
      token === undefined || sessions === undefined
        ? undefined
        : rotationPicture(token, [...sessions.values()], request),
    [token, sessions, request],
  );

  const isDone = picture?.phase === 'done' && picture.rows.length > 0;
  const summary =
    picture === undefined ? '' : fill(text.rotation.count, { count: picture.onNew, total: picture.rows.length });
  useEffect(() => {
    if (isDone) notices.getState().speak(summary); // Once, at the end: not at every tick.
  }, [isDone, summary, notices]);

  if (picture === undefined || token === undefined) return null;
  const { phase, rows, onNew } = picture;
  const isIdle = phase === 'none';
  return (
    <section
      className="rotation"
      data-testid="rotation"
      onKeyDown={(event) => {
        if (event.key === 'Enter' && event.target instanceof HTMLHeadingElement) router.go('#/');
      }}
    >
      <div className="rotation__bar">
        <ButtonLink icon="back" href="#/">
          {text.rotation.back}
        </ButtonLink>
      </div>
      <div className="rotation__head" data-testid="rotation-state" data-state={phase}>
        <h1 tabIndex={-1}>
          {isIdle ? (
            fill(text.rotation.none, { generation: token.generation })
          ) : phase === 'asked' ? (
            <Status kind="progress" word={text.rotation.rotating} />
          ) : (
            <Status kind="done" word={fill(text.rotation.rotated, { generation: token.generation })} />
          )}
        </h1>
        {token.rotatedAt === null || phase === 'asked' ? null : <Clock at={token.rotatedAt} />}
        <p className="rotation__detail">
          {isIdle
            ? text.rotation.noneDetail
            : phase === 'asked'
              ? text.rotation.unaffected
              : token.oldValidUntil === null
                ? text.rotation.oldRefused
                : fill(text.rotation.oldValid, { time: words.clock(token.oldValidUntil) })}
        </p>
        {rows.length === 0 || isIdle ? null : (
          <p className="rotation__count" data-testid="rotation-count">
            {fill(text.rotation.count, { count: onNew, total: rows.length })}
          </p>
        )}
      </div>
      {request.state === 'failed' ? (
        <ErrorPanel
          title={text.rotation.failed}
          cause={fill(text.rotation.failedDetail, { reason: describeFailure(request.failure, words) })}
          code="TOKEN_ROTATE_FAILED"
        >
          <Button kind="outlined" testId="error-action" disabled={!canAct} onClick={run}>
            {text.rotation.tryAgain}
          </Button>
        </ErrorPanel>
      ) : null}
      {rows.length === 0 ? (
        <EmptyState text={isIdle ? text.rotation.emptyIdle : text.rotation.empty} />
      ) : (
        <ul className="rotation__rows" aria-label={text.rotation.sessions}>
          {rows.map((row) => (
            <RotationRow key={row.key} row={row} startedAt={picture.startedAt} isIdle={isIdle} />
          ))}
        </ul>
      )}
      {isIdle ? null : <p className="rotation__note">{text.rotation.unaffected}</p>}
      <div className="rotation__foot">
        <CopyButton
          what="token"
          name={text.shell.menu.copyToken}
          label={text.shell.menu.copyToken}
          text={reveal}
          clearAfterMs={tokenOnClipboardMs}
          isDisabled={!canAct || !canRotate}
        />
        <Button
          kind={isIdle ? 'filled' : 'plain'}
          testId="rotate-button"
          disabled={!canAct || !canRotate || isRunning}
          onClick={run}
        >
          {isIdle ? text.rotation.rotate : text.rotation.again}
        </Button>
        {isIdle ? null : (
          <ButtonLink kind="filled" href="#/" testId="rotation-done">
            {text.rotation.done}
          </ButtonLink>
        )}
      </div>
    </section>
  );
}
