import type { RequestId } from './ids.ts';
import { isScalar, scalarAt, skipSpace, skipString, skipValue, stringAt, trimmedEnd } from './json-text.ts';
import { isPlainText, plainInteger, plainStringEnd, plainText } from './short-json-text.ts';

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
  readonly result: { readonly start: number; readonly end: number } | undefined;
  readonly error: { readonly start: number; readonly end: number } | undefined;
  readonly hasResult: boolean;
  readonly hasError: boolean;
}

export type EnvelopeResult =
  | { readonly type: 'object'; readonly envelope: Envelope }
  | { readonly type: 'array' }
  | { readonly type: 'scalar' }
  | { readonly type: 'invalid' };

const quote = 0x22;

/**
 * Reads the top level of one JSON text. The structure (brackets, strings, separators of the top level) is checked,
 * nested scalars are not: who uses a payload parses it. Duplicate keys: the last one wins, as in `JSON.parse`.
 * Cost: one pass; short plain strings byte by byte, long ones with `indexOf`.
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
  let result: Envelope['result'];
  let error: Envelope['error'];
  at = skipSpace(bytes, at + 1);
  if (bytes[at] !== 0x7d) {
    for (;;) {
      if (bytes[at] !== quote) return { type: 'invalid' };
      let keyEnd = plainStringEnd(bytes, at);
      const isPlainKey = keyEnd > 0;
      if (!isPlainKey) keyEnd = skipString(bytes, at);
      if (keyEnd < 0) return { type: 'invalid' };
      const key = isPlainKey ? knownKey(bytes, at + 1, keyEnd - 1) : stringAt(bytes, at, keyEnd);
      at = skipSpace(bytes, keyEnd);
      if (bytes[at] !== 0x3a) return { type: 'invalid' };
      at = skipSpace(bytes, at + 1);
      const end = skipValue(bytes, at);
      if (end < 0) return { type: 'invalid' };
      switch (key) {
        case 'op':
          op = textAt(bytes, at, end);
          break;
        case 'jsonrpc':
          isJsonRpc = isPlainText(bytes, at, end, '"2.0"') || textAt(bytes, at, end) === '2.0';
          break;
        case 'method':
          method = textAt(bytes, at, end);
          break;
        case 'id':
          hasId = true;
          id = idAt(bytes, at, end);
          break;
        case 'params':
          params = { start: at, end };
          break;
        case 'result':
          result = { start: at, end };
          break;
        case 'error':
          error = { start: at, end };
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
  const hasResult = result !== undefined;
  const hasError = error !== undefined;
  return { type: 'object', envelope: { op, isJsonRpc, method, id, hasId, params, result, error, hasResult, hasError } };
}

const knownKeys = ['jsonrpc', 'id', 'method', 'params', 'result', 'error', 'op'] as const;

function knownKey(bytes: Uint8Array, start: number, end: number): (typeof knownKeys)[number] | undefined {
  for (const key of knownKeys) if (isPlainText(bytes, start, end, key)) return key;
  return undefined;
}

/** The value between `start` and `end` when it is a string. */
function textAt(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (bytes[start] !== quote) return undefined;
  return plainStringEnd(bytes, start) === end ? plainText(bytes, start + 1, end - 1) : stringAt(bytes, start, end);
}

/** What the general reader says, which checks strings too; without its price for a short plain id. */
function idAt(bytes: Uint8Array, start: number, end: number): Envelope['id'] {
  const number = plainInteger(bytes, start, end);
  if (number >= 0) return number;
  if (bytes[start] === quote && plainStringEnd(bytes, start) === end) return plainText(bytes, start + 1, end - 1);
  const value = scalarAt(bytes, start, end);
  return typeof value === 'string' || value === null || isExactNumber(value) ? value : undefined;
}

function isExactNumber(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= Number.MAX_SAFE_INTEGER;
}
