import './token-line.css';
import { useCanAct, useModel, useWords } from '../state/services.ts';
import { Button } from '../ui/button.tsx';
import { Icon } from '../ui/icons.tsx';
import { useRotate } from './use-rotate.ts';

/** Which token is in force, and the click that makes a new one. */
export function TokenLine() {
  const { text, fill } = useWords();
  const canAct = useCanAct();
  const { run, isRunning, canRotate } = useRotate();
  const generation = useModel(({ token }) => token.generation);
  const isOpen = useModel(({ daemon }) => daemon.authPolicy === 'open');
  if (generation === undefined) return null;
  return (
    <div className="token-line">
      <Icon name="key" />
      <span className="token-line__word" data-testid="token-generation">
        {isOpen === true ? text.overview.tokenOff : fill(text.overview.tokenGeneration, { generation })}
      </span>
      {canRotate ? (
        <Button testId="rotate-button" disabled={!canAct} onClick={run} data-state={isRunning ? 'running' : 'idle'}>
          {isRunning ? text.overview.rotating : text.overview.rotate}
        </Button>
      ) : null}
    </div>
  );
}
