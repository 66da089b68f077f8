import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * SHA-256 of a credential. The only thing credentials are compared by (WIRE §3.5): the constant-time compare never sees
 * a credential, only 32 bytes that tell nothing about how much of it was right.
 */
export class Digest {
  readonly #bytes: Buffer;

  private constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  static of(text: string): Digest {
    return new Digest(createHash('sha256').update(text).digest());
  }

  /** Undefined unless `hex` is 64 lower-case hexadecimal digits. */
  static parse(hex: string): Digest | undefined {
    return digestPattern.test(hex) ? new Digest(Buffer.from(hex, 'hex')) : undefined;
  }

  /** Equal to the digest of no credential. Stands in for one that is not set, so that the work stays the same. */
  static unmatchable(): Digest {
    return new Digest(randomBytes(32));
  }

  /** As it is stored in files. */
  get hex(): string {
    return this.#bytes.toString('hex');
  }

  /** Constant time. */
  equals(other: Digest): boolean {
    return timingSafeEqual(this.#bytes, other.#bytes);
  }
}

/** A stored digest. */
export const digestPattern = /^[0-9a-f]{64}$/;
