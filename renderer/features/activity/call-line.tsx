import './call-line.css';
import type { HistoryRow } from '../../../protocol/history.ts';
import { outcomeMarks } from '../../parts/outcome-marks.ts';
import { useWords } from '../../state/services.ts';
import type { RowShape } from '../../state/use-row-shape.ts';
import { Status } from '../../ui/status-mark.tsx';
import { Clock } from '../../ui/time.tsx';
import { providerOf, resultOf } from './call-words.ts';

interface CallLineProps {
  readonly row: HistoryRow;
  /** What people call its session. */
  readonly name: string;
  readonly shape: RowShape;
}

/** One finished call, folded. */
export function CallLine({ row, name, shape }: CallLineProps) {
  const words = useWords();
  const { text } = words;
  const outcome = text.common.outcome[row.outcome];
  const isOk = row.outcome === 'ok';
  const result = isOk ? 'call-line__result' : `call-line__result call-line__result--${row.outcome}`;
  const tool = (
    <bdi className="call-line__tool truncate" title={row.tool}>
      {row.tool}
    </bdi>
  );
  const id = (
    <bdi className="call-line__id mono truncate" dir="ltr" title={row.sessionId}>
      {row.sessionId}
    </bdi>
  );
  switch (shape) {
    case 'columns':
      return (
        <span className="call-line call-line--columns">
          <Status kind={outcomeMarks[row.outcome]} word={outcome} />
          {tool}
          <bdi className="truncate" title={name}>
            {name}
          </bdi>
          {id}
          <bdi className="call-line__quiet call-line__roomy truncate">{providerOf(row, words) ?? text.common.none}</bdi>
          <span className="call-line__number call-line__quiet call-line__roomy">
            {row.queuedMs === 0 ? text.common.none : words.duration(row.queuedMs)}
          </span>
          <span className="call-line__number">{words.duration(row.durationMs)}</span>
          <span className="call-line__number call-line__quiet">
            <Clock at={row.startedAt} />
          </span>
        </span>
      );
    case 'line':
      return (
        <span className="call-line call-line--line">
          <Status kind={outcomeMarks[row.outcome]} word={outcome} isWordHidden />
          {tool}
          <bdi className="call-line__quiet truncate" title={row.sessionId}>
            {name}
          </bdi>
          <span className={result}>{resultOf(row, words)}</span>
          <span className="call-line__time">
            <Clock at={row.startedAt} />
          </span>
        </span>
      );
    case 'two-line':
      return (
        <span className="call-line call-line--two">
          <Status kind={outcomeMarks[row.outcome]} word={outcome} isWordHidden />
          {tool}
          <span className={result}>{resultOf(row, words)}</span>
          <span className="call-line__owner">
            {name === row.sessionId ? null : (
              <>
                <bdi className="truncate">{name}</bdi>
                <span aria-hidden="true">{text.common.separator.trim()}</span>
              </>
            )}
            {id}
          </span>
          <span className="call-line__time">
            <Clock at={row.startedAt} />
          </span>
        </span>
      );
  }
}

const columns = ['outcome', 'tool', 'session', 'sessionId', 'provider', 'waited', 'took', 'time'] as const;
const numbers: readonly string[] = ['waited', 'took', 'time'];
const roomy: readonly string[] = ['provider', 'waited'];

/** What stands in each place; for the eye only, since a row is read as one sentence. */
export function CallLineHead() {
  const { text } = useWords();
  return (
    <div className="call-head" aria-hidden="true">
      <span className="call-line call-line--columns">
        {columns.map((column) => (
          <span
            key={column}
            className={[
              'truncate',
              numbers.includes(column) ? 'call-line__number' : '',
              roomy.includes(column) ? 'call-line__roomy' : '',
            ].join(' ')}
          >
            {text.activity.columns[column]}
          </span>
        ))}
      </span>
    </div>
  );
}
