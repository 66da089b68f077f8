import type { RequestId } from './ids.ts';

/**
 * What a relay needs to know of one JSON-RPC or EXAI message, read without parsing or copying the payload.
 * Offsets count bytes of the input; `end` is exclusive.
 */
export interface Envelope {
  /** `op` of an EXAI frame, when it is a string. */
  readonly op: string | undefined;
  readonly isJsonRpc: boolean;
  readonly method: string | undefined;
  /** Whether there is an `id` member at all. */
  readonly hasId: boolean;
  /**
   * The id; `null` for an explicit null; undefined when it is absent, of a type that no id may have, or a number that
   * we could not repeat exactly.
   */
  readonly id: RequestId | null | undefined;
  readonly params: { readonly start: number; readonly end: number } | undefined;
  readonly hasResult: boolean;
  readonly hasError: boolean;
}

export type EnvelopeResult =
  | { readonly type: 'object'; readonly envelope: Envelope }
  | { readonly type: 'array' }
  | { readonly type: 'scalar' }
  | { readonly type: 'invalid' };

/** A global of every runtime we serve; declared here because this folder knows neither Node nor DOM. */
declare class TextDecoder {
  constructor(label: string, options: { ignoreBOM: boolean });
  decode(input?: Uint8Array): string;
}

const quote = 0x22;
const backslash = 0x5c;
// `ignoreBOM` keeps a byte order mark: `JSON.parse` does not skip one either, and inside a string it is text.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Reads the top level of one JSON text. The structure (brackets, strings, separators of the top level) is checked,
 * nested scalars are not: who uses a payload parses it. Duplicate keys: the last one wins, as in `JSON.parse`.
 * Cost: one pass; long strings are skipped with `indexOf`.
 */
export function readEnvelope(bytes: Uint8Array): EnvelopeResult {
  let at = skipSpace(bytes, 0);
  const first = bytes[at];
  if (first === 0x5b) return skipValue(bytes, at) === trimmedEnd(bytes) ? { type: 'array' } : { type: 'invalid' };
  if (first !== 0x7b) return isScalar(bytes) ? { type: 'scalar' } : { type: 'invalid' };
  let op: string | undefined;
  let isJsonRpc = false;
  let method: string | undefined;
  let id: Envelope['id'];
  let hasId = false;
  let params: Envelope['params'];
  let hasResult = false;
  let hasError = false;
  at = skipSpace(bytes, at + 1);
  if (bytes[at] !== 0x7d) {
    for (;;) {
      if (bytes[at] !== quote) return { type: 'invalid' };
      const keyEnd = skipString(bytes, at);
      if (keyEnd < 0) return { type: 'invalid' };
      const key = stringAt(bytes, at, keyEnd);
      at = skipSpace(bytes, keyEnd);
      if (bytes[at] !== 0x3a) return { type: 'invalid' };
      at = skipSpace(bytes, at + 1);
      const end = skipValue(bytes, at);
      if (end < 0) return { type: 'invalid' };
      switch (key) {
        case 'op':
          op = bytes[at] === quote ? stringAt(bytes, at, end) : undefined;
          break;
        case 'jsonrpc':
          isJsonRpc = bytes[at] === quote && stringAt(bytes, at, end) === '2.0';
          break;
        case 'method':
          method = bytes[at] === quote ? stringAt(bytes, at, end) : undefined;
          break;
        case 'id': {
          hasId = true;
          const value = scalarAt(bytes, at, end);
          id = typeof value === 'string' || value === null || isExactNumber(value) ? value : undefined;
          break;
        }
        case 'params':
          params = { start: at, end };
          break;
        case 'result':
          hasResult = true;
          break;
        case 'error':
          hasError = true;
          break;
        default:
      }
      at = skipSpace(bytes, end);
      if (bytes[at] === 0x7d) break;
      if (bytes[at] !== 0x2c) return { type: 'invalid' };
      at = skipSpace(bytes, at + 1);
    }
  }
  if (at + 1 !== trimmedEnd(bytes)) return { type: 'invalid' };
  return { type: 'object', envelope: { op, isJsonRpc, method, id, hasId, params, hasResult, hasError } };
}

function isExactNumber(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= Number.MAX_SAFE_INTEGER;
}

const notScalar = Symbol('not a scalar');

function scalarAt(bytes: Uint8Array, start: number, end: number): unknown {
  const byte = bytes[start];
  if (byte === 0x7b || byte === 0x5b) return notScalar;
  try {
    return JSON.parse(decoder.decode(bytes.subarray(start, end))) as unknown;
  } catch {
    return notScalar; // not JSON after all: the caller treats it as an id of the wrong type
  }
}

function isScalar(bytes: Uint8Array): boolean {
  const start = skipSpace(bytes, 0);
  const end = trimmedEnd(bytes);
  return start < end && scalarAt(bytes, start, end) !== notScalar;
}

function stringAt(bytes: Uint8Array, start: number, end: number): string | undefined {
  const inner = bytes.subarray(start + 1, end - 1);
  if (!inner.includes(backslash)) {
    if (inner.length <= 32) {
      let text = '';
      for (const byte of inner) {
        if (byte > 0x7e) return decoder.decode(inner);
        text += String.fromCharCode(byte);
      }
      return text;
    }
    return decoder.decode(inner);
  }
  try {
    const text: unknown = JSON.parse(decoder.decode(bytes.subarray(start, end)));
    return typeof text === 'string' ? text : undefined;
  } catch {
    return undefined; // a bad escape: no key or value of ours
  }
}

function skipSpace(bytes: Uint8Array, start: number): number {
  let at = start;
  for (;;) {
    const byte = bytes[at];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return at;
    at += 1;
  }
}

function trimmedEnd(bytes: Uint8Array): number {
  let end = bytes.length;
  for (;;) {
    const byte = bytes[end - 1];
    if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return end;
    end -= 1;
  }
}

/** Position after the string that starts at `start`, or −1. */
function skipString(bytes: Uint8Array, start: number): number {
  let at = start;
  for (;;) {
    at = bytes.indexOf(quote, at + 1);
    if (at < 0) return -1;
    let slashes = 0;
    while (bytes[at - 1 - slashes] === backslash) slashes += 1;
    if (slashes % 2 === 0) return at + 1;
  }
}

/** Position after the value that starts at `start`, or −1. */
function skipValue(bytes: Uint8Array, start: number): number {
  const first = bytes[start];
  if (first === quote) return skipString(bytes, start);
  if (first === 0x7b || first === 0x5b) {
    let depth = 0;
    let at = start;
    while (at < bytes.length) {
      const byte = bytes[at];
      if (byte === quote) {
        at = skipString(bytes, at);
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
