import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RotatingFile } from './rotating-file.ts';

let dir: string;
let path: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'exai-rotate-'));
  path = join(dir, 'm.jsonl');
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

function read(name: string): string {
  return readFileSync(join(dir, name), 'utf8');
}

describe('RotatingFile', () => {
  it('PF-L3 WIRE-F2: rotates before the write that would pass the limit, and keeps so many files', () => {
    const file = new RotatingFile({ path, maxBytes: 12, files: 2 });
    for (let number = 1; number <= 9; number += 1) expect(file.append(`{"n":${number}}`)).toBe(true);
    file.close();
    expect(readdirSync(dir).toSorted()).toEqual(['m.jsonl', 'm.jsonl.1', 'm.jsonl.2']);
    expect([read('m.jsonl'), read('m.jsonl.1'), read('m.jsonl.2')]).toEqual(['{"n":9}\n', '{"n":8}\n', '{"n":7}\n']);
  });

  it('PF-L3: a file of exactly the limit is allowed, one byte more rotates', () => {
    const file = new RotatingFile({ path, maxBytes: 8, files: 1 });
    file.append('abc');
    file.append('def');
    expect(existsSync(`${path}.1`)).toBe(false);
    file.append('');
    expect([read('m.jsonl'), read('m.jsonl.1')]).toEqual(['\n', 'abc\ndef\n']);
    file.close();
  });

  it('PF-L3: with any lines, count and sizes hold, nothing is torn, and what is kept is the newest', () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: 'binary', maxLength: 40 }), { maxLength: 60 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 40, max: 400 }),
        (texts, files, maxBytes) => {
          const target = join(mkdtempSync(join(dir, 'run-')), 'log');
          const file = new RotatingFile({ path: target, maxBytes, files });
          const lines = texts.map((text, index) => JSON.stringify([index, text.toWellFormed()]));
          const accepted = lines.filter((line) => file.append(line));
          expect(file.droppedLines).toBe(lines.length - accepted.length);
          file.close();
          const names = [...Array.from({ length: 9 }, (_, index) => `${target}.${9 - index}`), target].filter((name) =>
            existsSync(name),
          );
          expect(names.length).toBeLessThanOrEqual(files + 1);
          for (const name of names) expect(statSync(name).size).toBeLessThanOrEqual(maxBytes);
          const kept = names.flatMap((name) => readFileSync(name, 'utf8').split('\n').slice(0, -1));
          expect(kept).toEqual(accepted.slice(accepted.length - kept.length));
          expect(kept.at(-1)).toBe(accepted.at(-1));
        },
      ),
      { numRuns: 60 },
    );
  });

  it('PF-L3: a line over the limit is dropped and counted, and the next one is written', () => {
    const file = new RotatingFile({ path, maxBytes: 10, files: 1 });
    expect([file.append('x'.repeat(10)), file.append('y'.repeat(9)), file.droppedLines]).toEqual([false, true, 1]);
    file.close();
    expect(read('m.jsonl')).toBe(`${'y'.repeat(9)}\n`);
  });

  it('PF-L3: goes on in the file of the last run, and ends a line that a crash has cut', () => {
    writeFileSync(path, '{"a":1}\n{"cut');
    const file = new RotatingFile({ path, maxBytes: 100, files: 1 });
    file.append('{"b":2}');
    file.close();
    expect(read('m.jsonl')).toBe('{"a":1}\n{"cut\n{"b":2}\n');
  });

  it('WIRE-F2: takes text, bytes and batches, each with its last line end added when absent', () => {
    const file = new RotatingFile({ path, maxBytes: 100, files: 1 });
    file.append('a\nb\n');
    file.append(new TextEncoder().encode('c'));
    file.append(Buffer.from('d\n'));
    file.close();
    expect(read('m.jsonl')).toBe('a\nb\nc\nd\n');
  });

  it.skipIf(process.platform === 'win32')(
    'MAIN-private-state: file 0600, directory 0700, made at the first append',
    () => {
      const target = join(dir, 'logs', 'x.log');
      const file = new RotatingFile({ path: target, maxBytes: 4, files: 1 });
      expect(existsSync(join(dir, 'logs'))).toBe(false);
      file.append('a');
      file.append('b');
      file.append('c');
      file.close();
      const modes = [join(dir, 'logs'), target, `${target}.1`].map((name) => statSync(name).mode & 0o777);
      expect(modes).toEqual([0o700, 0o600, 0o600]);
    },
  );

  it.skipIf(!existsSync('/dev/full'))(
    'BAD-full-disk WIRE-F2: lines are dropped and counted, once reported, and written again later',
    () => {
      symlinkSync('/dev/full', path);
      const errors: unknown[] = [];
      const file = new RotatingFile({ path, maxBytes: 100, files: 1, onError: (error) => errors.push(error) });
      expect([file.append('a'), file.append('b\nc\n'), file.droppedLines]).toEqual([false, false, 3]);
      expect(errors).toMatchObject([{ code: 'ENOSPC' }]);
      unlinkSync(path);
      expect(file.append('d')).toBe(true);
      expect(read('m.jsonl')).toBe('d\n');
      file.close();
      expect(file.append('e')).toBe(false);
      expect(file.droppedLines).toBe(4);
    },
  );

  it.skipIf(process.platform === 'win32')(
    'BAD-full-disk PF-L3: a half-written line is taken back, the newest stays intact',
    () => {
      // A file size limit of 1 KiB takes the first part of the write that crosses it, as a full disk does.
      const script = `import { RotatingFile } from ${JSON.stringify(join(import.meta.dirname, 'rotating-file.ts'))};
      const file = new RotatingFile({ path: ${JSON.stringify(path)}, maxBytes: 100_000, files: 1 });
      const results = [file.append('a'.repeat(700)), file.append('b'.repeat(700)), file.append('c'.repeat(100))];
      console.log(JSON.stringify([...results, file.droppedLines]));`;
      const { stdout } = spawnSync(
        '/bin/bash',
        ['-c', 'trap \'\' XFSZ; ulimit -f 1; exec "$0" --input-type=module -e "$1"', process.execPath, script],
        {
          encoding: 'utf8',
        },
      );
      expect(JSON.parse(stdout)).toEqual([true, false, true, 1]);
      expect(read('m.jsonl')).toBe(`${'a'.repeat(700)}\n${'c'.repeat(100)}\n`);
    },
  );

  it('BAD-read-only-home PF-H3: no place for the file, and a reporter that throws, never throw into the caller', () => {
    writeFileSync(join(dir, 'file'), '');
    const file = new RotatingFile({
      path: join(dir, 'file', 'x.log'),
      maxBytes: 100,
      files: 1,
      onError: () => {
        throw new Error('reporter');
      },
    });
    expect([file.append('a'), file.droppedLines]).toEqual([false, 1]);
    file.close();
    file.close();
  });

  it('PF-L3: a rotation that cannot be finished drops lines instead of growing the file, and costs no older file', () => {
    const file = new RotatingFile({ path, maxBytes: 4, files: 3 });
    for (const line of ['old', 'mid', 'new']) file.append(line);
    // Something that cannot be moved over stands where the current file is to go.
    mkdirSync(join(`${path}.3`, 'in'), { recursive: true });
    expect([file.append('x'), file.append('y'), file.append('z')]).toEqual([false, false, false]);
    expect([read('m.jsonl'), read('m.jsonl.1'), read('m.jsonl.2')]).toEqual(['new\n', 'mid\n', 'old\n']);
    rmSync(`${path}.3`, { recursive: true });
    expect(file.append('end')).toBe(true);
    expect([read('m.jsonl'), read('m.jsonl.1'), read('m.jsonl.3')]).toEqual(['end\n', 'new\n', 'old\n']);
    file.close();
  });
});
