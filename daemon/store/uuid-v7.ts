import { randomUUID } from 'node:crypto';

/**
 * Makes UUIDs of version 7 (RFC 9562): the time in milliseconds, then a counter, then randomness. Those of one source sort
 * in the order in which they were made, also within a millisecond and when the clock is set back.
 */
export class UuidSource {
  readonly #now: () => number;
  #ms = 0;
  #time = '';
  /** The 12 bits behind the version, a counter within the millisecond (RFC 9562, section 6.2, method 1). */
  #counter = 0;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  next(): string {
    // Node keeps randomness for these, so that one costs a tenth of bytes of our own. The variant is the same.
    const random = randomUUID();
    const ms = Math.floor(this.#now());
    if (ms > this.#ms) {
      // Begins in the lower half, so that there is room to count.
      this.#begin(ms, Number.parseInt(random.slice(0, 3), 16) & 0x7ff);
    } else if (this.#counter < 0xfff) {
      this.#counter += 1;
    } else {
      this.#begin(this.#ms + 1, 0);
    }
    return `${this.#time}-7${this.#counter.toString(16).padStart(3, '0')}${random.slice(18)}`;
  }

  #begin(ms: number, counter: number): void {
    this.#ms = ms;
    this.#counter = counter;
    const time = ms.toString(16).padStart(12, '0');
    this.#time = `${time.slice(0, 8)}-${time.slice(8)}`;
  }
}
