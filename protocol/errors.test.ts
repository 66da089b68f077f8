import { describe, expect, it } from 'vitest';
import { errorData, errorTable, exitCodes, jsonRpcError, parseErrorCode } from './errors.ts';

/** The whole of WIRE §6.1, spelled out: code, JSON-RPC, HTTP, CLI exit, retryable, mayHaveRun. */
const rows = [
  ['INVALID_REQUEST', -32600, 400, 64, false, false],
  ['METHOD_NOT_FOUND', -32601, 404, 64, false, false],
  ['VALIDATION_ERROR', -32602, 400, 65, false, false],
  ['TOOL_NOT_FOUND', -32602, 404, 64, false, false],
  ['NOT_FOUND', -32602, 404, 64, false, false],
  ['UNAUTHORIZED', 401, 401, 2, false, false],
  ['FORBIDDEN', 403, 403, 2, false, false],
  ['DUPLICATE', 409, 409, 64, false, false],
  ['RESULT_EXPIRED', 410, 410, 7, false, true],
  ['PAYLOAD_TOO_LARGE', 413, 413, 65, false, false],
  ['UPGRADE_REQUIRED', 426, 426, 3, false, false],
  ['OVER_CAPACITY', 429, 429, 4, true, false],
  ['RATE_LIMITED', 429, 429, 4, true, false],
  ['CANCELLED', 499, 409, 6, false, true],
  ['EXEC_ERROR', 'result', 200, 1, false, true],
  ['PROVIDER_ERROR', 'result', 200, 1, false, true],
  ['INTERNAL_ERROR', -32603, 500, 70, false, true],
  ['UPSTREAM_UNAVAILABLE', 502, 502, 3, true, false],
  ['DAEMON_UNAVAILABLE', 503, 503, 3, true, false],
  ['DAEMON_RESTARTED', 503, 503, 7, false, true],
  ['SESSION_LIMIT', 503, 503, 3, true, false],
  ['TIMEOUT', 504, 504, 5, false, true],
  ['CODE_TOO_LARGE', 'result', 200, 1, false, true],
  ['ERROR', 'result', 200, 1, false, true],
  ['EXECUTION_ERROR', 'result', 200, 1, false, true],
  ['RESEND_PROMPT', 'result', 200, 1, false, true],
] as const;

describe('the closed list of errors', () => {
  it.each(rows)('WIRE-C5: %s is %s, HTTP %i, exit %i', (code, jsonrpc, http, exit, retryable, mayHaveRun) => {
    expect(errorTable[code]).toEqual({ jsonrpc, http, exit, retryable, mayHaveRun });
  });

  it('WIRE-C5: has these codes and no other', () => {
    expect(Object.keys(errorTable)).toEqual(rows.map(([code]) => code));
    expect(parseErrorCode).toBe(-32700);
  });

  it('WIRE-C5: no code of ours lies in the range that JSON-RPC and MCP keep for themselves', () => {
    const ours = rows.flatMap(([, jsonrpc]) => (typeof jsonrpc === 'number' ? [jsonrpc] : []));
    const standard = new Set([-32600, -32601, -32602, -32603]);
    expect(ours.filter((code) => code < 0 && !standard.has(code))).toEqual([]);
  });

  it('WIRE-C5 PF-T4: a time-out is TIMEOUT: 504, exit 5, no repeat, may have run', () => {
    expect(jsonRpcError({ code: 'TIMEOUT', message: 'Too slow.', callId: 'c_1' })).toEqual({
      code: 504,
      message: 'Too slow.',
      data: { code: 'TIMEOUT', retryable: false, mayHaveRun: true, callId: 'c_1' },
    });
  });

  it('WIRE-C1 WIRE-C5: OVER_CAPACITY says which limit, and when to come back', () => {
    const error = jsonRpcError({
      code: 'OVER_CAPACITY',
      message: 'This window already runs 8 calls.',
      hint: 'Retry in a second.',
      retryAfterMs: 1000,
      capacity: { scope: 'session', limit: 8, inflight: 8, queued: 0 },
    });
    expect(error).toEqual({
      code: 429,
      message: 'This window already runs 8 calls.',
      data: {
        code: 'OVER_CAPACITY',
        scope: 'session',
        limit: 8,
        inflight: 8,
        queued: 0,
        retryAfterMs: 1000,
        retryable: true,
        mayHaveRun: false,
        hint: 'Retry in a second.',
      },
    });
  });

  it('WIRE-C5: what a failure says of itself wins over the table; text that is not JSON is −32700', () => {
    expect(errorData({ code: 'UPSTREAM_UNAVAILABLE', message: '', retryable: false, mayHaveRun: true })).toEqual({
      code: 'UPSTREAM_UNAVAILABLE',
      retryable: false,
      mayHaveRun: true,
    });
    expect(jsonRpcError({ code: 'INVALID_REQUEST', message: '', jsonrpcCode: parseErrorCode }).code).toBe(-32700);
    expect(jsonRpcError({ code: 'EXEC_ERROR', message: '' }).code).toBe(-32603);
  });

  it('WIRE-C5: the exit codes of daemon and shim', () => {
    expect(exitCodes).toEqual({
      ok: 0,
      crash: 1,
      daemonAlreadyRuns: 11,
      portTaken: 12,
      configuration: 78,
      interrupted: 130,
    });
  });
});
