import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseJsonObject } from '../../platform/json-object.ts';

/**
 * Whether the programs outside the asar are those that were packed: each against its SHA-256 in `bin-hashes.json`, which
 * lies inside, where the fuses check it. A checkout has no such list, and nothing is checked.
 * @returns name of the first file that is missing or was changed
 */
export function changedPayloadFile(listFolder: string, payload: string): string | undefined {
  const list = join(listFolder, 'bin-hashes.json');
  if (!existsSync(list)) return undefined;
  const hashes = parseJsonObject(readFileSync(list, 'utf8')) ?? {};
  return Object.entries(hashes).find(([name, hash]) => hashOf(join(payload, name)) !== hash)?.[0];
}

function hashOf(path: string): string | undefined {
  return existsSync(path) ? createHash('sha256').update(readFileSync(path)).digest('hex') : undefined;
}
