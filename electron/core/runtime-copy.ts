import { createHash } from 'node:crypto';
import { constants, createReadStream } from 'node:fs';
import { copyFile, lstat, mkdir, readdir, rename, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorText } from '../../platform/atomic-file.ts';
import { changedPayloadFile, type PayloadHashes } from './payload-check.ts';

export interface RuntimeSource {
  /** Electron's program. What lies beside it and is needed to run it as Node is copied too. */
  readonly program: string;
  readonly payload: string;
  /** What each file of the payload must hash to, and which files it has. */
  readonly hashes: PayloadHashes;
}

export type CopyOutcome =
  | { readonly type: 'ready'; readonly isNew: boolean }
  /** A file that is not what was packed; nothing was put in place. */
  | { readonly type: 'changed'; readonly file: string }
  | { readonly type: 'no-space'; readonly neededBytes: number; readonly freeBytes: number }
  | { readonly type: 'failed'; readonly reason: string };

interface RuntimeFile {
  readonly from: string;
  readonly name: string;
  readonly bytes: number;
}

/** Of the app and its window, or of the AppImage around them: no use to a program that runs as Node. */
const leftOut: ReadonlySet<string> = new Set(['resources', 'locales', 'usr', 'AppRun', 'chrome-sandbox']);
const leftOutEndings = /[.](?:desktop|png|svg|html|txt)$|^[.]/;

/**
 * Copies runtime and payload into one folder of their own, where an installer, an unmounted AppImage and an update do not
 * reach them. Each file is hashed at both ends, the payload against its list; the folder gets its name when all of it is
 * there, so nobody ever sees a part. A copy that is whole already is left alone; one that is not is set aside and made
 * again.
 * @param target `<copies>/<version>`
 * @param programName of the runtime in the copy: a name of its own, because an installer ends programs by name
 */
export async function copyRuntime(source: RuntimeSource, target: string, programName: string): Promise<CopyOutcome> {
  try {
    const files = await runtimeFiles(source.program, programName);
    if (await isWhole(target, files, source.hashes)) return { type: 'ready', isNew: false };
    const changed = changedPayloadFile(source.hashes, source.payload);
    if (changed !== undefined) return { type: 'changed', file: changed };
    const short = await spaceShort(dirname(target), [...files, ...(await payloadFiles(source))]);
    if (short !== undefined) return short;
    const draft = `${target}.tmp`;
    await rm(draft, { recursive: true, force: true });
    const broken = await fill(draft, source, files);
    if (broken !== undefined) {
      await rm(draft, { recursive: true, force: true });
      return { type: 'changed', file: broken };
    }
    await setAside(target);
    await rename(draft, target);
    return { type: 'ready', isNew: true };
  } catch (error) {
    return { type: 'failed', reason: errorText(error) };
  }
}

/** Name of the first file that did not arrive as it was. */
async function fill(draft: string, source: RuntimeSource, files: readonly RuntimeFile[]): Promise<string | undefined> {
  for (const { from, name } of files) {
    const to = join(draft, name);
    await copyOne(from, to);
    if ((await hashFile(from)) !== (await hashFile(to))) return name;
  }
  for (const name of Object.keys(source.hashes)) await copyOne(join(source.payload, name), join(draft, name));
  return changedPayloadFile(source.hashes, draft);
}

async function copyOne(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true, mode: 0o700 });
  await copyFile(from, to, constants.COPYFILE_FICLONE);
}

/** Links are left out: the one an AppImage has is that of its picture. */
async function runtimeFiles(program: string, programName: string): Promise<readonly RuntimeFile[]> {
  const folder = dirname(program);
  const files: RuntimeFile[] = [{ from: program, name: programName, bytes: (await stat(program)).size }];
  for (const name of await readdir(folder)) {
    const from = join(folder, name);
    if (from === program || leftOut.has(name) || leftOutEndings.test(name)) continue;
    const found = await lstat(from);
    if (found.isFile()) files.push({ from, name, bytes: found.size });
  }
  return files;
}

async function payloadFiles({ payload, hashes }: RuntimeSource): Promise<readonly { readonly bytes: number }[]> {
  return await Promise.all(
    Object.keys(hashes).map(async (name) => ({ bytes: (await stat(join(payload, name))).size })),
  );
}

/** The runtime by size, for it is large and this is at every start; the payload, which a daemon is started from, by hash. */
async function isWhole(target: string, files: readonly RuntimeFile[], hashes: PayloadHashes): Promise<boolean> {
  for (const { name, bytes } of files) {
    const found = await stat(join(target, name)).catch(() => undefined); // not there
    if (found?.size !== bytes) return false;
  }
  return changedPayloadFile(hashes, target) === undefined;
}

const marginBytes = 64 * 1024 * 1024;

async function spaceShort(
  folder: string,
  files: readonly { readonly bytes: number }[],
): Promise<(CopyOutcome & { type: 'no-space' }) | undefined> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { bavail, bsize } = await statfs(folder);
  const freeBytes = bavail * bsize;
  const neededBytes = files.reduce((sum, { bytes }) => sum + bytes, marginBytes);
  return freeBytes < neededBytes ? { type: 'no-space', neededBytes, freeBytes } : undefined;
}

/** Programs that run from it go on: what was opened by name before stays open. */
async function setAside(target: string): Promise<void> {
  if ((await stat(target).catch(() => undefined)) === undefined) return;
  await rename(target, `${target}.old-${process.hrtime.bigint().toString(36)}`);
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const part of createReadStream(path, { highWaterMark: 1024 * 1024 })) hash.update(part);
  return hash.digest('hex');
}
