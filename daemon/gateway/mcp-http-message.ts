import type { Envelope, EnvelopeResult } from '../../protocol/envelope.ts';
import type { Failure } from '../../protocol/errors.ts';
import type { RequestId } from '../../protocol/ids.ts';
import { mcpFailures } from '../mcp/mcp-failures.ts';
import { readParameters } from '../mcp/parameters.ts';

/** What is wrong with the form of a message, if anything. */
export function structureFailure(read: EnvelopeResult, bytes: Buffer): Failure | undefined {
  switch (read.type) {
    case 'array':
      return mcpFailures.batch;
    case 'scalar':
      return mcpFailures.notObject;
    case 'invalid':
      return mcpFailures.notJson;
    case 'object': {
      const { isJsonRpc, method, hasId, id, hasResult, hasError } = read.envelope;
      if (!isJsonRpc) return mcpFailures.notJsonRpc;
      if (method === undefined && !hasResult && !hasError) return mcpFailures.noMethod;
      if (hasId && (id === undefined || id === null)) return mcpFailures.badId;
      // What gets an answer is read by who answers; for the rest only the status can say that it is not JSON.
      return method === undefined || !hasId ? jsonFailure(bytes) : undefined;
    }
  }
}

function jsonFailure(bytes: Buffer): Failure | undefined {
  try {
    JSON.parse(bytes.toString('utf8'));
    return undefined;
  } catch {
    return mcpFailures.notJson;
  }
}

export function idOf(read: EnvelopeResult): RequestId | null {
  return read.type === 'object' ? (read.envelope.id ?? null) : null;
}

/** The request that a notification cancels. */
export function cancelledBy({ method, params }: Envelope, bytes: Buffer): RequestId | undefined {
  if (method !== 'notifications/cancelled' || params === undefined) return undefined;
  const value: unknown = JSON.parse(bytes.toString('utf8', params.start, params.end)); // has been checked above
  return readParameters(value).requestId();
}
