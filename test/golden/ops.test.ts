import { describe, expect, it } from 'vitest';
import { callTool, framesOf, opsOf, runningCall, startCall } from './ops-calls.ts';
import { useDaemon } from './use-daemon.ts';

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
    await runningCall(client, 'slow', 'sleep', { ms: 500 });
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
