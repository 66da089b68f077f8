import { randomFillSync } from 'node:crypto';

/**
 * Makes UUIDs of version 7 (RFC 9562): the time in milliseconds, then a counter, then randomness. Those of one source sort
 * in the order in which they were made, also within a millisecond and when the clock is set back.
 */
export class UuidSource {
  readonly #now: () => number;
  readonly #random = new Uint8Array(10);
  #ms = 0;
  /** The 12 bits behind the version, a counter within the millisecond (RFC 9562, section 6.2, method 1). */
  #counter = 0;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  next(): string {
    randomFillSync(this.#random);
    const ms = Math.floor(this.#now());
    if (ms > this.#ms) {
      this.#ms = ms;
      // Starts in the lower half, so that there is room to count.
      this.#counter = ((this.#random[0] ?? 0) << 3) | ((this.#random[1] ?? 0) & 0x07);
    } else if (this.#counter < 0xfff) {
      this.#counter += 1;
    } else {
      this.#ms += 1;
      this.#counter = 0;
    }
    const time = this.#ms.toString(16).padStart(12, '0');
    const tail = Buffer.from(this.#random.subarray(2));
    tail[0] = 0x80 | ((tail[0] ?? 0) & 0x3f);
    const hex = tail.toString('hex');
    return `${time.slice(0, 8)}-${time.slice(8)}-7${this.#counter.toString(16).padStart(3, '0')}-${hex.slice(0, 4)}-${hex.slice(4)}`;
  }
}
