import { chmodSync, closeSync, existsSync, openSync, renameSync, statSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { Kysely, SqliteDialect, sql } from 'kysely';
import { errorText } from '../../platform/atomic-file.ts';
import { StoreError } from './history-store.ts';
import { KyselyHistory } from './kysely-history.ts';
import { knownVersion, migrate, newerSchema } from './migrate.ts';
import type { HistoryDatabase } from './schema.ts';
import { KyselySqlite } from './sqlite-database.ts';
import { storeErrorOf } from './sqlite-errors.ts';

export interface OpenedHistory {
  readonly store: SqliteHistory;
  /** Where a damaged file was moved to; null when there was none. */
  readonly setAside: string | null;
}

export interface SqliteHistoryOptions {
  readonly path: string;
  /** What is there was found damaged in use, by a question that `open` does not ask. */
  readonly isDamaged?: boolean;
}

/** How long a statement waits for another program that holds the file. Nobody waits for the store meanwhile. */
const busyTimeoutMs = 1_000;
/** Pages of 4 KiB that one step of {@link SqliteHistory.reclaim} gives back. */
const reclaimPages = 500;
/** A burst may make the log large; after the next checkpoint it is cut to this. */
const walBytes = 4 * 1024 * 1024;

/** The history in one SQLite file, 0600. Synchronous below: belongs into a thread of its own (docs/adr/0010). */
export class SqliteHistory extends KyselyHistory {
  readonly #database: KyselySqlite;

  /**
   * Opens or makes the file and brings its schema up to date. A damaged file is moved aside and a new one begun.
   * @throws StoreError
   */
  static async open({ path, isDamaged = false }: SqliteHistoryOptions): Promise<OpenedHistory> {
    try {
      if (isDamaged) throw new StoreError('STORE_DAMAGED', 'the file was found damaged while it was in use');
      return { store: await SqliteHistory.#openFile(path), setAside: null };
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'STORE_DAMAGED') throw error;
      const setAside = moveAside(path);
      return { store: await SqliteHistory.#openFile(path), setAside };
    }
  }

  static async #openFile(path: string): Promise<SqliteHistory> {
    preparePrivateFile(path);
    refuseNewer(path);
    const raw = openDatabase(path, { timeout: busyTimeoutMs });
    const store = new SqliteHistory(raw);
    try {
      // Only before the first table.
      await sql`pragma auto_vacuum = incremental`.execute(store.db);
      await sql`pragma journal_mode = wal`.execute(store.db);
      // A power failure may take the last moments, but never harms the file.
      await sql`pragma synchronous = normal`.execute(store.db);
      await sql`pragma journal_size_limit = ${sql.lit(walBytes)}`.execute(store.db);
      await migrate(store.db);
      return store;
    } catch (error) {
      await store.close();
      throw error;
    }
  }

  private constructor(raw: DatabaseSync) {
    const database = new KyselySqlite(raw);
    super(new Kysely<HistoryDatabase>({ dialect: new SqliteDialect({ database }) }));
    this.#database = database;
  }

  /** Takes free pages off the end of the file; the last step also empties the log, which shrinks the file on disk. */
  async reclaim(): Promise<boolean> {
    const { rows } = await sql<{ freelist_count: number }>`pragma freelist_count`.execute(this.db);
    const free = rows[0]?.freelist_count ?? 0;
    if (free > 0) this.#database.exec(`pragma incremental_vacuum(${reclaimPages})`);
    if (free > reclaimPages) return true;
    await sql`pragma wal_checkpoint(truncate)`.execute(this.db);
    return false;
  }

  async close(): Promise<void> {
    await this.db.destroy();
    this.#database.close();
  }
}

/** SQLite gives the files beside it (`-wal`, `-shm`) the mode of this one. */
function preparePrivateFile(path: string): void {
  try {
    closeSync(openSync(path, 'a', 0o600));
    if (process.platform !== 'win32' && (statSync(path).mode & 0o077) !== 0) chmodSync(path, 0o600);
  } catch (error) {
    throw new StoreError('STORE_UNREACHABLE', `the file cannot be opened (${errorText(error)})`, { cause: error });
  }
}

/** Looks without the right to write, so that a file of a later version stays as it is, to the byte. */
function refuseNewer(path: string): void {
  if (statSync(path).size === 0) return;
  const database = openDatabase(path, { readOnly: true, timeout: busyTimeoutMs });
  try {
    const known = database.prepare("select 1 from sqlite_schema where name = 'history_migrations'").get();
    if (known === undefined) return;
    const row = database.prepare('select max(version) as version from history_migrations').get();
    const version = Number(row?.['version'] ?? 0);
    if (version > knownVersion) throw newerSchema(version);
  } catch (error) {
    throw storeErrorOf(error) ?? error;
  } finally {
    database.close();
  }
}

function openDatabase(path: string, options: { readonly readOnly?: boolean; readonly timeout: number }): DatabaseSync {
  try {
    return new DatabaseSync(path, options);
  } catch (error) {
    throw storeErrorOf(error) ?? error;
  }
}

/** The log goes with its file: what it holds belongs to that file alone. */
function moveAside(path: string): string {
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const target = `${path}.damaged-${time}`;
  try {
    for (const suffix of ['', '-wal', '-shm']) {
      if (existsSync(path + suffix)) renameSync(path + suffix, target + suffix);
    }
  } catch (error) {
    throw new StoreError('STORE_UNREACHABLE', `a damaged file cannot be moved aside (${errorText(error)})`, {
      cause: error,
    });
  }
  return target;
}
