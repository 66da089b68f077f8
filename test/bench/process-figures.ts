import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

/** Proportional set size in MiB, as most tools print it: private pages, and shared ones by the number of their users. Linux. */
export function pssMegabytes(pid: number): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kib = /^Pss:\s+(\d+) kB$/m.exec(text)?.[1];
  if (kib === undefined) throw new Error(`no PSS for process ${pid}`);
  return Number(kib) / 1024;
}

/** Processor time that all threads of a process have used, in milliseconds. Linux; resolution one nanosecond. */
export function cpuMs(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const text = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8');
    nanoseconds += Number(text.split(' ')[0]);
  }
  return nanoseconds / 1e6;
}

/**
 * Binds all threads of these processes to one core, or to a list like `0-3`. False when this machine
 * has no `taskset`. Processes on one core hand over without waking another one, which is what makes latencies jump.
 */
export function bindToCore(pids: readonly number[], cores: string): boolean {
  return pids.every((pid) => spawnSync('taskset', ['-acp', cores, String(pid)], { stdio: 'ignore' }).status === 0);
}

/** The cores this process may use, in the form that {@link bindToCore} takes. */
export function allowedCores(): string {
  return /^Cpus_allowed_list:\s+(\S+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
}

export function childrenOf(pid: number): readonly number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

/** Reads a figure until it has stopped moving: two readings a quarter of a second apart within 1 %. */
export async function settled(read: () => number, timeoutMs = 8_000): Promise<number> {
  const end = performance.now() + timeoutMs;
  let before = read();
  for (;;) {
    await pause(250);
    const now = read();
    if (Math.abs(now - before) <= 0.01 * before || performance.now() > end) return now;
    before = now;
  }
}

/** The passing of time is what some figures are about (idle, settled memory). */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}
