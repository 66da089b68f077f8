/** A second click within this time is the other half of a double click. */
const doubleClickMs = 500;

export interface IconClickOptions {
  readonly platform: NodeJS.Platform;
  /** Milliseconds that only grow. */
  readonly now: () => number;
}

/**
 * What a click on the icon does (UI §2). Windows: it shows the window and, once that is there, puts it away; the second half of a
 * double click does nothing. Elsewhere it only shows: a Linux panel may send it at any time, and macOS opens the menu itself.
 */
export class IconClick {
  readonly #options: IconClickOptions;
  #lastAt = Number.NEGATIVE_INFINITY;

  constructor(options: IconClickOptions) {
    this.#options = options;
  }

  answer(isWindowVisible: boolean): 'show' | 'hide' | 'nothing' {
    const { platform, now } = this.#options;
    if (platform !== 'win32') return 'show';
    const at = now();
    const isSecondHalf = at - this.#lastAt < doubleClickMs;
    this.#lastAt = isSecondHalf ? Number.NEGATIVE_INFINITY : at;
    if (isSecondHalf) return 'nothing';
    return isWindowVisible ? 'hide' : 'show';
  }
}
