import type { ServerResponse } from 'node:http';
import { errorTable, type Failure, jsonRpcError } from '../../protocol/errors.ts';
import type { RequestId } from '../../protocol/ids.ts';
import { respond } from '../listen/respond.ts';
import type { EraError } from './mcp-era.ts';

/** Why a message is refused before any session has seen it (WIRE §§1.2, 6.1). */
export const httpRefusals = {
  wrongMethod: { code: 'INVALID_REQUEST', message: 'Only POST, GET and DELETE are understood here.' },
  noStream: {
    code: 'INVALID_REQUEST',
    message: 'There is no stream without a session.',
    hint: 'Begin with initialize, and send its Mcp-Session-Id.',
  },
  notAcceptable: {
    code: 'INVALID_REQUEST',
    message: 'The answer may be JSON or a stream of events.',
    hint: 'Send Accept: application/json, text/event-stream.',
  },
  noEventStream: {
    code: 'INVALID_REQUEST',
    message: 'The answer is a stream of events.',
    hint: 'Send Accept: text/event-stream.',
  },
  notJsonType: { code: 'INVALID_REQUEST', message: 'The body must be application/json.' },
  tooLarge: { code: 'PAYLOAD_TOO_LARGE', message: 'The body is larger than a message may be.' },
  busy: {
    code: 'OVER_CAPACITY',
    message: 'Too many large messages come in at the same time.',
    retryAfterMs: 1000,
  },
  unknownSession: {
    code: 'NOT_FOUND',
    message: 'There is no such session.',
    hint: 'It may have ended. Begin again with initialize.',
  },
  noSession: {
    code: 'INVALID_REQUEST',
    message: 'The request belongs to no session.',
    hint: 'Begin with initialize, and send its Mcp-Session-Id.',
  },
  sessionLimit: {
    code: 'SESSION_LIMIT',
    message: 'The daemon has no room for another session.',
    hint: 'Close a window, or raise SESSION_MAX_CONCURRENT.',
    retryAfterMs: 1000,
  },
  draining: { code: 'DAEMON_UNAVAILABLE', message: 'The daemon is stopping.', retryAfterMs: 1000 },
  badEventId: { code: 'INVALID_REQUEST', message: 'Last-Event-ID is no id of an event of this session.' },
} as const satisfies Readonly<Record<string, Failure>>;

/** Answers with a JSON-RPC error and the HTTP status of its code. */
export function refuse(
  response: ServerResponse,
  failure: Failure,
  more: { id?: RequestId | null; status?: number; headers?: Readonly<Record<string, string>> } = {},
): void {
  const { retryAfterMs } = failure;
  respond(
    response,
    more.status ?? errorTable[failure.code].http,
    { jsonrpc: '2.0', id: more.id ?? null, error: jsonRpcError(failure) },
    {
      ...(retryAfterMs === undefined ? {} : { 'Retry-After': String(Math.ceil(retryAfterMs / 1000)) }),
      ...more.headers,
    },
  );
}

/** Refuses a message of an era or revision that is not served; its codes are MCP's own. */
export function refuseEra(response: ServerResponse, id: RequestId | null, error: EraError): void {
  respond(response, 400, { jsonrpc: '2.0', id, error });
}

/** What `Accept` allows; without one, everything. */
export function accepts(accept: string | undefined, type: 'application/json' | 'text/event-stream'): boolean {
  if (accept === undefined) return true;
  const [group] = type.split('/');
  return accept.split(',').some((range) => {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    if (parameters.some((parameter) => /^q=0(?:\.0+)?$/.test(parameter))) return false;
    return name === type || name === '*/*' || name === `${group}/*`;
  });
}

export function isJsonType(type: string | undefined): boolean {
  return /^application\/json\s*(?:;|$)/i.test((type ?? '').trim());
}
