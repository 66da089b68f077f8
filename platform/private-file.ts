import type { Stats } from 'node:fs';
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { errorCode, errorText, flushDirectory, removeQuietly, replaceFile } from './atomic-file.ts';

const othersMayReadOrWrite = 0o066;
const othersMayWrite = 0o022;
const sticky = 0o1000;

/** `exposed`: others can get at it; `message` names the path and the command that mends it. */
export type PrivateDirResult = { type: 'ok' } | { type: 'exposed'; message: string };

export type PrivateFileResult =
  | { type: 'ok'; text: string }
  | { type: 'missing' }
  | { type: 'exposed'; message: string }
  | { type: 'unreadable'; message: string };

/**
 * What is asked of the directory around a private file. `private` (default): nobody else may read or write it, as
 * in our own 0700 directories. `shared`: others may look, but not replace files; for token files at a place the
 * user chose, such as the home directory or a container's secret mount.
 */
export type ParentRule = 'private' | 'shared';

/**
 * Creates a directory and its missing parents as 0700. One that exists is never changed; `exposed` tells when others
 * can read or write it. Windows: the modes are not looked at, the profile's access list protects.
 * @throws Error when it cannot be created, or the path is a file
 */
export function ensurePrivateDir(path: string): PrivateDirResult {
  makeDir(resolve(path));
  return exposedDir(path, 'private') ?? { type: 'ok' };
}

/** With the true reason in its error: the recursive form says ENOENT where a file system is read-only. */
function makeDir(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    let missing = path;
    while (!existsSync(dirname(missing))) missing = dirname(missing);
    mkdirSync(missing, { mode: 0o700 });
    throw error; // whatever it was, the rest is missing still
  }
}

/** Text of a file that holds a secret, or why it is not used. Never throws. */
export function readPrivateFile(path: string, options: { readonly parent?: ParentRule } = {}): PrivateFileResult {
  try {
    // Checked and read through one descriptor, so nobody can swap the file in between. O_NONBLOCK: opening a named
    // pipe would wait for a writer.
    const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    try {
      const stats = fstatSync(fd);
      if (!stats.isFile()) return { type: 'unreadable', message: `${path} is not a regular file` };
      if (isOpenTo(stats, othersMayReadOrWrite)) {
        return { type: 'exposed', message: `other users can access ${path}; run: chmod 600 ${quoted(path)}` };
      }
      return (
        exposedDir(dirname(resolve(path)), options.parent ?? 'private') ?? {
          type: 'ok',
          text: readFileSync(fd, 'utf8'),
        }
      );
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return { type: 'missing' };
    return { type: 'unreadable', message: `cannot read ${path}: ${errorText(error)}` };
  }
}

/**
 * Replaces a file that holds a secret: 0600, temp file in the same directory, flushed, renamed, directory flushed.
 * After a crash at any step the old or the new text is there, whole. Missing directories are created as 0700.
 * @throws Error when it cannot be written, or when others can access the directory (with the fix in the message)
 */
export function writePrivateFile(path: string, text: string): void {
  const directory = dirname(resolve(path));
  const ensured = ensurePrivateDir(directory);
  if (ensured.type === 'exposed') throw new Error(ensured.message);
  const temp = join(directory, `.${basename(path)}.${process.pid}-${process.hrtime.bigint().toString(36)}.tmp`);
  // `wx`: never write through a link that somebody has put there.
  const fd = openSync(temp, 'wx', 0o600);
  try {
    try {
      writeFileSync(fd, text);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    replaceFile(temp, path);
  } catch (error) {
    removeQuietly(temp);
    throw error;
  }
  flushDirectory(directory);
}

function exposedDir(path: string, rule: ParentRule): { type: 'exposed'; message: string } | undefined {
  const stats = statSync(path);
  if (rule === 'private') {
    if (!isOpenTo(stats, othersMayReadOrWrite)) return undefined;
    return { type: 'exposed', message: `other users can access the directory ${path}; run: chmod 700 ${quoted(path)}` };
  }
  // In a sticky directory such as the temp dir only the owner of a file can replace it.
  if (!isOpenTo(stats, othersMayWrite) || (stats.mode & sticky) !== 0) return undefined;
  return {
    type: 'exposed',
    message: `other users can write to the directory ${path}; run: chmod go-w ${quoted(path)}`,
  };
}

function isOpenTo(stats: Stats, bits: number): boolean {
  return process.platform !== 'win32' && (stats.mode & bits) !== 0;
}

/** For a command that the person pastes into a shell. */
function quoted(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
