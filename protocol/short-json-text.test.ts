import { assert, constantFrom, integer, jsonValue, oneof, property, string, tuple, uint8Array } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { notScalar, scalarAt, skipString, stringAt } from './json-text.ts';
import { isPlainText, plainInteger, plainStringEnd, plainText, shortTextBytes } from './short-json-text.ts';

declare class TextEncoder {
  encode(text: string): Uint8Array;
}

const encoder = new TextEncoder();

/** Compares the short way with the general one at every quote of these bytes. */
function compareStrings(bytes: Uint8Array): void {
  for (let start = bytes.indexOf(0x22); start >= 0; start = bytes.indexOf(0x22, start + 1)) {
    const end = plainStringEnd(bytes, start);
    if (end === 0) continue;
    expect(end).toBe(skipString(bytes, start));
    const text = plainText(bytes, start + 1, end - 1);
    expect(text).toBe(stringAt(bytes, start, end));
    expect(text).toBe(scalarAt(bytes, start, end));
    expect(isPlainText(bytes, start + 1, end - 1, text)).toBe(true);
    expect(isPlainText(bytes, start + 1, end - 1, `${text}x`)).toBe(false);
    expect(isPlainText(bytes, start, end - 1, text)).toBe(false);
  }
}

describe('short JSON texts', () => {
  it('WIRE-M1: short strings of any JSON are read as by the general reader', () => {
    const text = oneof(
      jsonValue({ maxDepth: 4, stringUnit: 'binary' }).map((value) => JSON.stringify(value)),
      string({ unit: 'grapheme-ascii', maxLength: 120 }).map((value) => JSON.stringify({ value })),
    );
    assert(
      property(text, (json) => compareStrings(encoder.encode(json))),
      { numRuns: 2000 },
    );
  });

  it('BAD-not-json: so are strings in bytes that are no JSON', () => {
    const bytes = oneof(
      uint8Array({ maxLength: 80 }),
      string({ unit: constantFrom('"', '\\', 'a', '\0', '\u007f', 'é'), maxLength: 40 }).map((text) =>
        encoder.encode(text),
      ),
    );
    assert(
      property(bytes, (some) => compareStrings(some)),
      { numRuns: 2000 },
    );
  });

  it('takes strings up to its length, and none that needs the general reader', () => {
    const end = (text: string): number => plainStringEnd(encoder.encode(text), 0);
    expect(end('""')).toBe(2);
    expect(end('"tools/call",')).toBe(12);
    expect(end(`"${'a'.repeat(shortTextBytes)}"`)).toBe(shortTextBytes + 2);
    for (const general of [`"${'a'.repeat(shortTextBytes + 1)}"`, '"a\\nb"', '"a\nb"', '"é"', '"\u007f"', '"a', '"'])
      expect(end(general)).toBe(0);
  });

  it('BAD-id-type: whole numbers are read as by the general reader', () => {
    const number = oneof(
      integer({ min: 0 }).map(String),
      tuple(string({ unit: constantFrom('0', '1', '9'), maxLength: 18 }), constantFrom('', '.5', 'e3', '-', ' ')).map(
        ([digits, rest]) => digits + rest,
      ),
      constantFrom('', '-', '-0', '-7', '00', '07', '1x', 'null', 'true', '999999999999999', '1000000000000000'),
    );
    assert(
      property(number, (text) => {
        const bytes = encoder.encode(text);
        const value = plainInteger(bytes, 0, bytes.length);
        if (value === -1) expect(/^(?:0|[1-9]\d{0,14})$/.test(text)).toBe(false);
        else expect(value).toBe(scalarAt(bytes, 0, bytes.length));
      }),
      { numRuns: 2000 },
    );
    expect(scalarAt(encoder.encode('07'), 0, 2)).toBe(notScalar);
  });
});
