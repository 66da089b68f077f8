import type { Insertable, Selectable } from 'kysely';
import { type ErrorCode, errorTable } from '../../protocol/errors.ts';
import type { HistoryRow } from '../../protocol/history.ts';
import type { CallsTable } from './schema.ts';

/** The columns of a {@link HistoryRow} by their names in the table, in the order of the table. */
export const rowColumns = [
  'id',
  'call_id',
  'started_at',
  'session_id',
  'instance_id',
  'tool',
  'upstream',
  'provider',
  'model',
  'queued_ms',
  'duration_ms',
  'outcome',
  'error_code',
  'request_bytes',
  'response_bytes',
  'arguments_preview',
  'daemon_run_id',
] as const satisfies readonly (keyof CallsTable)[];

type StoredRow = Pick<Selectable<CallsTable>, (typeof rowColumns)[number]>;

export function toStored(row: HistoryRow): Insertable<CallsTable> {
  return {
    id: row.id,
    idempotency_key: `${row.daemonRunId}:${row.callId}`,
    call_id: row.callId,
    started_at: row.startedAt,
    session_id: row.sessionId,
    instance_id: row.instanceId,
    tool: row.tool,
    upstream: row.upstream,
    provider: row.provider,
    model: row.model,
    queued_ms: row.queuedMs,
    duration_ms: row.durationMs,
    outcome: row.outcome,
    error_code: row.errorCode,
    request_bytes: row.requestBytes,
    response_bytes: row.responseBytes,
    arguments_preview: row.argumentsPreview,
    daemon_run_id: row.daemonRunId,
  };
}

export function fromStored(row: StoredRow): HistoryRow {
  return {
    id: row.id,
    callId: row.call_id,
    startedAt: row.started_at,
    sessionId: row.session_id,
    instanceId: row.instance_id,
    tool: row.tool,
    upstream: row.upstream,
    provider: row.provider,
    model: row.model,
    queuedMs: row.queued_ms,
    durationMs: row.duration_ms,
    outcome: row.outcome,
    errorCode: row.error_code === null || isErrorCode(row.error_code) ? row.error_code : 'ERROR',
    requestBytes: Number(row.request_bytes),
    responseBytes: Number(row.response_bytes),
    argumentsPreview: row.arguments_preview,
    daemonRunId: row.daemon_run_id,
  };
}

/** False for a code that another version has written; a plain failure is better than none. */
function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(errorTable, code);
}
