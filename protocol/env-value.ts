import type { EnvVariable } from './env-table.ts';

export type EnvValue = string | number | boolean | readonly string[];

/** `expected` completes the sentence "expected …" and never repeats the text that was given. */
export type ParsedEnvValue =
  | { readonly type: 'ok'; readonly value: EnvValue }
  | { readonly type: 'invalid'; readonly expected: string };

/** The part of an {@link EnvVariable} that decides what a text means. */
export type EnvValueRule = Pick<EnvVariable, 'kind' | 'min' | 'max' | 'offAtZero' | 'choices'>;

/**
 * Turns the text of one variable into its value, seconds into whole milliseconds (WIRE §9.1). White space around
 * the text is dropped except in secrets, which are taken to the character.
 */
export function parseEnvValue(
  rule: EnvValueRule,
  text: string,
  isAbsolutePath: (path: string) => boolean,
): ParsedEnvValue {
  return parsers[rule.kind](rule, rule.kind === 'secret' ? text : text.trim(), isAbsolutePath);
}

/** The text that would set this value; undefined for no value. */
export function envText(value: unknown, kind: EnvVariable['kind']): string | undefined {
  if (Array.isArray(value)) return value.join(',');
  if (typeof value === 'number') return String(kind === 'seconds' ? value / 1000 : value);
  return typeof value === 'string' || typeof value === 'boolean' ? String(value) : undefined;
}

type Parser = (rule: EnvValueRule, text: string, isAbsolutePath: (path: string) => boolean) => ParsedEnvValue;

const parsers: Readonly<Record<EnvVariable['kind'], Parser>> = {
  integer: (rule, text) => ranged(rule, integer(text)),
  bytes: (rule, text) => ranged(rule, integer(text)),
  number: (rule, text) => ranged(rule, decimal(text)),
  seconds: (rule, text) => seconds(rule, decimal(text)),
  boolean: (_rule, text) => boolean(text),
  choice: (rule, text) => choice(rule.choices ?? [], text),
  set: (rule, text) => subset(rule.choices ?? [], text),
  list: (_rule, text) => plainText(text, listEntries(text)),
  text: (_rule, text) => plainText(text, text),
  secret: (_rule, text) => plainText(text, text),
  path: (_rule, text, isAbsolutePath) =>
    isAbsolutePath(text) ? plainText(text, text) : { type: 'invalid', expected: 'an absolute path' },
};

function integer(text: string): number {
  return /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
}

/** No exponent, no hexadecimal: what people write by hand. */
function decimal(text: string): number {
  return /^-?(?:\d+(?:\.\d*)?|\.\d+)$/.test(text) ? Number(text) : Number.NaN;
}

function ranged(rule: EnvValueRule, value: number): ParsedEnvValue {
  const { min = -Infinity, max = Number.MAX_SAFE_INTEGER } = rule;
  return value >= min && value <= max
    ? { type: 'ok', value: value === 0 ? 0 : value }
    : { type: 'invalid', expected: rangeText(rule) };
}

function seconds(rule: EnvValueRule, value: number): ParsedEnvValue {
  if (rule.offAtZero === true && value <= 0) return { type: 'ok', value: 0 };
  const checked = ranged(rule, value);
  if (checked.type === 'invalid') return checked;
  // 0 often means "off" or "never": a duration that somebody asked for must not be rounded to it.
  return { type: 'ok', value: value > 0 ? Math.max(1, Math.round(value * 1000)) : 0 };
}

const nouns: Readonly<Partial<Record<EnvVariable['kind'], string>>> = {
  integer: 'an integer',
  bytes: 'a number of bytes',
  number: 'a number',
  seconds: 'seconds',
};

function rangeText({ kind, min, max, offAtZero }: EnvValueRule): string {
  const range = max === undefined ? `from ${min ?? 0} up` : `${min ?? 0}–${max}`;
  return `${nouns[kind] ?? 'a number'} ${range}${offAtZero === true ? ', or 0 for off' : ''}`;
}

const booleans: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['yes', true],
  ['on', true],
  ['false', false],
  ['0', false],
  ['no', false],
  ['off', false],
]);

function boolean(text: string): ParsedEnvValue {
  const value = booleans.get(text.toLowerCase());
  return value === undefined ? { type: 'invalid', expected: 'true or false' } : { type: 'ok', value };
}

function choice(choices: readonly string[], text: string): ParsedEnvValue {
  const value = findChoice(choices, text);
  if (value !== undefined) return { type: 'ok', value };
  return { type: 'invalid', expected: `one of ${choices.join(', ')}` };
}

/** In the order of the table, each once. */
function subset(choices: readonly string[], text: string): ParsedEnvValue {
  const named = listEntries(text).map((entry) => findChoice(choices, entry));
  if (named.length === 0 || named.includes(undefined)) {
    return { type: 'invalid', expected: `at least one of ${choices.join(', ')}` };
  }
  return { type: 'ok', value: choices.filter((entry) => named.includes(entry)) };
}

function findChoice(choices: readonly string[], text: string): string | undefined {
  return choices.find((candidate) => candidate.toLowerCase() === text.toLowerCase());
}

function listEntries(text: string): string[] {
  return text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '');
}

/** Names and paths end up in log lines, headers and file names, where a control character does harm. */
function plainText(text: string, value: EnvValue): ParsedEnvValue {
  const isPlain = !/\p{Cc}/u.test(text);
  return isPlain ? { type: 'ok', value } : { type: 'invalid', expected: 'text without control characters' };
}
