import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { errorCode, removeQuietly } from '../../platform/atomic-file.ts';
import { ensurePrivateDir, writePrivateFile } from '../../platform/private-file.ts';

/** Edits that can be undone; older ones are forgotten. */
const keptBackups = 50;

const recordSchema = z.object({
  path: z.string(),
  at: z.number(),
  change: z.enum(['add', 'rename', 'update', 'remove']),
  /** Base64; absent: there was no file. Holds other people's secrets as the file does, hence 0600. */
  bytes: z.string().optional(),
  /** SHA-256 of the bytes that the edit wrote, or `absent`. */
  newHash: z.string(),
  folders: z.array(z.string()),
});

export type BackupRecord = z.infer<typeof recordSchema>;

/** Files as they were before our edits, in a private folder, the last 50. */
export class Backups {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @returns the id; ids sort by age */
  keep(record: BackupRecord): string {
    ensurePrivateDir(this.#folder);
    const id = `${String(record.at).padStart(15, '0')}-${process.hrtime.bigint().toString(36)}`;
    writePrivateFile(this.#file(id), JSON.stringify(record));
    for (const old of this.ids().slice(keptBackups)) this.forget(old);
    return id;
  }

  /** `undefined` when it is not there or damaged. */
  read(id: string): BackupRecord | undefined {
    if (!/^[\w-]+$/.test(id)) return undefined;
    try {
      return recordSchema.safeParse(JSON.parse(readFileSync(this.#file(id), 'utf8'))).data;
    } catch {
      return undefined;
    }
  }

  forget(id: string): void {
    removeQuietly(this.#file(id));
  }

  /** Newest first. */
  ids(): readonly string[] {
    try {
      const names = readdirSync(this.#folder).filter((name) => name.endsWith('.json') && !name.startsWith('.'));
      return names
        .map((name) => name.slice(0, -'.json'.length))
        .toSorted()
        .toReversed();
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return [];
      throw error;
    }
  }

  #file(id: string): string {
    return join(this.#folder, `${id}.json`);
  }
}
