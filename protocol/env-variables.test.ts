import { describe, expect, it } from 'vitest';
import type { EnvEntry } from './env-file.ts';
import { resolveSettings, type SettingsLayer, type SettingsReader, variablesOf } from './env-resolve.ts';
import { type EnvVariable, envTable } from './env-table.ts';

const labels = { environment: 'the environment', 'env-file': '.env', 'settings-file': 'settings.json' } as const;
type LayerName = keyof typeof labels;
type Values = Partial<Record<LayerName, Readonly<Record<string, string>>>>;

/** Values of the `.env` file get the line of their position. */
function resolve(reader: SettingsReader, values: Values = {}) {
  const layers = (['environment', 'env-file', 'settings-file'] as const).map((layer): SettingsLayer => {
    const entries = Object.entries(values[layer] ?? {}).map(([name, value], index): [string, EnvEntry] => [
      name,
      layer === 'env-file' ? { value, line: index + 1 } : { value },
    ]);
    return { layer, label: labels[layer], values: new Map(entries) };
  });
  return resolveSettings({ reader, layers, isAbsolutePath: (path) => path.startsWith('/') });
}

function resolved(reader: SettingsReader, values: Values = {}) {
  const result = resolve(reader, values);
  if (result.type === 'invalid') throw new Error(result.message);
  const settings: Readonly<Record<string, unknown>> = result.settings;
  return { ...result, settings };
}

/** The one line of a refusal. */
function refusal(reader: SettingsReader, values: Values): string {
  const result = resolve(reader, values);
  if (result.type === 'ok') throw new Error('nothing was refused');
  return result.message;
}

interface Samples {
  /** Accepted texts with what they become, the edges of the range among them; the first is not the default. */
  readonly valid: readonly (readonly [text: string, value: unknown])[];
  readonly invalid: readonly string[];
}

const notNumbers = ['80a', '0x10', '1e3', '1_000', 'one', '1 000', '--1', '-', '.', '1,5'];

function wholeNumbers({ min = 0, max }: EnvVariable): Samples {
  const accepted = [min + 2, min, max ?? min + 1];
  const outside = [min - 1, ...(max === undefined ? [] : [max + 1]), 1.5].map(String);
  return {
    valid: accepted.map((value) => [` ${value}`, value]),
    invalid: [...notNumbers, ...outside, '9'.repeat(20)],
  };
}

function decimals({ kind, min = 0, max, offAtZero }: EnvVariable): Samples {
  const unit = kind === 'seconds' ? 1000 : 1;
  const accepted = [min + 0.5, min, max ?? min + 1];
  const below = offAtZero === true ? min / 2 : min - 0.01;
  const off = offAtZero === true ? [['0', 0] as const, ['-1', 0] as const] : [];
  return {
    valid: [...accepted.map((value) => [String(value), value * unit] as const), ...off],
    invalid: [...notNumbers, String(below), ...(max === undefined ? [] : [String(max + 0.01)])],
  };
}

function booleans({ fallback }: EnvVariable): Samples {
  const on = ['true', 'TRUE', '1', 'yes', 'Yes', 'on', 'oN'].map((text) => [text, true] as const);
  const off = ['false', 'False', '0', 'no', 'NO', 'off', 'Off'].map((text) => [text, false] as const);
  return { valid: fallback === true ? [...off, ...on] : [...on, ...off], invalid: ['maybe', '2', 'tru', 'y', '-1'] };
}

function choices({ choices: names = [] }: EnvVariable): Samples {
  const anyCase = names.flatMap((name) => [[name, name] as const, [` ${name.toLowerCase()} `, name] as const]);
  return { valid: anyCase.toReversed(), invalid: ['other', `${names[0]}x`, names.join(',')] };
}

/** Texts for one variable, made from its row; `env-table.test.ts` compares the rows with WIRE §9. */
const samplesOf: Readonly<Record<EnvVariable['kind'], (variable: EnvVariable) => Samples>> = {
  integer: wholeNumbers,
  bytes: wholeNumbers,
  number: decimals,
  seconds: decimals,
  boolean: booleans,
  choice: choices,
  set: () => ({
    valid: [
      ['local', ['local']],
      ['tcp', ['tcp']],
      [' local , TCP ,tcp', ['tcp', 'local']],
    ],
    invalid: [',', 'udp', 'tcp,udp', 'tcp local'],
  }),
  list: () => ({
    valid: [
      ['a', ['a']],
      [' a , b,, c ', ['a', 'b', 'c']],
      [',', []],
    ],
    invalid: ['a,\u0000b', 'a\nb'],
  }),
  path: () => ({
    valid: [
      ['/var/lib/x', '/var/lib/x'],
      [' /a b ', '/a b'],
    ],
    invalid: ['relative/x', './x', '~/x', 'C', '/a\nb'],
  }),
  text: () => ({
    valid: [
      ['plain', 'plain'],
      ['  Café 1 ', 'Café 1'],
    ],
    invalid: ['a\nb', 'a\u0007', '\u001B[31m'],
  }),
  secret: () => ({
    valid: [
      ['pass#word#1234567', 'pass#word#1234567'],
      [' kept ', ' kept '],
      [' ', ' '],
    ],
    invalid: ['a\nb', 'hush\u0000'],
  }),
};

describe.each(['daemon', 'shim'] as const)('%s', (reader) => {
  describe.each(variablesOf(reader))('$name', (variable) => {
    const { name, key, kind, fallback, perProcess } = variable;
    const { valid, invalid } = samplesOf[kind](variable);
    const places: readonly LayerName[] =
      perProcess === true ? ['environment'] : ['environment', 'env-file', 'settings-file'];

    it.each(places)('WIRE-F4: valid and edge values count in layer %s', (layer) => {
      for (const [text, value] of valid) {
        const result = resolved(reader, { [layer]: { [name]: text } });
        expect(result.settings[key]).toEqual(value);
        const place = layer === 'env-file' ? { line: 1, source: '.env line 1' } : { source: labels[layer] };
        expect(result.origins).toHaveProperty(key, { layer, name, ...place });
      }
    });

    it.each(places)('WIRE-F4: an invalid value in layer %s is refused in one line', (layer) => {
      for (const text of invalid) {
        const line = refusal(reader, { [layer]: { [name]: text } });
        const source = layer === 'env-file' ? '.env line 1' : labels[layer];
        const shown = kind === 'secret' ? '***' : text;
        const start = `exai: ${name}=${JSON.stringify(shown)} (from ${source}): expected `;
        expect(line.slice(0, start.length)).toBe(start);
        expect(line.slice(start.length)).toMatch(/^[ -~–]+$/);
      }
    });

    it('WIRE-F4: empty is unset, in every layer', () => {
      const blank = kind === 'secret' ? '' : ' \t';
      const all = { environment: { [name]: '' }, 'env-file': { [name]: blank }, 'settings-file': { [name]: '' } };
      const result = resolved(reader, all);
      expect(result.settings[key]).toEqual(fallback);
      expect(result.origins).toHaveProperty(key, { layer: 'default', name, source: 'default' });
      expect(result.warnings).toEqual([]);
    });

    it('PF-T3: a value other than the default reads back', () => {
      const [text, value] = valid[0] ?? ['', undefined];
      expect(value).not.toEqual(fallback);
      expect(resolved(reader, { environment: { [name]: text } }).settings[key]).toEqual(value);
    });
  });

  it('PF-T3: all variables set at once read back, and nothing else is there', () => {
    const chosen = variablesOf(reader).map((variable) => {
      const [text, value] = samplesOf[variable.kind](variable).valid[0] ?? failed();
      return { ...variable, text, value };
    });
    const environment = Object.fromEntries(chosen.map(({ name, text }) => [name, text]));
    const { settings } = resolved(reader, { environment });
    expect(settings).toEqual(Object.fromEntries(chosen.map(({ key, value }) => [key, value])));
  });

  it('WIRE-F4: variables of the other process are neither judged nor reported', () => {
    const all: readonly EnvVariable[] = envTable;
    const others = all.filter(({ name }) => !variablesOf(reader).some((own) => own.name === name));
    const environment = Object.fromEntries(
      others.map((other) => [other.name, samplesOf[other.kind](other).invalid[0] ?? failed()]),
    );
    expect(others.length).toBeGreaterThan(15);
    expect(resolved(reader, { environment }).settings).toEqual(resolved(reader).settings);
    expect(resolved(reader, { environment }).warnings).toEqual([]);
  });
});

function failed(): never {
  throw new Error('no sample');
}
