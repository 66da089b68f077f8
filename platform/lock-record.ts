import { readFileSync, statSync } from 'node:fs';
import { limits } from '../protocol/limits.ts';
import { errorCode } from './atomic-file.ts';
import { parseJsonObject } from './json-object.ts';
import { isProcessAlive, processIdentity, processStartedAt } from './process-info.ts';

/** A lock file that cannot be parsed is one being written, unless it is older than this. */
const damagedAfterMs = 5_000;

/** Content of a lock file. */
export interface LockRecord {
  /** Different in every lock that ever was. */
  readonly generation: string;
  readonly pid: number;
  /** Epoch seconds, as {@link acquiredAt}. */
  readonly processStartedAt?: number;
  /** See `processIdentity`; decides alone where both sides have one. */
  readonly processIdentity?: string;
  readonly acquiredAt: number;
}

/** What lies at the path of a lock. `damaged` has a generation too: it is taken over like any other. */
export type LockHolder =
  | { type: 'none' }
  | { type: 'record'; generation: string; record: LockRecord }
  | { type: 'damaged'; generation: string; changedAtMs: number };

/** When a lock counts as left behind. */
export interface StaleRule {
  /** Epoch milliseconds. */
  readonly now: () => number;
  readonly staleAfterMs?: number;
  /** Do not ask for the start time of a live pid, which costs a child process outside Linux. */
  readonly believePid?: boolean;
}

/** The record of this process. */
export function newLockRecord(nowMs: number): LockRecord {
  const startedAt = processStartedAt(process.pid);
  const identity = processIdentity(process.pid);
  return {
    generation: newGeneration(),
    pid: process.pid,
    ...(startedAt === undefined ? {} : { processStartedAt: startedAt }),
    ...(identity === undefined ? {} : { processIdentity: identity }),
    acquiredAt: nowMs / 1000,
  };
}

/**
 * A name that no other lock record has: the process and a moment of its life, to the nanosecond, with a random end for
 * pids that come around. Not a UUID: that would load `node:crypto` into every shim.
 */
function newGeneration(): string {
  const random = Math.floor(Math.random() * 2 ** 48).toString(36);
  return `${process.pid}-${process.hrtime.bigint().toString(36)}-${random}`;
}

/** @throws Error when the file is there and cannot be read */
export function readLockHolder(path: string): LockHolder {
  try {
    const record = parseLockRecord(readFileSync(path, 'utf8'));
    if (record !== undefined) return { type: 'record', generation: record.generation, record };
    const { ino, mtimeMs } = statSync(path);
    return { type: 'damaged', generation: `damaged-${ino}-${Math.trunc(mtimeMs)}`, changedAtMs: mtimeMs };
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return { type: 'none' };
    throw error;
  }
}

/** Whether nobody has a right to the lock any more. A step of the clock in either direction counts as age. */
export function isStale(holder: LockHolder, rule: StaleRule): boolean {
  if (holder.type === 'none') return false;
  if (holder.type === 'damaged') {
    return Math.abs(rule.now() - holder.changedAtMs) > (rule.staleAfterMs ?? damagedAfterMs);
  }
  const ageMs = Math.abs(rule.now() - holder.record.acquiredAt * 1000);
  if (rule.staleAfterMs !== undefined && ageMs > rule.staleAfterMs) return true;
  return !isHolderAlive(holder.record, rule);
}

function isHolderAlive(record: LockRecord, rule: StaleRule): boolean {
  if (!isProcessAlive(record.pid)) return false;
  const identity = processIdentity(record.pid);
  if (identity !== undefined && record.processIdentity !== undefined) return identity === record.processIdentity;
  // A lock that goes stale by age is not blocked for long by a reused pid.
  if (rule.believePid === true || rule.staleAfterMs !== undefined || record.processStartedAt === undefined) return true;
  const startedAt = processStartedAt(record.pid);
  // Not known: better a lock too many than two holders.
  return startedAt === undefined || Math.abs(startedAt - record.processStartedAt) <= limits.processStartToleranceSecs;
}

function parseLockRecord(text: string): LockRecord | undefined {
  const raw = parseJsonObject(text);
  if (raw === undefined) return undefined;
  const { generation, pid, processStartedAt: startedAt, processIdentity: identity, acquiredAt } = raw;
  // The generation becomes part of a file name.
  if (typeof generation !== 'string' || !/^[\w-]{1,64}$/.test(generation)) return undefined;
  if (typeof pid !== 'number' || typeof acquiredAt !== 'number') return undefined;
  return {
    generation,
    pid,
    ...(typeof startedAt === 'number' ? { processStartedAt: startedAt } : {}),
    ...(typeof identity === 'string' ? { processIdentity: identity } : {}),
    acquiredAt,
  };
}
