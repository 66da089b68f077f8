import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StopRequest } from './stop-request.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Whether the time of running calls is over. */
async function isOver(stop: StopRequest): Promise<boolean> {
  return await Promise.race([stop.over.then(() => true), Promise.resolve().then(() => false)]);
}

describe('STOP-second: requests to stop', () => {
  it('begins with the first reason and ends when its time is up', async () => {
    const stop = new StopRequest();
    stop.ask('admin', 1_000);
    stop.ask('SIGTERM', 5_000);
    expect(await stop.asked).toBe('admin');
    await vi.advanceTimersByTimeAsync(999);
    expect(await isOver(stop)).toBe(false);
    expect(stop.drainMs).toBe(1_000);
    await vi.advanceTimersByTimeAsync(1);
    expect(await isOver(stop)).toBe(true);
  });

  it('comes sooner with a later one that gives less time', async () => {
    const stop = new StopRequest();
    stop.ask('admin', 3_600_000);
    await vi.advanceTimersByTimeAsync(10_000);
    stop.ask('admin', 5_000);
    await vi.advanceTimersByTimeAsync(4_999);
    expect(await isOver(stop)).toBe(false);
    stop.ask('admin', 0);
    await vi.advanceTimersByTimeAsync(0);
    expect(await isOver(stop)).toBe(true);
  });
});
