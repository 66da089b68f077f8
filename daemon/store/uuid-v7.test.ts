import { expect, it } from 'vitest';
import { UuidSource } from './uuid-v7.ts';

it('HIST-recorded: ids are UUIDs of version 7 that sort as they were made, whatever the clock does', () => {
  const clock = [1_790_000_000_000, 1_790_000_000_000, 1_789_999_000_000, 1_790_000_000_001];
  const ids = new UuidSource(() => clock.shift() ?? 1_790_000_000_002);
  const made = Array.from({ length: 20_000 }, () => ids.next());
  expect(made[0]).toMatch(/^01a0c450-6c00-7[0-7][0-9a-f]{2}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  for (const id of made) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(made.toSorted()).toEqual(made);
  expect(new Set(made)).toHaveLength(made.length);
});
