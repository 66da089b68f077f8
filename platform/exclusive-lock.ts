import { linkSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { errorCode, pauseSync, removeQuietly, replaceFile } from './atomic-file.ts';
import {
  isStale,
  type LockHolder,
  type LockRecord,
  newLockRecord,
  readLockHolder,
  type StaleRule,
} from './lock-record.ts';
import { ensurePrivateDir } from './private-file.ts';

const attempts = 10;
const attemptPauseMs = 5;
/** Answers of file systems without hard links. */
const noLinkCodes: ReadonlySet<unknown> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

export interface LockOptions {
  /** Epoch milliseconds. */
  readonly now?: () => number;
  /** A lock older than this is taken over even from a live process. Without it age does not matter. */
  readonly staleAfterMs?: number;
  /** A live process with the holder's pid is the holder. Spares a child process per look outside Linux. */
  readonly believePid?: boolean;
}

/** Who has the lock; `pid` 0 when the lock file does not say. */
export type LockResult =
  | { type: 'held'; release: () => void }
  | { type: 'taken'; pid: number; processStartedAt?: number };

/**
 * Takes the lock file at `path`, or tells who has it (WIRE §5.3, §10.4, §11). A lock whose process is gone is taken
 * over; of any number of contenders exactly one gets it.
 *
 * How: a lock appears whole, by linking a finished file, which fails when one is there. The lock of generation `g` is
 * replaced or removed only by who holds the guard `<path>.<g>`, itself such a lock, and has read `g` once more. The
 * guard of a process that died passes on in the same way, under the guard of its own generation.
 *
 * `release` never throws, may be called twice, and leaves a lock alone that somebody else has taken over meanwhile.
 * @throws Error when the directory or the file cannot be read or written
 */
export function acquireLock(path: string, options: LockOptions = {}): LockResult {
  ensurePrivateDir(dirname(resolve(path)));
  const rule: StaleRule = { ...options, now: options.now ?? Date.now };
  let holder: LockHolder = { type: 'none' };
  for (let attempt = 1; attempt <= attempts; attempt += 1) {
    const mine = newLockRecord(rule.now());
    if (createLock(path, mine)) return held(path, mine, rule);
    holder = readLockHolder(path);
    if (holder.type === 'none') continue;
    if (!isStale(holder, rule)) break;
    if (takeOver(path, holder.generation, mine, rule)) return held(path, mine, rule);
    pauseSync(attemptPauseMs);
  }
  if (holder.type !== 'record') return { type: 'taken', pid: 0 };
  const { pid, processStartedAt } = holder.record;
  return { type: 'taken', pid, ...(processStartedAt === undefined ? {} : { processStartedAt }) };
}

function held(path: string, mine: LockRecord, rule: StaleRule): LockResult {
  let isReleased = false;
  return {
    type: 'held',
    release: () => {
      if (isReleased) return;
      isReleased = true;
      try {
        removeLock(path, mine.generation, rule);
      } catch {
        // The lock stays behind and counts as left behind as soon as this process has ended.
      }
    },
  };
}

/** Whether the lock was free. It is never seen half-written, except on file systems without hard links. */
function createLock(path: string, record: LockRecord): boolean {
  const temp = writeTemp(path, record);
  try {
    linkSync(temp, path);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    if (!noLinkCodes.has(errorCode(error))) throw error;
    return createWithoutLink(path, record);
  } finally {
    removeQuietly(temp);
  }
}

function createWithoutLink(path: string, record: LockRecord): boolean {
  try {
    writeFileSync(path, JSON.stringify(record), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

function writeTemp(path: string, record: LockRecord): string {
  const temp = `${path}.${record.generation}.tmp`;
  try {
    writeFileSync(temp, JSON.stringify(record), { flag: 'wx', mode: 0o600 });
    return temp;
  } catch (error) {
    removeQuietly(temp);
    throw error;
  }
}

/** Replaces the lock of `generation`; `false` when somebody else was or is at it. */
function takeOver(path: string, generation: string, mine: LockRecord, rule: StaleRule): boolean {
  return underGuard(path, generation, rule, () => {
    const temp = writeTemp(path, mine);
    try {
      replaceFile(temp, path);
    } catch (error) {
      removeQuietly(temp);
      throw error;
    }
  });
}

function removeLock(path: string, generation: string, rule: StaleRule): void {
  underGuard(path, generation, rule, () => unlinkSync(path));
}

/** Runs `change` as the only process that may change the lock of `generation`; `false` when that is not possible. */
function underGuard(path: string, generation: string, rule: StaleRule, change: () => void): boolean {
  const claim = claimGuard(path, generation, rule);
  if (claim === undefined) return false;
  let isGenerationOver = true;
  try {
    const holder = readLockHolder(path);
    if (holder.type === 'none' || holder.generation !== generation) return false;
    isGenerationOver = false;
    change();
    isGenerationOver = true;
    return true;
  } finally {
    removeQuietly(claim.guard);
    // While the lock is still of this generation, a dead guard must stay: it leads everybody to the same next guard.
    if (isGenerationOver) for (const guard of claim.inherited) removeQuietly(guard);
  }
}

/** `guard` was created by us; `inherited` are guards of dead processes that led to it. */
interface Claim {
  readonly guard: string;
  readonly inherited: readonly string[];
}

function claimGuard(path: string, generation: string, rule: StaleRule): Claim | undefined {
  const guard = `${path}.${generation}`;
  if (createLock(guard, newLockRecord(rule.now()))) return { guard, inherited: [] };
  const holder = readLockHolder(guard);
  // A guard is held for the time of two file operations; its age does not count, only whether its process lives.
  if (holder.type === 'none' || !isStale(holder, { now: rule.now, believePid: rule.believePid ?? false }))
    return undefined;
  const next = claimGuard(path, holder.generation, rule);
  return next && { guard: next.guard, inherited: [...next.inherited, guard] };
}
