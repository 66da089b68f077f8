import { describe, expect, it } from 'vitest';
import { FailureThrottle } from './failure-throttle.ts';

function throttleAt(maxAddresses?: number) {
  const time = { now: 5_000 };
  const throttle = new FailureThrottle({
    now: () => time.now,
    ...(maxAddresses === undefined ? {} : { maxAddresses }),
  });
  return { time, throttle };
}

describe('FailureThrottle', () => {
  it('WIRE-H4 BAD-token: from the 10th failure within 60 s the answer waits for 1 s', () => {
    const { throttle, time } = throttleAt();
    const delays = Array.from({ length: 12 }, () => {
      time.now += 100;
      return throttle.failed('192.0.2.1').delayMs;
    });
    expect(delays).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 1_000, 1_000, 1_000]);
  });

  it('WIRE-H4: loopback is not exempt', () => {
    const { throttle } = throttleAt();
    for (let count = 0; count < 9; count += 1) throttle.failed('127.0.0.1');
    expect(throttle.failed('127.0.0.1').delayMs).toBe(1_000);
  });

  it('WIRE-H4: the window slides: only failures younger than 60 s count', () => {
    const { throttle, time } = throttleAt();
    throttle.failed('a');
    time.now += 30_000;
    for (let count = 0; count < 8; count += 1) throttle.failed('a');
    time.now += 29_999;
    expect(throttle.failed('a').delayMs).toBe(1_000);
    time.now += 1;
    expect(throttle.failed('a').delayMs).toBe(1_000);
    time.now += 30_000;
    expect(throttle.failed('a').delayMs).toBe(0);
  });

  it('WIRE-H4: nobody is locked out: after a quiet minute there is no delay', () => {
    const { throttle, time } = throttleAt();
    for (let count = 0; count < 50; count += 1) throttle.failed('a');
    time.now += 60_000;
    expect(throttle.failed('a').delayMs).toBe(0);
  });

  it('WIRE-H4: addresses do not slow each other down', () => {
    const { throttle } = throttleAt();
    for (let count = 0; count < 50; count += 1) throttle.failed('a');
    expect(throttle.failed('b')).toEqual({ delayMs: 0, shouldLog: true });
  });

  it('WIRE-H4: at most one line per address per 10 s', () => {
    const { throttle, time } = throttleAt();
    expect(throttle.failed('a').shouldLog).toBe(true);
    time.now += 9_999;
    expect(throttle.failed('a').shouldLog).toBe(false);
    expect(throttle.failed('b').shouldLog).toBe(true);
    time.now += 1;
    expect(throttle.failed('a').shouldLog).toBe(true);
    time.now += 9_999;
    expect(throttle.failed('a').shouldLog).toBe(false);
  });

  it('WIRE-H4: memory is bounded: the address that failed least recently goes first', () => {
    const { throttle } = throttleAt(100);
    for (let count = 0; count < 9; count += 1) throttle.failed('stays');
    for (let index = 0; index < 99; index += 1) throttle.failed(`a${index}`);
    expect(throttle.failed('stays').delayMs).toBe(1_000);
    for (let index = 0; index < 10_000; index += 1) throttle.failed(`b${index}`);
    expect(throttle.tracked).toBe(100);
    expect(throttle.failed('stays').delayMs).toBe(0);
  });

  it('WIRE-H4: an address that fails again counts as recent', () => {
    const { throttle } = throttleAt(3);
    for (const address of ['a', 'b', 'c', 'a', 'd']) throttle.failed(address);
    expect(['a', 'b'].map((address) => throttle.failed(address).shouldLog)).toEqual([false, true]);
  });

  it('WIRE-H4: addresses are forgotten after their window', () => {
    const { throttle, time } = throttleAt();
    for (let index = 0; index < 1_000; index += 1) throttle.failed(`a${index}`);
    time.now += 60_000;
    throttle.failed('b');
    expect(throttle.tracked).toBe(1);
  });
});
