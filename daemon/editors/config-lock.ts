import { createHash } from 'node:crypto';
import { mkdirSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from '../../platform/atomic-file.ts';
import { acquireLock } from '../../platform/exclusive-lock.ts';

const attempts = 40;
const pauseMs = 50;
/** Cline counts a lock of this age as left behind (CLIENTS §8). */
const lockDirectoryStaleMs = 10_000;

/**
 * Runs `work` as the only one of us that writes this file; of a client with a lock directory, as the only one at all.
 * `busy` after two seconds. The lock of a process that has died is taken over.
 */
export async function withConfigLock<T>(
  folder: string,
  realPath: string,
  hasLockDirectory: boolean,
  work: () => T,
): Promise<T | 'busy'> {
  const name = createHash('sha256').update(realPath).digest('hex').slice(0, 32);
  const lock = await retried(() => {
    const result = acquireLock(join(folder, `${name}.lock`));
    return result.type === 'held' ? result : undefined;
  });
  if (lock === undefined) return 'busy';
  try {
    const release = hasLockDirectory ? await retried(() => takeDirectory(`${realPath}.lock`)) : () => {};
    if (release === undefined) return 'busy';
    try {
      return work();
    } finally {
      release();
    }
  } finally {
    lock.release();
  }
}

async function retried<T>(take: () => T | undefined): Promise<T | undefined> {
  for (let attempt = 1; attempt < attempts; attempt += 1) {
    const taken = take();
    if (taken !== undefined) return taken;
    await sleep(pauseMs);
  }
  return take();
}

function takeDirectory(path: string): (() => void) | undefined {
  try {
    mkdirSync(path);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return () => {};
    if (errorCode(error) !== 'EEXIST') throw error;
    const changedAtMs = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
    if (changedAtMs !== undefined && Date.now() - changedAtMs > lockDirectoryStaleMs) removeDirectory(path);
    return undefined;
  }
  return () => removeDirectory(path);
}

function removeDirectory(path: string): void {
  try {
    rmdirSync(path);
  } catch {
    // Somebody else has removed it first.
  }
}
