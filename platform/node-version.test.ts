import { expect, it } from 'vitest';
import { isNodeNewEnough } from './node-version.ts';

it.each([
  ['18.20.4', false],
  ['20.20.2', false],
  ['23.11.0', false],
  ['24.0.0', true],
  ['24.21.0', true],
  ['30.1.2', true],
])('MAIN-entry-points: Node.js %s is new enough: %s', (version, isEnough) => {
  expect(isNodeNewEnough(version)).toBe(isEnough);
});
