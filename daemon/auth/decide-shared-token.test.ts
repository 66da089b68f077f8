import { describe, expect, it } from 'vitest';
import {
  decideSharedToken,
  isEnvTokenStale,
  parseSharedTokenRecord,
  type SharedTokenRecord,
  withoutToken,
  withToken,
} from './decide-shared-token.ts';
import { Digest } from './digest.ts';

const first = 'first-token-0000000001';
const second = 'second-token-000000002';
const third = 'third-token-0000000003';
const rotated: SharedTokenRecord = { generation: 2, token: second, retired: [Digest.of(first).hex] };
const cleared: SharedTokenRecord = {
  generation: 2,
  token: null,
  retired: [first, second].map((t) => Digest.of(t).hex),
};

describe('decideSharedToken', () => {
  it('TOKEN-crash-safe: no file and no variable: there is no token', () => {
    const decision = decideSharedToken(undefined, undefined);
    expect(decision).toEqual({ record: { generation: 0, token: null, retired: [] }, isChanged: false });
  });

  it('WIRE-O13: until the first rotation the environment rules as generation 1, and no file is written', () => {
    const decision = decideSharedToken(undefined, first);
    expect(decision).toEqual({ record: { generation: 1, token: first, retired: [] }, isChanged: false });
  });

  it.each([
    ['unset', undefined, false],
    ['equal to the stored token', second, false],
    ['an earlier token', first, true],
  ])('WIRE-O13 PF-A5: the stored token wins over a variable that is %s', (_name, envToken, isStale) => {
    expect(decideSharedToken(rotated, envToken)).toEqual({ record: rotated, isChanged: false });
    expect(isEnvTokenStale(rotated, envToken)).toBe(isStale);
  });

  it('WIRE-O13: any other variable is a deliberate change: it wins and the stored token is retired', () => {
    const { record, isChanged } = decideSharedToken(rotated, third);
    expect(isChanged).toBe(true);
    expect(record).toEqual({
      generation: 3,
      token: third,
      retired: [Digest.of(first).hex, Digest.of(second).hex],
    });
    expect(isEnvTokenStale(record, third)).toBe(false);
  });

  it.each([
    ['unset', undefined, false],
    ['an earlier token', first, true],
    ['the token that was cleared', second, true],
  ])('WIRE-O13: a cleared token stays cleared when the variable is %s', (_name, envToken, isStale) => {
    expect(decideSharedToken(cleared, envToken)).toEqual({ record: cleared, isChanged: false });
    expect(isEnvTokenStale(cleared, envToken)).toBe(isStale);
  });

  it('WIRE-O13: after a clear a new variable switches authentication on', () => {
    const { record, isChanged } = decideSharedToken(cleared, third);
    expect(isChanged).toBe(true);
    expect(record).toEqual({ generation: 3, token: third, retired: cleared.retired });
  });
});

describe('records', () => {
  it('TOKEN-crash-safe: reads the documented form', () => {
    const digest = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
    const text = `{"generation":3,"token":"abcdEFGH12345678","retired":["${digest}"]}`;
    expect(parseSharedTokenRecord(text)).toEqual({ generation: 3, token: 'abcdEFGH12345678', retired: [digest] });
  });

  it.each([
    ['empty', ''],
    ['cut off', '{"generation":3,"token":"abcdEFGH123'],
    ['no object', '["abcdEFGH12345678"]'],
    ['a weak token', '{"generation":3,"token":"short","retired":[]}'],
    ['a placeholder', '{"generation":3,"token":"<optional-token>","retired":[]}'],
    ['no token', '{"generation":3,"retired":[]}'],
    ['an empty token', '{"generation":3,"token":"","retired":[]}'],
    ['no generation', '{"token":"abcdEFGH12345678","retired":[]}'],
    ['a fraction as generation', '{"generation":1.5,"token":"abcdEFGH12345678","retired":[]}'],
    ['a token among the digests', '{"generation":3,"token":"abcdEFGH12345678","retired":["first-token-0000000001"]}'],
  ])('PF-A1: a damaged record is none, never "no token": %s', (_name, text) => {
    expect(parseSharedTokenRecord(text)).toBeUndefined();
  });

  it('WIRE-O13: rotation counts up and keeps the digest of what was valid', () => {
    expect(withToken({ generation: 1, token: first, retired: [] }, second)).toEqual(rotated);
    expect(withoutToken(rotated)).toEqual(cleared);
    expect(withToken(cleared, third)).toEqual({ generation: 3, token: third, retired: cleared.retired });
  });
});
