import type { TextPlace } from './editor.ts';

/** Puts `text` in the place of what stands from `from` to `to`. */
export interface Splice {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/** All splices at once; their places are those of the old text and do not overlap. */
export function spliced(text: string, splices: readonly Splice[]): string {
  // The sort is stable: two insertions at one place keep their order.
  const ordered = splices.toSorted((a, b) => a.from - b.from);
  let result = '';
  let at = 0;
  for (const splice of ordered) {
    result += text.slice(at, splice.from) + splice.text;
    at = splice.to;
  }
  return result + text.slice(at);
}

/** The line end that the text uses first; `\n` when it has none. */
export function lineEndOf(text: string): '\n' | '\r\n' {
  const first = text.indexOf('\n');
  return first > 0 && text[first - 1] === '\r' ? '\r\n' : '\n';
}

/** Where the blanks before `offset` begin. */
export function blanksStart(text: string, offset: number): number {
  let at = offset;
  while (at > 0 && ' \t\r\n'.includes(text[at - 1] ?? '')) at -= 1;
  return at;
}

/** Spaces and tabs at the start of the line of `offset`. */
export function lineIndent(text: string, offset: number): string {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  return /^\uFEFF?([ \t]*)/.exec(text.slice(start, offset))?.[1] ?? '';
}

export function textPlace(text: string, offset: number): TextPlace {
  const before = text.slice(0, offset);
  const lineStart = before.lastIndexOf('\n') + 1;
  const mark = lineStart === 0 && before.startsWith('\uFEFF') ? 1 : 0;
  return { line: before.split('\n').length, column: offset - lineStart - mark + 1 };
}
