import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readPrivateFile } from '../../platform/private-file.ts';
import { AdminSecret } from './admin-secret.ts';

const hasModes = process.platform !== 'win32';
let dir: string;
let file: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'exai-admin-'));
  file = join(dir, 'run', 'admin.secret');
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

describe('AdminSecret', () => {
  it('WIRE-O12: what the command reads from the file opens the admin API', () => {
    const secret = AdminSecret.create(file);
    const read = readPrivateFile(file);
    expect(read).toEqual({ type: 'ok', text: `${secret.value}\n` });
    expect(secret.value).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(secret.matches(readFileSync(file, 'utf8').trim())).toBe(true);
    if (hasModes) expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('PF-A3: nothing else does', () => {
    const secret = AdminSecret.create(file);
    for (const candidate of ['', secret.value.slice(1), `${secret.value}A`, `${secret.value}\n`, 'undefined']) {
      expect(secret.matches(candidate)).toBe(false);
    }
  });

  it('MAIN-private-state: every run has its own, the last one is void', () => {
    const last = AdminSecret.create(file);
    const secret = AdminSecret.create(file);
    expect(secret.value).not.toBe(last.value);
    expect(secret.matches(last.value)).toBe(false);
    expect(readFileSync(file, 'utf8')).toBe(`${secret.value}\n`);
  });

  it.skipIf(!hasModes)('MAIN-private-state: is not written where others can look', () => {
    AdminSecret.create(file);
    chmodSync(join(dir, 'run'), 0o755);
    expect(() => AdminSecret.create(file)).toThrow(`run: chmod 700 ${join(dir, 'run')}`);
  });
});
