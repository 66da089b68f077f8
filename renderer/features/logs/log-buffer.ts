import type { LogFollow, LogLine } from '../../../protocol/logs.ts';

/** One row of the log: a line, or the place where some are missing. */
export type LogEntry =
  | { readonly type: 'line'; readonly key: string; readonly line: LogLine }
  | { readonly type: 'gap'; readonly key: string; readonly lines: number };

/** The last lines of a log. Never changed in place. */
export interface LogBuffer {
  readonly entries: readonly LogEntry[];
  /** How many have been dropped from the front, so that a view can stay where it is. */
  readonly dropped: number;
  /** Counts all that have come: the key of the next one. */
  readonly taken: number;
}

/** As many as the daemon sends at once. */
export const linesKept = 2_000;

export const emptyBuffer: LogBuffer = { entries: [], dropped: 0, taken: 0 };

/** The buffer after some messages, in their order. */
export function takeMessages(buffer: LogBuffer, messages: readonly LogFollow[]): LogBuffer {
  const added: LogEntry[] = [];
  const key = () => String(buffer.taken + added.length);
  for (const message of messages) {
    if (message.type === 'lines') {
      for (const line of message.lines) added.push({ type: 'line', key: key(), line });
    } else if (message.type === 'gap') added.push({ type: 'gap', key: key(), lines: message.lines });
  }
  if (added.length === 0) return buffer;
  const all = [...buffer.entries, ...added];
  const surplus = Math.max(0, all.length - linesKept);
  return {
    entries: surplus === 0 ? all : all.slice(surplus),
    dropped: buffer.dropped + surplus,
    taken: buffer.taken + added.length,
  };
}

/** A line as one text, for searching and for the clipboard. */
export function textOfLine({ t, level, msg, fields }: LogLine): string {
  return [t, level?.toUpperCase(), msg, fields].filter((part) => (part ?? '') !== '').join(' ');
}

export function textOfEntries(entries: readonly LogEntry[], gap: (lines: number) => string): string {
  return entries.map((entry) => (entry.type === 'line' ? textOfLine(entry.line) : gap(entry.lines))).join('\n');
}

/** Indexes of the lines that hold the text, in any case. */
export function findInEntries(entries: readonly LogEntry[], text: string): readonly number[] {
  const wanted = text.toLowerCase();
  if (wanted === '') return [];
  return entries.flatMap((entry, index) =>
    entry.type === 'line' && textOfLine(entry.line).toLowerCase().includes(wanted) ? [index] : [],
  );
}

/** A text in pieces: those at odd places are what was looked for. */
export function splitAtMatches(text: string, wanted: string): readonly string[] {
  if (wanted === '') return [text];
  const haystack = text.toLowerCase();
  const needle = wanted.toLowerCase();
  // Some letters change their length with their case; then nothing is marked rather than the wrong thing.
  if (haystack.length !== text.length) return [text];
  const pieces: string[] = [];
  let from = 0;
  for (let at = haystack.indexOf(needle); at >= 0; at = haystack.indexOf(needle, from)) {
    pieces.push(text.slice(from, at), text.slice(at, at + needle.length));
    from = at + needle.length;
  }
  return [...pieces, text.slice(from)];
}
