import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileWatch } from './file-watch.ts';
import { ManualClock } from './manual-clock.ts';

let folder: string;
let watch: FileWatch | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'exai-watch-'));
});

afterEach(() => {
  watch?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function start(paths: readonly string[]): { clock: ManualClock; changed: string[] } {
  const clock = new ManualClock();
  const changed: string[] = [];
  watch = new FileWatch({ clock, paths, onChange: (path) => changed.push(path) });
  watch.start();
  return { clock, changed };
}

describe('FileWatch', () => {
  it('PF-R7 PF-R3: a file that is made, replaced or removed is seen within a second, each change once', () => {
    const path = join(folder, 'run', 'daemon.json');
    const { clock, changed } = start([path]);
    clock.advance(5_000);
    expect(changed).toEqual([]);
    mkdirSync(join(folder, 'run'));
    writeFileSync(path, 'one');
    clock.advance(3_000);
    expect(changed).toHaveLength(1);
    writeFileSync(`${path}.tmp`, 'two');
    renameSync(`${path}.tmp`, path);
    clock.advance(3_000);
    expect(changed).toHaveLength(2);
    rmSync(path);
    clock.advance(3_000);
    expect(changed).toEqual([path, path, path]);
  });

  it('PF-R7: the notification of the system comes first where there is one', async () => {
    const path = join(folder, 'daemon.json');
    const changed = new Promise<string>((resolve) => {
      watch = new FileWatch({ clock: new ManualClock(), paths: [path], onChange: resolve });
      watch.start();
    });
    writeFileSync(path, 'x');
    expect(await changed).toBe(path);
  });

  it('PF-R3: what changed before the watch began, or while it was stopped, is no change', () => {
    const path = join(folder, 'token');
    writeFileSync(path, 'a');
    const { clock, changed } = start([path]);
    watch?.stop();
    writeFileSync(path, 'abc');
    watch?.start();
    watch?.start();
    clock.advance(2_000);
    expect(changed).toEqual([]);
    writeFileSync(path, 'abcdef');
    clock.advance(1_000);
    expect(changed).toEqual([path]);
  });
});
