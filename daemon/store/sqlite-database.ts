import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { SqliteDatabase, SqliteStatement } from 'kysely';
import { storeErrorOf } from './sqlite-errors.ts';

/** Texts of statements are few: those of the queries, not of what is asked. */
const keptStatements = 64;

/** `node:sqlite` as Kysely wants it. Statements are kept, rows are plain objects, errors are {@link StoreError}s. */
export class KyselySqlite implements SqliteDatabase {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, SqliteStatement>();

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  prepare(sql: string): SqliteStatement {
    const kept = this.#statements.get(sql);
    if (kept !== undefined) return kept;
    const statement = guarded(() => adapted(this.#database.prepare(sql)));
    if (sql === 'rollback') return this.#rollback(statement);
    if (this.#statements.size >= keptStatements) this.#statements.clear();
    this.#statements.set(sql, statement);
    return statement;
  }

  /**
   * SQLite has ended the transaction by itself when the disk is full or does not write (sqlite.org/lang_transaction.html).
   * A rollback would then fail, and Kysely would hand on that failure instead of the first.
   */
  #rollback(statement: SqliteStatement): SqliteStatement {
    return {
      ...statement,
      run: (parameters) =>
        this.#database.isTransaction ? statement.run(parameters) : { changes: 0, lastInsertRowid: 0 },
    };
  }

  /** For statements that do their work step by step: `prepare` would do the first step only. */
  exec(sql: string): void {
    guarded(() => this.#database.exec(sql));
  }

  /** Safe to call twice. */
  close(): void {
    this.#statements.clear();
    if (this.#database.isOpen) this.#database.close();
  }
}

type Value = null | number | bigint | string | Uint8Array;

function adapted(statement: StatementSync): SqliteStatement {
  const names = statement.columns().map(({ name }) => name);
  // Rows as arrays take half the time of the objects that node:sqlite makes, which have no prototype and no shape.
  if (names.length > 0) statement.setReturnArrays(true);
  return {
    reader: names.length > 0,
    all: (parameters) =>
      guarded(() =>
        statement
          .all(...parameters.map(toValue))
          .map((row: unknown) => (Array.isArray(row) ? toObject(names, row) : row)),
      ),
    run: (parameters) => guarded(() => statement.run(...parameters.map(toValue))),
    iterate: (parameters) => statement.iterate(...parameters.map(toValue)),
  };
}

function toObject(names: readonly string[], values: readonly unknown[]): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  for (let index = 0; index < names.length; index += 1) row[names[index] ?? ''] = values[index];
  return row;
}

function toValue(parameter: unknown): Value {
  switch (typeof parameter) {
    case 'string':
    case 'number':
    case 'bigint':
      return parameter;
    case 'boolean':
      return parameter ? 1 : 0;
    case 'undefined':
      return null;
    default:
      if (parameter === null || parameter instanceof Uint8Array) return parameter;
      throw new TypeError('a value that SQLite cannot hold');
  }
}

function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw storeErrorOf(error) ?? error;
  }
}
