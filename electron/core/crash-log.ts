import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

const maxBytes = 1024 * 1024;

/** Bugs of the app, a line each with its stack below, beside its settings. Nothing of it leaves this machine. */
export class CrashLog {
  readonly path: string;
  #counted: { readonly bytes: number; readonly entries: number } | undefined;

  constructor(path: string) {
    this.path = path;
  }

  /** Never throws: it is the last thing a broken app does. */
  note(what: string, error: unknown): void {
    try {
      mkdirSync(dirname(this.path), { recursive: true, mode: 0o700 });
      if (this.#bytes() > maxBytes) renameSync(this.path, `${this.path}.1`);
      const text = error instanceof Error ? (error.stack ?? error.message) : JSON.stringify(error);
      appendFileSync(this.path, `${new Date().toISOString()} ${what}: ${text}\n`, { mode: 0o600 });
    } catch {
      // No disk, no log.
    }
  }

  /** Entries of the current file. */
  count(): number {
    const bytes = this.#bytes();
    if (this.#counted?.bytes !== bytes) {
      const text = existsSync(this.path) ? readFileSync(this.path, 'utf8') : '';
      this.#counted = { bytes, entries: text.match(/^\d{4}-\d\d-\d\dT\S+Z /gm)?.length ?? 0 };
    }
    return this.#counted.entries;
  }

  #bytes(): number {
    return statSync(this.path, { throwIfNoEntry: false })?.size ?? 0;
  }
}
