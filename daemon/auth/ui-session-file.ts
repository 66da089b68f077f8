import { rmSync } from 'node:fs';
import { z } from 'zod';
import type { Logger } from '../../platform/json-logger.ts';
import { parseJsonObject } from '../../platform/json-object.ts';
import { readPrivateFile, writePrivateFile } from '../../platform/private-file.ts';
import { digestPattern } from './digest.ts';

const digest = z.string().regex(digestPattern);

const sessionSchema = z.object({
  label: z.string().regex(/^[0-9a-f]{8}$/),
  /** Hex digest of the cookie. */
  cookie: digest,
  /** Hex digests of the keys of its pages, newest last. */
  keys: z.array(digest),
  /** Epoch seconds. */
  lastUsedAt: z.number(),
  expiresAt: z.number(),
});

const fileSchema = z.object({ schema: z.literal(1), sessions: z.array(sessionSchema) });

/** A browser session as it is stored: nothing in it opens anything. */
export type StoredUiSession = Readonly<z.infer<typeof sessionSchema>>;

/** Where browser sessions outlive the daemon. Neither method throws. */
export interface UiSessionStore {
  load(): readonly StoredUiSession[];
  save(sessions: readonly StoredUiSession[]): void;
}

/** `run/ui-sessions.json`. A file that is damaged or that others can read counts as none: people sign in again. */
export class UiSessionFile implements UiSessionStore {
  readonly #file: string;
  readonly #logger: Pick<Logger, 'warn'>;

  constructor(file: string, logger: Pick<Logger, 'warn'>) {
    this.#file = file;
    this.#logger = logger;
  }

  load(): readonly StoredUiSession[] {
    const read = readPrivateFile(this.#file);
    if (read.type === 'missing') return [];
    const parsed = read.type === 'ok' ? fileSchema.safeParse(parseJsonObject(read.text)) : undefined;
    if (parsed?.success === true) return parsed.data.sessions;
    const reason = read.type === 'ok' ? `${this.#file} is damaged` : read.message;
    this.#logger.warn('browser sessions of the last run are not used; sign in again', { reason });
    return [];
  }

  save(sessions: readonly StoredUiSession[]): void {
    try {
      writePrivateFile(this.#file, `${JSON.stringify({ schema: 1, sessions })}\n`);
    } catch (error) {
      this.#logger.warn('browser sessions could not be stored; a restart of the daemon ends them', { error });
      this.#remove();
    }
  }

  /** What it says is out of date: somebody who has signed out since would be let in. */
  #remove(): void {
    try {
      rmSync(this.#file, { force: true });
    } catch {
      // It cannot be written either, which has been said.
    }
  }
}
