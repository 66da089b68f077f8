import { readdirSync, unlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errorCode, errorText, flushDirectory, removeQuietly, replaceFile } from '../../platform/atomic-file.ts';
import { readPrivateFile, writePrivateFile } from '../../platform/private-file.ts';
import { parseSharedTokenRecord, type SharedTokenRecord } from './decide-shared-token.ts';

/** The steps of a swap, in order. The pair has changed once `commit-record` is done, and not before. */
export const swapSteps = ['stage-token', 'stage-record', 'publish-token', 'commit-record', 'flush'] as const;
export type SwapStep = (typeof swapSteps)[number];

export interface SwapOptions {
  /** Called after each step; what it throws is passed on as it is and nothing is undone, like a crash. */
  readonly afterStep?: ((step: SwapStep) => void) | undefined;
}

export type RecordRead =
  | { readonly type: 'ok'; readonly record: SharedTokenRecord | undefined }
  /** `message` says what to do. */
  | { readonly type: 'invalid'; readonly message: string };

export type FileChange = { readonly type: 'ok' } | { readonly type: 'failed'; readonly error: Error };

/**
 * The two files of the shared token: `shared.json`, which decides, and `shared.token` beside it (one line), where shims
 * read the token at every connect. The second always follows from the first, so whatever a crash leaves behind,
 * {@link settle} makes one agreeing pair of it. Everything is synchronous: no connection is served half-way.
 *
 * For the holder of the daemon lock only.
 */
export class TokenFiles {
  readonly recordFile: string;
  readonly tokenFile: string;
  readonly #directory: string;
  readonly #nextRecordFile: string;
  readonly #nextTokenFile: string;

  /** @param recordFile path of `shared.json` */
  constructor(recordFile: string) {
    this.#directory = dirname(recordFile);
    this.recordFile = recordFile;
    this.tokenFile = join(this.#directory, 'shared.token');
    this.#nextRecordFile = `${this.recordFile}.next`;
    this.#nextTokenFile = `${this.tokenFile}.next`;
  }

  /** Changes nothing. A record that cannot be read or understood is never taken for "no token". */
  read(): RecordRead {
    const read = readPrivateFile(this.recordFile);
    if (read.type === 'missing') return { type: 'ok', record: undefined };
    if (read.type !== 'ok') return { type: 'invalid', message: read.message };
    const record = parseSharedTokenRecord(read.text);
    if (record !== undefined) return { type: 'ok', record };
    const advice = 'restore it from a backup, or remove it and set EXAI_WS_TOKEN to a new token';
    return { type: 'invalid', message: `${this.recordFile} is damaged; ${advice}` };
  }

  /**
   * Ends what a crash has interrupted: removes what it had staged and lets `shared.token` say what the record says.
   * Call it before the first client can connect.
   * @param token the valid one, or null for none
   */
  settle(token: string | null): FileChange {
    try {
      this.#removeLeftovers();
      if (token === null) {
        removeIfThere(this.tokenFile);
        return { type: 'ok' };
      }
      const published = readPrivateFile(this.tokenFile);
      if (published.type === 'exposed') return { type: 'failed', error: new Error(published.message) };
      if (published.type !== 'ok' || published.text !== tokenText(token)) {
        writePrivateFile(this.tokenFile, tokenText(token));
      }
      return { type: 'ok' };
    } catch (error) {
      return {
        type: 'failed',
        error: new Error(`cannot write ${this.tokenFile}: ${errorText(error)}`, { cause: error }),
      };
    }
  }

  /**
   * Writes a new pair beside the old one, then swaps both by rename. When a step fails, the old pair stays.
   * @param previousToken what `shared.token` says now, or null for no such file
   */
  swap(record: SharedTokenRecord, previousToken: string | null, options: SwapOptions = {}): FileChange {
    for (const step of swapSteps) {
      try {
        this.#run(step, record);
      } catch (error) {
        return { type: 'failed', error: this.#undo(step, previousToken, error) };
      }
      options.afterStep?.(step);
    }
    return { type: 'ok' };
  }

  #run(step: SwapStep, record: SharedTokenRecord): void {
    switch (step) {
      case 'stage-token':
        if (record.token !== null) writePrivateFile(this.#nextTokenFile, tokenText(record.token));
        return;
      case 'stage-record':
        writePrivateFile(this.#nextRecordFile, `${JSON.stringify(record)}\n`);
        return;
      case 'publish-token':
        // Before the commit: this file may be open in another program, and then nothing has happened yet.
        if (record.token === null) removeIfThere(this.tokenFile);
        else replaceFile(this.#nextTokenFile, this.tokenFile);
        return;
      case 'commit-record':
        replaceFile(this.#nextRecordFile, this.recordFile);
        return;
      case 'flush':
        this.#flush();
        return;
    }
  }

  #undo(failed: SwapStep, previousToken: string | null, cause: unknown): Error {
    const message = `the token files in ${this.#directory} could not be changed (${failed}): ${errorText(cause)}`;
    removeQuietly(this.#nextTokenFile);
    removeQuietly(this.#nextRecordFile);
    if (failed !== 'commit-record') return new Error(message, { cause });
    const restored = this.settle(previousToken);
    if (restored.type === 'ok') return new Error(message, { cause });
    return new Error(`${message}; ${this.tokenFile} is wrong until the daemon is restarted`, { cause });
  }

  #flush(): void {
    try {
      flushDirectory(this.#directory);
    } catch {
      // The swap is done and visible; only a power cut could still undo it, and then both files together make sense.
    }
  }

  #removeLeftovers(): void {
    for (const name of namesIn(this.#directory)) {
      if (leftover.test(name)) removeIfThere(join(this.#directory, name));
    }
  }
}

/** What a crash in the middle of a swap leaves: staged files, and the temp files they are written through. */
const leftover = /^(?:shared\.(?:json|token)\.next|\.shared\.(?:json|token)(?:\.next)?\.[0-9a-z-]+\.tmp)$/;

function tokenText(token: string): string {
  return `${token}\n`;
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return [];
    throw error;
  }
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}
