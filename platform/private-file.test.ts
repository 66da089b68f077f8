import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensurePrivateDir, readPrivateFile, writePrivateFile } from './private-file.ts';

const hasModes = process.platform !== 'win32';
let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'exai-private-'));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

function put(name: string, mode: number): string {
  const path = join(dir, name);
  writeFileSync(path, 'secret\n');
  chmodSync(path, mode);
  return path;
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}

/** Windows knows no modes and reports everything as writable, so nothing is compared there. */
function onlyWithModes<T>(modes: readonly T[]): readonly T[] {
  return hasModes ? modes : [];
}

/** The command after `run: `, as a person would paste it. */
function runFix(message: string): void {
  execFileSync('/bin/sh', ['-c', message.split('run: ')[1] ?? 'false']);
}

describe('ensurePrivateDir', () => {
  it('MAIN-private-state: makes missing directories 0700', () => {
    const path = join(dir, 'a', 'b');
    expect(ensurePrivateDir(path)).toEqual({ type: 'ok' });
    expect(onlyWithModes([join(dir, 'a'), path].map(modeOf))).toEqual(onlyWithModes([0o700, 0o700]));
  });

  it.skipIf(!hasModes)(
    'MAIN-private-state: reports an open directory, leaves it as it is, and the fix mends it',
    () => {
      const path = join(dir, "it's open");
      mkdirSync(path);
      chmodSync(path, 0o755);
      const result = ensurePrivateDir(path);
      expect(result).toMatchObject({ type: 'exposed', message: expect.stringContaining('run: chmod 700 ') as string });
      expect(modeOf(path)).toBe(0o755);
      if (result.type === 'exposed') runFix(result.message);
      expect(ensurePrivateDir(path)).toEqual({ type: 'ok' });
    },
  );

  it('BAD-read-only-home: throws when it cannot be made', () => {
    expect(() => ensurePrivateDir(join(put('file', 0o600), 'sub'))).toThrow('ENOTDIR');
  });
});

describe('readPrivateFile', () => {
  it('MAIN-private-state: gives the text of a 0600 file in a 0700 directory', () => {
    expect(readPrivateFile(put('token', 0o600))).toEqual({ type: 'ok', text: 'secret\n' });
    expect(readPrivateFile(join(dir, 'absent'))).toEqual({ type: 'missing' });
  });

  it.skipIf(!hasModes).each([0o640, 0o620, 0o604, 0o602, 0o644, 0o666])(
    'BAD-world-readable: mode %o is refused, and the command in the message mends it',
    (mode) => {
      const path = put('token', mode);
      const result = readPrivateFile(path);
      expect(result).toEqual({ type: 'exposed', message: `other users can access ${path}; run: chmod 600 ${path}` });
      if (result.type === 'exposed') runFix(result.message);
      expect(readPrivateFile(path)).toMatchObject({ type: 'ok' });
    },
  );

  it.skipIf(!hasModes).each([0o750, 0o705, 0o770, 0o777])(
    'BAD-world-readable: directory mode %o is refused',
    (mode) => {
      const path = put('token', 0o600);
      chmodSync(dir, mode);
      expect(readPrivateFile(path)).toEqual({
        type: 'exposed',
        message: `other users can access the directory ${dir}; run: chmod 700 ${dir}`,
      });
    },
  );

  it.skipIf(!hasModes)(
    'BAD-world-readable: at a place of the user, others may look around but not swap the file',
    () => {
      const path = put('token', 0o600);
      const modes = [0o755, 0o1777, 0o775, 0o757] as const;
      const types = modes.map((mode) => {
        chmodSync(dir, mode);
        return readPrivateFile(path, { parent: 'shared' }).type;
      });
      expect(types).toEqual(['ok', 'ok', 'exposed', 'exposed']);
    },
  );

  it.skipIf(!hasModes)('BAD-world-readable: the mode of a link target counts', () => {
    const link = join(dir, 'link');
    symlinkSync(put('token', 0o644), link);
    expect(readPrivateFile(link).type).toBe('exposed');
  });

  it('BAD-world-readable: a directory is unreadable', () => {
    expect(readPrivateFile(dir)).toMatchObject({ type: 'unreadable' });
  });

  it.skipIf(!hasModes)('BAD-world-readable: a pipe without a writer is unreadable, and does not block', () => {
    const pipe = join(dir, 'pipe');
    execFileSync('/bin/sh', ['-c', 'mkfifo -m 600 "$0"', pipe]);
    expect(readPrivateFile(pipe)).toEqual({ type: 'unreadable', message: `${pipe} is not a regular file` });
  });

  it('MAIN-private-state: no refusal quotes the content', () => {
    const path = put('token', 0o644);
    expect(JSON.stringify(readPrivateFile(path))).not.toContain('secret');
  });
});

describe('writePrivateFile', () => {
  it('MAIN-private-state: 0600 in 0700, whatever the umask, and nothing is left beside it', () => {
    const path = join(dir, 'credentials', 'shared.json');
    const before = process.umask(0);
    try {
      writePrivateFile(path, 'one');
      writePrivateFile(path, 'two');
    } finally {
      process.umask(before);
    }
    expect(readFileSync(path, 'utf8')).toBe('two');
    expect(readdirSync(join(dir, 'credentials'))).toEqual(['shared.json']);
    expect(onlyWithModes([path, join(dir, 'credentials')].map(modeOf))).toEqual(onlyWithModes([0o600, 0o700]));
  });

  it.skipIf(!hasModes)('MAIN-private-state: an open file becomes private, an open directory is refused', () => {
    const path = put('token', 0o644);
    writePrivateFile(path, 'new');
    expect(readPrivateFile(path)).toEqual({ type: 'ok', text: 'new' });
    chmodSync(dir, 0o755);
    expect(() => writePrivateFile(path, 'newer')).toThrow(`chmod 700 ${dir}`);
    expect(readFileSync(path, 'utf8')).toBe('new');
  });

  it('TOKEN-crash-safe: killed at any moment, the file holds one whole text', async () => {
    const path = join(dir, 'shared.json');
    const texts = ['a', 'b'].map((letter) => letter.repeat(200_000));
    const script = `import { writePrivateFile } from ${JSON.stringify(join(import.meta.dirname, 'private-file.ts'))};
      import { writeSync } from 'node:fs';
      const texts = ['a', 'b'].map((letter) => letter.repeat(200_000));
      for (let round = 0; ; round += 1) {
        writePrivateFile(${JSON.stringify(path)}, texts[round % 2]);
        if (round > 0) writeSync(1, '.');
      }`;
    for (let round = 0; round < 5; round += 1) {
      const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const exited = once(child, 'exit');
      await once(child.stdout, 'data');
      // The child is somewhere in one of its next writes.
      child.kill('SIGKILL');
      expect(await exited).toEqual([null, 'SIGKILL']);
      expect(texts).toContain(readFileSync(path, 'utf8'));
    }
  });

  it('BAD-read-only-home: throws, and the old file stays', () => {
    const path = join(dir, 'target');
    mkdirSync(join(path, 'inside'), { recursive: true });
    expect(() => writePrivateFile(path, 'x')).toThrow(/EISDIR|ENOTEMPTY|EPERM|EACCES/);
    expect(readdirSync(dir)).toEqual(['target']);
  });
});
