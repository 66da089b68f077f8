import { readFileSync } from 'node:fs';

/** Proportional memory of a process and everything it has started, in bytes; undefined where the system does not tell. */
export function treeMemory(pid: number): number | undefined {
  if (process.platform !== 'linux') return undefined;
  const own = /^Pss:\s+(\d+) kB$/m.exec(readText(`/proc/${pid}/smaps_rollup`))?.[1];
  if (own === undefined) return undefined;
  const children = readText(`/proc/${pid}/task/${pid}/children`).split(' ').filter(Boolean).map(Number);
  return children.reduce((sum, child) => sum + (treeMemory(child) ?? 0), Number(own) * 1024);
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it has ended, or the kernel does not tell
  }
}
