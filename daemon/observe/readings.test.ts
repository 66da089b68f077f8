import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DiskUsage, type FileSystemBlocks } from './disk-usage.ts';
import { EventLoopLag } from './event-loop-lag.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

describe('EventLoopLag', () => {
  it('WIRE-8.1: is the longest delay of the last ten seconds', () => {
    let clock = 0;
    const lag = new EventLoopLag({ clock: () => clock });
    lag.start();
    const look = (lateMs: number): void => {
      clock += 500 + lateMs;
      vi.advanceTimersByTime(500);
    };
    expect(lag.maxMs).toBe(0);
    look(0);
    look(120);
    look(3);
    expect(lag.maxMs).toBe(120);
    for (let looks = 0; looks < 19; looks += 1) look(1);
    expect(lag.maxMs).toBe(3);
    lag.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('PF-P8: sees a loop that is really blocked', async () => {
    vi.useRealTimers();
    const lag = new EventLoopLag({ intervalMs: 20 });
    lag.start();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 150);
    await vi.waitFor(() => expect(lag.maxMs).toBeGreaterThan(100));
    lag.stop();
  });

  it('PERF-P11: wakes an idle daemon twice a second at most', () => {
    let looks = 0;
    const lag = new EventLoopLag({
      clock: () => {
        looks += 1;
        return 0;
      },
    });
    lag.start();
    vi.advanceTimersByTime(10_000);
    expect(looks).toBeLessThanOrEqual(21);
    lag.stop();
  });
});

describe('DiskUsage', () => {
  it('WIRE-8.3: counts as df does, and takes the fuller file system', async () => {
    const systems: Record<string, FileSystemBlocks> = {
      '/logs': { blocks: 1000, bfree: 500, bavail: 400 },
      '/state': { blocks: 100, bfree: 10, bavail: 0 },
    };
    const disk = new DiskUsage({
      paths: ['/logs', '/state'],
      statfs: (path) => Promise.resolve(systems[path] as FileSystemBlocks),
    });
    expect(disk.usedRatio).toBeNull();
    await disk.refresh();
    expect(disk.usedRatio).toBe(1);
    systems['/state'] = { blocks: 0, bfree: 0, bavail: 0 };
    await disk.refresh();
    expect(disk.usedRatio).toBeCloseTo(500 / 900);
  });

  it('BAD-read-only-home: a path that cannot be asked is left out; none at all is unknown', async () => {
    const disk = new DiskUsage({
      paths: ['/gone', '/logs'],
      statfs: (path) =>
        path === '/gone' ? Promise.reject(new Error('ENOENT')) : Promise.resolve({ blocks: 4, bfree: 1, bavail: 1 }),
    });
    await disk.refresh();
    expect(disk.usedRatio).toBe(0.75);
    const none = new DiskUsage({ paths: [], statfs: () => Promise.reject(new Error('never asked')) });
    await none.refresh();
    expect(none.usedRatio).toBeNull();
  });

  it('PF-P8: a disk that does not answer is asked once, and the daemon goes on', async () => {
    let asked = 0;
    const waiting: ((blocks: FileSystemBlocks) => void)[] = [];
    const disk = new DiskUsage({
      paths: ['/slow'],
      refreshMs: 1000,
      statfs: () => {
        asked += 1;
        return new Promise((resolve) => {
          waiting.push(resolve);
        });
      },
    });
    disk.start();
    vi.advanceTimersByTime(5000);
    expect(asked).toBe(1);
    waiting[0]?.({ blocks: 2, bfree: 1, bavail: 1 });
    await vi.advanceTimersByTimeAsync(1000);
    expect(disk.usedRatio).toBe(0.5);
    expect(asked).toBe(2);
    disk.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('WIRE-8.3: asks the real file system', async () => {
    vi.useRealTimers();
    const dir = mkdtempSync(join(tmpdir(), 'exai-disk-'));
    const disk = new DiskUsage({ paths: [dir] });
    await disk.refresh();
    rmSync(dir, { recursive: true });
    expect(disk.usedRatio).toBeGreaterThanOrEqual(0);
    expect(disk.usedRatio).toBeLessThanOrEqual(1);
  });
});
