const contextLines = 3;

/**
 * The change of one text as a unified diff with three lines around it, for display; empty when nothing changes. One hunk:
 * our edits are close together. Line ends are not shown.
 */
export function unifiedDiff(path: string, before: string, after: string): string {
  if (before === after) return '';
  const old = linesOf(before);
  const now = linesOf(after);
  let start = 0;
  while (start < old.length && start < now.length && old[start] === now[start]) start += 1;
  let same = 0;
  while (
    same < old.length - start &&
    same < now.length - start &&
    old[old.length - 1 - same] === now[now.length - 1 - same]
  ) {
    same += 1;
  }
  const from = Math.max(0, start - contextLines);
  const tail = Math.max(0, same - contextLines);
  const hunk = [
    ...old.slice(from, start).map((line) => ` ${line}`),
    ...old.slice(start, old.length - same).map((line) => `-${line}`),
    ...now.slice(start, now.length - same).map((line) => `+${line}`),
    ...old.slice(old.length - same, old.length - tail).map((line) => ` ${line}`),
  ];
  const oldCount = old.length - tail - from;
  const newCount = now.length - tail - from;
  const head = `@@ -${oldCount === 0 ? 0 : from + 1},${oldCount} +${newCount === 0 ? 0 : from + 1},${newCount} @@`;
  return [`--- ${path}`, `+++ ${path}`, head, ...hunk, ''].join('\n');
}

function linesOf(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}
