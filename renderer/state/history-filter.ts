import { callOutcomes, type HistoryFilter } from '../../protocol/history.ts';

/** Parts of the address that filter finished calls, in the order of their chips. */
export const filterKeys = ['session', 'instance', 'tool', 'outcome', 'from', 'to', 'q'] as const;
export type FilterKey = (typeof filterKeys)[number];

const longestText = 200;

/** The filter that an address holds. What is no filter (a time that is no number, an unknown outcome) is left out. */
export function filterOf(query: URLSearchParams): HistoryFilter {
  const filter: HistoryFilter = {};
  for (const key of ['session', 'instance', 'tool', 'q'] as const) {
    const value = query.get(key)?.slice(0, longestText) ?? '';
    if (value !== '') filter[key] = value;
  }
  const outcome = callOutcomes.find((known) => known === query.get('outcome'));
  if (outcome !== undefined) filter.outcome = outcome;
  for (const key of ['from', 'to'] as const) {
    const text = query.get(key);
    const seconds = text === null || text.trim() === '' ? Number.NaN : Number(text);
    if (Number.isFinite(seconds) && seconds >= 0) filter[key] = seconds;
  }
  return filter;
}

/** Parts of the query for a change of the filter; undefined takes a part away. */
export function queryOf(filter: HistoryFilter): Readonly<Record<FilterKey, string | undefined>> {
  return {
    session: filter.session,
    instance: filter.instance,
    tool: filter.tool,
    outcome: filter.outcome,
    from: filter.from?.toString(),
    to: filter.to?.toString(),
    q: filter.q,
  };
}

/** A query that takes every part of the filter away. */
export const noFilter = queryOf({});

/** Equal filters have equal keys. */
export function keyOfFilter(filter: HistoryFilter): string {
  const parts = filterKeys.flatMap((key) => (filter[key] === undefined ? [] : [[key, String(filter[key])]]));
  return new URLSearchParams(parts).toString();
}

/** The filter that has this key. */
export function filterOfKey(key: string): HistoryFilter {
  return filterOf(new URLSearchParams(key));
}
