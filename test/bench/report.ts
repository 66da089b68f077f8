import type { PerSystem } from './systems.ts';

/** One line of the table. Values are medians over the rounds, in `unit`. */
export interface Row {
  readonly id: string;
  readonly what: string;
  readonly unit: 'ms' | 'MB' | '%' | '×' | 'calls/s' | '/s' | 'nodes' | 'errors';
  readonly values: Partial<PerSystem<number>>;
  /** What is held against the target, with its own words; absent where the value of exai itself is. */
  readonly ratio?: { readonly value: number; readonly to: string };
  /** Absent: shown for information. */
  readonly target?: { readonly atMost?: number; readonly atLeast?: number; readonly text: string };
  readonly note?: string;
}

export type Verdict = 'ok' | 'missed' | 'info';

export function verdictOf(row: Row): Verdict {
  if (row.target === undefined) return 'info';
  const judged = row.ratio?.value ?? row.values.exai ?? Number.NaN;
  const { atMost, atLeast } = row.target;
  const holds = (atMost === undefined || judged <= atMost) && (atLeast === undefined || judged >= atLeast);
  return holds ? 'ok' : 'missed'; // NaN holds neither way round
}

/** The table as aligned text. */
export function tableText(rows: readonly Row[]): string {
  const header = ['', 'what', 'direct', 'floor', 'exai', 'ratio', 'target', 'verdict'];
  const cells = [header, ...rows.map(cellsOf)];
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lines = cells.map((row) =>
    row
      .map((cell, column) =>
        column >= 2 && column <= 5 ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
  return [lines[0], '─'.repeat(Math.max(...lines.map((line) => line.length))), ...lines.slice(1)].join('\n');
}

/** The table for docs/performance.md. */
export function tableMarkdown(rows: readonly Row[]): string {
  const lines = rows.map((row) => `| ${cellsOf(row).join(' | ')} |`);
  return [
    '| # | What | direct | floor | exai | Ratio | Target | Verdict |',
    '|---|---|---|---|---|---|---|---|',
    ...lines,
  ].join('\n');
}

function cellsOf(row: Row): string[] {
  const { values, ratio, target } = row;
  return [
    row.id,
    row.note === undefined ? row.what : `${row.what} (${row.note})`,
    figure(values.direct, row.unit),
    figure(values.floor, row.unit),
    figure(values.exai, row.unit),
    ratio === undefined ? '' : `${ratio.value.toFixed(2)} × ${ratio.to}`,
    target?.text ?? '',
    verdictOf(row) === 'info' ? '' : verdictOf(row),
  ];
}

/** Three digits that mean something. */
function figure(value: number | undefined, unit: Row['unit']): string {
  if (value === undefined) return '–';
  const digits = unit === 'errors' || value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3;
  return unit === 'errors' ? value.toFixed(0) : `${value.toFixed(digits)} ${unit}`;
}
