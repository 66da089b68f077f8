import { en, type Strings } from '../../protocol/strings/en.ts';

const plainLetters = 'acdeghijklnorstuwyzACDEINOSU';
const accentedLetters = 'áçðéĝĥíjķļñöŕšţüŵýžÅÇÐÉÎÑÖŠÛ';

/** Parts of a sentence: `{name}` stays as it is, so that it can still be filled in. */
const parts = /(\{[A-Za-z0-9]+\})/;

/** Longer by 40 % and full of accents: shows what is cut off and what did not come from the catalogue. */
export function accent(sentence: string): string {
  if (!/\p{L}/u.test(wordsOf(sentence))) return sentence;
  const text = sentence
    .split(parts)
    .map((part) => (parts.test(part) ? part : part.replaceAll(/[A-Za-z]/g, accentedLetter)))
    .join('');
  return `[${text}${'~'.repeat(Math.ceil(wordsOf(sentence).length * 0.4))}]`;
}

function accentedLetter(letter: string): string {
  return accentedLetters[plainLetters.indexOf(letter)] ?? letter;
}

/** A sentence without what is filled in. */
function wordsOf(sentence: string): string {
  return sentence.replaceAll(/\{[^}]*\}/g, '');
}

/** Isolate, override: as in a real right-to-left script, numbers beside it keep their own order. */
const rightToLeft = '\u2067\u202E';
const endOfRightToLeft = '\u202C\u2069';

/** Letters that run from right to left; what is filled in keeps its own direction. */
export function mirror(sentence: string): string {
  if (!/\p{L}/u.test(wordsOf(sentence))) return sentence;
  return sentence
    .split(parts)
    .map((part) => (part === '' || parts.test(part) ? part : `${rightToLeft}${part}${endOfRightToLeft}`))
    .join('');
}

/** The catalogue with every sentence changed; the shape stays. */
export function derive(change: (sentence: string) => string): Strings {
  return deriveValue(en, change);
}

function deriveValue<Value>(value: Value, change: (sentence: string) => string): Value;
function deriveValue(value: unknown, change: (sentence: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, deriveValue(part, change)]));
}
