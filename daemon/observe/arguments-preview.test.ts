import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SecretValues } from '../../platform/redaction.ts';
import { argumentsPreview, maskedBeginning } from './arguments-preview.ts';

const secret = 'exi_0123456789abcdef0123456789abcdef';
const { maskText } = SecretValues.of([secret]);

function preview(args: unknown, requestBytes = 100, knownKeys: readonly string[] = []): string | null {
  return argumentsPreview(args, { requestBytes, knownKeys, maskText });
}

describe('the preview of arguments', () => {
  it.each([
    [undefined, null],
    [null, null],
    [{}, null],
    [{ prompt: 'hi', n: 1, yes: true, none: null }, '{"prompt":"hi","n":1,"yes":true,"none":null}'],
    [{ list: [1, ['a'], {}] }, '{"list":[1,["a"],{}]}'],
    [[1, 2], '[1,2]'],
    ['text', '"text"'],
    [{ a: { b: { c: { d: { e: { f: { g: 1 } } } } } } }, '{"a":{"b":{"c":{"d":{"e":{"f":…}}}}}}'],
  ])('LIVE-preview-bounded: %j', (args, expected) => {
    expect(preview(args)).toBe(expected);
  });

  it('LIVE-preview-bounded: secrets are masked by key and by value', () => {
    expect(
      preview({
        password: 'x',
        api_key: ['y'],
        Authorization: { a: 1 },
        token: null,
        isSecret: true,
        note: `-${secret}-`,
      }),
    ).toBe('{"password":"***","api_key":"***","Authorization":"***","token":null,"isSecret":true,"note":"-***-"}');
    expect(preview({ [secret]: 'Bearer abc.def next' })).toBe('{"***":"Bearer *** next"}');
  });

  it('LIVE-preview-bounded: no part of a secret is left where texts are cut', () => {
    fc.assert(
      fc.property(fc.nat(30_000), fc.nat(900), (before, times) => {
        for (const text of [`${'x'.repeat(before)}${secret}`, secret.repeat(times), `${'x'.repeat(190)}${secret}`]) {
          for (const shown of [preview({ text }), preview([text, text]), maskedBeginning(text, maskText)]) {
            expect(shown?.length).toBeLessThanOrEqual(200);
            expect(shown).not.toContain('exi_0');
            expect(shown).not.toContain('abcdef0');
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it('LIVE-preview-bounded: at most 200 well-formed characters', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(300), (value, pad) => {
        const shown = preview({ pad: '𝒳'.repeat(pad), value });
        expect(shown?.length).toBeLessThanOrEqual(200);
        expect(shown?.isWellFormed()).toBe(true);
      }),
    );
  });

  it.each([
    ['one long text', { text: 'a'.repeat(10_000_000) }, ['text']],
    ['many texts', { list: Array.from({ length: 1_000_000 }, (_, at) => `text ${at}`) }, ['list']],
    ['many keys', Object.fromEntries(Array.from({ length: 500_000 }, (_, at) => [`key ${at}`, at])), ['key 7']],
    [
      'many keys within',
      { a: Object.fromEntries(Array.from({ length: 500_000 }, (_, at) => [`key ${at}`, at])) },
      ['a'],
    ],
  ])('LIVE-preview-bounded: 10 MB as %s cost less than 5 ms', (_what, args, knownKeys) => {
    const shown = preview(args, 10_000_000, knownKeys);
    const times = Array.from({ length: 5 }, () => {
      const from = performance.now();
      preview(args, 10_000_000, knownKeys);
      return performance.now() - from;
    });
    expect(Math.min(...times)).toBeLessThan(5);
    expect(shown?.length).toBeLessThanOrEqual(200);
    expect(shown).toContain(knownKeys[0]);
  });

  it('LIVE-preview-bounded: of a large request only what the tool knows is looked at', () => {
    expect(preview({ other: 1 }, 1_000_000, ['prompt'])).toBe('{…}');
    expect(preview({ other: 1, prompt: 'hi' }, 1_000_000, ['prompt'])).toBe('{"prompt":"hi"}');
  });
});
