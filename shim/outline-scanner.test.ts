import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { type MessageOutline, OutlineScanner } from './outline-scanner.ts';

function outlineOf(text: string, chunkBytes = Number.POSITIVE_INFINITY): MessageOutline {
  const scanner = new OutlineScanner();
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += chunkBytes) scanner.push(bytes.subarray(at, at + chunkBytes));
  return scanner.outline();
}

it.each([
  ['{"id":7,"method":"m"}', 7, true, false],
  ['{"method":"m","params":{"id":8,"a":[{"id":9}]},"id":"x"}', 'x', true, false],
  [String.raw`{"id":"a\"}\\","result":{}}`, 'a"}\\', false, true],
  ['{ "error" : {} , "id" : -1.5e1 }', -15, false, true],
  ['{"id":null,"method":"m"}', undefined, true, false],
  ['{"id":{"id":1},"method":"m"}', undefined, true, false],
  ['{"id":[1],"method":"m"}', undefined, true, false],
  ['{"id":1e400,"method":"m"}', undefined, true, false],
  ['{"x":"\\"id\\":5,","method":"m"}', undefined, true, false],
  ['{"id":1,"id":2}', 2, false, false],
  [`{"id":"${'x'.repeat(5000)}"}`, undefined, false, false],
  [`{"${'k'.repeat(50)}":1,"id":3}`, 3, false, false],
  ['no json at all', undefined, false, false],
  ['', undefined, false, false],
])('SHIM-S1: the outline of %s', (text, id, hasMethod, isResponse) => {
  expect(outlineOf(text)).toEqual({ id, hasMethod, isResponse });
  expect(outlineOf(text, 1)).toEqual({ id, hasMethod, isResponse });
});

it('SHIM-S1: of any JSON object the id is the one that JSON.parse finds', () => {
  const message = fc.record(
    { id: fc.oneof(fc.string(), fc.integer(), fc.jsonValue()), method: fc.string(), params: fc.jsonValue() },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(message, fc.nat(3), (value, indent) => {
      const { id } = value;
      const wanted = typeof id === 'string' || typeof id === 'number' ? JSON.parse(JSON.stringify(id)) : undefined;
      expect(outlineOf(JSON.stringify(value, undefined, indent), 3).id).toEqual(wanted);
    }),
  );
});
