import type { Edit } from '../../protocol/json-slices.ts';

/** A copy of the bytes from `start` to `end` with some places replaced; every other byte stays what it was. */
export function spliced(bytes: Buffer, range: { start: number; end: number }, edits: readonly Edit[]): Buffer {
  return Buffer.concat(splicedParts(bytes, range, edits));
}

/** The same without a copy: what stays are views of `bytes`. */
export function splicedParts(
  bytes: Buffer,
  { start, end }: { start: number; end: number },
  edits: readonly Edit[],
): readonly Buffer[] {
  const parts: Buffer[] = [];
  let at = start;
  for (const edit of edits.toSorted((left, right) => left.start - right.start)) {
    parts.push(bytes.subarray(at, edit.start), Buffer.from(edit.text, 'utf8'));
    at = edit.end;
  }
  parts.push(bytes.subarray(at, end));
  return parts;
}
