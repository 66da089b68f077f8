/**
 * The closed list of error codes (WIRE §6.1). Match on `code`, never on `message`.
 * `jsonrpc` is the JSON-RPC `error.code`, or `'result'` where the failure travels as an `isError` result.
 */
export const errorTable = {
  INVALID_REQUEST: { jsonrpc: -32600, http: 400, exit: 64, retryable: false, mayHaveRun: false },
  METHOD_NOT_FOUND: { jsonrpc: -32601, http: 404, exit: 64, retryable: false, mayHaveRun: false },
  VALIDATION_ERROR: { jsonrpc: -32602, http: 400, exit: 65, retryable: false, mayHaveRun: false },
  TOOL_NOT_FOUND: { jsonrpc: -32602, http: 404, exit: 64, retryable: false, mayHaveRun: false },
  NOT_FOUND: { jsonrpc: -32602, http: 404, exit: 64, retryable: false, mayHaveRun: false },
  UNAUTHORIZED: { jsonrpc: 401, http: 401, exit: 2, retryable: false, mayHaveRun: false },
  FORBIDDEN: { jsonrpc: 403, http: 403, exit: 2, retryable: false, mayHaveRun: false },
  DUPLICATE: { jsonrpc: 409, http: 409, exit: 64, retryable: false, mayHaveRun: false },
  RESULT_EXPIRED: { jsonrpc: 410, http: 410, exit: 7, retryable: false, mayHaveRun: true },
  PAYLOAD_TOO_LARGE: { jsonrpc: 413, http: 413, exit: 65, retryable: false, mayHaveRun: false },
  UPGRADE_REQUIRED: { jsonrpc: 426, http: 426, exit: 3, retryable: false, mayHaveRun: false },
  OVER_CAPACITY: { jsonrpc: 429, http: 429, exit: 4, retryable: true, mayHaveRun: false },
  RATE_LIMITED: { jsonrpc: 429, http: 429, exit: 4, retryable: true, mayHaveRun: false },
  CANCELLED: { jsonrpc: 499, http: 409, exit: 6, retryable: false, mayHaveRun: true },
  EXEC_ERROR: { jsonrpc: 'result', http: 200, exit: 1, retryable: false, mayHaveRun: true },
  PROVIDER_ERROR: { jsonrpc: 'result', http: 200, exit: 1, retryable: false, mayHaveRun: true },
  INTERNAL_ERROR: { jsonrpc: -32603, http: 500, exit: 70, retryable: false, mayHaveRun: true },
  UPSTREAM_UNAVAILABLE: { jsonrpc: 502, http: 502, exit: 3, retryable: true, mayHaveRun: false },
  DAEMON_UNAVAILABLE: { jsonrpc: 503, http: 503, exit: 3, retryable: true, mayHaveRun: false },
  DAEMON_RESTARTED: { jsonrpc: 503, http: 503, exit: 7, retryable: false, mayHaveRun: true },
  SESSION_LIMIT: { jsonrpc: 503, http: 503, exit: 3, retryable: true, mayHaveRun: false },
  TIMEOUT: { jsonrpc: 504, http: 504, exit: 5, retryable: false, mayHaveRun: true },
  CODE_TOO_LARGE: { jsonrpc: 'result', http: 200, exit: 1, retryable: false, mayHaveRun: true },
  ERROR: { jsonrpc: 'result', http: 200, exit: 1, retryable: false, mayHaveRun: true },
  EXECUTION_ERROR: { jsonrpc: 'result', http: 200, exit: 1, retryable: false, mayHaveRun: true },
  RESEND_PROMPT: { jsonrpc: 'result', http: 200, exit: 1, retryable: false, mayHaveRun: true },
} as const satisfies Record<string, ErrorTraits>;

interface ErrorTraits {
  readonly jsonrpc: number | 'result';
  readonly http: number;
  readonly exit: number;
  readonly retryable: boolean;
  readonly mayHaveRun: boolean;
}

export type ErrorCode = keyof typeof errorTable;

/** JSON-RPC `error.code` of text that is not JSON; the one code of `INVALID_REQUEST` that is not −32600. */
export const parseErrorCode = -32700;

export type CapacityScope = 'session' | 'global' | 'provider' | 'queue';

/** What an OVER_CAPACITY refusal says: the first limit exceeded and its figures, in calls. */
export interface CapacityRefusal {
  readonly scope: CapacityScope;
  readonly limit: number;
  readonly inflight: number;
  readonly queued: number;
}

/** An expected failure on its way to a client. One sentence for the person, one thing to do (`hint`). */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly retryable?: boolean;
  readonly mayHaveRun?: boolean;
  readonly retryAfterMs?: number;
  readonly callId?: string;
  readonly capacity?: CapacityRefusal;
  readonly details?: Readonly<Record<string, unknown>>;
  /** Overrides the table, only ever for −32700. */
  readonly jsonrpcCode?: number;
}

/** `data` of every JSON-RPC error of ours (WIRE §6.1). */
export interface ErrorData extends Partial<CapacityRefusal> {
  readonly code: ErrorCode;
  readonly retryable: boolean;
  readonly mayHaveRun: boolean;
  readonly hint?: string;
  readonly retryAfterMs?: number;
  readonly callId?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

export function errorData(failure: Failure): ErrorData {
  const traits = errorTable[failure.code];
  return {
    code: failure.code,
    ...failure.capacity,
    ...(failure.retryAfterMs === undefined ? {} : { retryAfterMs: failure.retryAfterMs }),
    retryable: failure.retryable ?? traits.retryable,
    mayHaveRun: failure.mayHaveRun ?? traits.mayHaveRun,
    ...(failure.hint === undefined ? {} : { hint: failure.hint }),
    ...(failure.callId === undefined ? {} : { callId: failure.callId }),
    ...(failure.details === undefined ? {} : { details: failure.details }),
  };
}

/** The JSON-RPC error object of a failure. Codes that have no error form of their own become −32603. */
export function jsonRpcError(failure: Failure): { code: number; message: string; data: ErrorData } {
  const { jsonrpc } = errorTable[failure.code];
  const code = failure.jsonrpcCode ?? (jsonrpc === 'result' ? errorTable.INTERNAL_ERROR.jsonrpc : jsonrpc);
  return { code, message: failure.message, data: errorData(failure) };
}

/** Carries a {@link Failure} through code that throws; caught at the edges only. */
export class FailureError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure, options?: ErrorOptions) {
    super(failure.message, options);
    this.name = 'FailureError';
    this.failure = failure;
  }
}

/** Exit codes of the daemon and shim processes (WIRE §6.1). */
export const exitCodes = {
  ok: 0,
  crash: 1,
  daemonAlreadyRuns: 11,
  portTaken: 12,
  configuration: 78,
  interrupted: 130,
} as const;
