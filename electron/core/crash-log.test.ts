import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CrashLog } from './crash-log.ts';

describe('CrashLog', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'exai-crash-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('DESK-crash-log: has a line with its time and stack for each bug, for this user only, and is counted', () => {
    const log = new CrashLog(join(folder, 'app', 'crash.log'));
    expect(log.count()).toBe(0);
    log.note('main', new Error('first'));
    log.note('page', { reason: 'crashed', exitCode: 5 });
    const text = readFileSync(log.path, 'utf8');
    expect(text).toMatch(/^\d{4}-.*Z main: Error: first\n\s+at .*crash-log\.test/);
    expect(text).toContain('page: {"reason":"crashed","exitCode":5}\n');
    expect(statSync(log.path).mode & 0o777).toBe(0o600);
    expect(log.count()).toBe(2);
  });

  it('DESK-crash-log: is begun anew at 1 MiB, and the old one kept', () => {
    const log = new CrashLog(join(folder, 'crash.log'));
    writeFileSync(log.path, 'x'.repeat(1024 * 1024 + 1));
    log.note('main', 'again');
    expect(log.count()).toBe(1);
    expect(statSync(`${log.path}.1`).size).toBe(1024 * 1024 + 1);
  });

  it('DESK-crash-log: never throws, for it is the last thing a broken app does', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => new CrashLog(join(folder, 'file', 'crash.log')).note('main', 'x')).not.toThrow();
  });
});
