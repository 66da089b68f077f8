import { type CapacityRefusal, type Failure, parseErrorCode } from '../protocol/errors.ts';
import { limits } from '../protocol/limits.ts';

/** What the shim itself answers when the daemon cannot (WIRE §§2, 3.6, 5.1–5.3): one sentence, one thing to do. */
export const failures = {
  notJson: {
    code: 'INVALID_REQUEST',
    message: 'The line is not JSON.',
    hint: 'Send one JSON-RPC message per line, in UTF-8.',
    jsonrpcCode: parseErrorCode,
  },
  batch: { code: 'INVALID_REQUEST', message: 'Batches are not supported.', hint: 'Send one message per line.' },
  notAnObject: {
    code: 'INVALID_REQUEST',
    message: 'A message must be a JSON object.',
    hint: 'Send a JSON-RPC 2.0 message.',
  },
  notJsonRpc: { code: 'INVALID_REQUEST', message: 'The message is not JSON-RPC 2.0.', hint: 'Add "jsonrpc":"2.0".' },
  noMethod: {
    code: 'INVALID_REQUEST',
    message: 'The message has neither a method nor a result.',
    hint: 'Name a method.',
  },
  wrongId: { code: 'INVALID_REQUEST', message: 'The id must be a string or a number.', hint: 'Use another id.' },
  duplicateId: {
    code: 'INVALID_REQUEST',
    message: 'A request with this id is still running.',
    hint: 'Use a new id for each request.',
  },
  noDiscover: {
    code: 'METHOD_NOT_FOUND',
    message: 'server/discover is not served here.',
    hint: 'Start with initialize.',
  },
  restarted: {
    code: 'DAEMON_RESTARTED',
    message: 'The daemon was restarted while this call ran.',
    hint: 'It may have had an effect. Check before you repeat it.',
  },
  revokedCall: {
    code: 'CANCELLED',
    message: 'The session of this window was ended by an administrator.',
    hint: 'The call may have had an effect. Check before you repeat it.',
  },
} as const satisfies Record<string, Failure>;

export function tooManyOpen(inflight: number, limit: number): Failure {
  const capacity: CapacityRefusal = { scope: 'session', limit, inflight, queued: 0 };
  return {
    code: 'OVER_CAPACITY',
    message: `This window already has ${inflight} open requests.`,
    hint: 'Retry in a second.',
    retryAfterMs: limits.retryAfterMs,
    capacity,
  };
}

/** The request never left the shim. `problem`: why there is no daemon, as far as known. */
export function neverSent(problem: string | undefined): Failure {
  return {
    code: 'DAEMON_UNAVAILABLE',
    message: 'The EXAI daemon cannot be reached.',
    hint: problem ?? 'Start it with `npm start`, then retry.',
    retryable: true,
    mayHaveRun: false,
  };
}

/** The request had been sent when the daemon went away, and it did not come back in time. */
export function neverAnswered(method: string, problem: string | undefined): Failure {
  const isCall = method === 'tools/call';
  return {
    code: 'DAEMON_UNAVAILABLE',
    message: 'The EXAI daemon went away and did not come back.',
    hint: isCall
      ? 'The call may have had an effect. Check before you repeat it.'
      : (problem ?? 'Retry when the daemon runs again.'),
    retryable: !isCall,
    mayHaveRun: isCall,
  };
}

/** A request, or the answer to one, above the limit. Sizes in bytes. */
export function tooLarge(what: 'request' | 'answer', actualBytes: number, limitBytes: number): Failure {
  return {
    code: 'PAYLOAD_TOO_LARGE',
    message: `The ${what} has ${actualBytes} bytes; ${limitBytes} are allowed.`,
    hint: what === 'request' ? 'Send less at once.' : 'The call ran. Ask for less at once.',
    mayHaveRun: what === 'answer',
    details: { actual_size: actualBytes, limit: limitBytes },
  };
}
