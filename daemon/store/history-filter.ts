import { type Expression, type ExpressionBuilder, type SqlBool, sql } from 'kysely';
import type { HistoryFilter } from '../../protocol/history.ts';
import type { HistoryDatabase } from './schema.ts';

type Calls = ExpressionBuilder<HistoryDatabase, 'calls'>;

const searched = ['tool', 'session_id', 'call_id', 'error_code'] as const;

/** All conditions of a filter; none is true for every row. */
export function matches(filter: HistoryFilter): (calls: Calls) => Expression<SqlBool> {
  return (calls) => {
    const conditions: Expression<SqlBool>[] = [];
    if (filter.session !== undefined) conditions.push(calls('session_id', '=', filter.session));
    if (filter.instance !== undefined) conditions.push(calls('instance_id', '=', filter.instance));
    if (filter.tool !== undefined) conditions.push(calls('tool', '=', filter.tool));
    if (filter.outcome !== undefined) conditions.push(calls('outcome', '=', filter.outcome));
    if (filter.from !== undefined) conditions.push(calls('started_at', '>=', filter.from));
    if (filter.to !== undefined) conditions.push(calls('started_at', '<', filter.to));
    if (filter.q !== undefined && filter.q !== '') conditions.push(contains(calls, filter.q));
    return calls.and(conditions);
  };
}

/** In either case of ASCII letters: what LIKE does by itself differs from engine to engine, so both sides are lowered. */
function contains(calls: Calls, text: string): Expression<SqlBool> {
  const pattern = `%${escapeLike(text)}%`;
  return calls.or(
    searched.map((column) => sql<SqlBool>`lower(${calls.ref(column)}) like lower(${pattern}) escape '\\'`),
  );
}

/** `%`, `_` and the escape character itself stand for themselves. */
function escapeLike(text: string): string {
  return text.replaceAll(/[\\%_]/g, String.raw`\$&`);
}
