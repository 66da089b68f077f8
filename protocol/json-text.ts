import { plainStringEnd } from './short-json-text.ts';

/** A global of every runtime we serve; declared here because this folder knows neither Node nor DOM. */
declare class TextDecoder {
  constructor(label: string, options: { ignoreBOM: boolean });
  decode(input?: Uint8Array): string;
}

const quote = 0x22;
const backslash = 0x5c;
// `ignoreBOM` keeps a byte order mark: `JSON.parse` does not skip one either, and inside a string it is text.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/** What is no string, number, boolean or null. */
export const notScalar = Symbol('not a scalar');

/** The scalar that stands between `start` and `end`, or {@link notScalar}. */
export function scalarAt(bytes: Uint8Array, start: number, end: number): unknown {
  const byte = bytes[start];
  if (byte === 0x7b || byte === 0x5b) return notScalar;
  try {
    return JSON.parse(decoder.decode(bytes.subarray(start, end))) as unknown;
  } catch {
    return notScalar; // not JSON after all: the caller treats it as an id of the wrong type
  }
}

/** Whether the whole text is one scalar. */
export function isScalar(bytes: Uint8Array): boolean {
  const start = skipSpace(bytes, 0);
  const end = trimmedEnd(bytes);
  return start < end && scalarAt(bytes, start, end) !== notScalar;
}

/** The string whose quotes stand at `start` and before `end`; undefined when an escape in it is wrong. */
export function stringAt(bytes: Uint8Array, start: number, end: number): string | undefined {
  const inner = bytes.subarray(start + 1, end - 1);
  if (!inner.includes(backslash)) return decoder.decode(inner);
  try {
    const text: unknown = JSON.parse(decoder.decode(bytes.subarray(start, end)));
    return typeof text === 'string' ? text : undefined;
  } catch {
    return undefined; // a bad escape: no key or value of ours
  }
}

/** Position of the first byte from `start` that is no blank. */
export function skipSpace(bytes: Uint8Array, start: number): number {
  let at = start;
  for (;;) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at;
    at += 1;
  }
}

/** Position after the last byte that is no blank. */
export function trimmedEnd(bytes: Uint8Array): number {
  let end = bytes.length;
  for (;;) {
    const byte = bytes[end - 1];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return end;
    end -= 1;
  }
}

/** Position after the string that starts at `start`, or −1; long ones at the speed of `indexOf`. */
export function skipString(bytes: Uint8Array, start: number): number {
  let at = start;
  for (;;) {
    at = bytes.indexOf(quote, at + 1);
    if (at < 0) return -1;
    let slashes = 0;
    while (bytes[at - 1 - slashes] === backslash) slashes += 1;
    if (slashes % 2 === 0) return at + 1;
  }
}

/** Position after the value that starts at `start`, or −1. Only brackets and strings are checked. */
export function skipValue(bytes: Uint8Array, start: number): number {
  const first = bytes[start];
  if (first === quote) return plainStringEnd(bytes, start) || skipString(bytes, start);
  if (first === 0x7b || first === 0x5b) {
    let depth = 0;
    let at = start;
    while (at < bytes.length) {
      const byte = bytes[at];
      if (byte === quote) {
        at = plainStringEnd(bytes, at) || skipString(bytes, at);
        if (at < 0) return -1;
        continue;
      }
      if (byte === 0x7b || byte === 0x5b) depth += 1;
      else if (byte === 0x7d || byte === 0x5d) {
        depth -= 1;
        if (depth === 0) return at + 1;
      }
      at += 1;
    }
    return -1;
  }
  let at = start;
  while (at < bytes.length) {
    const byte = bytes[at];
    if (
      byte === 0x2c ||
      byte === 0x7d ||
      byte === 0x5d ||
      byte === 0x20 ||
      byte === 0x0a ||
      byte === 0x0d ||
      byte === 0x09
    )
      break;
    at += 1;
  }
  return at > start ? at : -1;
}
