import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalHash } from './content-hash.ts';

function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}

describe('canonicalHash', () => {
  it.each([
    ['flat, in order', 'chat', { a: 1, b: 'x' }, '{"arguments":{"a":1,"b":"x"},"name":"chat"}'],
    ['flat, out of order', 'chat', { b: 'x', a: 1 }, '{"arguments":{"a":1,"b":"x"},"name":"chat"}'],
    [
      'nested, in arrays too',
      'chat',
      { z: [{ d: 1, c: [true, null] }], y: { b: {}, a: [] } },
      '{"arguments":{"y":{"a":[],"b":{}},"z":[{"c":[true,null],"d":1}]},"name":"chat"}',
    ],
    ['number-like keys', 'chat', { 10: 'b', 2: 'a' }, '{"arguments":{"10":"b","2":"a"},"name":"chat"}'],
    ['no arguments', 'version', undefined, '{"arguments":{},"name":"version"}'],
    ['null arguments', 'version', null, '{"arguments":{},"name":"version"}'],
    ['text that needs escapes', 'q"', { k: 'ä\n\u2028' }, '{"arguments":{"k":"ä\\n\u2028"},"name":"q\\""}'],
    ['a lone surrogate', 'c', { b: '\ud800', a: 1 }, '{"arguments":{"a":1,"b":"\\ud800"},"name":"c"}'],
    [
      'a key named __proto__',
      'c',
      JSON.parse('{"b":1,"__proto__":{"x":1}}'),
      '{"arguments":{"__proto__":{"x":1},"b":1},"name":"c"}',
    ],
  ])('WIRE-4.5: canonical JSON: %s', (_name, tool, args, canonical) => {
    expect(canonicalHash(tool, args)).toBe(sha256(canonical));
  });

  it('WIRE-4.5: the order of keys never matters, at any depth', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.infiniteStream(fc.nat()), (value, randomness) => {
        const parsed: unknown = JSON.parse(JSON.stringify(value));
        const shuffled = shuffleKeys(parsed, randomness);
        expect(canonicalHash('t', shuffled)).toBe(canonicalHash('t', parsed));
      }),
    );
  });

  it('WIRE-4.5: equal hashes mean equal content', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), fc.jsonValue({ maxDepth: 3 }), (left, right) => {
        const [one, other]: unknown[] = [left, right].map((value) => JSON.parse(JSON.stringify(value)) ?? {});
        const isSame = canonicalHash('t', one) === canonicalHash('t', other);
        expect(isSame).toBe(isDeepEqual(one, other));
      }),
    );
  });

  it('WIRE-4.5: the name is part of the content, and cannot be smuggled in through the arguments', () => {
    expect(canonicalHash('a', { x: 1 })).not.toBe(canonicalHash('b', { x: 1 }));
    expect(canonicalHash('a', { x: 1, name: 'b' })).not.toBe(canonicalHash('b', { x: 1 }));
    expect(canonicalHash('a', ['1', '2'])).not.toBe(canonicalHash('a', { 0: '1', 1: '2' }));
    expect(canonicalHash('a', { x: 1 })).not.toBe(canonicalHash('a', { x: '1' }));
  });

  it('PF-D6: the key has a fixed length and holds nothing of the prompt', () => {
    const hash = canonicalHash('chat', { prompt: 'a very private sentence '.repeat(1000) });
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it('PF-P3: arguments nested 200,000 deep neither throw nor collide', () => {
    expect(canonicalHash('t', deep('1'))).toMatch(/^[0-9a-f]{64}$/);
    expect(canonicalHash('t', deep('1'))).not.toBe(canonicalHash('t', deep('2')));
    expect(canonicalHash('t', deep('1'))).toBe(canonicalHash('t', deep(' 1 ')));
  });

  it('WIRE-4.5: shallow and deep writers agree at their border', () => {
    for (const depth of [198, 199, 200, 201, 202]) {
      const text = `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
      expect(canonicalHash('t', JSON.parse(text))).toBe(sha256(`{"arguments":${text},"name":"t"}`));
    }
  });
});

function deep(inner: string): unknown {
  return JSON.parse(`${'{"b":['.repeat(100_000)}${inner}${']}'.repeat(100_000)}`);
}

function shuffleKeys(value: unknown, randomness: fc.Stream<number>): unknown {
  if (Array.isArray(value)) return value.map((item) => shuffleKeys(item, randomness));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(
    ([key, item]) => [key, shuffleKeys(item, randomness), randomness.next().value ?? 0] as const,
  );
  // Object.fromEntries defines properties, so that a key named __proto__ stays one.
  return Object.fromEntries(entries.toSorted((left, right) => left[2] - right[2]).map(([key, item]) => [key, item]));
}

function isDeepEqual(left: unknown, right: unknown): boolean {
  try {
    expect(left).toEqual(right);
    return true;
  } catch {
    return false; // toEqual says no by throwing
  }
}
