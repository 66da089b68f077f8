import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseJsonObject } from '../../platform/json-object.ts';

/** SHA-256 by name below the payload's folder, `/` between names. */
export type PayloadHashes = Readonly<Record<string, string>>;

/**
 * What the programs outside the asar must hash to: `bin-hashes.json` lies inside it, where the fuses check it.
 * @returns undefined where there is no such list: nothing is checked there
 */
export function readPayloadHashes(listFolder: string): PayloadHashes | undefined {
  const list = join(listFolder, 'bin-hashes.json');
  if (!existsSync(list)) return undefined;
  const entries = Object.entries(parseJsonObject(readFileSync(list, 'utf8')) ?? {});
  return Object.fromEntries(entries.map(([name, hash]) => [name, String(hash)]));
}

/** Name of the first file of the payload that is missing or was changed. */
export function changedPayloadFile(hashes: PayloadHashes | undefined, payload: string): string | undefined {
  return Object.entries(hashes ?? {}).find(([name, hash]) => hashOf(join(payload, name)) !== hash)?.[0];
}

function hashOf(path: string): string | undefined {
  return existsSync(path) ? createHash('sha256').update(readFileSync(path)).digest('hex') : undefined;
}

/** Why a program is not started, for people. */
export function changedSentence(file: string): string {
  return `${file} is not the file that was installed; install EXAI Tray again`;
}
