import { notScalar, scalarAt, skipSpace, skipString, skipValue, stringAt } from './json-text.ts';

/** Where a value stands in a JSON text: bytes from `start`, `end` exclusive. */
export interface Slice {
  readonly start: number;
  readonly end: number;
}

/** One member of an object, its value untouched. */
export interface Member extends Slice {
  readonly key: string;
}

/** A change of one place of a text. `start` = `end` inserts. */
export interface Edit extends Slice {
  readonly text: string;
}

const quote = 0x22;
const comma = 0x2c;

/** The members of the object that starts at `start`; undefined when there is none, or it is damaged at its top level. */
export function membersOf(bytes: Uint8Array, start = 0): readonly Member[] | undefined {
  let at = skipSpace(bytes, start);
  if (bytes[at] !== 0x7b) return undefined;
  const members: Member[] = [];
  at = skipSpace(bytes, at + 1);
  if (bytes[at] === 0x7d) return members;
  for (;;) {
    if (bytes[at] !== quote) return undefined;
    const keyEnd = skipString(bytes, at);
    const key = keyEnd < 0 ? undefined : stringAt(bytes, at, keyEnd);
    at = skipSpace(bytes, keyEnd);
    if (key === undefined || bytes[at] !== 0x3a) return undefined;
    const valueStart = skipSpace(bytes, at + 1);
    const end = skipValue(bytes, valueStart);
    if (end < 0) return undefined;
    members.push({ key, start: valueStart, end });
    at = skipSpace(bytes, end);
    if (bytes[at] === 0x7d) return members;
    if (bytes[at] !== comma) return undefined;
    at = skipSpace(bytes, at + 1);
  }
}

/** Where the value of `key` stands in the object at `start`; of equal keys the last counts, as in `JSON.parse`. */
export function memberOf(bytes: Uint8Array, start: number, key: string): Slice | undefined {
  return membersOf(bytes, start)?.findLast((member) => member.key === key);
}

/** The value of `key` when it is a string. */
export function textMember(bytes: Uint8Array, start: number, key: string): string | undefined {
  const value = scalarMember(bytes, start, key);
  return typeof value === 'string' ? value : undefined;
}

/** The value of `key` when it is a scalar. */
export function scalarMember(bytes: Uint8Array, start: number, key: string): unknown {
  const found = memberOf(bytes, start, key);
  if (found === undefined) return undefined;
  const value = scalarAt(bytes, found.start, found.end);
  return value === notScalar ? undefined : value;
}

/** The elements of the array that starts at `start`; undefined when there is none. */
export function elementsOf(bytes: Uint8Array, start: number): readonly Slice[] | undefined {
  let at = skipSpace(bytes, start);
  if (bytes[at] !== 0x5b) return undefined;
  const elements: Slice[] = [];
  at = skipSpace(bytes, at + 1);
  if (bytes[at] === 0x5d) return elements;
  for (;;) {
    const end = skipValue(bytes, at);
    if (end < 0) return undefined;
    elements.push({ start: at, end });
    at = skipSpace(bytes, end);
    if (bytes[at] === 0x5d) return elements;
    if (bytes[at] !== comma) return undefined;
    at = skipSpace(bytes, at + 1);
  }
}
