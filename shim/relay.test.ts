import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RelayHarness } from './relay-harness.ts';

const ids = (messages: readonly { readonly id?: unknown }[]): unknown[] => messages.map(({ id }) => id);
const ops = (messages: readonly { readonly op?: string | undefined }[]): unknown[] => messages.map(({ op }) => op);

describe('messages on a live connection', () => {
  it('WIRE-M1: both ways the same bytes pass, whatever keys, spaces and separators they hold', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    const request =
      '{ "x":[1,{"y":"\u2028"}], "method":"tools/call" ,"params":{"_meta":{"a":1},"name":"t"},"jsonrpc":"2.0","id":5 }';
    const answer =
      '{"result":{"content":[{"type":"new","z":"\u2029"}],"_meta":{"b":2}} , "id":5,"jsonrpc":"2.0","extra":null}';
    harness.send(request);
    expect(harness.daemonFrames).toEqual([request]);
    harness.relay.receiveFrame(Buffer.from(answer), false);
    expect(harness.editorLines).toEqual([answer]);
  });

  it('WIRE-M1: any message of the editor that is JSON-RPC reaches the daemon byte by byte', () => {
    const text = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(fc.oneof(text, fc.integer()), text, fc.jsonValue(), fc.nat(2), (id, name, value, indent) => {
        const harness = new RelayHarness();
        harness.openWindow();
        const line = JSON.stringify(
          { id, params: { name, value }, jsonrpc: '2.0', method: 'tools/call' },
          null,
          indent,
        );
        const onOneLine = line.replaceAll('\n', ' ');
        harness.send(onOneLine);
        expect(harness.daemonFrames).toEqual([onOneLine]);
      }),
    );
  });

  it('SHIM-S3: server/discover is answered at once, with the id as it came', () => {
    const harness = new RelayHarness();
    for (const id of ['probe', 0, 7]) harness.send({ id, method: 'server/discover' });
    const answers = harness.takeEditor();
    expect(ids(answers)).toEqual(['probe', 0, 7]);
    expect(answers.map(({ error }) => error?.code)).toEqual([-32601, -32601, -32601]);
  });

  it('SHIM-S4: ping is answered by the shim, connected or not, and never sent on', () => {
    const harness = new RelayHarness();
    harness.send({ id: 'p', method: 'ping' });
    harness.openWindow();
    harness.call(1);
    harness.send({ id: 2, method: 'ping' });
    expect(harness.takeEditor()).toEqual([{ jsonrpc: '2.0', id: 2, result: {} }]);
    expect(ids(harness.takeDaemon())).toEqual([1]);
  });

  it.each([
    ['no JSON', 'hello', null, -32700],
    ['half a message', '{"jsonrpc":"2.0","id":1,', null, -32700],
    ['a batch', '[{"jsonrpc":"2.0","id":1,"method":"ping"}]', null, -32600],
    ['a number', '7', null, -32600],
    ['no version', '{"id":4,"method":"tools/list"}', 4, -32600],
    ['a control frame of ours', '{"op":"bye"}', null, -32600],
    ['no method', '{"jsonrpc":"2.0","id":4}', 4, -32600],
    ['an id of null', '{"jsonrpc":"2.0","id":null,"method":"tools/list"}', null, -32600],
    ['an id that is an object', '{"jsonrpc":"2.0","id":{},"method":"tools/list"}', null, -32600],
    ['an id that no number can hold', '{"jsonrpc":"2.0","id":1e999,"method":"tools/list"}', null, -32600],
  ])(
    'BAD-not-json BAD-not-object BAD-id-type: %s is answered by the shim and goes no further',
    (_what, line, id, code) => {
      const harness = new RelayHarness();
      harness.openWindow();
      harness.send(line);
      const [answer] = harness.takeEditor();
      expect(answer).toMatchObject({ jsonrpc: '2.0', id, error: { code, data: { code: 'INVALID_REQUEST' } } });
      expect(harness.daemonFrames).toEqual([]);
      harness.call(9);
      expect(ids(harness.takeDaemon())).toEqual([9]);
    },
  );

  it('BAD-not-json: bytes outside UTF-8 would end a WebSocket, so they stay here', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    harness.relay.receiveLine(Buffer.from([0x7b, 0x22, 0x61, 0xff, 0x22, 0x3a, 0x31, 0x7d]));
    expect(harness.takeEditor()[0]?.error?.code).toBe(-32700);
    expect(harness.daemonFrames).toEqual([]);
  });

  it('SHIM-S16: blank lines, unknown notifications and cancels of finished requests are no fault', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    for (const line of ['', ' ', '\t\r']) harness.send(line);
    harness.send({ method: 'notifications/something/new', params: {} });
    harness.send({ method: 'notifications/cancelled', params: { requestId: 99 } });
    harness.send({ method: 'notifications/cancelled' });
    expect(harness.takeEditor()).toEqual([]);
    expect(harness.takeDaemon().map(({ method }) => method)).toEqual([
      'notifications/something/new',
      'notifications/cancelled',
      'notifications/cancelled',
    ]);
  });

  it('BAD-duplicate-id WIRE-M7: an id that is still open is refused and the running request is untouched; 1 and "1" are two', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    harness.call(1);
    harness.call('1');
    harness.call(1);
    expect(ids(harness.takeDaemon())).toEqual([1, '1']);
    expect(harness.takeEditor()).toMatchObject([{ id: 1, error: { code: -32600 } }]);
    harness.push({ id: 1, result: {} });
    harness.call(1);
    expect(ids(harness.takeEditor())).toEqual([1]);
  });

  it('WIRE-M2: an answer is passed on once; what nobody waits for is dropped and reported as received', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    harness.call(1);
    harness.push({ id: 1, result: { n: 1 } });
    harness.push({ id: 1, result: { n: 2 } });
    harness.push({ id: 'never asked', result: {} });
    expect(harness.takeEditor().map(({ result }) => result)).toEqual([{ n: 1 }]);
    harness.takeDaemon();
    harness.clock.advance(1_000);
    expect(harness.takeDaemon()).toEqual([{ op: 'received', ids: [1, 'never asked'] }]);
  });

  it('PF-P5: eight calls at once get their own answers in whatever order', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    for (let id = 1; id <= 8; id++) harness.call(id);
    for (const id of [3, 8, 1, 5, 2, 7, 4, 6]) harness.push({ id, result: { for: id } });
    const answers = harness.takeEditor();
    expect(ids(answers)).toEqual([3, 8, 1, 5, 2, 7, 4, 6]);
    for (const { id, result } of answers) expect(result?.['for']).toBe(id);
  });

  it('WIRE-M2: received is sent every 32 answers, at the latest after a second, and only for what was written', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    for (let id = 1; id <= 40; id++) harness.call(id);
    harness.takeDaemon();
    for (let id = 1; id <= 35; id++) harness.push({ id, result: {} });
    expect(harness.takeDaemon()).toEqual([{ op: 'received', ids: Array.from({ length: 32 }, (_, at) => at + 1) }]);
    harness.clock.advance(999);
    expect(harness.takeDaemon()).toEqual([]);
    harness.clock.advance(1);
    expect(harness.takeDaemon()).toEqual([{ op: 'received', ids: [33, 34, 35] }]);
    harness.isWriting = false;
    harness.push({ id: 36, result: {} });
    harness.clock.advance(5_000);
    expect(harness.takeDaemon()).toEqual([]);
    harness.isWriting = true;
    harness.clock.advance(1_000);
    expect(harness.takeDaemon()).toEqual([{ op: 'received', ids: [36] }]);
  });

  it('WIRE-M2: an id that is used again is sent behind the report of its first answer', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    harness.call(1);
    harness.push({ id: 1, result: {} });
    harness.takeDaemon();
    harness.call(1);
    expect(harness.takeDaemon()).toMatchObject([
      { op: 'received', ids: [1] },
      { id: 1, method: 'tools/call' },
    ]);
  });

  it('WIRE-C1: the 257th open request is refused by the shim, and one answer makes room', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    for (let id = 1; id <= 257; id++) harness.call(id);
    const [refused] = harness.takeEditor();
    expect(refused).toMatchObject({
      id: 257,
      error: {
        code: 429,
        data: { code: 'OVER_CAPACITY', scope: 'session', limit: 256, inflight: 256, retryable: true },
      },
    });
    harness.push({ id: 1, result: {} });
    harness.call(300);
    expect(harness.takeDaemon().at(-1)?.id).toBe(300);
  });

  it('SHIM-S17: progress is passed on at once', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    const progress = { method: 'notifications/progress', params: { progressToken: 1, progress: 0.000_001 } };
    harness.push(progress);
    expect(harness.takeEditor()).toEqual([{ jsonrpc: '2.0', ...progress }]);
  });

  it('SHIM-S18: a window is confirmed by initialize and one request, not by initialize alone', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    harness.send({ id: 'p', method: 'ping' });
    expect(harness.confirmations).toBe(0);
    harness.send({ id: 1, method: 'prompts/list' });
    harness.send({ id: 2, method: 'tools/list' });
    expect(harness.confirmations).toBe(1);
  });

  it('SHIM-S18: a client that asks before initialize is answered is a window as soon as it is', () => {
    const harness = new RelayHarness();
    harness.linkUp();
    harness.initialize();
    harness.send({ id: 1, method: 'tools/list' });
    expect(harness.confirmations).toBe(0);
    harness.push({ id: 0, result: { protocolVersion: '2025-06-18' } });
    expect(harness.confirmations).toBe(1);
  });
});

describe('sizes', () => {
  const megabyte = 1024 * 1024;

  it('SHIM-S14: an answer above what the client can read becomes an error for the same id, with both sizes', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    harness.call(1);
    const text = 'x'.repeat(9 * megabyte);
    harness.push({ id: 1, result: { text } });
    const [answer] = harness.takeEditor();
    expect(answer).toMatchObject({
      id: 1,
      error: { code: 413, data: { code: 'PAYLOAD_TOO_LARGE', mayHaveRun: true, retryable: false } },
    });
    expect(answer?.error?.data['details']).toEqual({
      actual_size: JSON.stringify({ jsonrpc: '2.0', id: 1, result: { text } }).length,
      limit: 9 * megabyte,
    });
    harness.push({ method: 'notifications/message', params: { text } });
    expect(harness.takeEditor()).toEqual([]);
  });

  it('SHIM-S14: a client that takes long lines gets them up to the frame limit', () => {
    const harness = new RelayHarness({ maxFrameBytes: 12 * megabyte });
    harness.openWindow({}, 'claude-code');
    harness.call(1);
    harness.call(2);
    harness.push({ id: 1, result: { text: 'x'.repeat(11 * megabyte) } });
    harness.push({ id: 2, result: { text: 'x'.repeat(12 * megabyte) } });
    expect(harness.takeEditor().map(({ error }) => error?.data['code'])).toEqual([undefined, 'PAYLOAD_TOO_LARGE']);
  });

  it('SHIM-S1: a request above the limit of the daemon is answered by the shim and not sent', () => {
    const harness = new RelayHarness();
    harness.openWindow({ maxFrameBytes: 65_536 });
    harness.send({ id: 1, method: 'tools/call', params: { text: 'x'.repeat(70_000) } });
    harness.send({ method: 'notifications/progress', params: { text: 'x'.repeat(70_000) } });
    expect(harness.takeEditor()).toMatchObject([
      { id: 1, error: { data: { details: { limit: 65_536 }, mayHaveRun: false } } },
    ]);
    expect(harness.daemonFrames).toEqual([]);
  });

  it('SHIM-S1: a skipped line is answered for its id: a request to the editor, a response to the daemon', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    const bytes = 33 * megabyte;
    harness.relay.receiveOversized({ bytes, outline: { id: 7, hasMethod: true, isResponse: false } });
    harness.relay.receiveOversized({ bytes, outline: { id: undefined, hasMethod: true, isResponse: false } });
    expect(harness.takeEditor()).toMatchObject([{ id: 7, error: { data: { details: { actual_size: bytes } } } }]);
    harness.push({ id: 'exai-1', method: 'sampling/createMessage' });
    harness.takeEditor();
    harness.relay.receiveOversized({ bytes, outline: { id: 'exai-1', hasMethod: false, isResponse: true } });
    expect(harness.takeEditor()).toEqual([]);
    expect(harness.takeDaemon()).toMatchObject([{ id: 'exai-1', error: { code: 413 } }]);
  });

  it('BAD-oversized: after a 1009 the longest request that was sent is the one that is answered', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    harness.call(1);
    harness.send({ id: 2, method: 'tools/call', params: { text: 'x'.repeat(5_000) } });
    harness.relay.linkDown();
    harness.relay.failLongest(4_096);
    expect(harness.takeEditor()).toMatchObject([{ id: 2, error: { data: { code: 'PAYLOAD_TOO_LARGE' } } }]);
    expect(harness.relay.resume()?.pending).toEqual([1]);
  });

  it('WIRE-M1: what is no message never reaches the editor', () => {
    const harness = new RelayHarness();
    harness.openWindow();
    for (const text of ['not json', '[1]', '7', '']) harness.relay.receiveFrame(Buffer.from(text), undefined);
    harness.control({ op: 'something_new' });
    expect(ops(harness.takeEditor())).toEqual([]);
  });
});
