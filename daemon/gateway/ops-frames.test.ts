import {
  anything,
  assert,
  constantFrom,
  integer,
  jsonValue,
  object,
  oneof,
  option,
  property,
  record,
  string,
  stringify,
  uint8Array,
} from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CallReply, CallTiming } from '../calls/dispatcher.ts';
import type { ToolResult } from '../tools/tool.ts';
import {
  callAnswer,
  isSilent,
  type OpsOptions,
  opsError,
  opsPayload,
  problemFrame,
  readOpsRequest,
} from './ops-frames.ts';

function read(frame: unknown): ReturnType<typeof readOpsRequest> {
  return readOpsRequest(Buffer.from(typeof frame === 'string' ? frame : JSON.stringify(frame)));
}

/** The frame that answers a malformed one. */
function answer(frame: unknown): Record<string, unknown> {
  const request = read(frame);
  if (request.type !== 'problem') throw new Error(`read as ${request.type}`);
  return problemFrame(request);
}

const timing: CallTiming = { totalMs: 812.44, queuedMs: 0, processingMs: 811.86, provider: 'GLM' };
const options: OpsOptions = { compatText: true, ensureNonEmptyOutput: false, isModern: false, sessionId: 'win' };

function payload(result: ToolResult, changes: Partial<OpsOptions> = {}) {
  return opsPayload('chat', { type: 'result', callId: 'c_1', result, timing }, { ...options, ...changes });
}

function text(...texts: string[]): ToolResult {
  return { content: texts.map((one) => ({ type: 'text', text: one })) };
}

describe('requests', () => {
  it.each([
    [{ op: 'call_tool', request_id: 'b1', name: 'chat', arguments: { a: 1 } }, 'chat', { a: 1 }],
    [{ op: 'tool_call', request_id: 'b1', name: 'chat', arguments: null }, 'chat', {}],
    [{ op: 'call_tool', request_id: 'b1', tool: { name: 'chat' } }, 'chat', {}],
    [{ op: 'call_tool', request_id: 'b1', name: null, tool: { name: 'chat' } }, 'chat', {}],
    [{ op: 'call_tool', request_id: 'b1', name: 'chat_EXAI-WS', extra: true }, 'chat_EXAI-WS', {}],
  ])('WIRE-O2 PF-P2: %j', (frame, name, args) => {
    expect(read(frame)).toEqual({ type: 'call_tool', echo: { request_id: 'b1' }, name, args });
  });

  it.each([
    [{ request_id: 'a' }, { request_id: 'a' }],
    [{ id: 0 }, { id: 0 }],
    [
      { request_id: 1, id: '1' },
      { request_id: 1, id: '1' },
    ],
    [{ request_id: null }, {}],
    [{}, {}],
  ])('WIRE-O1: the ids %j are repeated as %j', (ids, echo) => {
    for (const op of ['list_tools', 'ping', 'health']) expect(read({ op, ...ids })).toEqual({ type: op, echo });
  });

  it('WIRE-O5: who sends no request_id is silent until the answer', () => {
    expect([{ request_id: 1 }, { request_id: 1, id: 2 }, { id: 2 }, {}].map(isSilent)).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });

  it('WIRE-O11: the target of a cancel: target, else the id of the frame', () => {
    const targets = [{ request_id: 'c9', target: 'b1' }, { request_id: 'b1' }, { id: 5 }].map((fields) =>
      read({ op: 'cancel', ...fields }),
    );
    expect(targets).toMatchObject([{ target: 'b1' }, { target: 'b1' }, { target: 5 }]);
    expect(answer({ op: 'cancel' })).toMatchObject({
      op: 'cancelled',
      ok: false,
      error: { details: { field: 'target' } },
    });
  });

  it('WIRE-O12: both tokens of a rotation are passed on as they are', () => {
    expect(read({ op: 'rotate_token', old: 'x', new: 7 })).toEqual({
      type: 'rotate_token',
      echo: {},
      old: 'x',
      new: 7,
    });
  });

  it('PF-D8: a key called __proto__ is an argument like any other', () => {
    const request = read('{"op":"call_tool","name":"chat","arguments":{"__proto__":{"x":1}}}');
    expect(request).toMatchObject({ type: 'call_tool' });
    expect(JSON.stringify(request)).toContain('"args":{"__proto__":{"x":1}}');
  });
});

describe('malformed frames', () => {
  it('WIRE-O7 BAD-not-json: text that is not JSON', () => {
    const { error, ...rest } = answer('{oops');
    expect(rest).toEqual({ op: 'error', request_id: null, message: 'invalid_json' });
    expect(error).toMatchObject({
      code: 'INVALID_REQUEST',
      message: 'The frame is not JSON.',
      retryable: false,
      details: { parse_error: expect.any(String) },
    });
  });

  it.each(['[]', '[1]', '7', 'null', '"x"'])('WIRE-O7 BAD-not-object PF-P6: %s', (frame) => {
    expect(answer(frame)).toEqual({
      op: 'error',
      request_id: null,
      message: 'invalid_request',
      error: {
        code: 'INVALID_REQUEST',
        message: 'A frame must be a JSON object.',
        retryable: false,
        details: { field: 'frame', reason: 'not an object' },
      },
    });
  });

  it.each([
    [{ op: 'dance', request_id: 'a' }, 'unknown op'],
    [{ op: 'hello', request_id: 'a' }, 'unknown op'],
    [{ op: 'toString', request_id: 'a' }, 'unknown op'],
    [{ jsonrpc: '2.0', method: 'ping', request_id: 'a' }, 'missing or not a string'],
    [{ op: ['ping'], request_id: 'a' }, 'missing or not a string'],
  ])('WIRE-O7 BAD-unknown-op: %j', (frame, reason) => {
    expect(answer(frame)).toEqual({
      op: 'error',
      request_id: 'a',
      message: 'unknown_op',
      error: {
        code: 'INVALID_REQUEST',
        message: 'There is no such op.',
        retryable: false,
        details: { field: 'op', reason },
      },
    });
  });

  it.each([
    [{ op: 'call_tool', request_id: 'a', name: 5 }, 'name', 'missing or not a string'],
    [{ op: 'call_tool', request_id: 'a', name: '' }, 'name', 'missing or not a string'],
    [{ op: 'call_tool', request_id: 'a', tool: 'chat' }, 'name', 'missing or not a string'],
    [{ op: 'tool_call', request_id: 'a', name: 'chat', arguments: [] }, 'arguments', 'not an object'],
    [{ op: 'call_tool', request_id: 'a', name: 'chat', arguments: 'x' }, 'arguments', 'not an object'],
  ])('WIRE-O7: %j is answered with the op of a call', (frame, field, reason) => {
    expect(answer(frame)).toMatchObject({
      op: 'call_tool_res',
      request_id: 'a',
      ok: false,
      message: 'invalid_request',
      error: { code: 'INVALID_REQUEST', details: { field, reason } },
    });
  });

  it.each([true, {}, [], '', 'x'.repeat(129)])('WIRE-O7 BAD-id-type: request_id %j', (request_id) => {
    expect(answer({ op: 'list_tools', request_id })).toMatchObject({
      op: 'list_tools_res',
      request_id: null,
      ok: false,
      tools: [],
      message: 'invalid_request',
      error: { code: 'INVALID_REQUEST', details: { field: 'request_id' } },
    });
  });

  it('WIRE-O7 BAD-id-type: a number that JSON cannot repeat', () => {
    expect(answer('{"op":"ping","request_id":1e999}')).toMatchObject({
      op: 'pong',
      request_id: null,
      error: { code: 'INVALID_REQUEST' },
    });
  });

  it('PF-P4 WIRE-O5: a malformed call with only an id has a result, which is no success', () => {
    expect(answer({ op: 'call_tool', id: 5, name: 5 })).toMatchObject({
      op: 'call_tool_res',
      id: 5,
      ok: false,
      result: [{ type: 'text', text: 'call_tool needs the name of a tool.' }],
    });
  });

  it('PF-P3: of 10,000 malformed frames every one is read, or answered with op, id and both forms of the message', () => {
    const op = constantFrom(
      'call_tool',
      'tool_call',
      'list_tools',
      'cancel',
      'ping',
      'health',
      'rotate_token',
      'hello',
      'x',
      5,
      null,
    );
    const id = option(oneof(string({ maxLength: 140 }), integer(), jsonValue({ maxDepth: 1 })));
    const frame = oneof(
      record(
        { op, request_id: id, id, name: jsonValue({ maxDepth: 1 }), arguments: jsonValue({ maxDepth: 2 }), target: id },
        { requiredKeys: [] },
      ).map((value) => JSON.stringify(value)),
      object({ maxDepth: 2 }).map((value) =>
        JSON.stringify(value, (_key, one: unknown) => (typeof one === 'bigint' ? null : one)),
      ),
      anything().map((value) => stringify(value)),
      uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    );
    assert(
      property(frame, (written) => {
        const request = read(written);
        if (request.type !== 'problem') return;
        const problem = JSON.parse(JSON.stringify(problemFrame(request))) as Record<string, unknown>;
        expect([
          'error',
          'call_tool_res',
          'list_tools_res',
          'cancelled',
          'pong',
          'health_res',
          'rotate_token_res',
        ]).toContain(problem['op']);
        expect('request_id' in problem || 'id' in problem).toBe(true);
        expect(problem['message']).toMatch(/^(invalid_json|invalid_request|unknown_op)$/);
        expect(problem['error']).toMatchObject({
          code: 'INVALID_REQUEST',
          message: expect.any(String),
          retryable: false,
        });
      }),
      { numRuns: 10_000 },
    );
  });
});

describe('results', () => {
  it('WIRE-O3: a success, as the specification shows it', () => {
    expect(JSON.parse(callAnswer({ request_id: 'b1' }, payload(text('Hello'))))).toEqual({
      op: 'call_tool_res',
      request_id: 'b1',
      ok: true,
      outputs: [
        {
          type: 'text',
          text: 'Hello',
          metadata: {
            latency_metrics: {
              latency_ms: 812.4,
              global_sem_wait_ms: 0,
              provider_sem_wait_ms: 0,
              processing_ms: 811.9,
              provider_name: 'GLM',
            },
          },
        },
      ],
      text: 'Hello',
    });
  });

  it('WIRE-O3: the compat text joins what is not empty; it can be switched off', () => {
    expect(payload(text('a', '', 'b')).body['text']).toBe('a\n\nb');
    expect(payload(text('a'), { compatText: false }).body).not.toHaveProperty('text');
  });

  it('WIRE-O5: with only an id: one frame with result, for success and failure', () => {
    const { outputs } = payload(text('Hello')).body;
    expect(JSON.parse(callAnswer({ id: 3 }, payload(text('Hello'))))).toMatchObject({
      id: 3,
      ok: true,
      result: outputs,
    });
    const refused = opsPayload(
      'chat',
      { type: 'failure', callId: 'c_1', failure: { code: 'TIMEOUT', message: 'Too slow.' }, timing },
      options,
    );
    const frame = JSON.parse(callAnswer({ id: 3 }, refused)) as object;
    expect(frame).toMatchObject({ id: 3, ok: false, result: [{ type: 'text', text: 'Too slow.' }] });
    expect(frame).not.toHaveProperty('request_id');
    expect(JSON.parse(callAnswer({}, refused))).toMatchObject({ request_id: null, ok: false });
  });

  it('WIRE-O6: a tool that failed: EXEC_ERROR beside its outputs', () => {
    const { ok, body } = payload({ ...text('no such file\nstack'), isError: true });
    expect(ok).toBe(false);
    expect(body).toMatchObject({
      outputs: [{ text: 'no such file\nstack' }],
      error: { code: 'EXEC_ERROR', message: 'no such file', retryable: false, call_id: 'c_1' },
    });
  });

  it.each([
    ['code_too_large', 'CODE_TOO_LARGE'],
    ['error', 'ERROR'],
    ['execution_error', 'EXECUTION_ERROR'],
    ['resend_prompt', 'RESEND_PROMPT'],
  ])('WIRE-O6: the status %s in JSON output is lifted to %s', (status, code) => {
    for (const isError of [true, false]) {
      const { ok, body } = payload({ ...text(JSON.stringify({ content: 'x', status })), isError });
      expect(ok).toBe(false);
      expect(body).toMatchObject({ outputs: [{ type: 'text' }], error: { code } });
    }
  });

  it.each([
    '{"status":"ok"}',
    '{"status":"toString"}',
    '{"status":["error"]}',
    '[{"status":"error"}]',
    '{"a":{"status":"error"}}',
    '{"status":"error"',
    'status: error',
  ])('WIRE-O6: %s is a success', (output) => {
    expect(payload(text(output)).ok).toBe(true);
  });

  it('WIRE-O3: other content is text for old clients, and verbatim beside it for new ones', () => {
    const image = { type: 'image', data: 'AAAA', mimeType: 'image/png' };
    const result: ToolResult = { content: [{ type: 'text', text: 'see' }, image], structuredContent: { a: 1 } };
    const old = payload(result).body;
    expect(old).toMatchObject({
      outputs: [{ text: 'see' }, { type: 'text', text: JSON.stringify(image) }],
      structured: { a: 1 },
    });
    expect(old).not.toHaveProperty('content');
    expect(payload(result, { isModern: true }).body['content']).toEqual(result.content);
    expect(payload(text('x'), { isModern: true }).body).not.toHaveProperty('content');
  });

  it('WIRE-O3: there is always one output; if wished it says that there was none', () => {
    expect(payload({ content: [] }).body['outputs']).toMatchObject([{ type: 'text', text: '' }]);
    const [output] = payload({ content: [] }, { ensureNonEmptyOutput: true }).body['outputs'] as { text: string }[];
    expect(JSON.parse(output?.text ?? '')).toEqual({
      status: 'no_payload_from_tool',
      diagnostic_stub: true,
      tool: 'chat',
      session: 'win',
      ts: expect.any(Number),
    });
  });
});

describe('the error object', () => {
  it('WIRE-C1: OVER_CAPACITY as the specification shows it', () => {
    const failure = {
      code: 'OVER_CAPACITY',
      message: 'GLM is at its limit of 4.',
      retryAfterMs: 1000,
      capacity: { scope: 'provider', limit: 4, inflight: 4, queued: 0 },
    } as const;
    expect(opsError(failure)).toEqual({
      code: 'OVER_CAPACITY',
      message: 'GLM is at its limit of 4.',
      retry_after: 1,
      retryable: true,
      details: { scope: 'provider', limit: 4, inflight: 4, queued: 0 },
    });
  });

  it('WIRE-O8: what may have run, the hint and the original id', () => {
    const reply: CallReply = {
      type: 'failure',
      callId: 'c_1',
      failure: { code: 'TIMEOUT', message: 'm', hint: 'h', callId: 'c_1' },
      timing,
    };
    expect(opsPayload('chat', reply, options).body).toEqual({
      error: {
        code: 'TIMEOUT',
        message: 'm',
        retryable: false,
        call_id: 'c_1',
        details: { mayHaveRun: true, hint: 'h' },
      },
    });
    expect(opsError({ code: 'DUPLICATE', message: 'm' }, 'b1')).toEqual({
      code: 'DUPLICATE',
      message: 'm',
      retryable: false,
      original_request_id: 'b1',
    });
  });
});
