import { assert, constantFrom, property, string } from 'fast-check';
import { expect, it } from 'vitest';
import { editDistance, nearestName } from './nearest-name.ts';

it.each([
  ['', '', 0],
  ['PORT', 'PORT', 0],
  ['PORT', 'PROT', 1],
  ['PORT', 'PORTS', 1],
  ['PORT', 'PRT', 1],
  ['PORT', 'PART', 1],
  ['PORT', 'HOST', 2],
  ['', 'ABC', 3],
])('WIRE-F4: %s and %s are %i edits apart', (left, right, distance) => {
  expect(editDistance(left, right)).toBe(distance);
});

it('WIRE-F4: the distance is the same both ways and at most the longer length', () => {
  const word = string({ unit: constantFrom('A', 'B', '_'), maxLength: 8 });
  assert(
    property(word, word, (left, right) => {
      expect(editDistance(left, right)).toBe(editDistance(right, left));
      expect(editDistance(left, right)).toBeLessThanOrEqual(Math.max(left.length, right.length));
      expect(editDistance(left, right) === 0).toBe(left === right);
    }),
  );
});

it('WIRE-F4: the nearest name wins, and none that is too far away', () => {
  expect(nearestName('EXAI_WS_PROT', ['EXAI_WS_HOST', 'EXAI_WS_PORT'], 3)).toBe('EXAI_WS_PORT');
  expect(nearestName('EXAI_WS_PROT', ['EXAI_WS_HOST', 'EXAI_WS_PORT'], 0)).toBeUndefined();
  expect(nearestName('SOMETHING_ELSE', ['EXAI_WS_PORT'], 3)).toBeUndefined();
});
