import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Digest } from './digest.ts';

const token = 'abcdEFGH12345678';

describe('Digest', () => {
  it('PF-A3: equal texts match, any other does not, whatever its length', () => {
    assert(
      property(string({ unit: 'binary' }), string({ unit: 'binary' }), (one, other) => {
        expect(Digest.of(one).equals(Digest.of(one))).toBe(true);
        const isSame = one.toWellFormed() === other.toWellFormed();
        expect(Digest.of(one).equals(Digest.of(other))).toBe(isSame);
      }),
    );
  });

  it('PF-A3: the compare function is the constant-time one and only this file has it', () => {
    const sources = globSync('*.ts', { cwd: import.meta.dirname }).filter((file) => !file.endsWith('.test.ts'));
    const compares = sources.filter((file) =>
      readFileSync(join(import.meta.dirname, file), 'utf8').includes('timingSafeEqual'),
    );
    expect(sources.length).toBeGreaterThan(10);
    expect(compares).toEqual(['digest.ts']);
  });

  it('PF-A3: what is compared is SHA-256', () => {
    expect(Digest.of('abc').hex).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  });

  it('reads what it has written and nothing else', () => {
    const { hex } = Digest.of(token);
    expect(Digest.parse(hex)?.equals(Digest.of(token))).toBe(true);
    for (const text of ['', hex.slice(1), `${hex}0`, hex.toUpperCase(), `${hex}\n`]) {
      expect(Digest.parse(text)).toBeUndefined();
    }
  });

  it('has a digest that no credential has, another one each time', () => {
    expect(Digest.unmatchable().equals(Digest.unmatchable())).toBe(false);
    expect(Digest.unmatchable().equals(Digest.of(''))).toBe(false);
  });
});
