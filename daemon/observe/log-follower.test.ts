import { appendFileSync, mkdtempSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RotatingFile } from '../../platform/rotating-file.ts';
import { LogFollower, type LogFollowerLimits } from './log-follower.ts';
import { maxLogLineBytes } from './log-line.ts';

let folder: string;
let path: string;
let open: LogFollower[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'exai-follow-'));
  path = join(folder, 'a.log');
  open = [];
});
afterEach(async () => {
  for (const follower of open) await follower.close();
  rmSync(folder, { recursive: true, force: true });
});

async function follow(limits: Partial<LogFollowerLimits> = {}): Promise<LogFollower> {
  const follower = await LogFollower.open(path, limits);
  if (follower === undefined) throw new Error('no such log');
  open.push(follower);
  return follower;
}

/** Everything there is to read now. */
async function readAll(follower: LogFollower): Promise<{ lines: string[]; left: number }> {
  const lines: string[] = [];
  let left = 0;
  for (;;) {
    const read = await follower.read();
    lines.push(...read.lines);
    left += read.left;
    if (!read.hasMore) return { lines, left };
  }
}

const all = (): boolean => true;
const numbers = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `line ${from + index}`);

describe('the tail of a log', () => {
  it('LIVE-log-follow: has the last lines that are wanted, from rotated files too', async () => {
    const log = new RotatingFile({ path, maxBytes: 100, files: 5 });
    for (const line of numbers(10, 50)) log.append(line);
    log.close();
    const follower = await follow({ chunkBytes: 16 });
    expect(await follower.tail(3, all)).toEqual(numbers(47, 50));
    expect(await follower.tail(30, all)).toEqual(numbers(20, 50));
    expect(await follower.tail(3, (line) => line.endsWith('5'))).toEqual(['line 25', 'line 35', 'line 45']);
    expect(await follower.tail(1000, all)).toEqual(numbers(10, 50));
  });

  it('LIVE-log-follow: stops at its limit of bytes', async () => {
    writeFileSync(path, `${numbers(10, 50).join('\n')}\n`);
    expect(await (await follow({ tailBytes: 16 })).tail(10, all)).toEqual(['line 49']);
  });

  it('LIVE-log-follow: leaves a line that is being written to what follows', async () => {
    writeFileSync(path, 'one\ntw');
    const follower = await follow();
    expect(await follower.tail(10, all)).toEqual(['one']);
    expect(await readAll(follower)).toEqual({ lines: [], left: 0 });
    appendFileSync(path, 'o\nthree\n');
    expect(await readAll(follower)).toEqual({ lines: ['two', 'three'], left: 0 });
  });

  it('LIVE-log-follow: cuts long lines in memory', async () => {
    writeFileSync(path, `${'a'.repeat(300_000)}\nshort\n`);
    const [long = '', short] = await (await follow()).tail(2, all);
    expect([long.length, short]).toEqual([maxLogLineBytes, 'short']);
  });

  it('LIVE-log-traversal: is not read through a link', async () => {
    if (process.platform === 'win32') return;
    writeFileSync(join(folder, 'other'), 'private\n');
    symlinkSync(join(folder, 'other'), path);
    expect(await LogFollower.open(path)).toBeUndefined();
    expect(await LogFollower.open(join(folder, 'missing'))).toBeUndefined();
  });
});

describe('following a log', () => {
  it('LIVE-log-follow: goes over rotations, nothing lost and nothing twice', async () => {
    const log = new RotatingFile({ path, maxBytes: 100, files: 50 });
    for (const line of numbers(100, 120)) log.append(line);
    const follower = await follow({ chunkBytes: 16 });
    const seen = await follower.tail(1000, all);
    for (let next = 120; next < 400; ) {
      // As many as rotate once, several times, or not at all.
      const until = next + [1, 3, 40, 12][next % 4]!;
      for (const line of numbers(next, until)) log.append(line);
      next = until;
      seen.push(...(await readAll(follower)).lines);
      seen.push(...(await readAll(follower)).lines);
    }
    log.close();
    expect(seen).toEqual(numbers(100, 100 + seen.length));
    expect(seen.length).toBeGreaterThanOrEqual(300);
  });

  it('LIVE-log-follow: the tail and what follows meet, also when the log rotates in between', async () => {
    const log = new RotatingFile({ path, maxBytes: 100, files: 50 });
    for (const line of numbers(100, 125)) log.append(line);
    const follower = await follow();
    for (const line of numbers(125, 160)) log.append(line);
    const tail = await follower.tail(1000, all);
    const { lines, left } = await readAll(follower);
    expect([...tail, ...lines, left]).toEqual([...numbers(100, 160), 0]);
    log.close();
  });

  it('LIVE-log-follow: says so when files in between are gone', async () => {
    const log = new RotatingFile({ path, maxBytes: 100, files: 2 });
    log.append('line 100');
    const follower = await follow();
    for (const line of numbers(101, 200)) log.append(line);
    const { lines, left } = await readAll(follower);
    expect(left).toBeGreaterThan(0);
    expect(lines.at(-1)).toBe('line 199');
    expect(lines).toEqual([...new Set(lines)]);
    log.append('line 200');
    expect((await readAll(follower)).lines).toEqual(['line 200']);
    log.close();
  });

  it('LIVE-log-follow: waits while a rotation is half done', async () => {
    writeFileSync(path, 'one\n');
    const follower = await follow();
    renameSync(path, `${path}.1`);
    appendFileSync(`${path}.1`, 'two\n');
    expect((await readAll(follower)).lines).toEqual(['two']);
    writeFileSync(path, 'three\n');
    expect((await readAll(follower)).lines).toEqual(['three']);
  });

  it('LIVE-log-follow: starts again in a log that was emptied', async () => {
    writeFileSync(path, 'one\ntwo\n');
    const follower = await follow();
    truncateSync(path, 0);
    appendFileSync(path, 'new\n');
    expect((await readAll(follower)).lines).toEqual(['new']);
  });

  it('LIVE-log-follow: a reader that is far behind skips, and knows how many lines it misses', async () => {
    writeFileSync(path, 'line 99\n');
    const follower = await follow({ chunkBytes: 64, backlogBytes: 1000, keptBytes: 200, batchBytes: 128 });
    appendFileSync(path, `${numbers(100, 900).join('\n')}\n`);
    const { lines, left } = await readAll(follower);
    expect(left + lines.length).toBe(800);
    expect(lines).toEqual(numbers(900 - lines.length, 900));
    expect(lines.length).toBeLessThan(120);
  });

  it('LIVE-log-follow: reads a flood in pieces', async () => {
    writeFileSync(path, '');
    const follower = await follow({ batchBytes: 1000, chunkBytes: 100 });
    appendFileSync(path, `${numbers(1000, 1500).join('\n')}\n`);
    const first = await follower.read();
    expect(first.hasMore).toBe(true);
    expect(first.lines.length).toBeLessThan(110);
    expect([...first.lines, ...(await readAll(follower)).lines]).toEqual(numbers(1000, 1500));
  });
});
