import { describe, expect, it } from 'vitest';
import { runningCall } from './ops-calls.ts';
import { clientFrame, RawSocket } from './raw-socket.ts';
import { useDaemon } from './use-daemon.ts';

describe('frames in a session', () => {
  const shared = useDaemon({ testTools: true });

  it('BAD-duplicate-id WIRE-M7: an id in flight is refused with -32600 and its call runs on; 1 and "1" are two ids', async () => {
    const client = await shared.session({ mode: 'mcp', protocol: '1.0' });
    const call = (id: unknown, ms: number) =>
      client.send({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'sleep', arguments: { ms } } });
    call(1, 400);
    call(1, 10);
    expect(await client.next()).toEqual({
      jsonrpc: '2.0',
      id: 1,
      error: {
        code: -32_600,
        message: expect.any(String),
        data: { code: 'INVALID_REQUEST', retryable: false, mayHaveRun: false, hint: expect.any(String) },
      },
    });
    call('1', 10);
    expect(await client.next()).toMatchObject({ id: '1', result: { content: [{ text: 'slept 10 ms' }] } });
    expect(await client.next()).toMatchObject({ id: 1, result: { content: [{ text: 'slept 400 ms' }] } });
    call(1, 10);
    expect(await client.next()).toMatchObject({ id: 1, result: { content: [{ text: 'slept 10 ms' }] } });
  });

  it.each([['null'], ['true'], ['{}'], ['[1]'], ['{"id":1}']])(
    'BAD-id-type: the id %s is answered with -32600 and id null',
    async (id) => {
      const client = await shared.session({ mode: 'mcp', protocol: '1.0' });
      client.send(`{"jsonrpc":"2.0","id":${id},"method":"ping"}`);
      expect(await client.next()).toMatchObject({
        jsonrpc: '2.0',
        id: null,
        error: { code: -32_600, data: { code: 'INVALID_REQUEST' } },
      });
      client.send('{"jsonrpc":"2.0","id":0,"method":"ping"}');
      expect(await client.next()).toEqual({ jsonrpc: '2.0', id: 0, result: {} });
    },
  );

  it.each([['hi'], [''], ['{"jsonrpc":"2.0","id":1'], ['{"jsonrpc":"2.0","id":1,"method":"ping"}x']])(
    'BAD-not-json: %j in mcp mode is answered with -32700, and the connection stays open',
    async (frame) => {
      const client = await shared.session({ mode: 'mcp', protocol: '1.0' });
      client.send(frame);
      expect(await client.next()).toMatchObject({
        id: null,
        error: { code: -32_700, data: { code: 'INVALID_REQUEST' } },
      });
      client.send('{"jsonrpc":"2.0","id":1,"method":"ping"}');
      expect(await client.next()).toMatchObject({ id: 1, result: {} });
    },
  );

  it.each([['[1]'], ['7'], ['null'], ['"x"'], ['{"jsonrpc":"2.0","id":1}'], ['{"id":1,"method":"ping"}']])(
    'BAD-not-object: %s in mcp mode is answered with -32600, and the connection stays open',
    async (frame) => {
      const client = await shared.session({ mode: 'mcp', protocol: '1.0' });
      client.send('{"jsonrpc":"2.0","id":0,"method":"ping"}');
      await client.next();
      client.send(frame);
      expect(await client.next()).toMatchObject({ error: { code: -32_600, data: { code: 'INVALID_REQUEST' } } });
      client.send('{"jsonrpc":"2.0","id":1,"method":"ping"}');
      expect(await client.next()).toMatchObject({ id: 1, result: {} });
    },
  );

  it('BAD-unknown-op: unknown control frames in mcp mode are ignored and counted', async () => {
    const client = await shared.session({ mode: 'mcp', protocol: '1.0' });
    const before = await shared.sample('exai_frames_ignored_total{kind="control"}');
    for (const frame of ['{"op":"nonsense"}', '{"op":"query"}', '{"op":"received","ids":5}']) client.send(frame);
    client.send('{"jsonrpc":"2.0","id":1,"method":"ping"}');
    expect(await client.next()).toEqual({ jsonrpc: '2.0', id: 1, result: {} });
    expect((await shared.sample('exai_frames_ignored_total{kind="control"}')) - before).toBe(3);
  });

  it('BAD-oversized: one client’s frame that is too big takes no call of another with it', async () => {
    const steady = await shared.session();
    await runningCall(steady, 'through', 'sleep', { ms: 200 });
    const greedy = await RawSocket.upgraded({ path: shared.daemon.localSocket });
    greedy.write(clientFrame('{"op":"hello"}'));
    await greedy.until('the ack', (bytes) => bytes.includes('"ok":true'));
    greedy.write(clientFrame('', { claimedBytes: 2 ** 40 }));
    expect(await greedy.closeFrame()).toMatchObject({ code: 1009 });
    expect(await steady.frame({ op: 'call_tool_res', request_id: 'through' })).toMatchObject({ ok: true });
  });
});
