import { readdirSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { readPrivateFile, writePrivateFile } from '../../platform/private-file.ts';
import { isSameProcess, processStartedAt } from '../../platform/process-info.ts';
import { killTree } from './kill-tree.ts';

const entrySchema = z.object({
  /** Of the leader of a process group of its own (POSIX). */
  pid: z.int().min(2),
  /** Epoch seconds, as the system tells. */
  startedAt: z.number(),
  upstreamId: z.string(),
  /** In the environment of the process and its children as `EXAI_UPSTREAM_MARK`. */
  mark: z.string(),
});
export type LedgerEntry = z.infer<typeof entrySchema>;

export const markVariable = 'EXAI_UPSTREAM_MARK';

/**
 * The processes that this daemon has started, on disk, so that the next run ends what a killed one left behind. Written
 * before anybody speaks with the process.
 */
export class ProcessLedger {
  readonly #path: string;
  readonly #onError: (error: unknown) => void;
  readonly #entries = new Map<number, LedgerEntry>();

  constructor(path: string, onError: (error: unknown) => void) {
    this.#path = path;
    this.#onError = onError;
  }

  /** Ends what an earlier run has left; returns what was still there. Call once, before `add`. */
  sweep(): readonly LedgerEntry[] {
    const left = readLedger(this.#path).filter((entry) => endLeftover(entry));
    this.#write();
    return left;
  }

  add(pid: number, upstreamId: string, mark: string): void {
    this.#entries.set(pid, { pid, startedAt: processStartedAt(pid) ?? Date.now() / 1000, upstreamId, mark });
    this.#write();
  }

  remove(pid: number): void {
    if (this.#entries.delete(pid)) this.#write();
  }

  #write(): void {
    try {
      writePrivateFile(this.#path, `${JSON.stringify([...this.#entries.values()])}\n`);
    } catch (error) {
      this.#onError(error);
    }
  }
}

function readLedger(path: string): readonly LedgerEntry[] {
  const read = readPrivateFile(path);
  if (read.type !== 'ok') return [];
  try {
    return z.array(entrySchema).parse(JSON.parse(read.text));
  } catch {
    return []; // cut off by a crash: nothing that could be trusted
  }
}

/** A pid may belong to somebody else by now: only a process with the same start, or one that carries our mark, is ended. */
function endLeftover(entry: LedgerEntry): boolean {
  if (isSameProcess(entry.pid, entry.startedAt)) {
    killTree(entry.pid, 'SIGKILL');
    return true;
  }
  const left = markedProcesses(entry.mark);
  for (const pid of left) killQuietly(pid);
  return left.length > 0;
}

/** Children whose leader has gone. Linux tells the environment; elsewhere the leader's group is all we know. */
function markedProcesses(mark: string): readonly number[] {
  if (process.platform !== 'linux') return [];
  const wanted = `${markVariable}=${mark}\0`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && environmentOf(pid).includes(wanted));
}

function environmentOf(pid: number): string {
  try {
    return `${readFileSync(`/proc/${pid}/environ`, 'latin1')}\0`;
  } catch {
    return ''; // gone, or another user's
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended meanwhile
  }
}
