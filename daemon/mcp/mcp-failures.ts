import { type Failure, parseErrorCode } from '../../protocol/errors.ts';
import { limits } from '../../protocol/limits.ts';

/** What an MCP client is told when its request cannot be served. The failures of calls are the dispatcher's. */
export const mcpFailures = {
  notJson: { code: 'INVALID_REQUEST', message: 'The message is not JSON.', jsonrpcCode: parseErrorCode },
  notObject: { code: 'INVALID_REQUEST', message: 'A message must be a JSON object.' },
  batch: {
    code: 'INVALID_REQUEST',
    message: 'Batches are not supported.',
    hint: 'Send one message per frame.',
  },
  noMethod: { code: 'INVALID_REQUEST', message: 'The message has no method.' },
  notJsonRpc: { code: 'INVALID_REQUEST', message: 'The message is not JSON-RPC 2.0.' },
  badId: { code: 'INVALID_REQUEST', message: 'The id must be a string or a number.' },
  idInUse: {
    code: 'INVALID_REQUEST',
    message: 'A request with this id is still running.',
    hint: 'Use a new id for each request.',
  },
  userExpired: {
    code: 'UNAUTHORIZED',
    message: 'The user token of this session has expired.',
    hint: 'Get a new token and reconnect.',
  },
  noSuchPrompt: {
    code: 'NOT_FOUND',
    message: 'There is no such prompt.',
    hint: 'Ask for the list of prompts.',
  },
  noSuchResource: {
    code: 'NOT_FOUND',
    message: 'There is no such resource.',
    hint: 'Ask for the list of resources.',
  },
  noToolName: { code: 'VALIDATION_ERROR', message: 'tools/call needs the name of a tool.' },
  answerExpired: {
    code: 'RESULT_EXPIRED',
    message: 'The call ran, but its answer is no longer stored.',
    hint: 'Check what it did before you repeat it.',
  },
  daemonRestarted: {
    code: 'DAEMON_RESTARTED',
    message: 'The daemon was restarted while this call ran.',
    hint: 'It may have had an effect. Check before you repeat it.',
  },
} as const satisfies Readonly<Record<string, Failure>>;

export function unknownMethod(method: string): Failure {
  return {
    code: 'METHOD_NOT_FOUND',
    message: `The method ${JSON.stringify(method.slice(0, 128))} does not exist here.`,
  };
}

export function tooManyOpen(inflight: number): Failure {
  return {
    code: 'OVER_CAPACITY',
    message: 'This connection has too many open requests.',
    retryAfterMs: limits.retryAfterMs,
    capacity: { scope: 'session', limit: limits.maxPendingRequests, inflight, queued: 0 },
  };
}
