import { describe, expect, it } from 'vitest';
import { isStrongToken } from './token-strength.ts';

describe('isStrongToken', () => {
  it.each([
    ['16 characters', 'abcdEFGH12345678', true],
    ['15 characters', 'abcdEFGH1234567', false],
    ['512 characters', 'a'.repeat(512), true],
    ['513 characters', 'a'.repeat(513), false],
    ['every printable ASCII character', '!"#$%&\'()*+,-./09:;<=>?@AZ[\\]^_`az{|}~', true],
    ['a space inside', 'abcdEFGH 12345678', false],
    ['a line end', 'abcdEFGH12345678\n', false],
    ['beyond ASCII', 'abcdEFGH1234567é', false],
    ['a pasted placeholder of 16 characters', '<optional-token>', false],
    ['empty', '', false],
  ])('WIRE-H16 PF-A1: %s', (_name, text, isStrong) => {
    expect(isStrongToken(text)).toBe(isStrong);
  });
});
