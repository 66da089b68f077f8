import { closeSync, openSync, readSync } from 'node:fs';

/**
 * Random bytes of the operating system, fit for nonces and ids. Where the system has a device for them it is read
 * directly: loading `node:crypto` would cost every window 4 ms (see sha256.ts).
 */
export function randomBytes(count: number): Buffer {
  if (process.platform !== 'win32') {
    try {
      const bytes = Buffer.alloc(count);
      const fd = openSync('/dev/urandom', 'r');
      try {
        if (readSync(fd, bytes, 0, count, null) === count) return bytes;
      } finally {
        closeSync(fd);
      }
    } catch {
      // No such device, as in some sandboxes: the module knows other ways.
    }
  }
  return process.getBuiltinModule('node:crypto').randomBytes(count);
}

/** A random UUID (RFC 9562, version 4) made of 16 random bytes. */
export function uuidOf(bytes: Uint8Array): string {
  const set = Uint8Array.from(bytes.subarray(0, 16));
  set[6] = ((set[6] ?? 0) & 0x0f) | 0x40;
  set[8] = ((set[8] ?? 0) & 0x3f) | 0x80;
  const hex = Buffer.from(set).toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
