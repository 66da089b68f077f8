import type { ExportQuery, HistoryFilter } from '../../protocol/history.ts';

/**
 * `exai-calls_<from>_<to>[_<session>].csv`: times in UTC to the minute, in letters that every file system takes. Without a
 * lower bound it says `start`; the upper one is `nowSeconds` unless the filter has one.
 */
export function exportFileName(filter: HistoryFilter, format: ExportQuery['format'], nowSeconds: number): string {
  const from = filter.from === undefined ? 'start' : stamp(filter.from);
  const session = filter.session === undefined ? '' : `_${filter.session.replaceAll(/[^A-Za-z0-9._-]+/g, '-')}`;
  return `exai-calls_${from}_${stamp(filter.to ?? nowSeconds)}${session}.${format}`;
}

function stamp(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toISOString().slice(0, 16).replaceAll(/[-:]/g, '');
}
