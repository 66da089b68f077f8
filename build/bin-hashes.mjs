import { createHash } from 'node:crypto';
import { globSync } from 'node:fs';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join, sep } from 'node:path';

/**
 * What runs outside the asar (electron-builder.yml packs it as resources/bin), and what it must hash to. The list is packed
 * inside the asar, whose own integrity the fuses check: the app refuses a daemon or shim that somebody has changed.
 */

export const payload = ['cli.js', 'daemon.js', 'history-worker.js', 'package.json', 'shim.js', 'renderer/**/*'];

/**
 * SHA-256 by path below `folder`, `/` between names on every system, in order of their names.
 * @param {string} folder
 * @returns {Promise<Record<string, string>>}
 */
export async function hashPayload(folder) {
  const hashes = [];
  for (const entry of globSync(payload, { cwd: folder, withFileTypes: true })) {
    if (!entry.isFile() || entry.name.endsWith('.map')) continue;
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(join(folder, sep).length).replaceAll(sep, '/');
    hashes.push([
      name,
      createHash('sha256')
        .update(await readFile(path))
        .digest('hex'),
    ]);
  }
  return Object.fromEntries(hashes.toSorted(([one], [other]) => (one < other ? -1 : 1)));
}

/** Writes `bin-hashes.json` beside the payload in `folder`. */
export async function writeBinHashes(folder) {
  const draft = join(folder, `.bin-hashes.json.${process.pid}`);
  await writeFile(draft, `${JSON.stringify(await hashPayload(folder), null, 2)}\n`);
  await rename(draft, join(folder, 'bin-hashes.json'));
}
