import { type Kysely, sql } from 'kysely';
import { type HistoryDatabase, longCallMs } from '../schema.ts';
import type { Migration } from './migration.ts';

export const calls: Migration = {
  version: 1,
  name: 'calls',
  up: async (db: Kysely<HistoryDatabase>) => {
    await db.schema
      .createTable('calls')
      .addColumn('id', 'text', (column) => column.primaryKey().notNull())
      .addColumn('idempotency_key', 'text', (column) => column.notNull().unique())
      .addColumn('call_id', 'text', (column) => column.notNull())
      .addColumn('started_at', 'double precision', (column) => column.notNull())
      .addColumn('session_id', 'text', (column) => column.notNull())
      .addColumn('instance_id', 'text')
      .addColumn('user_id', 'text')
      .addColumn('tool', 'text', (column) => column.notNull())
      .addColumn('upstream', 'text')
      .addColumn('provider', 'text')
      .addColumn('model', 'text')
      .addColumn('queued_ms', 'double precision', (column) => column.notNull())
      .addColumn('duration_ms', 'double precision', (column) => column.notNull())
      .addColumn('outcome', 'text', (column) => column.notNull())
      .addColumn('error_code', 'text')
      .addColumn('request_bytes', 'bigint', (column) => column.notNull())
      .addColumn('response_bytes', 'bigint', (column) => column.notNull())
      .addColumn('tokens_in', 'bigint')
      .addColumn('tokens_out', 'bigint')
      .addColumn('arguments_preview', 'text')
      .addColumn('daemon_run_id', 'text', (column) => column.notNull())
      .execute();
    const ordered: ('started_at' | 'id')[] = ['started_at', 'id'];
    await db.schema.createIndex('calls_time').on('calls').columns(ordered).execute();
    for (const column of ['session_id', 'instance_id', 'tool', 'outcome'] as const) {
      const name = `calls_${column.replace('_id', '')}`;
      await db.schema
        .createIndex(name)
        .on('calls')
        .columns([column, ...ordered])
        .execute();
    }
    await db.schema
      .createIndex('calls_long')
      .on('calls')
      .column('started_at')
      .where(sql.ref('duration_ms'), '>', sql.lit(longCallMs))
      .execute();
  },
};
