import type { ColumnType } from 'kysely';
import type { CallOutcome } from '../../protocol/events.ts';

/**
 * The table `calls`, for both engines. Times are epoch seconds as double precision: both engines sort, filter and convert
 * them (`datetime(started_at, 'unixepoch')`, `to_timestamp(started_at)`), and so do all surfaces of the daemon.
 */
export interface CallsTable {
  id: string;
  /** Run and call: the same call written twice is one row. */
  idempotency_key: string;
  call_id: string;
  started_at: number;
  session_id: string;
  instance_id: string | null;
  /** Of a daemon with separate users; nobody's otherwise. */
  user_id: ColumnType<string | null, string | null | undefined>;
  tool: string;
  upstream: string | null;
  provider: string | null;
  model: string | null;
  queued_ms: number;
  duration_ms: number;
  outcome: CallOutcome;
  error_code: string | null;
  /** PostgreSQL hands 64-bit numbers out as text. */
  request_bytes: ColumnType<number | string, number>;
  response_bytes: ColumnType<number | string, number>;
  /** What a provider has charged, where it says so. */
  tokens_in: ColumnType<number | string | null, number | null | undefined>;
  tokens_out: ColumnType<number | string | null, number | null | undefined>;
  arguments_preview: string | null;
  daemon_run_id: string;
}

/** Longer calls have an index of their own, by which those that reach into a range of time are found. Fixed for ever. */
export const longCallMs = 60_000;

/** One row per migration that has run. */
export interface MigrationsTable {
  version: number;
  name: string;
  applied_at: number;
}

export interface HistoryDatabase {
  calls: CallsTable;
  history_migrations: MigrationsTable;
}
