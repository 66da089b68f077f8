import { en, type Strings } from '../../protocol/strings/en.ts';

const plainLetters = 'acdeghijklnorstuwyzACDEINOSU';
const accentedLetters = 'áçðéĝĥíjķļñöŕšţüŵýžÅÇÐÉÎÑÖŠÛ';

/** Parts of a sentence: `{name}` stays as it is, so that it can still be filled in. */
const parts = /(\{[A-Za-z0-9]+\})/;

/** Longer by 40 % and full of accents: shows what is cut off and what did not come from the catalogue. */
export function accent(sentence: string): string {
  if (!/\p{L}/u.test(sentence.replaceAll(/\{[^}]*\}/g, ''))) return sentence;
  const text = sentence
    .split(parts)
    .map((part) => (parts.test(part) ? part : part.replaceAll(/[A-Za-z]/g, accentedLetter)))
    .join('');
  return `[${text}${'~'.repeat(Math.ceil(sentence.length * 0.4))}]`;
}

function accentedLetter(letter: string): string {
  return accentedLetters[plainLetters.indexOf(letter)] ?? letter;
}

const rightToLeftOverride = '\u202E';
const endOfOverride = '\u202C';

/** Letters that run from right to left; what is filled in keeps its own direction. */
export function mirror(sentence: string): string {
  if (!/\p{L}/u.test(sentence.replaceAll(/\{[^}]*\}/g, ''))) return sentence;
  return sentence
    .split(parts)
    .map((part) => (part === '' || parts.test(part) ? part : `${rightToLeftOverride}${part}${endOfOverride}`))
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
