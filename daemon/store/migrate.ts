import type { Kysely } from 'kysely';
import { StoreError } from './history-store.ts';
import { calls } from './migrations/001-calls.ts';
import type { Migration } from './migrations/migration.ts';
import type { HistoryDatabase } from './schema.ts';

const migrations: readonly Migration[] = [calls];

/** The newest schema that this program knows. */
export const knownVersion = migrations.length;

/**
 * Brings the schema up to date; each step in a transaction of its own, so that a crash leaves a whole one.
 * @throws StoreError `STORE_NEWER` when a later version has written here; nothing is changed then
 */
export async function migrate(db: Kysely<HistoryDatabase>): Promise<void> {
  await db.schema
    .createTable('history_migrations')
    .ifNotExists()
    .addColumn('version', 'integer', (column) => column.primaryKey().notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('applied_at', 'double precision', (column) => column.notNull())
    .execute();
  const { version } = await db
    .selectFrom('history_migrations')
    .select(({ fn }) => fn.max('version').as('version'))
    .executeTakeFirstOrThrow();
  const current = version ?? 0;
  if (current > knownVersion) throw newerSchema(current);
  for (const migration of migrations.slice(current)) {
    await db.transaction().execute(async (step) => {
      await migration.up(step);
      await step
        .insertInto('history_migrations')
        .values({ version: migration.version, name: migration.name, applied_at: Date.now() / 1000 })
        .execute();
    });
  }
}

export function newerSchema(version: number): StoreError {
  return new StoreError(
    'STORE_NEWER',
    `the history was written by a later version (schema ${version}, known is ${knownVersion})`,
  );
}
