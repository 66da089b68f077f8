import { CompiledQuery, type Kysely } from 'kysely';
import type { HistoryFilter, HistoryRow } from '../../protocol/history.ts';
import { fromStored, rowColumns, toStored } from './call-rows.ts';
import { matches } from './history-filter.ts';
import type {
  HistoryCounts,
  HistoryFacets,
  HistoryStore,
  ReadOptions,
  RemoveOptions,
  SeriesData,
  SeriesRequest,
} from './history-store.ts';
import type { CallsTable, HistoryDatabase } from './schema.ts';
import { readSeries } from './series-query.ts';

const facetLimit = 200;
/** Rows per statement. Three sizes, so that no more than three statements are made and kept. */
const insertSizes = [100, 10, 1] as const;

/** The part of the store that every engine shares. What differs (opening, room on the disk) is for the adapters. */
export abstract class KyselyHistory implements HistoryStore {
  protected readonly db: Kysely<HistoryDatabase>;
  readonly #inserts = new Map<number, Insert>();

  constructor(db: Kysely<HistoryDatabase>) {
    this.db = db;
  }

  abstract reclaim(): Promise<boolean>;
  abstract close(): Promise<void>;

  async append(rows: readonly HistoryRow[]): Promise<void> {
    await this.db.transaction().execute(async (transaction) => {
      let done = 0;
      for (const size of insertSizes) {
        while (rows.length - done >= size) {
          const stored = rows.slice(done, done + size).map(toStored);
          const { sql, columns } = this.#insert(stored);
          const parameters = stored.flatMap((row) => columns.map((column) => row[column]));
          await transaction.executeQuery(CompiledQuery.raw(sql, parameters));
          done += size;
        }
      }
    });
  }

  /** Building the statement costs more than running it, so its text is kept and only the values change. */
  #insert(stored: readonly ReturnType<typeof toStored>[]): Insert {
    let insert = this.#inserts.get(stored.length);
    if (insert === undefined) {
      const query = this.db
        .insertInto('calls')
        .values(stored)
        .onConflict((conflict) => conflict.doNothing());
      insert = { sql: query.compile().sql, columns: columnsOf(stored) };
      this.#inserts.set(stored.length, insert);
    }
    return insert;
  }

  async read(filter: HistoryFilter, { after, limit }: ReadOptions): Promise<HistoryRow[]> {
    let query = this.db.selectFrom('calls').select(rowColumns).where(matches(filter));
    if (after !== undefined) {
      query = query.where((calls) =>
        calls(calls.refTuple('started_at', 'id'), '<', calls.tuple(after.startedAt, after.id)),
      );
    }
    const rows = await query.orderBy('started_at', 'desc').orderBy('id', 'desc').limit(limit).execute();
    return rows.map(fromStored);
  }

  async count(filter: HistoryFilter): Promise<number> {
    const { total } = await this.db
      .selectFrom('calls')
      .select(({ fn }) => fn.countAll().as('total'))
      .where(matches(filter))
      .executeTakeFirstOrThrow();
    return Number(total);
  }

  async facets(): Promise<HistoryFacets> {
    const [sessions, tools, instances] = [
      await this.#latest('session_id'),
      await this.#latest('tool'),
      await this.#latest('instance_id'),
    ];
    return { sessions, tools, instances };
  }

  async #latest(column: 'session_id' | 'tool' | 'instance_id'): Promise<string[]> {
    const rows = await this.db
      .selectFrom('calls')
      .select((calls) => [calls.ref(column).as('value'), calls.fn.max('started_at').as('latest')])
      .where(column, 'is not', null)
      .groupBy(column)
      .orderBy('latest', 'desc')
      .limit(facetLimit)
      .execute();
    return rows.flatMap(({ value }) => (value === null ? [] : [value]));
  }

  series(request: SeriesRequest): Promise<SeriesData> {
    return readSeries(this.db, request);
  }

  async countsSince(from: number, exceptRunId: string): Promise<HistoryCounts> {
    const counts = await this.db
      .selectFrom('calls')
      .select(({ fn }) => [
        fn.countAll().as('calls'),
        fn.countAll().filterWhere('outcome', 'not in', ['ok', 'cancelled']).as('errors'),
      ])
      .where('started_at', '>=', from)
      .where('daemon_run_id', '<>', exceptRunId)
      .executeTakeFirstOrThrow();
    return { calls: Number(counts.calls), errors: Number(counts.errors) };
  }

  async newestId(): Promise<string | null> {
    const row = await this.db
      .selectFrom('calls')
      .select(({ fn }) => fn.max('id').as('id'))
      .executeTakeFirst();
    return row?.id ?? null;
  }

  async remove(filter: HistoryFilter, { upToId, limit }: RemoveOptions): Promise<number> {
    const { numDeletedRows } = await this.db
      .deleteFrom('calls')
      .where('id', 'in', (expression) => {
        const oldest = expression.selectFrom('calls').select('id').where(matches(filter));
        const bounded = upToId === undefined ? oldest : oldest.where('id', '<=', upToId);
        return bounded.orderBy('started_at').orderBy('id').limit(limit);
      })
      .executeTakeFirst();
    return Number(numDeletedRows);
  }
}

interface Insert {
  readonly sql: string;
  readonly columns: readonly (keyof CallsTable)[];
}

function columnsOf(stored: readonly object[]): (keyof CallsTable)[] {
  return Object.keys(stored[0] ?? {}).filter((name): name is keyof CallsTable => name !== '');
}
