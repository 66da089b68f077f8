import { expect, it } from 'vitest';
import { ReloadLimit } from './reload-limit.ts';

it('DESK-crash-log: a page is loaded again three times in a minute, and later anew', () => {
  let now = 0;
  const limit = new ReloadLimit(() => now);
  expect([1, 2, 3, 4].map(() => limit.allows())).toEqual([true, true, true, false]);
  now = 59_999;
  expect(limit.allows()).toBe(false);
  now = 60_000;
  expect(limit.allows()).toBe(true);
});
