import { closeSync, fsyncSync, openSync, renameSync, unlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const renameAttempts = 5;
const renamePauseMs = 20;
/** Windows refuses to replace a file that a reader or a virus scanner holds open. */
const busyCodes: ReadonlySet<unknown> = new Set(['EPERM', 'EACCES', 'EBUSY']);

/** The steps that depend on the system; real ones unless given. */
export interface ReplaceSystem {
  readonly platform: NodeJS.Platform;
  readonly rename: (from: string, to: string) => void;
  /** Blocks for so many milliseconds. */
  readonly pause: (ms: number) => void;
}

const realSystem: ReplaceSystem = { platform: process.platform, rename: renameSync, pause: pauseSync };

export interface ReplaceOptions {
  /** Permission bits of the new file; 0600 unless given. Windows ignores them. */
  readonly mode?: number;
  /** Told why `false` is returned. */
  readonly onError?: (error: unknown) => void;
  readonly system?: ReplaceSystem;
}

/**
 * Replaces a file as a whole for readers that look at any moment (WIRE §8.1): temp file in the same directory, then
 * rename. Not flushed to the disk; for secrets use `writePrivateFile`.
 *
 * Synchronous; on Windows it blocks for up to 80 ms while somebody holds the file open.
 * @returns `false` when the file could not be replaced, for whatever reason; the old one is then still whole
 */
export function writeFileReplacing(path: string, text: string, options: ReplaceOptions = {}): boolean {
  const temp = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  try {
    writeFileSync(temp, text, { mode: options.mode ?? 0o600 });
    replaceFile(temp, path, options.system);
    return true;
  } catch (error) {
    removeQuietly(temp);
    options.onError?.(error);
    return false;
  }
}

/**
 * Renames `from` over `to`. On Windows a busy target is tried 5 times, 20 ms apart.
 * @throws the error of the last attempt; `from` is then still there
 */
export function replaceFile(from: string, to: string, system: ReplaceSystem = realSystem): void {
  for (let attempt = 1; ; attempt += 1) {
    try {
      system.rename(from, to);
      return;
    } catch (error) {
      if (system.platform !== 'win32' || attempt === renameAttempts || !busyCodes.has(errorCode(error))) throw error;
      system.pause(renamePauseMs);
    }
  }
}

/** Makes renames in a directory survive a power cut. Windows cannot flush directories and does not need it. */
export function flushDirectory(path: string): void {
  if (process.platform === 'win32') return;
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Removes a file of ours if it is there. */
export function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Clean-up only: the caller has an error of its own to report, or the file is gone already.
  }
}

/** `code` of a system error such as `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Blocks the thread; for waits of some milliseconds outside the hot path. */
export function pauseSync(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
