import { randomBytes } from 'node:crypto';
import { writePrivateFile } from '../../platform/private-file.ts';
import { Digest } from './digest.ts';

const secretBytes = 32;

/**
 * What lets the `exai` command of the same user into the admin API: 32 random bytes in base64url, new at every start of
 * the daemon, in a file that only this user can read.
 */
export class AdminSecret {
  /** For the logger's list of what must never be written. */
  readonly value: string;
  readonly #digest: Digest;

  private constructor(value: string) {
    this.value = value;
    this.#digest = Digest.of(value);
  }

  /**
   * Makes the secret and writes it to `file` (`run/admin.secret`, one line), in place of the last run's.
   * @throws Error when it cannot be written, or when others can access the directory (with the fix in the message)
   */
  static create(file: string, random: (bytes: number) => Buffer = randomBytes): AdminSecret {
    const secret = new AdminSecret(random(secretBytes).toString('base64url'));
    writePrivateFile(file, `${secret.value}\n`);
    return secret;
  }

  /** Constant time. */
  matches(candidate: string): boolean {
    return this.#digest.equals(Digest.of(candidate));
  }
}
