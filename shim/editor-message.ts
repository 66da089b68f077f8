import { isUtf8 } from 'node:buffer';
import { type Envelope, readEnvelope } from '../protocol/envelope.ts';
import type { Failure } from '../protocol/errors.ts';
import type { RequestId } from '../protocol/ids.ts';
import { assertNever } from './assert-never.ts';
import { failures } from './failures.ts';

/** What one line of the editor turned out to be. */
export type EditorMessage =
  | { readonly type: 'blank' }
  | { readonly type: 'request'; readonly id: RequestId; readonly method: string; readonly envelope: Envelope }
  | { readonly type: 'notification'; readonly method: string; readonly envelope: Envelope }
  | { readonly type: 'response'; readonly id: RequestId | null }
  /** Answered by the shim, never relayed: the daemon would take it for something else, or end the connection. */
  | { readonly type: 'wrong'; readonly id: RequestId | null; readonly failure: Failure };

const blank = /^[ \t\r]*$/;

/** Reads the envelope of a line (WIRE §5.1); the payload is not looked at. */
export function readEditorMessage(line: Buffer): EditorMessage {
  if (line.length < 16 && blank.test(line.toString('latin1'))) return { type: 'blank' };
  const read = isUtf8(line) ? readEnvelope(line) : ({ type: 'invalid' } as const);
  switch (read.type) {
    case 'invalid':
      return { type: 'wrong', id: null, failure: failures.notJson };
    case 'array':
      return { type: 'wrong', id: null, failure: failures.batch };
    case 'scalar':
      return { type: 'wrong', id: null, failure: failures.notAnObject };
    case 'object':
      return readObject(read.envelope);
    default:
      return assertNever(read);
  }
}

function readObject(envelope: Envelope): EditorMessage {
  const { method, hasId, hasResult, hasError } = envelope;
  const id = isRequestId(envelope.id) ? envelope.id : null;
  // Without this, a line with `op` would reach the daemon as a control frame of ours.
  if (!envelope.isJsonRpc) return { type: 'wrong', id, failure: failures.notJsonRpc };
  if (method === undefined) {
    return hasResult || hasError ? { type: 'response', id } : { type: 'wrong', id, failure: failures.noMethod };
  }
  if (!hasId) return { type: 'notification', method, envelope };
  return id === null ? { type: 'wrong', id, failure: failures.wrongId } : { type: 'request', id, method, envelope };
}

/** JSON can write numbers that JavaScript cannot hold; such an id could not be echoed. */
function isRequestId(id: Envelope['id']): id is RequestId {
  return typeof id === 'string' || (typeof id === 'number' && Number.isFinite(id));
}

/** The parameters of a message, or undefined when there are none or they are not an object. */
export function readParameters(bytes: Buffer, envelope: Envelope): Readonly<Record<string, unknown>> | undefined {
  if (envelope.params === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8', envelope.params.start, envelope.params.end));
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined; // the daemon answers what is wrong with them
  }
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
