import { join } from 'node:path';
import { acquireLock } from './exclusive-lock.ts';
import { RotatingFile } from './rotating-file.ts';

const maxIdChars = 64;
/** More processes of one name than this are a fault somewhere; they fall back to their pid. */
const maxSiblings = 1000;

export interface ShimLogName {
  /** `EXAI_LOG_PREFIX`. */
  readonly logPrefix: string | undefined;
  /** `EXAI_SESSION_ID`. */
  readonly sessionId: string | undefined;
  readonly pid: number;
}

/** `<id>` of `ws_shim_<id>.log` (WIRE §11). */
export function shimLogId({ logPrefix, sessionId, pid }: ShimLogName): string {
  const name = logPrefix || sessionId?.replace(/vscode-instance-(\d+)/, 'vscode$1') || `pid${pid}`;
  return name.replaceAll(/[^A-Za-z0-9_-]/gu, '_').slice(0, maxIdChars);
}

export interface ExclusiveLogOptions {
  readonly dir: string;
  /** From {@link shimLogId}. */
  readonly id: string;
  readonly maxBytes: number;
  readonly files: number;
}

export interface ExclusiveLog {
  readonly file: RotatingFile;
  readonly path: string;
  /** Why no lock could be had, for one line on stderr. The log then has the pid in its name, and may fail too. */
  readonly problem?: Error;
  /** Closes the file and frees the name. Safe to call twice. */
  release(): void;
}

/**
 * The log of one shim process (WIRE §11): `ws_shim_<id>.log`, or `-2`, `-3`, … when live processes have those. A name
 * whose process is gone is used again. Never throws.
 */
export function openExclusiveLog({ dir, id, maxBytes, files }: ExclusiveLogOptions): ExclusiveLog {
  const base = join(dir, `ws_shim_${id}`);
  let problem = new Error(`more than ${maxSiblings} logs of the name ${base} are in use`);
  try {
    for (let number = 1; number <= maxSiblings; number += 1) {
      const path = number === 1 ? `${base}.log` : `${base}-${number}.log`;
      // A reused pid costs no more than another number here, so Windows need not start PowerShell to rule it out.
      const lock = acquireLock(`${path}.lock`, { believePid: process.platform === 'win32' });
      if (lock.type === 'taken') continue;
      const file = new RotatingFile({ path, maxBytes, files });
      return { file, path, release: () => closeAll(file, lock.release) };
    }
  } catch (error) {
    problem = new Error(`cannot lock a log file in ${dir}`, { cause: error });
  }
  const path = `${base}-pid${process.pid}.log`;
  const file = new RotatingFile({ path, maxBytes, files });
  return { file, path, problem, release: () => file.close() };
}

function closeAll(file: RotatingFile, releaseLock: () => void): void {
  file.close();
  releaseLock();
}
