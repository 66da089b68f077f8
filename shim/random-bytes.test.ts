import { expect, it } from 'vitest';
import { randomBytes, uuidOf } from './random-bytes.ts';

it('WIRE-H17: random bytes come in the length asked for and never twice', () => {
  const drawn = Array.from({ length: 500 }, () => randomBytes(32).toString('hex'));
  expect(new Set(drawn).size).toBe(500);
  expect(drawn.every((text) => text.length === 64)).toBe(true);
  const counts = new Uint32Array(256);
  for (const byte of randomBytes(256 * 200)) counts[byte] = (counts[byte] ?? 0) + 1;
  expect(Math.min(...counts)).toBeGreaterThan(100);
});

it('WIRE-F5: a shim id is a UUID of version 4', () => {
  for (let count = 0; count < 100; count++) {
    expect(uuidOf(randomBytes(16))).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  }
  expect(uuidOf(new Uint8Array(16))).toBe('00000000-0000-4000-8000-000000000000');
  expect(uuidOf(new Uint8Array(16).fill(255))).toBe('ffffffff-ffff-4fff-bfff-ffffffffffff');
});
