import { readdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { errorCode } from '../../platform/atomic-file.ts';

/** Name of the junction that editors' entries go through. */
const currentName = 'current';

/**
 * Points `current` at a version. Windows cannot rename over a junction, so there it is away for a moment: a shim that is
 * started right then fails, and its editor starts it again.
 */
export function switchCurrent(copies: string, version: string): void {
  const link = join(copies, currentName);
  const draft = `${link}.new`;
  const target = join(copies, version);
  if (linkTarget(link) === target) return;
  rmSync(draft, { recursive: false, force: true });
  symlinkSync(target, draft, 'junction');
  try {
    renameSync(draft, link);
  } catch (error) {
    if (errorCode(error) !== 'EPERM' && errorCode(error) !== 'EEXIST') throw error;
    rmSync(link, { force: true });
    renameSync(draft, link);
  }
}

function linkTarget(link: string): string | undefined {
  try {
    return readlinkSync(link).replace(/[\\/]$/, '');
  } catch {
    return undefined; // there is none yet
  }
}

/**
 * Removes what is left of other versions, as far as no program runs from it.
 * @param isInUse asked once per folder
 * @returns names of the folders that stay because they are in use
 */
export async function removeOtherVersions(
  copies: string,
  version: string,
  isInUse: (folder: string) => Promise<boolean>,
): Promise<readonly string[]> {
  const kept: string[] = [];
  for (const entry of await readdir(copies, { withFileTypes: true })) {
    if (!entry.isDirectory() || entry.name === version) continue;
    const folder = join(copies, entry.name);
    if (await isInUse(folder)) kept.push(entry.name);
    else await rm(folder, { recursive: true, force: true });
  }
  return kept;
}

/** Whether programs run from below the folder. Processes of other users are not seen, and have no business there. */
export async function isRunFrom(folder: string, platform: NodeJS.Platform = process.platform): Promise<boolean> {
  return platform === 'linux' ? isProgramOfProcess(folder) : !(await canBeRenamed(folder));
}

function isProgramOfProcess(folder: string): boolean {
  return readdirSync('/proc').some((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readlinkSync(`/proc/${name}/exe`).startsWith(folder + sep);
    } catch {
      return false; // it has ended, or belongs to somebody else
    }
  });
}

/** Windows holds the folder of a running program. */
async function canBeRenamed(folder: string): Promise<boolean> {
  const away = `${folder}.old`;
  try {
    await rename(folder, away);
    await rename(away, folder);
    return true;
  } catch {
    return false; // EPERM, EBUSY: it is in use, and the next start tries again
  }
}
