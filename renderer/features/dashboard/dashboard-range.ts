import { seriesRanges } from '../../../protocol/history.ts';

export type RangeId = (typeof seriesRanges)[number];

/** What the charts show: a stretch that ends now, or one that was chosen. */
export type DashboardRange =
  | { readonly type: 'named'; readonly id: RangeId }
  | { readonly type: 'custom'; readonly from: number; readonly to: number };

const usual: RangeId = '1h';

/** The range that an address holds; both bounds make a custom one. */
export function rangeOf(query: URLSearchParams): DashboardRange {
  const [from, to] = [query.get('from'), query.get('to')].map((text) => (text === null ? Number.NaN : Number(text)));
  if (from !== undefined && to !== undefined && from >= 0 && to > from && Number.isFinite(to)) {
    return { type: 'custom', from, to };
  }
  return { type: 'named', id: seriesRanges.find((id) => id === query.get('range')) ?? usual };
}

/** Parts of the query for a range. The usual one leaves no trace. */
export function queryOfRange(range: DashboardRange) {
  return range.type === 'custom'
    ? { from: String(Math.floor(range.from)), to: String(Math.ceil(range.to)), range: undefined }
    : { from: undefined, to: undefined, range: range.id === usual ? undefined : range.id };
}
