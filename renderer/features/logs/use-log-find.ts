import { useMemo, useState } from 'react';
import { findInEntries, type LogEntry } from './log-buffer.ts';

export interface LogFind {
  readonly text: string;
  readonly setText: (text: string) => void;
  /** Place of the current match among all, from 1; 0 without one. */
  readonly at: number;
  readonly total: number;
  readonly currentKey: string | undefined;
  /** Makes the next match current and gives its index among the lines. */
  readonly step: (direction: 1 | -1) => number | undefined;
}

/** Finding in the lines there are. The current match is a line, so it stays when others come. */
export function useLogFind(entries: readonly LogEntry[]): LogFind {
  const [text, setText] = useState('');
  const [currentKey, setCurrentKey] = useState<string>();
  const matches = useMemo(() => findInEntries(entries, text), [entries, text]);
  const at = matches.findIndex((index) => entries[index]?.key === currentKey);

  return {
    text,
    setText(next) {
      setText(next);
      setCurrentKey(undefined);
    },
    at: at + 1,
    total: matches.length,
    currentKey: at < 0 ? undefined : currentKey,
    step(direction) {
      // From nowhere one goes back from the end: the newest is what people look for first.
      const from = at < 0 ? (direction === 1 ? -1 : matches.length) : at;
      const index = matches[(from + direction + matches.length) % Math.max(1, matches.length)];
      const entry = index === undefined ? undefined : entries[index];
      if (entry !== undefined) setCurrentKey(entry.key);
      return index;
    },
  };
}
