/** What a test waits for without a number of its own. */
export const defaultDeadlineMs = 10_000;

/** Rejects with a message that says what was waited for; `details` is read at that moment only. */
export async function withDeadline<T>(
  what: string,
  work: Promise<T>,
  timeoutMs: number = defaultDeadlineMs,
  details: () => string = () => '',
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      const more = details();
      reject(new Error(`waited ${timeoutMs} ms for ${what}${more === '' ? '' : `\n${more}`}`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Looks again and again until `look` gives something else than undefined. For state that announces nothing: a file of
 * another process, a line of `ps`. Where there is an event, wait for the event.
 */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  timeoutMs: number = defaultDeadlineMs,
): Promise<T> {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms for ${what}`);
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
}

/** Things that arrive in order and are looked for by a test, past ones included. */
export class Arrivals<T> {
  readonly #all: T[] = [];
  readonly #waiting = new Set<() => void>();
  #taken = 0;

  get all(): readonly T[] {
    return this.#all;
  }

  push(value: T): void {
    this.#all.push(value);
    for (const wake of this.#waiting) wake();
  }

  /** The next one that nobody has taken, if it is here already. */
  takeNow(): { readonly value: T } | undefined {
    if (this.#all.length <= this.#taken) return undefined;
    this.#taken += 1;
    return { value: this.#all[this.#taken - 1] as T };
  }

  /** The next one that nobody has taken. */
  async next(what: string, timeoutMs?: number, details?: () => string): Promise<T> {
    const at = this.#taken;
    this.#taken += 1;
    return this.#wait(
      what,
      () => (this.#all.length > at ? { value: this.#all[at] as T } : undefined),
      timeoutMs,
      details,
    );
  }

  /** The first that matches, one that has already arrived included. */
  first(what: string, matches: (value: T) => boolean, timeoutMs?: number, details?: () => string): Promise<T> {
    let looked = 0;
    return this.#wait(
      what,
      () => {
        for (; looked < this.#all.length; looked += 1) {
          const value = this.#all[looked] as T;
          if (matches(value)) return { value };
        }
        return undefined;
      },
      timeoutMs,
      details,
    );
  }

  async #wait(
    what: string,
    look: () => { value: T } | undefined,
    timeoutMs?: number,
    details?: () => string,
  ): Promise<T> {
    const now = look();
    if (now !== undefined) return now.value;
    let wake: (() => void) | undefined;
    const found = new Promise<T>((resolve) => {
      wake = () => {
        const value = look();
        if (value !== undefined) resolve(value.value);
      };
      this.#waiting.add(wake);
    });
    try {
      return await withDeadline(what, found, timeoutMs, details);
    } finally {
      if (wake !== undefined) this.#waiting.delete(wake);
    }
  }
}
