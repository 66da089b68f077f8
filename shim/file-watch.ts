import { type FSWatcher, statSync, watch } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { Clock } from './clock.ts';

/** How often a watched file is looked at where the system does not tell of changes. */
const pollMs = 1_000;

export interface FileWatchOptions {
  readonly clock: Clock;
  readonly paths: readonly string[];
  readonly onChange: (path: string) => void;
}

/**
 * Tells when one of some small files has been replaced, changed, made or removed. The system's notification is used
 * where there is one, for speed; the look once a second is what counts, because notifications are missing on network
 * file systems and before a directory exists. Meant for the time without a daemon only.
 */
export class FileWatch {
  readonly #options: FileWatchOptions;
  #stamps: ReadonlyMap<string, string> = new Map();
  #watchers: FSWatcher[] = [];
  #cancelPoll: (() => void) | undefined;

  constructor(options: FileWatchOptions) {
    this.#options = options;
  }

  get isStarted(): boolean {
    return this.#cancelPoll !== undefined;
  }

  /** Safe to call again: a directory made meanwhile is then watched too. */
  start(): void {
    const { paths } = this.#options;
    if (!this.isStarted) this.#stamps = new Map(paths.map((path) => [path, stampOf(path)]));
    this.#closeWatchers();
    for (const directory of new Set(paths.map((path) => dirname(path)))) this.#watchDirectory(directory);
    this.#poll();
  }

  stop(): void {
    this.#cancelPoll?.();
    this.#cancelPoll = undefined;
    this.#closeWatchers();
  }

  #poll(): void {
    this.#cancelPoll?.();
    this.#cancelPoll = this.#options.clock.schedule(() => {
      this.#poll();
      this.#look();
    }, pollMs);
  }

  #look(): void {
    for (const [path, before] of this.#stamps) {
      const now = stampOf(path);
      if (now === before) continue;
      this.#stamps = new Map(this.#stamps).set(path, now);
      this.#options.onChange(path);
    }
  }

  #watchDirectory(directory: string): void {
    try {
      const names = new Set(this.#options.paths.map((path) => basename(path)));
      const watcher = watch(directory, { persistent: false }, (_event, name) => {
        if (name === null || names.has(name)) this.#look();
      });
      watcher.on('error', () => watcher.close()); // the directory is gone; the poll goes on
      this.#watchers.push(watcher);
    } catch {
      // No such directory yet, or no notifications left in this system: the poll goes on.
    }
  }

  #closeWatchers(): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
  }
}

/** Changes with every replacement and every write. */
function stampOf(path: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(path);
    return `${ino}/${size}/${mtimeMs}`;
  } catch {
    return ''; // not there
  }
}
