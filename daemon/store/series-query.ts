import { type Kysely, type SelectQueryBuilder, type SqlBool, sql } from 'kysely';
import { matches } from './history-filter.ts';
import type { SeriesData, SeriesRequest } from './history-store.ts';
import { type HistoryDatabase, longCallMs } from './schema.ts';
import { SeriesBuilder, type TimedCall } from './series.ts';

/** Rows that are held in memory at a time. */
const chunkRows = 10_000;
/** No call lasts longer: the longest deadline (an hour) and the longest wait (ten minutes) that settings allow. */
const longestCallSeconds = 4_500;

/** All calls of a span, and those that reach into it from before. Exact, whatever their number. */
export async function readSeries(db: Kysely<HistoryDatabase>, request: SeriesRequest): Promise<SeriesData> {
  const { from, to, session, instance } = request;
  const series = new SeriesBuilder(request);
  const base = db
    .selectFrom('calls')
    .select(['started_at as startedAt', 'queued_ms as queuedMs', 'duration_ms as durationMs', 'outcome'])
    .where(matches({ session, instance }));
  const isRunningOn = sql<SqlBool>`started_at + duration_ms / 1000.0 > ${from}`;
  const border = from - longCallMs / 1000;
  const before = base.where('started_at', '<', from).where('started_at', '>=', border).where(isRunningOn);
  const longBefore = base
    .where('started_at', '<', border)
    .where('started_at', '>=', from - longestCallSeconds)
    .where('duration_ms', '>', sql.lit(longCallMs))
    .where(isRunningOn);
  for (const query of [base.where('started_at', '>=', from).where('started_at', '<', to), before, longBefore]) {
    for await (const calls of inChunks(query)) for (const call of calls) series.add(call);
  }
  for (const startedAt of request.running ?? []) series.addRunning(startedAt);
  return series.finish();
}

/**
 * By start alone: an id for each row would double the time. Of a full chunk the rows of its last moment are left to the
 * next one, which begins there.
 */
async function* inChunks(
  query: SelectQueryBuilder<HistoryDatabase, 'calls', TimedCall>,
): AsyncGenerator<readonly TimedCall[]> {
  let from = -Infinity;
  let limit = chunkRows;
  for (;;) {
    const rest = from === -Infinity ? query : query.where('started_at', '>=', from);
    const rows = await rest.orderBy('started_at').limit(limit).execute();
    if (rows.length < limit) {
      yield rows;
      return;
    }
    const last = rows.at(-1)?.startedAt ?? Infinity;
    const whole = rows.filter(({ startedAt }) => startedAt < last);
    // All at one moment: there is no way round reading them together.
    if (whole.length === 0) limit *= 2;
    else yield whole;
    from = last;
  }
}
