import {
  array,
  assert,
  boolean,
  constant,
  constantFrom,
  dictionary,
  double,
  integer,
  jsonValue,
  nat,
  oneof,
  property,
  string,
  tuple,
} from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Envelope, readEnvelope } from './envelope.ts';

declare class TextEncoder {
  encode(text: string): Uint8Array;
}
declare class TextDecoder {
  constructor(label: string, options: { ignoreBOM: boolean });
  decode(bytes: Uint8Array): string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

function read(text: string): ReturnType<typeof readEnvelope> {
  return readEnvelope(encoder.encode(text));
}

function envelopeOf(text: string): Envelope {
  const result = read(text);
  if (result.type !== 'object') throw new Error(`read as ${result.type}`);
  return result.envelope;
}

/** The same facts, from the engine's own parser. */
function expected(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const text = (name: string): unknown => (typeof value[name] === 'string' ? value[name] : undefined);
  const { id } = value;
  const isId =
    typeof id === 'string' || id === null || (typeof id === 'number' && Math.abs(id) <= Number.MAX_SAFE_INTEGER);
  return {
    op: text('op'),
    isJsonRpc: value['jsonrpc'] === '2.0',
    method: text('method'),
    hasId: Object.hasOwn(value, 'id'),
    id: isId ? id : undefined,
    params: value['params'],
    result: value['result'],
    error: value['error'],
    hasResult: Object.hasOwn(value, 'result'),
    hasError: Object.hasOwn(value, 'error'),
  };
}

function found(bytes: Uint8Array, envelope: Envelope): Record<string, unknown> {
  const valueOf = (slice: Envelope['params']): unknown =>
    slice === undefined ? undefined : JSON.parse(decoder.decode(bytes.subarray(slice.start, slice.end)));
  const { params, result, error } = envelope;
  return { ...envelope, params: valueOf(params), result: valueOf(result), error: valueOf(error) };
}

const knownKeys = ['op', 'jsonrpc', 'method', 'id', 'params', 'result', 'error'] as const;
const blank = string({ unit: constantFrom(' ', '\n', '\r', '\t'), maxLength: 3 });

/** Writes a string as JSON, some of its characters as `\u` escapes. */
const anyText = oneof(
  string({ unit: 'binary', maxLength: 40 }),
  string({
    unit: constantFrom('"', '\\', '{', '}', ',', ':', '\u2028', '\ufeff', 'é', '𝄞', 'a', '\u007f', '\0'),
    maxLength: 60,
  }),
);
function writeText(text: string, escapes: readonly boolean[]): string {
  return Array.from(text)
    .map((character, index) =>
      escapes[index % Math.max(1, escapes.length)] === true && character.length === 1
        ? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
        : JSON.stringify(character).slice(1, -1),
    )
    .join('');
}

const key = oneof({ weight: 4, arbitrary: constantFrom(...knownKeys) }, { weight: 1, arbitrary: anyText });
const plainValue = oneof(
  jsonValue({ maxDepth: 3 }),
  anyText,
  constantFrom('2.0', 'hello', 'tools/call', 0, -0, 1.5, 2 ** 53, null, true),
  double({ noNaN: true, noDefaultInfinity: true }),
  integer(),
  dictionary(string(), jsonValue({ maxDepth: 1 })),
);

/** One member in text: key, value, and where blanks go. Values are written with blanks as well. */
const member = tuple(
  key,
  plainValue,
  array(boolean(), { minLength: 1, maxLength: 5 }),
  array(blank, { minLength: 4, maxLength: 4 }),
  nat(2),
).map(([name, value, escapes, blanks, indent]) => {
  const written = typeof value === 'string' ? `"${writeText(value, escapes)}"` : JSON.stringify(value, null, indent);
  return `${blanks[0]}"${writeText(name, escapes)}"${blanks[1]}:${blanks[2]}${written}${blanks[3]}`;
});
const objectText = tuple(blank, array(member, { maxLength: 8 }), blank).map(
  ([before, members, after]) => `${before}{${members.join(',')}}${after}`,
);

/** What a text may be read as. Faults inside a payload are found by who uses it. */
function kindsOf(text: string): string[] {
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value)) return ['array'];
    return [typeof value === 'object' && value !== null ? 'object' : 'scalar'];
  } catch {
    return ['invalid', 'object', 'array'];
  }
}

describe('readEnvelope', () => {
  it('WIRE-M1: agrees with JSON.parse on every object: blanks, escapes, Unicode, duplicate keys, any id', () => {
    assert(
      property(objectText, (text) => {
        const bytes = encoder.encode(text);
        const value = JSON.parse(decoder.decode(bytes)) as Record<string, unknown>;
        expect(found(bytes, envelopeOf(text))).toEqual(expected(value));
      }),
      { numRuns: 2000 },
    );
  });

  it('BAD-not-json: damaged text never throws, and what is JSON after all is read as what it is', () => {
    const damage = tuple(
      objectText,
      nat(),
      oneof(constant(''), constantFrom('"', '\\', '{', '}', '[', ']', ',', ':', 'x', '\n')),
      nat(3),
    );
    assert(
      property(damage, ([text, place, inserted, removed]) => {
        const at = place % (text.length + 1);
        const damaged = text.slice(0, at) + inserted + text.slice(at + removed);
        const result = read(damaged);
        expect(kindsOf(damaged)).toContain(result.type);
      }),
      { numRuns: 2000 },
    );
  });

  it('WIRE-M1: a message is read the same whether its short strings are plain or written with escapes', () => {
    const short = string({ unit: 'grapheme-ascii', maxLength: 60 });
    const members = array(tuple(oneof(constantFrom(...knownKeys), short), oneof(short, plainValue)), { maxLength: 8 });
    const write = (value: unknown, escapes: readonly boolean[]): string =>
      typeof value === 'string' ? `"${writeText(value, escapes)}"` : JSON.stringify(value);
    assert(
      property(members, (list) => {
        const text = (escapes: readonly boolean[]): string =>
          `{${list.map(([name, value]) => `${write(name, escapes)}:${write(value, escapes)}`).join(',')}}`;
        const [plain, escaped] = [text([false]), text([true])];
        expect(found(encoder.encode(plain), envelopeOf(plain))).toEqual(
          found(encoder.encode(escaped), envelopeOf(escaped)),
        );
      }),
      { numRuns: 2000 },
    );
  });

  it('BAD-not-json BAD-id-type: a control character inside a string id makes it no id, as in JSON', () => {
    expect(envelopeOf('{"jsonrpc":"2.0","id":"a\tb","method":"a\tb"}')).toMatchObject({ id: undefined, hasId: true });
  });

  it('BAD-not-json: no beginning of a message is taken for a message', () => {
    const text = '{"jsonrpc":"2.0","id":"a\\"b","method":"tools/call","params":{"name":"x","arguments":{"a":[1,"]"]}}}';
    for (let end = 0; end < text.length; end += 1) expect(read(text.slice(0, end))).toEqual({ type: 'invalid' });
    expect(read(text).type).toBe('object');
  });

  it.each([
    ['[]', 'array'],
    [' [1] ', 'array'],
    ['[{"op":"hello"}]', 'array'],
    ['7', 'scalar'],
    ['-1.5e3', 'scalar'],
    ['"hi"', 'scalar'],
    [' true ', 'scalar'],
    ['null', 'scalar'],
    ['', 'invalid'],
    [' \n', 'invalid'],
    ['hi', 'invalid'],
    ['{', 'invalid'],
    ['{}}', 'invalid'],
    ['{"a"}', 'invalid'],
    ['{"a":}', 'invalid'],
    ['{"a":1,}', 'invalid'],
    ['{,}', 'invalid'],
    ['{a:1}', 'invalid'],
    ['{"a":1}{"a":1}', 'invalid'],
    ['{"a":1} x', 'invalid'],
    ['[1', 'invalid'],
    ['[1]]', 'invalid'],
    ['\ufeff{}', 'invalid'],
    ['\ufeff7', 'invalid'],
  ])('WIRE-H1 BAD-not-object: %j is %s', (text, type) => {
    expect(read(text).type).toBe(type);
  });

  it.each([
    ['7', 7],
    ['0', 0],
    ['-1.5', -1.5],
    ['"7"', '7'],
    ['""', ''],
    ['null', null],
    ['true', undefined],
    ['{"a":1}', undefined],
    ['[7]', undefined],
    ['1e999', undefined],
    ['12345678901234567890', undefined],
  ])('BAD-id-type SHIM-S16: id %s is read as %j', (written, id) => {
    const envelope = envelopeOf(`{"jsonrpc":"2.0","id":${written},"method":"m"}`);
    expect(envelope.id).toBe(id);
    expect(envelope.hasId).toBe(true);
  });

  it('WIRE-M1: only the top level counts', () => {
    const envelope = envelopeOf(
      '{"params":{"id":1,"method":"x","op":"hello","jsonrpc":"2.0"},"x":[{"result":1,"error":2}]}',
    );
    expect(envelope).toMatchObject({
      op: undefined,
      method: undefined,
      isJsonRpc: false,
      hasId: false,
      hasResult: false,
      hasError: false,
    });
  });

  it('WIRE-M1: a byte order mark inside a name or value belongs to it', () => {
    expect(envelopeOf('{"\ufeffop":"hello","method":"\ufeffping"}')).toMatchObject({
      op: undefined,
      method: '\ufeffping',
    });
  });

  it('WIRE-M1: strings of a megabyte, full of quotes and backslashes', () => {
    for (const unit of ['"', '\\', '\\"', 'é', '{[']) {
      const params = { text: unit.repeat(1024 * 1024) };
      const bytes = encoder.encode(JSON.stringify({ params, jsonrpc: '2.0', id: 3, method: 'm' }));
      const envelope = readEnvelope(bytes);
      if (envelope.type !== 'object') throw new Error('not read');
      expect(envelope.envelope).toMatchObject({ id: 3, method: 'm', isJsonRpc: true });
      const { start, end } = envelope.envelope.params ?? { start: 0, end: 0 };
      expect(decoder.decode(bytes.subarray(start, end)) === JSON.stringify(params)).toBe(true);
    }
  });

  it('BAD-not-json: a megabyte of nothing but openings, or of an unclosed string, ends', () => {
    for (const text of [
      '{"a":'.repeat(200_000),
      '['.repeat(1_000_000),
      `{"a":"${'\\'.repeat(1_000_001)}`,
      `{"a":"${'\\"'.repeat(500_000)}`,
    ]) {
      expect(read(text).type).toBe('invalid');
    }
  });
});
