import { assert, constantFrom, property, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEnvFile } from './env-file.ts';

/** The values only, or the message of the refusal. */
function read(text: string): Record<string, string> | string {
  const parsed = parseEnvFile(text, '.env');
  if (parsed.type === 'invalid') return parsed.message;
  return Object.fromEntries([...parsed.values].map(([name, { value }]) => [name, value]));
}

describe('accepted lines', () => {
  it.each([
    ['plain', 'A=1', '1'],
    ['white space around name, = and value', '  A \t =  1  ', '1'],
    ['export', 'export A=1', '1'],
    ['a variable called export', 'export=1', '1', 'export'],
    ['empty', 'A=', ''],
    ['blank', 'A=   ', ''],
    ['lower case and digits', 'a_1=x', 'x', 'a_1'],
    ['= in the value', 'A=b=c==', 'b=c=='],
    ['spaces inside', 'A=b c  d', 'b c  d'],
    ['# inside a word', 'A=abc#def', 'abc#def'],
    ['# at the very start of a word', 'A=#abc', '#abc'],
    ['# after white space', 'A=abc #def', 'abc'],
    ['# after a tab', 'A=abc\t# def # ghi', 'abc'],
    ['# in a word and a comment', 'A=a#b # c', 'a#b'],
    ['quote inside a word', `A=it's`, `it's`],
    ['no expansion', 'A=$HOME/${B}', '$HOME/${B}'],
    ['single quotes', `A='a # b \\n "c"'`, String.raw`a # b \n "c"`],
    ['double quotes', 'A="a # b"', 'a # b'],
    ['escapes', String.raw`A="a\nb\tc\"d\\e"`, 'a\nb\tc"d\\e'],
    ['blanks kept in quotes', 'A="  a  "', '  a  '],
    ['empty quotes', 'A=""', ''],
    ['comment after a quote', `A='b' # c`, 'b'],
    ['white space after a quote', 'A="b" \t', 'b'],
    ['other quote inside', `A="it's"`, `it's`],
    ['byte order mark', '\uFEFFA=1', '1'],
    ['CR', 'A=1\r', '1'],
    ['non-breaking space of a pasted page', 'A\u00A0=\u00A01\u00A0# one', '1'],
  ])('WIRE-F4: %s', (_form, line, value, name = 'A') => {
    expect(read(line)).toEqual({ [name]: value });
  });

  it('WIRE-F4: blank lines and comments say nothing', () => {
    expect(read('\n   \n# A=1\n\t#B=2\r\n')).toEqual({});
  });

  it('WIRE-F4: CRLF files and files without a last line end read the same', () => {
    expect(read('A=1\r\nB="2"\r\n\r\nC=3')).toEqual({ A: '1', B: '2', C: '3' });
  });

  it('BAD-env-inline-comments WIRE-F4: the two bad lines of the runbook work', () => {
    const text = 'EXAI_WS_MAX_BYTES= 33554432 #(32 MB frame limit)\nEXAI_WS_TOKEN = #(optional)\n';
    expect(read(text)).toEqual({ EXAI_WS_MAX_BYTES: '33554432', EXAI_WS_TOKEN: '' });
  });

  it('PF-A6: a token with # is never cut', () => {
    for (const line of [
      'T=pass#word#1234567',
      `T='pass#word#1234567'`,
      'T="pass#word#1234567" # ours',
      'T = pass#word#1234567 #x',
    ]) {
      expect(read(line)).toEqual({ T: 'pass#word#1234567' });
    }
  });

  it('WIRE-F4: lines are counted from 1', () => {
    const parsed = parseEnvFile('# first\n\nA=1\n', '.env');
    expect(parsed.type === 'ok' && parsed.values.get('A')).toEqual({ value: '1', line: 3 });
  });

  it('WIRE-F4: of a repeated name the last wins, with a warning that shows no value', () => {
    const parsed = parseEnvFile('A=secret1\nB=2\nA=secret2\n', 'prod.env');
    expect(parsed).toEqual({
      type: 'ok',
      values: new Map([
        ['A', { value: 'secret2', line: 3 }],
        ['B', { value: '2', line: 2 }],
      ]),
      warnings: ['A is set again in prod.env line 3; the value of line 1 is dropped'],
    });
  });
});

describe('refused lines', () => {
  it.each([
    ['no =', 'EXAI_WS_PORT', 'expected NAME=VALUE'],
    ['no name', '=1', 'expected NAME=VALUE'],
    ['export alone', 'export A', 'expected NAME=VALUE'],
    ['a name with a dash', 'A-B=1', 'expected NAME=VALUE'],
    ['a name with a digit first', '1A=1', 'expected NAME=VALUE'],
    ['two words before =', 'set A=1', 'expected NAME=VALUE'],
    ['a colon', 'A: 1', 'expected NAME=VALUE'],
    ['open single quote', `A='b`, 'expected a closing quote on the same line'],
    ['open double quote', 'A="b\\"', 'expected a closing quote on the same line'],
    ['a quote that spans lines', 'A="b\nc"', 'expected a closing quote on the same line'],
    ['text after a quote', 'A="b"c', 'expected nothing after the closing quote'],
    [
      'unknown escape',
      String.raw`A="C:\Users"`,
      String.raw`expected \n, \t, \" or \\ after a backslash; '…' takes it literally`,
    ],
    ['bytes outside UTF-8', 'A=caf\uFFFD', 'expected UTF-8 text'],
    ['a file saved as UTF-16', 'A\0=\x001\0', 'expected UTF-8 text'],
  ])('WIRE-F4: %s', (_form, line, expected) => {
    expect(read(`# comment\nB=1\n${line}`)).toBe(`exai: .env line 3: ${expected}`);
  });

  it('WIRE-F4: the refusal never repeats the line, which may hold a secret', () => {
    assert(
      property(string({ minLength: 8, unit: constantFrom('q', 'z', '7', '"', "'", '\\', ' ') }), (junk) => {
        const parsed = parseEnvFile(`EXAI_WS_TOKEN="${junk}`, 'f');
        const line = parsed.type === 'invalid' ? parsed.message : '';
        expect(line).not.toMatch(/[qz7]{3}/);
      }),
    );
  });
});

it('WIRE-F4: any text is either read or refused with one line that names file and line', () => {
  assert(
    property(
      string({ unit: constantFrom('A', '=', '#', ' ', '\t', '\n', '\r', '"', "'", '\\', 'x', '-', '\0') }),
      (text) => {
        const parsed = parseEnvFile(text, '.env');
        const line = parsed.type === 'ok' ? 'read' : parsed.message;
        expect(line).toMatch(/^read$|^exai: \.env line \d+: expected .+$/);
      },
    ),
  );
});

it('WIRE-F4: every value survives double quotes with its escapes', () => {
  assert(
    property(string({ unit: 'grapheme-ascii' }), (value) => {
      const quoted = value.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
      expect(read(`A="${quoted}" # c`)).toEqual({ A: value });
    }),
  );
});
