import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmdirSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errorCode, flushDirectory, removeQuietly, replaceFile } from '../../platform/atomic-file.ts';
import type { ConfigFile } from './config-file.ts';
import type { EditRefusal } from './editor.ts';
import { refuse } from './refuse.ts';

const permissionBits = 0o7777;
const newFileMode = 0o600;

/**
 * Puts other bytes into a file, or takes it away when there are none: temp file in the same folder, flushed, renamed,
 * folder flushed. A link keeps leading where it led; mode and owner stay. Killed at any step, the old or the new file is
 * there, whole; what a killed run has left behind is removed by the next one.
 * @returns why the file is as it was
 */
export function replaceConfig(file: ConfigFile, bytes: Uint8Array | undefined): EditRefusal | undefined {
  const { path, realPath } = file;
  try {
    removeLeftovers(realPath);
    if (bytes === undefined) unlinkSync(realPath);
    else writeRenamed(file, bytes);
    flushDirectory(dirname(realPath));
    return undefined;
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOSPC' || code === 'EDQUOT') return refuse('diskFull', path);
    if (code === 'EOWNER') return refuse('otherOwner', path);
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return refuse('readOnly', path);
    throw error;
  }
}

/** Makes the folder of a file; the folders that were missing, outermost first. */
export function makeFolders(path: string): readonly string[] {
  const missing: string[] = [];
  for (
    let folder = dirname(path);
    statSync(folder, { throwIfNoEntry: false }) === undefined;
    folder = dirname(folder)
  ) {
    missing.unshift(folder);
  }
  for (const folder of missing) mkdirSync(folder);
  return missing;
}

/** Removes folders of ours that hold nothing any more. */
export function removeFolders(folders: readonly string[]): void {
  for (const folder of folders.toReversed()) {
    try {
      rmdirSync(folder);
    } catch {
      // Somebody else uses it, or it is gone.
      return;
    }
  }
}

function writeRenamed({ realPath, stats }: ConfigFile, bytes: Uint8Array): void {
  const temp = join(dirname(realPath), `${leftoverPrefix(realPath)}${process.pid}.tmp`);
  const fd = openSync(temp, 'wx', newFileMode);
  try {
    try {
      writeFileSync(fd, bytes);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    if (stats !== undefined && process.platform !== 'win32') {
      const made = statSync(temp);
      if (made.uid !== stats.uid || made.gid !== stats.gid) giveTo(temp, stats.uid, stats.gid);
      chmodSync(temp, stats.mode & permissionBits);
    }
    replaceFile(temp, realPath);
  } catch (error) {
    removeQuietly(temp);
    throw error;
  }
}

function giveTo(path: string, uid: number, gid: number): void {
  try {
    chownSync(path, uid, gid);
  } catch (error) {
    throw Object.assign(new Error('the file belongs to another user', { cause: error }), { code: 'EOWNER' });
  }
}

function leftoverPrefix(path: string): string {
  return `.${basename(path)}.exai-`;
}

/** Only who holds the lock of the file comes here, so nobody is writing these. */
function removeLeftovers(path: string): void {
  const prefix = leftoverPrefix(path);
  for (const name of readdirSync(dirname(path))) {
    if (name.startsWith(prefix) && name.endsWith('.tmp')) removeQuietly(join(dirname(path), name));
  }
}
