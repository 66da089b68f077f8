import { type Dirent, statSync, unlinkSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { acquireLock } from '../../platform/exclusive-lock.ts';
import type { Logger } from '../../platform/json-logger.ts';
import { isProcessAlive } from '../../platform/process-info.ts';
import { limits } from '../../protocol/limits.ts';

export interface ShimLogSweepOptions {
  readonly dir: string;
  readonly logger: Logger;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

/** `ws_shim_pid4242.log`, its siblings, rotated files, lock and what a lock may leave behind. */
const pidLogPattern = /^(ws_shim_pid(\d+)(?:-\w+)?\.log)(?:\..+)?$/;

/**
 * Removes logs of shims without a name (WIRE §11). A name belongs to a window and its log is used again; a pid comes
 * once, so these pile up. They go when their process is gone and nothing was written for seven days. The daemon does
 * it, now and then, because no shim start may wait for it.
 */
export class ShimLogSweep {
  readonly #options: ShimLogSweepOptions;
  readonly #now: () => number;
  #sweptAt = -Infinity;
  #hasWarned = false;

  constructor(options: ShimLogSweepOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Looks at most once an hour, however often it is called. Never throws; what cannot be removed stays, with one warning. */
  async sweep(): Promise<void> {
    const now = this.#now();
    if (Math.abs(now - this.#sweptAt) < limits.shimLogSweepIntervalMs) return;
    this.#sweptAt = now;
    let removed = 0;
    try {
      for (const log of pidLogs(await readdir(this.#options.dir, { withFileTypes: true }))) {
        await setImmediate(); // a removal takes most of a millisecond, and calls go first
        removed += this.#removeIfStale(log);
      }
    } catch (error) {
      this.#warn(error);
    }
    if (removed > 0) this.#options.logger.info('old shim logs removed', { files: removed });
  }

  /** One that cannot be removed does not keep the others. */
  #removeIfStale(log: PidLog): number {
    try {
      return !isProcessAlive(log.pid) && this.#isOld(log) ? this.#remove(log) : 0;
    } catch (error) {
      this.#warn(error);
      return 0;
    }
  }

  #isOld({ files }: PidLog): boolean {
    const oldest = this.#now() - limits.shimLogKeptMs;
    return files.every((name) => (statSync(this.#path(name), { throwIfNoEntry: false })?.mtimeMs ?? 0) < oldest);
  }

  /** Under the lock of the log: a new process may come by the same pid at any moment. */
  #remove({ base, files }: PidLog): number {
    const lockName = `${base}.lock`;
    const lock = acquireLock(this.#path(lockName), { believePid: process.platform === 'win32' });
    if (lock.type === 'taken') return 0;
    let removed = 0;
    try {
      for (const name of files) {
        if (name === lockName) continue; // goes with its release
        unlinkSync(this.#path(name));
        removed += 1;
      }
    } finally {
      lock.release();
    }
    return removed;
  }

  #path(name: string): string {
    return join(this.#options.dir, name);
  }

  #warn(error: unknown): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#options.logger.warn('old shim logs cannot be removed', { error });
  }
}

interface PidLog {
  readonly pid: number;
  readonly base: string;
  /** Names of everything that belongs to it. */
  readonly files: string[];
}

function pidLogs(entries: readonly Dirent[]): Iterable<PidLog> {
  const logs = new Map<string, PidLog>();
  for (const entry of entries) {
    const [, base, pid] = pidLogPattern.exec(entry.name) ?? [];
    if (base === undefined || !entry.isFile()) continue;
    const log = logs.get(base) ?? { pid: Number(pid), base, files: [] };
    log.files.push(entry.name);
    logs.set(base, log);
  }
  return logs.values();
}
