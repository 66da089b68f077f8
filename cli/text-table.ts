/** Rows as aligned columns, two spaces apart; the last column is not padded. Cells are cut at `maxWidth`. */
export function textTable(header: readonly string[], rows: readonly (readonly string[])[], maxWidth = 40): string {
  const all = [header, ...rows].map((row) => row.map((cell) => cut(cell, maxWidth)));
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

/** A span of time as people say it: `12 s`, `3 min`, `2 h`, `5 d`. */
export function duration(seconds: number): string {
  const value = Math.max(0, Math.round(seconds));
  if (value < 60) return `${value} s`;
  if (value < 3600) return `${Math.floor(value / 60)} min`;
  if (value < 86_400) return `${Math.floor(value / 3600)} h`;
  return `${Math.floor(value / 86_400)} d`;
}
