import { accessSync, constants, readFileSync, realpathSync, type Stats, statfsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errorCode, errorText } from '../../platform/atomic-file.ts';
import type { EditRefusal, FileState } from './editor.ts';
import { maxConfigBytes } from './plan-edit.ts';
import { refuse } from './refuse.ts';

/** A file as an edit meets it: `realPath` is what a link leads to; `stats` undefined: not there. */
export interface ConfigFile extends FileState {
  readonly type: 'file';
  readonly realPath: string;
  readonly stats: Stats | undefined;
}

/** NFS, SMB, CIFS, SMB2, AFS and 9P, as Linux numbers them. */
const networkTypes: ReadonlySet<number> = new Set([
  0x69_69, 0x51_7b, 0xff_53_4d_42, 0xfe_53_4d_42, 0x53_46_41_4f, 0x01_02_19_97,
]);
const anyWriteBit = 0o222;

export type FileSystemType = (path: string) => number;

/** The bytes of a client's file, or why we keep away from it. Never throws. */
export function readConfigFile(
  path: string,
  fileSystemType: FileSystemType = realFileSystemType,
): ConfigFile | EditRefusal {
  if (isRemotePath(path)) return refuse('remote', path);
  try {
    const realPath = realPathOf(path);
    if (isRemotePath(realPath) || networkTypes.has(fileSystemType(nearestFolder(realPath))))
      return refuse('remote', path);
    const stats = statSync(realPath, { throwIfNoEntry: false });
    if (stats === undefined) return { type: 'file', path, realPath, stats, bytes: undefined };
    if (!stats.isFile()) return refuse('notAFile', path);
    if (stats.size > maxConfigBytes) return refuse('tooLarge', path);
    return { type: 'file', path, realPath, stats, bytes: readFileSync(realPath) };
  } catch (error) {
    return refuse('unreadable', path, { params: { problem: errorText(error) } });
  }
}

/** Whether we could replace the file; a file that its owner made read-only counts as such for root too. */
export function writeRefusal({ path, realPath, stats }: ConfigFile): EditRefusal | undefined {
  if (stats !== undefined && (stats.mode & anyWriteBit) === 0) return refuse('readOnly', path);
  try {
    if (stats !== undefined) accessSync(realPath, constants.W_OK);
    accessSync(nearestFolder(realPath), constants.W_OK);
    return undefined;
  } catch {
    return refuse('readOnly', path);
  }
}

/** Network shares and other systems' folders by their names on Windows. */
function isRemotePath(path: string): boolean {
  return /^(?:\\\\|\/\/)(?![.?]\\[A-Za-z]:)/.test(path) || path.startsWith('vscode-remote:');
}

/** The target of a link, also of one whose target is still missing. */
function realPathOf(path: string): string {
  try {
    return realpathSync.native(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
    const parent = dirname(path);
    return parent === path ? path : join(realPathOf(parent), basename(path));
  }
}

function nearestFolder(path: string): string {
  let folder = dirname(path);
  while (statSync(folder, { throwIfNoEntry: false }) === undefined && dirname(folder) !== folder)
    folder = dirname(folder);
  return folder;
}

function realFileSystemType(path: string): number {
  // Elsewhere the number means something else or nothing.
  return process.platform === 'linux' ? statfsSync(path).type : 0;
}
