import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const cipher = 'aes-256-gcm';

/** Electron's async safeStorage over a key in a file: what is encrypted is really unreadable without it, and it can be locked. */
export class KeyRing {
  readonly keyFile: string;
  /** While this file is there, the key ring is locked. */
  readonly lockFile: string;

  constructor(folder: string) {
    this.keyFile = join(folder, 'keyring.key');
    this.lockFile = join(folder, 'keyring.locked');
  }

  async isAvailable(): Promise<boolean> {
    return !existsSync(this.lockFile);
  }

  async encrypt(text: string): Promise<Buffer> {
    const iv = randomBytes(12);
    const sealing = createCipheriv(cipher, this.#key(), iv);
    const sealed = Buffer.concat([sealing.update(text, 'utf8'), sealing.final()]);
    return Buffer.concat([iv, sealing.getAuthTag(), sealed]);
  }

  async decrypt(data: Buffer): Promise<string> {
    const opening = createDecipheriv(cipher, this.#key(), data.subarray(0, 12)).setAuthTag(data.subarray(12, 28));
    return Buffer.concat([opening.update(data.subarray(28)), opening.final()]).toString('utf8');
  }

  #key(): Buffer {
    if (existsSync(this.lockFile)) throw new Error('the key ring is locked');
    if (!existsSync(this.keyFile)) {
      mkdirSync(dirname(this.keyFile), { recursive: true });
      writeFileSync(this.keyFile, randomBytes(32), { mode: 0o600 });
    }
    return readFileSync(this.keyFile);
  }
}
