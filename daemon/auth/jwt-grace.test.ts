import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { JwtGrace } from './jwt-grace.ts';

const dayMs = 86_400_000;
const start = 1_790_000_000_000;
let dir: string;
let file: string;
let nowMs: number;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'exai-grace-'));
  file = join(dir, 'credentials', 'jwt-grace.json');
  nowMs = start;
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

function open(days: number): JwtGrace {
  const opened = JwtGrace.open({ file, days, now: () => nowMs });
  if (opened.type === 'invalid') throw new Error(opened.message);
  return opened.jwtGrace;
}

describe('JwtGrace', () => {
  it('PF-A4: ten restarts leave the end where it was', () => {
    const ends = new Set([open(14).endsAtMs]);
    for (let restart = 0; restart < 10; restart += 1) {
      nowMs += dayMs;
      ends.add(open(14).endsAtMs);
    }
    expect([...ends]).toEqual([start + 14 * dayMs]);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ startedAt: 1_790_000_000 });
  });

  it('PF-A4: is active until its end, in a running daemon too', () => {
    const grace = open(14);
    expect(grace.isActive).toBe(true);
    nowMs = start + 14 * dayMs - 1;
    expect(grace.isActive).toBe(true);
    nowMs += 1;
    expect(grace.isActive).toBe(false);
    expect(open(14).isActive).toBe(false);
  });

  it('PF-A4: 0 days is strict, and a later setting counts from the first start all the same', () => {
    expect(open(0).isActive).toBe(false);
    nowMs += 10 * dayMs;
    expect(open(7).isActive).toBe(false);
    expect(open(14).endsAtMs).toBe(start + 14 * dayMs);
  });

  it('BAD-clock-jump: a clock that was wrong at the first start does not lengthen it', () => {
    open(14);
    nowMs = start - dayMs;
    expect(open(14).isActive).toBe(false);
  });

  it.each(['', '{}', '{"startedAt":"now"}', '{"startedAt":null}'])(
    'PF-A4: a damaged file is the end of it: %j',
    (text) => {
      open(14);
      writeFileSync(file, text);
      const grace = open(14);
      expect(grace.isActive).toBe(false);
      expect(grace.endsAtMs).toBeUndefined();
      expect(readFileSync(file, 'utf8')).toBe(text);
    },
  );

  it.skipIf(process.platform === 'win32')(
    'MAIN-private-state: a file that others can change is refused, with the fix',
    () => {
      open(14);
      chmodSync(file, 0o622);
      const opened = JwtGrace.open({ file, days: 14 });
      expect(opened).toEqual({ type: 'invalid', message: `other users can access ${file}; run: chmod 600 ${file}` });
    },
  );

  it('MAIN-private-state: a start that cannot be stored is an error, not an endless grace', () => {
    mkdirSync(dir, { recursive: true });
    writeFileSync(join(dir, 'credentials'), '');
    const opened = JwtGrace.open({ file, days: 14 });
    expect(opened.type).toBe('invalid');
  });
});
