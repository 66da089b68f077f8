import { notScalar, scalarAt, skipSpace, skipString, skipValue, stringAt } from './json-text.ts';
import { isPlainText, plainStringEnd, plainText } from './short-json-text.ts';

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
  const members: Member[] = [];
  const isWhole = walk(bytes, start, (keyStart, keyEnd, valueStart, valueEnd) => {
    const key = keyText(bytes, keyStart, keyEnd);
    if (key !== undefined) members.push({ key, start: valueStart, end: valueEnd });
    return key !== undefined;
  });
  return isWhole ? members : undefined;
}

/** Calls `each` for every member, with the places of key and value; false when the object is damaged, or `each` says so. */
function walk(
  bytes: Uint8Array,
  start: number,
  each: (keyStart: number, keyEnd: number, valueStart: number, valueEnd: number) => boolean,
): boolean {
  let at = skipSpace(bytes, start);
  if (bytes[at] !== 0x7b) return false;
  at = skipSpace(bytes, at + 1);
  if (bytes[at] === 0x7d) return true;
  for (;;) {
    if (bytes[at] !== quote) return false;
    const keyStart = at;
    const keyEnd = plainStringEnd(bytes, at) || skipString(bytes, at);
    if (keyEnd < 0) return false;
    at = skipSpace(bytes, keyEnd);
    if (bytes[at] !== 0x3a) return false;
    const valueStart = skipSpace(bytes, at + 1);
    const valueEnd = skipValue(bytes, valueStart);
    if (valueEnd < 0 || !each(keyStart, keyEnd, valueStart, valueEnd)) return false;
    at = skipSpace(bytes, valueEnd);
    if (bytes[at] === 0x7d) return true;
    if (bytes[at] !== comma) return false;
    at = skipSpace(bytes, at + 1);
  }
}

/** The string between two quotes; undefined when an escape in it is wrong. */
function keyText(bytes: Uint8Array, start: number, end: number): string | undefined {
  return plainStringEnd(bytes, start) === end ? plainText(bytes, start + 1, end - 1) : stringAt(bytes, start, end);
}

/** Where the value of `key` stands in the object at `start`; of equal keys the last counts, as in `JSON.parse`. */
export function memberOf(bytes: Uint8Array, start: number, key: string): Slice | undefined {
  let found: Slice | undefined;
  const isWhole = walk(bytes, start, (keyStart, keyEnd, valueStart, valueEnd) => {
    if (!isPlainText(bytes, keyStart + 1, keyEnd - 1, key)) {
      // Written otherwise, it may still be this key.
      if (plainStringEnd(bytes, keyStart) === keyEnd) return true;
      const text = stringAt(bytes, keyStart, keyEnd);
      if (text !== key) return text !== undefined;
    }
    found = { start: valueStart, end: valueEnd };
    return true;
  });
  return isWhole ? found : undefined;
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
