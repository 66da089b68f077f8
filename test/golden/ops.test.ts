import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { TestHome } from '../support/daemon-process.ts';
import { eventually } from '../support/deadline.ts';
import { OpsClient } from '../support/ops-client.ts';
import {
  callTool,
  executionsIn,
  framesOf,
  healthOf,
  inflight,
  opsOf,
  resultsOf,
  runningCall,
  startCall,
} from './ops-calls.ts';
import { useDaemon } from './use-daemon.ts';

const token = 'golden-token-0123456789';
const countDir = mkdtempSync(join(tmpdir(), 'exai-golden-'));
afterAll(() => rmSync(countDir, { recursive: true, force: true }));

const text = (value: string) => ({ type: 'text', text: value });

describe('requests and answers', () => {
  const shared = useDaemon({
    testTools: true,
    env: { EXAI_WS_PROGRESS_INTERVAL_SECS: '1', EXAI_WS_CALL_TIMEOUT: '90' },
  });

  it('WIRE-O1: repeats exactly the ids that were given, with their type', async () => {
    const client = await shared.session();
    for (const ids of [
      { request_id: 'a' },
      { request_id: 7 },
      { request_id: 1.5 },
      { id: 'b' },
      { id: 0 },
      { request_id: 'a', id: 2 },
    ]) {
      for (const [op, answer] of [
        ['list_tools', 'list_tools_res'],
        ['ping', 'pong'],
        ['health', 'health_res'],
      ] as const) {
        client.send({ op, ...ids });
        const { op: got, request_id, id } = await client.next();
        expect({
          op: got,
          ...(request_id === undefined ? {} : { request_id }),
          ...(id === undefined ? {} : { id }),
        }).toEqual({ op: answer, ...ids });
      }
    }
  });

  it('WIRE-O1: a list without any id gets the next frame although a call is running', async () => {
    const client = await shared.session();
    await runningCall(client, 'slow', 'sleep', { ms: 1500, progress: 100 });
    const seen = client.frames.length;
    client.send({ op: 'list_tools' });
    const list = await client.frame({ op: 'list_tools_res' });
    expect(list).toEqual({
      op: 'list_tools_res',
      request_id: null,
      tools: expect.any(Array),
      timestamp: expect.any(Number),
    });
    const between = client.frames.slice(seen).map(({ json }) => json?.['op']);
    expect(between.filter((op) => op !== 'progress' && op !== 'list_tools_res')).toEqual([]);
    client.send({ op: 'cancel', request_id: 'c', target: 'slow' });
    await client.frame({ op: 'call_tool_res', request_id: 'slow' });
  });

  it('WIRE-O1: the list shows every tool with a schema', async () => {
    const client = await shared.session();
    client.send({ op: 'list_tools', request_id: 1 });
    const { tools } = (await client.next()) as { tools: Record<string, unknown>[] };
    expect(tools.map(({ name }) => name)).toEqual(
      expect.arrayContaining([
        'version',
        'listmodels',
        'status',
        'health',
        'activity',
        'provider_capabilities',
        'chat',
      ]),
    );
    expect(tools.find(({ name }) => name === 'chat')).toEqual({
      name: 'chat',
      title: 'chat',
      description: 'Test tool chat',
      inputSchema: { type: 'object' },
      annotations: {},
    });
    for (const { inputSchema } of tools) expect(inputSchema).toMatchObject({ type: 'object' });
  });

  it.each([
    ['{"op":"call_tool","request_id":"o2","name":"chat","arguments":{"prompt":"hi"}}', 'hi'],
    ['{"op":"tool_call","request_id":"o2","name":"chat","arguments":{"prompt":"hi"}}', 'hi'],
    ['{"op":"call_tool","request_id":"o2","tool":{"name":"chat"},"arguments":{"prompt":"hi"}}', 'hi'],
    ['{"op":"call_tool","request_id":"o2","name":"chat","arguments":null}', ''],
    ['{"op":"call_tool","request_id":"o2","name":"chat"}', ''],
    ['{"op":"call_tool","request_id":"o2","name":"chat_EXAI-WS","arguments":{"prompt":"hi"}}', 'hi'],
    ['{"op":"call_tool","request_id":"o2","name":"chat-EXAI-WS","arguments":{"prompt":"hi"}}', 'hi'],
    ['{"op":"call_tool","request_id":"o2","name":"chat_EXAI_WS","arguments":{"prompt":"hi"}}', 'hi'],
    ['{"op":"call_tool","request_id":"o2","name":"chat-EXAI_WS","arguments":{"prompt":"hi"}}', 'hi'],
  ])('WIRE-O2 PF-P2: %s runs chat', async (frame, answer) => {
    const client = await shared.session();
    client.send(frame);
    expect(await client.frame({ op: 'call_tool_res' })).toEqual({
      op: 'call_tool_res',
      request_id: 'o2',
      ok: true,
      outputs: [
        {
          ...text(answer),
          metadata: {
            latency_metrics: {
              latency_ms: expect.any(Number),
              global_sem_wait_ms: 0,
              provider_sem_wait_ms: 0,
              processing_ms: expect.any(Number),
              provider_name: '',
            },
          },
        },
      ],
      text: answer,
    });
    expect(opsOf(client, 'o2')).toEqual(['call_tool_ack', 'call_tool_res']);
    expect(framesOf(client, 'o2')[0]).toMatchObject({
      accepted: true,
      timeout: 90,
      queued: false,
      call_id: expect.stringMatching(/^c_/),
    });
  });

  it('WIRE-O2: only one ending is dropped, and an unknown tool is quoted as it was written', async () => {
    const client = await shared.session();
    expect(await callTool(client, 1, 'chat_EXAI-WS_EXAI-WS')).toMatchObject({
      ok: false,
      error: { code: 'TOOL_NOT_FOUND', message: expect.stringContaining('chat_EXAI-WS_EXAI-WS'), retryable: false },
    });
    expect(opsOf(client, 1)).toEqual(['call_tool_res']);
  });

  it('WIRE-O3 PF-P7: a call of three progress intervals gets ack, heartbeats and one result', async () => {
    const client = await shared.session();
    const result = await callTool(client, 'o3', 'sleep', { ms: 3300 });
    expect(result).toMatchObject({ ok: true, text: 'slept 3300 ms' });
    const [ack, ...rest] = opsOf(client, 'o3');
    expect(ack).toBe('call_tool_ack');
    expect(rest.at(-1)).toBe('call_tool_res');
    const beats = framesOf(client, 'o3').slice(1, -1);
    expect(beats.length).toBeGreaterThanOrEqual(2);
    for (const beat of beats)
      expect(beat).toEqual({ op: 'progress', request_id: 'o3', name: 'sleep', t: expect.any(Number), note: 'running' });
  });

  it('WIRE-O3: progress of the tool and chunks of a stream keep their order', async () => {
    const client = await shared.session();
    await callTool(client, 'steps', 'sleep', { ms: 30, progress: 2 });
    expect(framesOf(client, 'steps').slice(1, -1)).toEqual([
      {
        op: 'progress',
        request_id: 'steps',
        name: 'sleep',
        t: expect.any(Number),
        progress: 1,
        total: 2,
        message: 'step 1 of 2',
        level: 'info',
      },
      {
        op: 'progress',
        request_id: 'steps',
        name: 'sleep',
        t: expect.any(Number),
        progress: 2,
        total: 2,
        message: 'step 2 of 2',
        level: 'info',
      },
    ]);
    await callTool(client, 'streamed', 'stream', { stream: true, chunks: 2 });
    expect(framesOf(client, 'streamed').slice(1, -1)).toEqual([
      { op: 'stream_chunk', request_id: 'streamed', seq: 0, chunk: 'chunk 0 ', timestamp: expect.any(String) },
      { op: 'stream_chunk', request_id: 'streamed', seq: 1, chunk: 'chunk 1 ', timestamp: expect.any(String) },
      { op: 'stream_complete', request_id: 'streamed', timestamp: expect.any(String) },
    ]);
    await callTool(client, 'whole', 'stream', { chunks: 2 });
    expect(opsOf(client, 'whole')).toEqual(['call_tool_ack', 'call_tool_res']);
  });

  it('WIRE-O4 PF-P1 MAIN-concurrent: everything else on the socket is answered before a slow call', async () => {
    const client = await shared.session();
    await runningCall(client, 'slow', 'sleep', { ms: 1200 });
    client.send({ op: 'list_tools', request_id: 'list' });
    client.send({ op: 'ping', request_id: 'ping' });
    client.send({ op: 'health', request_id: 'health' });
    startCall(client, 'fast', 'echo', { text: 'fast' });
    expect(await client.frame({ op: 'call_tool_res', request_id: 'slow' })).toMatchObject({ ok: true });
    const order = client.frames.map(({ json }) => json?.['request_id']);
    for (const quick of ['list', 'ping', 'health', 'fast'])
      expect(order.lastIndexOf(quick)).toBeLessThan(order.lastIndexOf('slow'));
    expect(opsOf(client, 'slow').filter((op) => op === 'call_tool_res')).toHaveLength(1);
  });

  it.each([
    ['echo', { text: 'fine' }, true, [expect.objectContaining(text('fine'))]],
    ['fail', { how: 'isError' }, false, [expect.objectContaining(text('failed as asked'))]],
    ['no_such_tool', {}, false, [text('There is no tool "no_such_tool".')]],
    ['sleep', { ms: 1200, progress: 3, stream: true }, true, [expect.objectContaining(text('slept 1200 ms'))]],
  ])(
    'WIRE-O5 PF-P4: a call of %s with only an id gets exactly one frame, with a result',
    async (name, args, ok, result) => {
      const client = await shared.session();
      client.send({ op: 'call_tool', id: 4, name, arguments: args });
      const answer = await client.next();
      expect(answer).toMatchObject({ op: 'call_tool_res', id: 4, ok, result });
      expect(answer).not.toHaveProperty('request_id');
      client.send({ op: 'ping', id: 5 });
      expect(await client.next()).toMatchObject({ op: 'pong', id: 5 });
    },
  );

  it('WIRE-O5: a call without any id gets one frame with request_id null', async () => {
    const client = await shared.session();
    client.send({ op: 'call_tool', name: 'stream', arguments: { stream: true } });
    const answer = await client.next();
    expect(answer).toMatchObject({ op: 'call_tool_res', request_id: null, ok: true });
    expect(answer).not.toHaveProperty('result');
    client.send({ op: 'ping' });
    expect(await client.next()).toMatchObject({ op: 'pong', request_id: null });
  });

  it('WIRE-O6: a failed tool is EXEC_ERROR beside its outputs', async () => {
    const client = await shared.session();
    for (const how of ['isError', 'throw']) {
      const answer = await callTool(client, how, 'fail', { how });
      expect(answer).toMatchObject({
        op: 'call_tool_res',
        ok: false,
        outputs: [{ type: 'text', text: 'failed as asked' }],
        text: 'failed as asked',
        error: { code: 'EXEC_ERROR', message: 'failed as asked', retryable: false, call_id: expect.any(String) },
      });
    }
  });

  it.each([
    ['code_too_large', 'CODE_TOO_LARGE'],
    ['error', 'ERROR'],
    ['execution_error', 'EXECUTION_ERROR'],
    ['resend_prompt', 'RESEND_PROMPT'],
  ])('WIRE-O6: the status %s of an output is lifted to %s', async (status, code) => {
    const client = await shared.session();
    const answer = await callTool(client, 1, 'fail', { how: 'status', status });
    const output = JSON.stringify({ status, message: 'failed as asked' });
    expect(answer).toMatchObject({
      ok: false,
      outputs: [{ type: 'text', text: output }],
      text: output,
      error: { code, retryable: false },
    });
  });

  it('WIRE-O6: any other status, or text that only looks like one, is a success', async () => {
    const client = await shared.session();
    expect(await callTool(client, 1, 'fail', { how: 'status', status: 'continuation_available' })).toMatchObject({
      ok: true,
    });
    expect(await callTool(client, 2, 'echo', { text: '{"status":"error"' })).toMatchObject({ ok: true });
  });

  it('WIRE-O6: content that is no text is given verbatim to clients that sent a protocol, and as text to all', async () => {
    const image = { type: 'image', data: 'iVBORw0KGgo=', mimeType: 'image/png', _meta: { own: true } };
    const result = { content: [text('one'), image, text('two')], structuredContent: { n: 1 } };
    const modern = await shared.session({ protocol: '1.0' });
    expect(await callTool(modern, 1, 'answer', { result })).toMatchObject({
      ok: true,
      content: result.content,
      structured: { n: 1 },
      outputs: [text('one'), text(JSON.stringify(image)), text('two')],
      text: `one\n\n${JSON.stringify(image)}\n\ntwo`,
    });
    const legacy = await shared.session();
    expect(await callTool(legacy, 1, 'answer', { result })).not.toHaveProperty('content');
  });

  it.each([
    [
      '{"op":"nonsense","request_id":"r"}',
      {
        op: 'error',
        request_id: 'r',
        message: 'unknown_op',
        error: { code: 'INVALID_REQUEST', details: { field: 'op', reason: 'unknown op' } },
      },
    ],
    [
      '{"op":"hello","request_id":"r"}',
      { op: 'error', request_id: 'r', error: { code: 'INVALID_REQUEST', details: { field: 'op' } } },
    ],
    [
      '{"request_id":"r"}',
      { op: 'error', request_id: 'r', error: { code: 'INVALID_REQUEST', details: { field: 'op' } } },
    ],
    [
      '[{"op":"ping"}]',
      { op: 'error', request_id: null, error: { code: 'INVALID_REQUEST', details: { field: 'frame' } } },
    ],
    ['null', { op: 'error', request_id: null, error: { code: 'INVALID_REQUEST' } }],
    ['"ping"', { op: 'error', request_id: null, error: { code: 'INVALID_REQUEST' } }],
    [
      '{"op":"call_tool","request_id":"r","name":5}',
      {
        op: 'call_tool_res',
        ok: false,
        request_id: 'r',
        error: { code: 'INVALID_REQUEST', details: { field: 'name' } },
      },
    ],
    [
      '{"op":"call_tool","request_id":"r","name":"echo","arguments":[1]}',
      {
        op: 'call_tool_res',
        ok: false,
        request_id: 'r',
        error: { code: 'INVALID_REQUEST', details: { field: 'arguments' } },
      },
    ],
    [
      '{"op":"list_tools","request_id":{}}',
      {
        op: 'list_tools_res',
        tools: [],
        request_id: null,
        error: { code: 'INVALID_REQUEST', details: { field: 'request_id' } },
      },
    ],
    [
      `{"op":"ping","request_id":"${'r'.repeat(129)}"}`,
      { op: 'pong', ok: false, request_id: null, error: { code: 'INVALID_REQUEST', details: { field: 'request_id' } } },
    ],
    [
      '{"op":"ping","request_id":"r","id":true}',
      { op: 'pong', ok: false, request_id: 'r', error: { code: 'INVALID_REQUEST', details: { field: 'id' } } },
    ],
    [
      '{"op":"cancel"}',
      {
        op: 'cancelled',
        ok: false,
        request_id: null,
        error: { code: 'INVALID_REQUEST', details: { field: 'target' } },
      },
    ],
    [
      '{"op":"list_tools"',
      {
        op: 'error',
        request_id: null,
        message: 'invalid_json',
        error: { code: 'INVALID_REQUEST', details: { parse_error: expect.any(String) } },
      },
    ],
  ])(
    'WIRE-O7 PF-P3 PF-P6 BAD-unknown-op BAD-not-object BAD-not-json BAD-id-type: %s is answered and the connection stays open',
    async (frame, answer) => {
      const client = await shared.session();
      client.send(frame);
      const got = await client.next();
      expect(got).toMatchObject(answer);
      expect(got['message']).toEqual(expect.any(String));
      expect(got['error']).toMatchObject({ message: expect.any(String), retryable: false });
      client.send('{"op":"ping","request_id":"still here"}');
      expect(await client.next()).toMatchObject({ op: 'pong', request_id: 'still here' });
    },
  );

  it('PF-P3: ten thousand malformed frames get ten thousand errors with op and request_id', async () => {
    const client = await shared.session();
    const frames = fc.sample(malformedFrame(), { numRuns: 10_000, seed: 20_261_120 });
    for (const frame of frames) client.send(frame);
    client.send({ op: 'ping', request_id: 'the end' });
    await client.frame({ op: 'pong', request_id: 'the end' }, 30_000);
    const answers = client.frames.slice(1, -1);
    expect(answers).toHaveLength(10_000);
    const bad = answers.filter(
      ({ json }) =>
        typeof json?.['op'] !== 'string' || !('request_id' in json || 'id' in json) || json['error'] === undefined,
    );
    expect(bad.map(({ text: answer }) => answer)).toEqual([]);
  });

  it('PF-D2: the same error twice and the same list twice all arrive', async () => {
    const client = await shared.session();
    for (let round = 0; round < 2; round += 1) {
      client.send({ op: 'nonsense', request_id: 1 });
      client.send({ op: 'list_tools', request_id: 2 });
      client.send({ op: 'ping', request_id: 3 });
    }
    const answers = [];
    for (let count = 0; count < 6; count += 1) answers.push((await client.next())['request_id']);
    expect(answers).toEqual([1, 2, 3, 1, 2, 3]);
  });
});

describe('repeats', () => {
  const countFile = join(countDir, 'repeats');
  const shared = useDaemon({
    testTools: true,
    env: { EXAI_TEST_COUNT_FILE: countFile, EXAI_WS_SESSION_MAX_INFLIGHT: '60', EXAI_WS_GLOBAL_MAX_INFLIGHT: '60' },
  });
  /** Runs `work` and says how many executions it caused. */
  const counted = async <T>(work: () => Promise<T>) => {
    const before = executionsIn(countFile);
    const value = await work();
    return { value, executions: executionsIn(countFile) - before };
  };

  it('WIRE-O8: same id, same content, running: joins, one execution', async () => {
    const client = await shared.session();
    const { executions } = await counted(async () => {
      await runningCall(client, 'j', 'count', { ms: 300, a: 1, b: { y: 1, x: 2 } });
      startCall(client, 'j', 'count', { b: { x: 2, y: 1 }, a: 1, ms: 300 });
      await client.frame({ op: 'progress', request_id: 'j', note: 'joined' });
      await client.frame({ op: 'call_tool_res', from_inflight: true });
    });
    expect(executions).toBe(1);
    const results = await resultsOf(client, 'j', 2);
    expect(results).toHaveLength(2);
    expect(results[0]).not.toHaveProperty('from_inflight');
    expect({ ...results[1], from_inflight: undefined }).toEqual({ ...results[0], from_inflight: undefined });
    expect(opsOf(client, 'j').filter((op) => op === 'call_tool_ack')).toHaveLength(1);
  });

  it('WIRE-O8 PF-D2: same id, same content, succeeded: the stored payload, every time', async () => {
    const client = await shared.session();
    const { executions } = await counted(async () => {
      await callTool(client, 's', 'count');
      startCall(client, 's', 'count');
      startCall(client, 's', 'count');
      await resultsOf(client, 's', 3);
    });
    expect(executions).toBe(1);
    const [first, ...again] = await resultsOf(client, 's', 3);
    expect(again).toEqual([
      { ...first, from_cache: true },
      { ...first, from_cache: true },
    ]);
    expect(opsOf(client, 's')).toEqual(['call_tool_ack', 'call_tool_res', 'call_tool_res', 'call_tool_res']);
  });

  it('WIRE-O8 PF-D8: same id after a failure runs again', async () => {
    const client = await shared.session();
    startCall(client, 'f', 'sleep', { ms: 150 });
    await client.frame({ op: 'call_tool_ack', request_id: 'f' });
    client.send({ op: 'cancel', request_id: 'c', target: 'f' });
    expect(await client.frame({ op: 'call_tool_res', request_id: 'f' })).toMatchObject({
      ok: false,
      error: { code: 'CANCELLED' },
    });
    startCall(client, 'f', 'sleep', { ms: 150 });
    const second = await client.frame({ op: 'call_tool_res', request_id: 'f', ok: true });
    expect(second).not.toHaveProperty('from_cache');
    await callTool(client, 'e', 'fail', { how: 'throw' });
    startCall(client, 'e', 'fail', { how: 'throw' });
    await resultsOf(client, 'e', 2);
    expect(opsOf(client, 'e')).toEqual(['call_tool_ack', 'call_tool_res', 'call_tool_ack', 'call_tool_res']);
  });

  it('WIRE-O8: same id, other content: DUPLICATE while running, a new call when finished', async () => {
    const client = await shared.session();
    await runningCall(client, 'd', 'sleep', { ms: 200 });
    startCall(client, 'd', 'echo', { text: 'other' });
    expect(await client.frame({ op: 'call_tool_res', request_id: 'd', ok: false })).toMatchObject({
      error: { code: 'DUPLICATE', original_request_id: 'd', retryable: false },
    });
    expect(await client.frame({ op: 'call_tool_res', request_id: 'd', ok: true })).toMatchObject({
      text: 'slept 200 ms',
    });
    startCall(client, 'd', 'echo', { text: 'other' });
    expect(await client.frame({ op: 'call_tool_res', request_id: 'd', text: 'other' })).toMatchObject({ ok: true });
  });

  it('WIRE-O8 PF-D5: other id, other session, or no id: distinct calls', async () => {
    const one = await shared.session({ session_id: 'same' });
    const two = await shared.session({ session_id: 'same' });
    const { executions } = await counted(async () => {
      await Promise.all([
        callTool(one, 'x', 'count', { ms: 100 }),
        callTool(one, 'y', 'count', { ms: 100 }),
        callTool(two, 'x', 'count', { ms: 100 }),
      ]);
      for (let round = 0; round < 2; round += 1) {
        one.send({ op: 'call_tool', name: 'count', arguments: { ms: 100 } });
        await one.frame({ op: 'call_tool_res', request_id: null });
      }
      await inflight(one, 0);
    });
    expect(executions).toBe(5);
    expect(one.frames.filter(({ json }) => json?.['from_cache'] === true || json?.['from_inflight'] === true)).toEqual(
      [],
    );
  });

  it('PF-D4: fifty calls without an id at once each run and each get an answer of their own', async () => {
    const client = await shared.session();
    const texts = Array.from({ length: 50 }, (_, index) => `text ${index}`);
    for (const value of texts) client.send({ op: 'call_tool', name: 'echo', arguments: { text: value, ms: 50 } });
    await eventually('fifty answers', () => (client.frames.length === 51 ? true : undefined));
    const answers = client.frames.slice(1).map(({ json }) => json);
    expect(answers.map((answer) => answer?.['text']).toSorted()).toEqual(texts.toSorted());
    for (const answer of answers) expect(answer).toMatchObject({ op: 'call_tool_res', request_id: null, ok: true });
  });

  it('PF-D4: fifty clients with an id of null each get their own', async () => {
    const clients = await Promise.all(Array.from({ length: 50 }, () => shared.session()));
    clients.forEach((client, index) =>
      client.send({ op: 'call_tool', request_id: null, name: 'echo', arguments: { text: `text ${index}`, ms: 50 } }),
    );
    const answers = await Promise.all(clients.map((client) => client.next()));
    expect(answers.map((answer) => answer['text'])).toEqual(clients.map((_, index) => `text ${index}`));
    for (const client of clients) client.close();
  });
});

describe('repeats with EXAI_WS_COALESCE', () => {
  const countFile = join(countDir, 'coalesce');
  const shared = useDaemon({
    testTools: true,
    env: { EXAI_TEST_COUNT_FILE: countFile, EXAI_WS_COALESCE: 'on', EXAI_WS_DISABLE_COALESCE_FOR_TOOLS: 'count_safe' },
  });

  it('WIRE-O8: on: another id with the same content joins the twin, then gets its stored success', async () => {
    const before = executionsIn(countFile);
    const client = await shared.session();
    await runningCall(client, 'a', 'count', { ms: 200 });
    startCall(client, 'b', 'count', { ms: 200 });
    expect(await client.frame({ op: 'call_tool_res', request_id: 'b' })).toMatchObject({
      ok: true,
      from_inflight: true,
    });
    expect(await callTool(client, 'c', 'count', { ms: 200 })).toMatchObject({ ok: true, from_cache: true });
    expect(executionsIn(countFile) - before).toBe(1);
  });

  it('WIRE-O8: on: an excepted tool is never joined', async () => {
    const before = executionsIn(countFile);
    const client = await shared.session();
    await Promise.all([
      callTool(client, 'a', 'count_safe', { ms: 100 }),
      callTool(client, 'b', 'count_safe', { ms: 100 }),
    ]);
    expect(executionsIn(countFile) - before).toBe(2);
  });

  it('WIRE-O10 PF-D5: two windows with the same arguments at once are two executions', async () => {
    const before = executionsIn(countFile);
    const one = await shared.session({ session_id: 'twin' });
    const two = await shared.session({ session_id: 'twin' });
    const answers = await Promise.all([callTool(one, 1, 'count', { ms: 150 }), callTool(two, 1, 'count', { ms: 150 })]);
    expect(executionsIn(countFile) - before).toBe(2);
    expect(new Set(answers.map(({ text: answer }) => answer)).size).toBe(2);
    for (const answer of answers) expect(answer).not.toHaveProperty('from_inflight');
  });

  it('WIRE-O11: on: of two askers of one call the one that cancels is told so, the other gets the result', async () => {
    const client = await shared.session();
    await runningCall(client, 'a', 'sleep', { ms: 300 });
    startCall(client, 'b', 'sleep', { ms: 300 });
    await client.frame({ op: 'progress', request_id: 'b', note: 'joined' });
    client.send({ op: 'cancel', request_id: 'c', target: 'a' });
    expect(await client.frame({ op: 'cancelled' })).toMatchObject({ found: true });
    expect(await client.frame({ op: 'call_tool_res', request_id: 'a' })).toMatchObject({
      ok: false,
      error: { code: 'CANCELLED' },
    });
    expect(await client.frame({ op: 'call_tool_res', request_id: 'b' })).toMatchObject({
      ok: true,
      from_inflight: true,
    });
  });
});

describe('cancellation', () => {
  const shared = useDaemon({
    testTools: true,
    env: {
      EXAI_CANCEL_GRACE_SECS: '1',
      EXAI_WS_QUEUE_MAX: '8',
      EXAI_WS_SESSION_MAX_INFLIGHT: '2',
      EXAI_WS_GLOBAL_MAX_INFLIGHT: '2',
    },
  });

  it('WIRE-O11 PF-X1: a running call is found, told at once, and its slot is free', async () => {
    const client = await shared.session();
    await runningCall(client, 'run', 'sleep', { ms: 60_000 });
    const startedAt = performance.now();
    client.send({ op: 'cancel', request_id: 'c', target: 'run' });
    expect(await client.frame({ op: 'cancelled' })).toEqual({
      op: 'cancelled',
      request_id: 'c',
      target: 'run',
      ok: true,
      found: true,
      timestamp: expect.any(Number),
    });
    expect(await client.frame({ op: 'call_tool_res', request_id: 'run' })).toMatchObject({
      ok: false,
      error: { code: 'CANCELLED', retryable: false, call_id: expect.any(String) },
    });
    expect(performance.now() - startedAt).toBeLessThan(500);
    expect(await healthOf(client)).toMatchObject({ global_inflight: 0 });
    expect(opsOf(client, 'run')).toEqual(['call_tool_ack', 'call_tool_res']);
    const order = client.frames.map(({ json }) => json?.['op']);
    expect(order.indexOf('cancelled')).toBeLessThan(order.indexOf('call_tool_res'));
  });

  it('WIRE-O11: the id of the call is enough (profile D)', async () => {
    const client = await shared.session();
    await runningCall(client, 'run', 'sleep', { ms: 60_000 });
    client.send({ op: 'cancel', request_id: 'run' });
    expect(await client.frame({ op: 'cancelled' })).toMatchObject({ request_id: 'run', target: 'run', found: true });
    expect(await client.frame({ op: 'call_tool_res', request_id: 'run' })).toMatchObject({
      ok: false,
      error: { code: 'CANCELLED' },
    });
  });

  it('WIRE-O11: a queued call is found and never runs', async () => {
    const client = await shared.session();
    await runningCall(client, 'one', 'sleep', { ms: 60_000 });
    await runningCall(client, 'two', 'sleep', { ms: 60_000 });
    startCall(client, 'queued', 'sleep', { ms: 60_000 });
    expect(await client.frame({ op: 'progress', request_id: 'queued' })).toMatchObject({
      note: 'queued',
      details: { position: 1 },
    });
    client.send({ op: 'cancel', request_id: 'c', target: 'queued' });
    expect(await client.frame({ op: 'cancelled', target: 'queued' })).toMatchObject({ found: true });
    expect(await client.frame({ op: 'call_tool_res', request_id: 'queued' })).toMatchObject({
      ok: false,
      error: { code: 'CANCELLED' },
    });
    expect(opsOf(client, 'queued')).toEqual(['progress', 'call_tool_res']);
    for (const target of ['one', 'two']) client.send({ op: 'cancel', request_id: `c-${target}`, target });
    await inflight(client, 0);
  });

  it('WIRE-O11: a finished call, an unknown one and one of another session are not found', async () => {
    const client = await shared.session();
    const other = await shared.session();
    await callTool(client, 'done', 'echo', { text: 'x' });
    await runningCall(other, 'theirs', 'sleep', { ms: 300 });
    for (const target of ['done', 'never', 'theirs', 4]) {
      client.send({ op: 'cancel', request_id: `c-${target}`, target });
      expect(await client.frame({ op: 'cancelled', request_id: `c-${target}` })).toMatchObject({
        target,
        ok: true,
        found: false,
      });
    }
    expect(await other.frame({ op: 'call_tool_res', request_id: 'theirs' })).toMatchObject({ ok: true });
  });

  it('WIRE-O11 PF-X4: a tool that ignores the abort loses its slot after the grace, and its late result is dropped', async () => {
    const client = await shared.session();
    await runningCall(client, 'deaf', 'sleep', { ms: 2500, ignoreAbort: true });
    client.send({ op: 'cancel', request_id: 'c', target: 'deaf' });
    expect(await client.frame({ op: 'call_tool_res', request_id: 'deaf' })).toMatchObject({
      ok: false,
      error: { code: 'CANCELLED' },
    });
    expect(await healthOf(client)).toMatchObject({ global_inflight: 1 });
    await inflight(client, 0, 2_000);
    expect(await shared.sample('exai_calls_abandoned')).toBe(1);
    await eventually(
      'the end of the deaf tool',
      async () => ((await shared.sample('exai_calls_abandoned')) === 0 ? true : undefined),
      4_000,
    );
    expect(opsOf(client, 'deaf')).toEqual(['call_tool_ack', 'call_tool_res']);
    expect(await healthOf(client)).toMatchObject({ global_inflight: 0 });
    expect(await shared.sample('exai_lease_double_release_total')).toBe(0);
  });
});

describe('token rotation', () => {
  const next = 'golden-next-token-98765';
  const rotate = (old: unknown, fresh: unknown) => ({ op: 'rotate_token', request_id: 'r', old, new: fresh });

  it('WIRE-O12 PF-A5 TOKEN-rotate-ops TOKEN-sessions-live: rotates, keeps open sessions, and survives a restart', async () => {
    const home = new TestHome();
    try {
      const daemon = await home.startDaemon({ env: { EXAI_WS_TOKEN: token } });
      const client = await OpsClient.connect({ port: daemon.port });
      const { tokenGeneration: before } = await client.hello({ token });
      const bystander = await OpsClient.connect({ port: daemon.port });
      await bystander.hello({ token });
      client.send(rotate(token, next));
      expect(await client.next()).toEqual({
        op: 'rotate_token_res',
        request_id: 'r',
        ok: true,
        tokenGeneration: Number(before) + 1,
      });
      for (const open of [client, bystander]) {
        open.send({ op: 'call_tool', request_id: 'v', name: 'version', arguments: {} });
        expect(await open.frame({ op: 'call_tool_res' })).toMatchObject({ ok: true });
      }
      const tryToken = async (port: number, candidate: string) => {
        const newcomer = await OpsClient.connect({ port });
        const ack = await newcomer.hello({ token: candidate });
        newcomer.terminate();
        return ack;
      };
      expect(await tryToken(daemon.port, token)).toMatchObject({ ok: false, error: 'unauthorized' });
      expect(await tryToken(daemon.port, next)).toMatchObject({ ok: true, tokenGeneration: Number(before) + 1 });
      expect(readFileSync(join(home.layout.credentialsDir, 'shared.token'), 'utf8').trim()).toBe(next);
      await daemon.stop();

      // WIRE-O13: the environment still names the old token
      const again = await home.startDaemon({ env: { EXAI_WS_TOKEN: token } });
      expect(await tryToken(again.port, token)).toMatchObject({ ok: false, error: 'unauthorized' });
      expect(await tryToken(again.port, next)).toMatchObject({ ok: true, warnings: ['TOKEN_ENV_STALE'] });
      expect(again.stderr).toContain('TOKEN_ENV_STALE');
      expect(again.stderr).not.toContain(token);
      expect(again.stderr).not.toContain(next);
    } finally {
      await home.cleanUp();
    }
  });

  it('WIRE-O12 TOKEN-crash-safe: killed right after it has answered, or before, exactly one token is valid', async () => {
    const home = new TestHome();
    try {
      let current = token;
      for (let round = 0; round < 4; round += 1) {
        const daemon = await home.startDaemon({ env: { EXAI_WS_TOKEN: token } });
        const client = await OpsClient.connect({ socketPath: daemon.localSocket });
        expect(await client.hello({ token: current })).toMatchObject({ ok: true });
        const fresh = `golden-round-token-${round}-0123456789`;
        client.send(rotate(current, fresh));
        if (round % 2 === 0) await client.next();
        await daemon.kill('SIGKILL');
        const after = await home.startDaemon({ env: { EXAI_WS_TOKEN: token } });
        const accepted: string[] = [];
        for (const candidate of [current, fresh]) {
          const newcomer = await OpsClient.connect({ socketPath: after.localSocket });
          if ((await newcomer.hello({ token: candidate }))['ok'] === true) accepted.push(candidate);
        }
        expect(accepted).toHaveLength(1);
        if (round % 2 === 0) expect(accepted).toEqual([fresh]);
        current = accepted[0] ?? '';
        expect(readFileSync(join(home.layout.credentialsDir, 'shared.token'), 'utf8').trim()).toBe(current);
        await after.stop();
      }
    } finally {
      await home.cleanUp();
    }
  });

  it('WIRE-O12: what is wrong with a rotation is said, and nothing has changed', async () => {
    const home = new TestHome();
    try {
      const instanceToken = `exi_${'a'.repeat(43)}`;
      mkdirSync(home.layout.credentialsDir, { recursive: true, mode: 0o700 });
      const sha256 = createHash('sha256').update(instanceToken).digest('hex');
      const instances = [{ instanceId: 'inst_1', sha256, createdAt: 1_790_000_000, expiresAt: null }];
      writeFileSync(join(home.layout.credentialsDir, 'instances.json'), JSON.stringify({ instances }), { mode: 0o600 });
      const daemon = await home.startDaemon({ env: { EXAI_WS_TOKEN: token } });
      const client = await OpsClient.connect({ port: daemon.port });
      const { tokenGeneration } = await client.hello({ token });
      const answer = async (frame: Record<string, unknown>, asker = client) => {
        asker.send(frame);
        return asker.next();
      };
      expect(await answer({ op: 'rotate_token', request_id: 1, new: next })).toEqual({
        op: 'rotate_token_res',
        request_id: 1,
        ok: false,
        error: 'missing_params',
      });
      expect(await answer(rotate(token, 5))).toMatchObject({ ok: false, error: 'missing_params' });
      expect(await answer(rotate('wrong-old-token-0123', next))).toMatchObject({ ok: false, error: 'unauthorized' });
      expect(await answer(rotate(token, 'eight-ch'))).toMatchObject({ ok: false, error: 'weak_token' });
      expect(await answer(rotate(token, '<your-new-token>'))).toMatchObject({ ok: false, error: 'weak_token' });
      expect(await answer(rotate(token, token))).toMatchObject({ ok: false, error: 'weak_token' });
      const instance = await OpsClient.connect({ port: daemon.port });
      expect(await instance.hello({ token: instanceToken })).toMatchObject({ ok: true, auth: 'instance' });
      expect(await answer(rotate(token, next), instance)).toMatchObject({ ok: false, error: 'forbidden' });
      const check = await OpsClient.connect({ port: daemon.port });
      expect(await check.hello({ token })).toMatchObject({ ok: true, tokenGeneration });
    } finally {
      await home.cleanUp();
    }
  });

  it('WIRE-O12: of two rotations at once one wins', async () => {
    const home = new TestHome();
    try {
      const daemon = await home.startDaemon({ env: { EXAI_WS_TOKEN: token } });
      const clients = await Promise.all([
        OpsClient.connect({ port: daemon.port }),
        OpsClient.connect({ port: daemon.port }),
      ]);
      for (const client of clients) await client.hello({ token });
      const [one, two] = clients;
      one?.send(rotate(token, `${next}-one`));
      two?.send(rotate(token, `${next}-two`));
      const answers = await Promise.all(clients.map((client) => client.next()));
      expect(answers.filter(({ ok }) => ok === true)).toHaveLength(1);
      expect(answers.filter(({ error }) => error === 'unauthorized')).toHaveLength(1);
      const winner = answers[0]?.['ok'] === true ? `${next}-one` : `${next}-two`;
      const check = await OpsClient.connect({ port: daemon.port });
      expect(await check.hello({ token: winner })).toMatchObject({ ok: true });
    } finally {
      await home.cleanUp();
    }
  });

  it('WIRE-O12: without authentication there is nothing to rotate', async () => {
    const home = new TestHome();
    try {
      const daemon = await home.startDaemon();
      const client = await OpsClient.connect({ port: daemon.port });
      await client.hello();
      client.send(rotate('anything-0123456789', next));
      expect(await client.next()).toMatchObject({ op: 'rotate_token_res', ok: false, error: 'auth_disabled' });
    } finally {
      await home.cleanUp();
    }
  });

  it('WIRE-O12: a rotation that cannot be stored changes nothing', async () => {
    const home = new TestHome();
    try {
      const daemon = await home.startDaemon({ env: { EXAI_WS_TOKEN: token } });
      const client = await OpsClient.connect({ port: daemon.port });
      await client.hello({ token });
      rmSync(home.layout.credentialsDir, { recursive: true });
      writeFileSync(home.layout.credentialsDir, 'a file where the directory was');
      client.send(rotate(token, next));
      expect(await client.next()).toMatchObject({ ok: false, error: 'persist_failed' });
      rmSync(home.layout.credentialsDir);
      const check = await OpsClient.connect({ port: daemon.port });
      expect(await check.hello({ token })).toMatchObject({ ok: true });
      expect(daemon.stderr).not.toContain(next);
    } finally {
      await home.cleanUp();
    }
  });

  it('WIRE-O13: with EXAI_TOKEN_GRACE_SECS the old token opens connections a little longer', async () => {
    const home = new TestHome();
    try {
      const daemon = await home.startDaemon({ env: { EXAI_WS_TOKEN: token, EXAI_TOKEN_GRACE_SECS: '1' } });
      const client = await OpsClient.connect({ port: daemon.port });
      const { tokenGeneration } = await client.hello({ token });
      client.send(rotate(token, next));
      await client.next();
      const during = await OpsClient.connect({ port: daemon.port });
      expect(await during.hello({ token })).toMatchObject({ ok: true, tokenGeneration });
      await eventually('the end of the grace', async () => {
        const after = await OpsClient.connect({ socketPath: daemon.localSocket });
        return (await after.hello({ token }))['error'] === 'unauthorized' ? true : undefined;
      });
    } finally {
      await home.cleanUp();
    }
  });
});

/** Frames that no version of the protocol takes: wrong JSON, wrong structure, unknown op, field of a wrong type. */
function malformedFrame(): fc.Arbitrary<string> {
  const id = fc.constantFrom<unknown>('r', 7, undefined, null);
  const notAnId = fc.constantFrom<unknown>(true, [], {}, '', 'r'.repeat(200), [1], { id: 1 });
  const op = fc.constantFrom('list_tools', 'call_tool', 'tool_call', 'cancel', 'ping', 'health', 'rotate_token');
  const json = (value: Record<string, unknown>) => JSON.stringify(value);
  return fc.oneof(
    fc
      .tuple(op, fc.integer({ min: 1, max: 12 }))
      .map(([name, cut]) => `{"op":"${name}","request_id":"r"}`.slice(0, -cut)),
    fc.constantFrom(
      '',
      ' ',
      'hi',
      '{',
      '}',
      '[]',
      '[1]',
      '7',
      'null',
      'true',
      '"x"',
      '{"op":',
      '{op:"ping"}',
      "{'op':'ping'}",
      '\u0000',
      '{}{}',
    ),
    fc.tuple(fc.string({ maxLength: 20 }), id).map(([name, request_id]) => json({ op: `x${name}`, request_id })),
    fc
      .tuple(fc.constantFrom<unknown>(5, null, [], {}, undefined, false), id)
      .map(([name, request_id]) => json({ op: name, request_id })),
    fc.tuple(op, notAnId).map(([name, request_id]) => json({ op: name, request_id })),
    fc.tuple(op, notAnId, id).map(([name, wrong, request_id]) => json({ op: name, request_id, id: wrong })),
    fc
      .tuple(fc.constantFrom<unknown>(5, null, [], {}, '', undefined, true), id)
      .map(([name, request_id]) => json({ op: 'call_tool', request_id, name })),
    fc
      .tuple(fc.constantFrom<unknown>(5, 'text', [], true), id)
      .map(([args, request_id]) => json({ op: 'call_tool', request_id, name: 'echo', arguments: args })),
    fc.constantFrom<unknown>([], {}, true, '').map((target) => json({ op: 'cancel', target })),
  );
}
