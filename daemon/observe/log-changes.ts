import { type FSWatcher, watch } from 'node:fs';

/**
 * Tells that a file of a directory may have changed. The system's notices are a help only: they do not exist on every file
 * system and their number is limited, so nobody waits longer than the time it gives itself. Whoever makes one closes it.
 */
export class LogChanges {
  readonly #watcher: FSWatcher | undefined;
  #hasChanged = false;
  #wake: (() => void) | undefined;

  /** @param file name in `directory`; it may not exist at times */
  constructor(directory: string, file: string) {
    this.#watcher = watchOrNot(directory, (changed) => {
      if (changed !== null && changed !== file) return;
      this.#hasChanged = true;
      this.#wake?.();
    });
  }

  /** Resolves at the next change, at once when there was one since the last wait, after `ms`, or on abort. */
  async wait(ms: number, signal: AbortSignal): Promise<void> {
    if (!this.#hasChanged && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>();
      const wake = (): void => resolve();
      const timer = setTimeout(wake, ms);
      timer.unref();
      this.#wake = wake;
      signal.addEventListener('abort', wake);
      await promise;
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
      this.#wake = undefined;
    }
    this.#hasChanged = false;
  }

  close(): void {
    this.#watcher?.close();
  }
}

function watchOrNot(directory: string, onChange: (file: string | null) => void): FSWatcher | undefined {
  try {
    const watcher = watch(directory, { persistent: false }, (_event, file) => onChange(file));
    watcher.on('error', () => undefined); // the directory has gone, say: time goes on
    return watcher;
  } catch {
    return undefined; // no notices to be had
  }
}
