import { type Failure, jsonRpcError } from '../protocol/errors.ts';
import type { RequestId } from '../protocol/ids.ts';

/** A result made by the shim; `resultJson` is the text of the `result` member. */
export function resultMessage(id: RequestId, resultJson: string): Buffer {
  return Buffer.from(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${resultJson}}`);
}

/** An error made by the shim; `id` null when it could not be read. */
export function failureMessage(id: RequestId | null, failure: Failure): Buffer {
  return Buffer.from(JSON.stringify({ jsonrpc: '2.0', id, error: jsonRpcError(failure) }));
}

export function notificationMessage(method: string, params?: Readonly<Record<string, unknown>>): Buffer {
  return Buffer.from(JSON.stringify({ jsonrpc: '2.0', method, ...(params === undefined ? {} : { params }) }));
}
