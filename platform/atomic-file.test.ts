import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type ReplaceSystem, replaceFile, writeFileReplacing } from './atomic-file.ts';

let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'exai-atomic-'));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

/** A rename that fails so many times with the code, and what was paused. */
function failingSystem(platform: NodeJS.Platform, code: string, failures: number) {
  const pausesMs: number[] = [];
  let renames = 0;
  const system: ReplaceSystem = {
    platform,
    rename: () => {
      renames += 1;
      if (renames <= failures) throw Object.assign(new Error(code), { code });
    },
    pause: (ms) => pausesMs.push(ms),
  };
  return { system, pausesMs, renames: () => renames };
}

describe('writeFileReplacing', () => {
  it('WIRE-F1: replaces the file and leaves nothing beside it', () => {
    const path = join(dir, 'health.json');
    expect(writeFileReplacing(path, '{"a":1}')).toBe(true);
    expect(writeFileReplacing(path, '{"a":2}')).toBe(true);
    expect(readFileSync(path, 'utf8')).toBe('{"a":2}');
    expect(readdirSync(dir)).toEqual(['health.json']);
  });

  it('WIRE-F1: a reader in another process never sees half a file', async () => {
    const path = join(dir, 'health.json');
    writeFileReplacing(path, JSON.stringify({ fill: 'x'.repeat(20_000) }));
    const reader = join(dir, 'reader.mjs');
    writeFileSync(
      reader,
      `import { readFileSync } from 'node:fs';
       let reads = 0, isStopped = false;
       process.on('message', () => { isStopped = true; });
       process.send('started');
       (function read() {
         for (let i = 0; i < 50; i += 1, reads += 1) JSON.parse(readFileSync(${JSON.stringify(path)}, 'utf8'));
         if (isStopped) process.send(reads, () => process.exit(0));
         else setImmediate(read);
       })();`,
    );
    const child = fork(reader, { stdio: 'ignore' });
    const exited = once(child, 'exit');
    await once(child, 'message');
    for (let round = 0; round < 300; round += 1) {
      expect(writeFileReplacing(path, JSON.stringify({ fill: String(round % 10).repeat((round % 7) * 9_000) }))).toBe(
        true,
      );
    }
    const reads = once(child, 'message');
    child.send('stop');
    expect(await exited).toEqual([0, null]);
    expect((await reads)[0]).toBeGreaterThan(0);
  });

  it('WIRE-F1: on Windows a busy file is tried 5 times, 20 ms apart, then this write is skipped', () => {
    const path = join(dir, 'health.json');
    writeFileReplacing(path, 'old');
    const { system, pausesMs, renames } = failingSystem('win32', 'EPERM', Infinity);
    const errors: unknown[] = [];
    expect(writeFileReplacing(path, 'new', { system, onError: (error) => errors.push(error) })).toBe(false);
    expect(renames()).toBe(5);
    expect(pausesMs).toEqual([20, 20, 20, 20]);
    expect(errors).toMatchObject([{ code: 'EPERM' }]);
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(dir)).toEqual(['health.json']);
  });

  it('BAD-read-only-home: a directory that cannot be written gives false and the reason', () => {
    const file = join(dir, 'file');
    writeFileSync(file, '');
    const errors: unknown[] = [];
    const path = join(file, 'health.json');
    expect(writeFileReplacing(path, 'x', { onError: (error) => errors.push(error) })).toBe(false);
    expect(errors).toMatchObject([{ code: 'ENOTDIR' }]);
  });

  it.skipIf(process.platform === 'win32')('MAIN-private-state: is 0600 unless a mode is given', () => {
    const path = join(dir, 'a');
    writeFileReplacing(path, 'x');
    expect(statSync(path).mode & 0o777).toBe(0o600);
    writeFileReplacing(path, 'x', { mode: 0o644 });
    expect(statSync(path).mode & 0o777).toBe(0o644);
  });
});

describe('replaceFile', () => {
  it.each(['EPERM', 'EACCES', 'EBUSY'])('WIRE-F1: %s on Windows is tried again until it works', (code) => {
    const { system, renames } = failingSystem('win32', code, 4);
    replaceFile('a', 'b', system);
    expect(renames()).toBe(5);
  });

  it('WIRE-F1: other errors and other systems fail at once', () => {
    const missing = failingSystem('win32', 'ENOENT', 1);
    expect(() => replaceFile('a', 'b', missing.system)).toThrow('ENOENT');
    const linux = failingSystem('linux', 'EPERM', 1);
    expect(() => replaceFile('a', 'b', linux.system)).toThrow('EPERM');
    expect([missing.renames(), linux.renames()]).toEqual([1, 1]);
  });

  it('WIRE-F1: the real rename refuses a directory in the place of the file', () => {
    const path = join(dir, 'target');
    mkdirSync(join(path, 'inside'), { recursive: true });
    expect(writeFileReplacing(path, 'x')).toBe(false);
    expect(readdirSync(dir)).toEqual(['target']);
  });
});
