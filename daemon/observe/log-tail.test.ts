import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { linesFromEnd, tailLines } from './log-tail.ts';

let dir: string;
let path: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'exai-tail-'));
  path = join(dir, 'a.log');
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

describe('tailLines', () => {
  it('MAIN-builtin-tools: no file, an empty file and no wish give no lines', async () => {
    expect(await tailLines(path, 5)).toEqual([]);
    writeFileSync(path, '');
    expect(await tailLines(path, 5)).toEqual([]);
    writeFileSync(path, 'a\nb\n');
    expect(await tailLines(path, 0)).toEqual([]);
  });

  it('MAIN-builtin-tools: goes on in rotated files, also while the newest is missing', async () => {
    writeFileSync(`${path}.2`, '1\n2\n');
    writeFileSync(`${path}.1`, '3\n4\n');
    expect(await tailLines(path, 3)).toEqual(['2', '3', '4']);
    writeFileSync(path, '5\n6');
    expect(await tailLines(path, 5)).toEqual(['2', '3', '4', '5', '6']);
    expect(await tailLines(path, 50)).toEqual(['1', '2', '3', '4', '5', '6']);
  });

  it('MAIN-builtin-tools: any text, cut into chunks anywhere, even inside a character, gives the same last lines', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.string({ unit: 'grapheme', maxLength: 12 }), { maxLength: 30 }),
        fc.integer({ min: 1, max: 16 }),
        fc.integer({ min: 1, max: 40 }),
        async (texts, chunkBytes, count) => {
          const lines = texts.map((text) => text.replaceAll('\n', ' ')).filter((text) => text !== '');
          writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
          expect(await tailLines(path, count, { chunkBytes })).toEqual(
            lines.map((line) => line.toWellFormed()).slice(-count),
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  it('PF-P8: looks at no more than its bound, and never shows half a line', async () => {
    writeFileSync(path, 'first line\nsecond line\nthird line\n');
    expect(await tailLines(path, 10, { maxBytes: 20 })).toEqual(['third line']);
    const cuts: boolean[] = [];
    for await (const { isCut } of linesFromEnd(path, { maxBytes: 20 })) cuts.push(isCut);
    expect(cuts).toEqual([false, true]);
  });

  it('PF-L3: a rotation in mid-read neither repeats nor skips a line', async () => {
    writeFileSync(`${path}.1`, 'a\nb\n');
    writeFileSync(path, 'c\nd\n');
    const seen: string[] = [];
    let isRotated = false;
    for await (const { lines } of linesFromEnd(path, { chunkBytes: 2 })) {
      seen.push(...lines);
      if (isRotated) continue;
      isRotated = true;
      renameSync(`${path}.1`, `${path}.2`);
      renameSync(path, `${path}.1`);
      writeFileSync(path, 'e\n');
    }
    expect(seen).toEqual(['d', 'c', 'b', 'a']);
  });
});
