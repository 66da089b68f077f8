import type { HistoryRow } from '../../protocol/history.ts';

/** Column names of the table `calls`, each with what a row has there. Absent values are empty in CSV and null in JSON. */
const columns: readonly (readonly [name: string, value: (row: HistoryRow) => string | number | null])[] = [
  ['id', (row) => row.id],
  ['call_id', (row) => row.callId],
  ['started_at', (row) => isoTime(row.startedAt)],
  ['session_id', (row) => row.sessionId],
  ['instance_id', (row) => row.instanceId],
  ['tool', (row) => row.tool],
  ['upstream', (row) => row.upstream],
  ['provider', (row) => row.provider],
  ['model', (row) => row.model],
  ['queued_ms', (row) => milliseconds(row.queuedMs)],
  ['duration_ms', (row) => milliseconds(row.durationMs)],
  ['outcome', (row) => row.outcome],
  ['error_code', (row) => row.errorCode],
  ['request_bytes', (row) => row.requestBytes],
  ['response_bytes', (row) => row.responseBytes],
  ['daemon_run_id', (row) => row.daemonRunId],
];
const withArguments = [...columns, ['arguments_preview', (row: HistoryRow) => row.argumentsPreview] as const];

export interface ExportFormat {
  readonly contentType: string;
  /** Text before the first chunk of rows. */
  readonly head: string;
  /** Text behind the last. */
  readonly tail: string;
  chunk(rows: readonly HistoryRow[], isFirst: boolean): string;
}

/** How an export is written, piece by piece. */
export function exportFormat(format: 'csv' | 'json', options: { readonly arguments: boolean }): ExportFormat {
  const chosen = options.arguments ? withArguments : columns;
  if (format === 'csv') {
    return {
      contentType: 'text/csv; charset=utf-8; header=present',
      head: csvLine(chosen.map(([name]) => name)),
      tail: '',
      chunk: (rows) => rows.map((row) => csvLine(chosen.map(([, value]) => value(row)))).join(''),
    };
  }
  return {
    contentType: 'application/json; charset=utf-8',
    head: '[',
    tail: '\n]\n',
    chunk: (rows, isFirst) => {
      const texts = rows.map((row) =>
        JSON.stringify(Object.fromEntries(chosen.map(([name, value]) => [name, value(row)]))),
      );
      if (texts.length === 0) return '';
      return `${isFirst ? '' : ','}\n${texts.join(',\n')}`;
    },
  };
}

/** One record of RFC 4180, with its CRLF. */
function csvLine(cells: readonly (string | number | null)[]): string {
  return `${cells.map(csvCell).join(',')}\r\n`;
}

/**
 * A spreadsheet runs a cell that begins with one of these as a formula, also one in quotes; the apostrophe makes it text
 * (OWASP, CSV injection). Numbers are ours and stay numbers.
 */
function csvCell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** Thousandths are finer than the clock that they come from. */
function milliseconds(value: number): number {
  return Math.round(value * 1000) / 1000;
}

function isoTime(epochSeconds: number): string {
  return new Date(epochSeconds * 1000).toISOString();
}

export interface ExportName {
  readonly format: 'csv' | 'json';
  /** Epoch seconds, as in the filter. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly now: number;
  readonly session?: string | undefined;
}

/** `exai-calls_<from>_<to>[_<session>].<format>`, of characters that every file system takes. */
export function exportFileName({ format, from, to, now, session }: ExportName): string {
  const time = (epochSeconds: number): string => compactTime(Math.min(epochSeconds, now));
  const parts = ['exai-calls', from === undefined ? 'start' : time(from), time(to ?? now)];
  const safe = session?.replaceAll(/[^A-Za-z0-9-]+/g, '-').slice(0, 80) ?? '';
  if (safe !== '') parts.push(safe);
  return `${parts.join('_')}.${format}`;
}

/** `20260921T141320Z`: a colon is not allowed everywhere. */
function compactTime(epochSeconds: number): string {
  return isoTime(epochSeconds).replaceAll(/[-:]|\.\d+/g, '');
}
