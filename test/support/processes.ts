import { readdirSync, readFileSync } from 'node:fs';

/** Pid and command line of every process that was started with `NAME=value` in its environment. Linux; elsewhere none. */
export function processesWith(variable: string): readonly { readonly pid: number; readonly command: string }[] {
  if (process.platform !== 'linux') return [];
  const found: { pid: number; command: string }[] = [];
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) continue;
    const environment = readProcFile(`/proc/${name}/environ`);
    if (environment === undefined || !environment.split('\0').includes(variable)) continue;
    const command = readProcFile(`/proc/${name}/cmdline`)?.split('\0').join(' ').trim() ?? '';
    found.push({ pid: Number(name), command });
  }
  return found;
}

/** Ends a process that may already have gone. */
export function killQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // ESRCH: it has ended meanwhile, which is what was wanted
  }
}

function readProcFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined; // the process has ended, or belongs to somebody else
  }
}
