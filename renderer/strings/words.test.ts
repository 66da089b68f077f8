import { describe, expect, it } from 'vitest';
import { en } from '../../protocol/strings/en.ts';
import { accent, derive, mirror } from './pseudo.ts';
import { createWords } from './words.ts';

const words = createWords('en', 'UTC');

/** Every sentence of a catalogue by its path. */
function sentencesOf(value: unknown, path = ''): [string, string][] {
  if (typeof value === 'string') return [[path, value]];
  return Object.entries(value ?? {}).flatMap(([key, part]) => sentencesOf(part, `${path}.${key}`));
}

function placeholdersOf(sentence: string): string[] {
  return (sentence.match(/\{[A-Za-z0-9]+\}/g) ?? []).toSorted();
}

describe('words', () => {
  it.each([
    [0, '<1 ms'],
    [0.4, '<1 ms'],
    [4, '4 ms'],
    [999, '999 ms'],
    [999.6, '1.0 s'],
    [2_140, '2.1 s'],
    [59_949, '59.9 s'],
    [59_960, '1:00'],
    [65_000, '1:05'],
    [3_600_000, '1:00:00'],
  ])('says a duration of %s ms as %s', (milliseconds, said) => {
    expect(words.duration(milliseconds)).toBe(said);
  });

  it.each([
    [-1, '0:00'],
    [3.9, '0:03'],
    [72, '1:12'],
    [3_661, '1:01:01'],
  ])('says an age of %s s as %s', (seconds, said) => {
    expect(words.age(seconds)).toBe(said);
  });

  it.each([
    [12, '12 s'],
    [840, '14 m'],
    [8_070, '2 h 14 m'],
    [180_000, '2 d 2 h'],
  ])('says an uptime of %s s as %s', (seconds, said) => {
    expect(words.uptime(seconds)).toBe(said);
  });

  it.each([
    [-3, 'just now'],
    [12, '12 s ago'],
    [130, '2 min ago'],
    [7_300, '2 h ago'],
    [172_800, '2 d ago'],
  ])('says %s s ago as %s', (seconds, said) => {
    expect(words.ago(seconds)).toBe(said);
  });

  it('counts places in line', () => {
    expect([1, 2, 3, 4, 11, 12, 13, 21, 22, 103].map(words.place)).toEqual(
      ['1st', '2nd', '3rd', '4th', '11th', '12th', '13th', '21st', '22nd', '103rd'].map((place) => `${place} in line`),
    );
  });

  it('picks plural forms and fills in what it is given', () => {
    expect(words.plural(en.status.draining, 1)).toBe('Draining, 1 call left');
    expect(words.plural(en.status.draining, 1_200)).toBe('Draining, 1,200 calls left');
    expect(words.fill('{a} of {b}, {missing}', { a: 1, b: 'two' })).toBe('1 of two, ');
  });

  it('says sizes and times', () => {
    expect([512, 1_434, 1_900_000_000].map(words.bytes)).toEqual(['512 B', '1.4 KB', '1.9 GB']);
    expect(words.clock(51_062)).toBe('14:11');
    expect(words.dayClock(51_062)).toBe('1 Jan, 14:11');
    expect(words.clockSeconds(51_062)).toBe('14:11:02');
    expect(words.absolute(51_062)).toBe('1 Jan 1970, 14:11:02 UTC');
  });
});

describe.each([
  ['en-XA', accent],
  ['ar-XB', mirror],
] as const)('the pseudo-locale %s', (locale, change) => {
  const changed = new Map(sentencesOf(createWords(locale).text));

  it('has every sentence, changed where it has letters, with its places to fill', () => {
    const sentences = sentencesOf(en);
    expect([...changed.keys()]).toEqual(sentences.map(([path]) => path));
    for (const [path, sentence] of sentences) {
      const other = changed.get(path) ?? '';
      expect(placeholdersOf(other)).toEqual(placeholdersOf(sentence));
      const hasLetters = /\p{L}/u.test(sentence.replaceAll(/\{[^}]*\}/g, ''));
      if (hasLetters) expect([path, other]).not.toEqual([path, sentence]);
    }
  });

  it('comes from the catalogue alone', () => {
    expect(derive(change)).toEqual(createWords(locale).text);
  });
});

it('makes en-XA at least 40 % longer', () => {
  expect(accent('Nothing is running').length).toBeGreaterThanOrEqual(18 * 1.4);
});

it('writes ar-XB from right to left', () => {
  expect([createWords('ar-XB').direction, createWords('en-XA').direction]).toEqual(['rtl', 'ltr']);
});
