import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { watchParent } from './parent-watch.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

it('PF-R5 SHIM-S10: on POSIX another parent means that the first is gone', () => {
  let ppid = 40;
  let gone = 0;
  watchParent({ intervalMs: 5_000, isWindows: false, ppid: () => ppid, onGone: () => (gone += 1) });
  vi.advanceTimersByTime(20_000);
  expect(gone).toBe(0);
  ppid = 1;
  vi.advanceTimersByTime(20_000);
  expect(gone).toBe(1);
});

it('PF-R5 SHIM-S10: Windows leaves the pid, so the process is looked for', () => {
  let gone = 0;
  let isAlive = true;
  watchParent({
    intervalMs: 5_000,
    isWindows: true,
    ppid: () => 40,
    isAlive: (pid) => pid === 40 && isAlive,
    onGone: () => (gone += 1),
  });
  vi.advanceTimersByTime(20_000);
  expect(gone).toBe(0);
  isAlive = false;
  vi.advanceTimersByTime(5_000);
  expect(gone).toBe(1);
});

it('PF-R5: real processes are told apart from none', () => {
  let gone = 0;
  const onGone = () => (gone += 1);
  watchParent({ intervalMs: 1, isWindows: true, ppid: () => process.pid, onGone });
  vi.advanceTimersByTime(3);
  expect(gone).toBe(0);
  watchParent({ intervalMs: 1, isWindows: true, ppid: () => 2 ** 22 + 12_345, onGone });
  vi.advanceTimersByTime(3);
  expect(gone).toBe(1);
});

it('PF-R5: 0 switches it off, and the watch can be ended', () => {
  let looks = 0;
  const ppid = () => (looks += 1);
  watchParent({ intervalMs: 0, isWindows: false, ppid, onGone: () => undefined });
  watchParent({ intervalMs: 10, isWindows: false, ppid, onGone: () => undefined })();
  vi.advanceTimersByTime(1_000);
  expect(looks).toBe(1);
});
