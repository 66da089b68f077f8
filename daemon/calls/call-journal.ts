import { closeSync, openSync, readdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type RequestId, requestIdKey } from '../../protocol/ids.ts';

/** What an earlier run says about one request of a shim (WIRE §5.2). */
export type JournalVerdict = 'not-started' | 'may-have-run' | 'unreadable';

export interface StartedEntry {
  readonly shimId: string;
  readonly id: RequestId;
  readonly callId: string;
}

/** How long the end of a call may wait for another line to be written with; nothing depends on it. */
const endDelayMs = 1_000;

/**
 * The record of calls that must not run twice: one line before dispatch, one when the call has ended. The first is
 * written synchronously, because it must be on its way to the disk's cache before the tool starts; it survives `kill -9`
 * of the daemon. Calls of safe tools are not written: for them "never started" and "may run again" are the same answer.
 */
export class CallJournal {
  readonly #path: string;
  readonly #onFailure: (error: Error) => void;
  #file: number | undefined;
  #hasFailed = false;
  /** Whole lines that have not been written. */
  #waiting = '';
  #isWriteDue = false;
  #endTimer: NodeJS.Timeout | undefined;

  constructor(path: string, onFailure: (error: Error) => void) {
    this.#path = path;
    this.#onFailure = onFailure;
  }

  /** Creates the file, so that a later run can tell "nothing was started" from "no journal". */
  open(): void {
    try {
      this.#file = openSync(this.#path, 'a', 0o600);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The line is written when this returns. */
  start(entry: StartedEntry): void {
    this.#addStart(entry);
    this.#write();
  }

  /**
   * The line is written before any microtask runs that is queued from now on, together with those of all calls that
   * start in this turn of the loop: for tools that do nothing before their first `await`.
   */
  startBeforeNextTask(entry: StartedEntry): void {
    this.#addStart(entry);
    if (this.#isWriteDue) return;
    this.#isWriteDue = true;
    queueMicrotask(() => this.#write());
  }

  /** Nobody is told anything else because of this line: it waits for the next one that must be written. */
  end(callId: string): void {
    if (this.#file === undefined) return;
    this.#waiting += `{"e":"end","call":${JSON.stringify(callId)}}\n`;
    this.#endTimer ??= setTimeout(() => this.#write(), endDelayMs).unref();
  }

  /** Keeps the file: the next run may need it. */
  close(): void {
    this.#write();
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #addStart({ shimId, id, callId }: StartedEntry): void {
    const [shim, request, call] = [JSON.stringify(shimId), JSON.stringify(id), JSON.stringify(callId)];
    this.#waiting += `{"t":${Date.now() / 1000},"e":"start","shim":${shim},"id":${request},"call":${call},"safe":false}\n`;
  }

  #write(): void {
    const lines = this.#waiting;
    this.#waiting = '';
    this.#isWriteDue = false;
    clearTimeout(this.#endTimer);
    this.#endTimer = undefined;
    if (this.#file === undefined || lines === '') return;
    try {
      // A disk that fills up may take a part of the text without an error.
      if (writeSync(this.#file, lines) < Buffer.byteLength(lines)) {
        throw new Error('the journal was written in part only');
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /**
   * A journal that cannot be written must not vouch for anything: it is removed, and the next run answers the affected
   * requests with "may have run".
   */
  #fail(error: unknown): void {
    if (this.#hasFailed) return;
    this.#hasFailed = true;
    try {
      if (this.#file !== undefined) closeSync(this.#file);
      this.#file = undefined;
      rmSync(this.#path, { force: true });
    } catch {
      // what cannot be removed on a broken disk is found damaged by the next run
    }
    this.#onFailure(error instanceof Error ? error : new Error(String(error)));
  }
}

/** Reads the journal of an earlier run, once; `verdict` answers for one request. */
export class PastJournal {
  readonly #started: Set<string> | undefined;

  constructor(path: string) {
    this.#started = readStarted(path);
  }

  verdict(shimId: string, id: RequestId): JournalVerdict {
    if (this.#started === undefined) return 'unreadable';
    return this.#started.has(journalKey(shimId, id)) ? 'may-have-run' : 'not-started';
  }
}

function readStarted(path: string): Set<string> | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return undefined; // missing or unreadable: the verdict says so
  }
  const started = new Set<string>();
  const lines = text.split('\n');
  for (const [index, line] of lines.entries()) {
    if (line === '') continue;
    const entry = parseEntry(line);
    if (entry === undefined) {
      // A torn last line was being written when the process died: its call had not been dispatched yet.
      if (index === lines.length - 1) continue;
      return undefined;
    }
    if (entry.type === 'start') started.add(journalKey(entry.shimId, entry.id));
  }
  return started;
}

type Entry = { readonly type: 'start'; readonly shimId: string; readonly id: RequestId } | { readonly type: 'end' };

function parseEntry(line: string): Entry | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined; // damaged: the caller decides
  }
  if (typeof value !== 'object' || value === null || !('e' in value)) return undefined;
  if (value.e === 'end') return { type: 'end' };
  if (value.e !== 'start' || !('shim' in value) || !('id' in value)) return undefined;
  const { shim, id } = value;
  if (typeof shim !== 'string' || (typeof id !== 'string' && typeof id !== 'number')) return undefined;
  return { type: 'start', shimId: shim, id };
}

function journalKey(shimId: string, id: RequestId): string {
  return `${shimId} ${requestIdKey(id)}`;
}

/** Removes journals that are more than two runs old (WIRE §5.2). Run ids sort by time. */
export function sweepJournals(currentPath: string, keep = 2): void {
  const directory = dirname(currentPath);
  const others = readdirSync(directory)
    .filter((name) => /^calls-.+\.jsonl$/.test(name) && name !== basename(currentPath))
    .toSorted();
  for (const name of others.slice(0, Math.max(0, others.length - keep))) rmSync(join(directory, name), { force: true });
}
