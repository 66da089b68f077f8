import './log-row.css';
import { type ReactNode, useMemo } from 'react';
import type { LogLine } from '../../../protocol/logs.ts';
import { useWords } from '../../state/services.ts';
import type { RowShape } from '../../state/use-row-shape.ts';
import { CopyButton } from '../../ui/copy-button.tsx';
import { type LogEntry, splitAtMatches, textOfLine } from './log-buffer.ts';

/** Text with what is looked for marked. Pieces of text, never markup: a log line may hold anything. */
function Marked({ text, find }: { readonly text: string; readonly find: string }): ReactNode {
  return splitAtMatches(text, find).map((piece, index) =>
    // oxlint-disable-next-line react/no-array-index-key -- pieces of one text have nothing but their place
    index % 2 === 1 ? <mark key={index}>{piece}</mark> : piece,
  );
}

interface LogRowProps {
  readonly entry: LogEntry;
  readonly shape: RowShape;
  readonly find: string;
  readonly isCurrent: boolean;
}

/** One line of a log, folded: when, how bad, what, and the rest. */
export function LogRow({ entry, shape, find, isCurrent }: LogRowProps) {
  const words = useWords();
  const { text } = words;
  if (entry.type === 'gap') {
    return (
      <span className="log-gap" data-testid="log-gap">
        {words.plural(text.logs.gap, entry.lines)}
      </span>
    );
  }
  const { t, level, msg, fields } = entry.line;
  const at = t === null ? Number.NaN : Date.parse(t) / 1000;
  return (
    <span className={`log-row log-row--${shape}`} dir="ltr" data-current={isCurrent ? '' : undefined}>
      <span className="log-row__time">{Number.isFinite(at) ? words.clockSeconds(at) : ''}</span>
      <span className={`log-row__level log-row__level--${level ?? 'none'}`}>{level?.toUpperCase()}</span>
      <bdi className="log-row__message truncate" dir="ltr">
        <Marked text={msg} find={find} />
      </bdi>
      <bdi className="log-row__fields truncate" dir="ltr">
        <Marked text={fields} find={find} />
      </bdi>
    </span>
  );
}

/** Everything a line says, in full. */
export function LogDetail({ line, find }: { readonly line: LogLine; readonly find: string }) {
  const { text } = useWords();
  const fields = useMemo(() => fieldsOf(line.fields), [line.fields]);
  return (
    <div className="log-detail">
      <bdi className="log-detail__message" dir="ltr">
        <Marked text={line.msg} find={find} />
      </bdi>
      {fields === undefined ? (
        line.fields === '' ? (
          <p className="log-detail__quiet">{text.logs.noFields}</p>
        ) : (
          <bdi className="log-detail__message" dir="ltr">
            <Marked text={line.fields} find={find} />
          </bdi>
        )
      ) : (
        <dl className="log-detail__fields" dir="ltr">
          {fields.map(([name, value]) => (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                <Marked text={value} find={find} />
              </dd>
            </div>
          ))}
        </dl>
      )}
      <p className="log-detail__foot">
        {line.t === null ? null : <time dateTime={line.t}>{line.t}</time>}
        <CopyButton what="log-line" name={text.logs.line} label={text.logs.copyLine} text={textOfLine(line)} />
      </p>
    </div>
  );
}

/** Names and values, when the text is an object and was not cut off. */
function fieldsOf(text: string): readonly (readonly [string, string])[] | undefined {
  if (text === '') return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
    return Object.entries(value).map(([name, part]) => [name, typeof part === 'string' ? part : JSON.stringify(part)]);
  } catch {
    return undefined; // Cut off at its longest: shown as it is.
  }
}
