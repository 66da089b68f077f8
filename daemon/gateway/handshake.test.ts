import { describe, expect, it } from 'vitest';
import type { HelloError } from '../../protocol/hello.ts';
import { directMcpRefusal, helloRefusal, readFirstFrame } from './handshake.ts';

function read(text: string): ReturnType<typeof readFirstFrame> {
  return readFirstFrame(Buffer.from(text));
}

function refusal(text: string): string {
  const first = read(text);
  return first.type === 'refused' ? first.error : first.type;
}

const shimId = '0b0f3c1e-6c55-4d7e-9c0a-2f1d7a5b9e11';

describe('the first frame', () => {
  it.each([
    'hi',
    '[1]',
    '7',
    '"hello"',
    'null',
    '',
    '{"op":"hello"',
    '\u0016\u0003\u0001',
    '{"op":"list_tools","x":[}}',
  ])('WIRE-H1 BAD-not-json BAD-not-object: %j is an invalid hello', (text) => {
    expect(refusal(text)).toBe('invalid_hello');
  });

  it.each([
    '{"op":"list_tools"}',
    '{"a":1}',
    '{}',
    '{"op":5}',
    '{"jsonrpc":"1.0","method":"x"}',
    '{"jsonrpc":"2.0","op":"call_tool"}',
  ])('WIRE-H2 BAD-no-hello: %s is no hello', (text) => {
    expect(refusal(text)).toBe('missing_hello');
  });

  it.each(['{"op":"hello","token":7}', '{"op":"hello","shimId":"x"}', '{"op":"hello","client":[]}'])(
    'WIRE-H1 PF-P6: %s is an invalid hello that names the field',
    (text) => {
      const first = read(text);
      const [, field] = Object.keys(JSON.parse(text) as object);
      expect(first).toEqual({
        type: 'refused',
        error: 'invalid_hello',
        hint: `The field ${field} has the wrong form.`,
      });
    },
  );

  it('WIRE-H12: another major version is refused, another minor is not', () => {
    expect(read('{"op":"hello","protocol":"2.0"}')).toEqual({
      type: 'refused',
      error: 'upgrade_required',
      hint: 'This daemon speaks protocol 1.0.',
    });
    expect(refusal('{"op":"hello","protocol":"0.9"}')).toBe('upgrade_required');
    expect(refusal('{"op":"hello","protocol":"1.7"}')).toBe('hello');
  });

  it.each([
    ['a hello of an old shim', { op: 'hello' }, 'ops'],
    ['ops with a shim id', { op: 'hello', mode: 'ops', shimId }, 'ops'],
    ['mcp without a shim id', { op: 'hello', mode: 'mcp' }, 'ops'],
    ['our shim', { op: 'hello', mode: 'mcp', shimId }, 'shim'],
    ['unknown keys, null credentials', { op: 'hello', token: null, jwt: null, future: { a: 1 } }, 'ops'],
  ])('WIRE-H8 WIRE-H4: %s', (_what, hello, transport) => {
    expect(read(JSON.stringify(hello))).toMatchObject({ type: 'hello', transport });
  });

  it('WIRE-H7: JSON-RPC first is direct MCP, with the id it has', () => {
    expect(read('{"jsonrpc":"2.0","id":0,"method":"initialize"}')).toEqual({ type: 'direct-mcp', id: 0 });
    expect(read('{"jsonrpc":"2.0","method":"notifications/initialized"}')).toEqual({ type: 'direct-mcp', id: null });
    expect(read('{"jsonrpc":"2.0","id":{},"method":"initialize"}')).toEqual({ type: 'direct-mcp', id: null });
  });
});

describe('refusals', () => {
  it.each<[HelloError, string, number, string]>([
    ['invalid_hello', 'INVALID_REQUEST', 4000, 'invalid hello'],
    ['missing_hello', 'INVALID_REQUEST', 4001, 'missing hello'],
    ['unauthorized', 'UNAUTHORIZED', 4003, 'unauthorized'],
    ['jwt_required', 'UNAUTHORIZED', 4003, 'jwt_required'],
    ['upgrade_required', 'UPGRADE_REQUIRED', 4004, 'upgrade required'],
    ['session_limit', 'SESSION_LIMIT', 1013, 'session limit'],
  ])('WIRE-H1 WIRE-H2 WIRE-H4 WIRE-H5 WIRE-H12 WIRE-H13: %s', (error, code, closeCode, reason) => {
    expect(helloRefusal(error, 'Do this.')).toEqual({
      ack: { op: 'hello_ack', ok: false, error, code, hint: 'Do this.' },
      close: { code: closeCode, reason },
    });
  });

  it.each([7, 'seven', null])('WIRE-H7 PF-A2: a direct client without a credential: 401 with id %j', (id) => {
    const failure = { code: 'UNAUTHORIZED', message: 'This daemon needs a token.', hint: 'Send a bearer.' } as const;
    expect(JSON.parse(directMcpRefusal(id, failure))).toEqual({
      jsonrpc: '2.0',
      id,
      error: {
        code: 401,
        message: 'This daemon needs a token.',
        data: { code: 'UNAUTHORIZED', retryable: false, mayHaveRun: false, hint: 'Send a bearer.' },
      },
    });
  });
});
