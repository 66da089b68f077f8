import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LinkDecoder } from '../../protocol/link-decoder.ts';
import { RawSocket } from '../testing/raw-socket.ts';
import { LinkSocket } from './link-socket.ts';

const control = 1;
const message = 2;
const ping = 3;
const pong = 4;
const close = 5;

let server: Server;
const opened: { destroy(): void }[] = [];

beforeEach(async () => {
  server = createServer({ allowHalfOpen: true }); // as an HTTP server's sockets are
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  for (const socket of opened.splice(0)) socket.destroy();
  server.close();
});

/** Both ends of one connection: ours as a link, the client's as bytes. */
async function connect(options: { maxFrameBytes?: number; closeTimeoutMs?: number; isHalfOpen?: boolean } = {}) {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const accepted = once(server, 'connection');
  const client = await RawSocket.open({ host: '127.0.0.1', port, allowHalfOpen: options.isHalfOpen ?? false });
  const [socket] = (await accepted) as [Socket];
  opened.push(client.socket, socket);
  const link = new LinkSocket(socket, {
    maxFrameBytes: options.maxFrameBytes ?? 1000,
    closeTimeoutMs: options.closeTimeoutMs ?? 30,
  });
  const frames: string[] = [];
  const closes: string[] = [];
  link.setHandlers({
    onFrame: (bytes) => frames.push(bytes.toString('utf8')),
    onClose: (code, reason) => closes.push(`${code} ${reason}`),
  });
  return {
    link,
    client,
    frames,
    closes,
    sent: () => {
      const decoded: [number, string][] = [];
      new LinkDecoder(100_000_000, (type, payload) =>
        decoded.push([type, Buffer.from(payload).toString('latin1')]),
      ).push(client.received);
      return decoded;
    },
  };
}

function frame(type: number, payload: string | Uint8Array = ''): Buffer {
  const bytes = Buffer.from(payload);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 0);
  head[4] = type;
  return Buffer.concat([head, bytes]);
}

function closeFrame(code: number, reason: string): Buffer {
  return frame(close, Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]));
}

describe('sending', () => {
  it('PF-P5 MAIN-local-first: heads and payloads, small and large, text and bytes, in order', async () => {
    const { link, client } = await connect();
    const large = 'é'.repeat(40_000);
    link.send('control', '{"op":"hello_ack"}');
    link.send('message', Buffer.from('é{}'));
    link.send('message', large);
    link.send('message', Buffer.from(large));
    link.ping();
    const expected = Buffer.concat([
      frame(control, '{"op":"hello_ack"}'),
      frame(message, 'é{}'),
      frame(message, large),
      frame(message, large),
      frame(ping),
    ]);
    await expect.poll(() => client.received.length).toBe(expected.length);
    expect(client.received.equals(expected)).toBe(true);
  });

  it('PF-H2: after the end nothing is sent and nothing throws', async () => {
    const { link, client, closes } = await connect();
    client.close();
    await expect.poll(() => closes).toEqual(['1006 ']);
    link.send('control', 'x');
    link.ping();
    link.close({ code: 1000, reason: '' });
    link.terminate();
    expect(closes).toHaveLength(1);
  });
});

describe('receiving', () => {
  it('PF-P5 BAD-mid-frame: frames in pieces and in heaps; the bytes behind the upgrade come first', async () => {
    const { link, client, frames, closes } = await connect();
    link.start(frame(control, 'first').subarray(0, 7));
    const rest = Buffer.concat([
      frame(control, 'first').subarray(7),
      frame(message, 'second'),
      frame(message, ''),
      frame(message, 'third'),
    ]);
    client.write(rest.subarray(0, rest.length - 2));
    await expect.poll(() => frames).toEqual(['first', 'second', '']);
    const before = link.lastReadAt;
    client.write(rest.subarray(rest.length - 2));
    await expect.poll(() => frames.at(-1)).toBe('third');
    expect(link.lastReadAt).toBeGreaterThanOrEqual(before);
    client.write(frame(message, 'never whole').subarray(0, 9));
    client.close();
    await expect.poll(() => closes).toEqual(['1006 ']);
    expect(frames).toHaveLength(4);
  });

  it('PF-R8: any byte counts as life, also in the middle of a frame', async () => {
    const { link, client } = await connect();
    const { lastReadAt } = link;
    client.write(Buffer.from([0]));
    await expect.poll(() => link.lastReadAt).toBeGreaterThan(lastReadAt);
  });

  it('WIRE-H6 BAD-oversized: the limit holds before and after the first frame; a larger frame closes from its head', async () => {
    const { link, client, frames, closes, sent } = await connect({ maxFrameBytes: 10 });
    client.write(frame(control, 'x'.repeat(10)));
    await expect.poll(() => frames).toHaveLength(1);
    link.setMaxFrameBytes(20);
    client.write(frame(message, 'x'.repeat(20)));
    await expect.poll(() => frames).toHaveLength(2);
    client.write(frame(message, 'x'.repeat(21)).subarray(0, 5));
    await expect.poll(() => closes).toEqual(['1009 ']);
    expect(sent()).toEqual([[close, '\u0003\u00f1']]);
  });

  it('PF-P6: a frame type that nobody knows is a protocol error', async () => {
    const { client, closes, frames } = await connect();
    client.write(frame(9, 'x'));
    await expect.poll(() => closes).toEqual(['1002 unknown frame type']);
    expect(frames).toEqual([]);
  });

  it('BAD-never-reads: paused, it reads no further; resumed, nothing is missing', async () => {
    const { link, client, frames } = await connect();
    link.pause();
    for (let count = 0; count < 5; count += 1) client.write(frame(message, `${count}`));
    // What lies in the kernel would be read in the next pass of the loop.
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    expect(frames).toEqual([]);
    link.resume();
    await expect.poll(() => frames).toEqual(['0', '1', '2', '3', '4']);
  });
});

describe('ping', () => {
  it('PF-R8: is answered with its own payload; a pong is not', async () => {
    const { client, sent, frames } = await connect();
    client.write(Buffer.concat([frame(ping, 'abc'), frame(pong, 'x'), frame(ping)]));
    await expect.poll(sent).toEqual([
      [pong, 'abc'],
      [pong, ''],
    ]);
    expect(frames).toEqual([]);
  });

  it('BAD-never-reads: a peer that pings and never reads does not fill our memory', async () => {
    const { link, client, frames } = await connect({ maxFrameBytes: 100_000 });
    client.socket.pause();
    const flood = Buffer.concat(Array.from({ length: 20 }, () => frame(ping, Buffer.alloc(100_000))));
    for (let megabytes = 0; megabytes < 40; megabytes += 2) client.write(flood);
    client.write(frame(message, 'still served'));
    await expect.poll(() => frames, { timeout: 5000 }).toEqual(['still served']);
    expect(link.bufferedBytes).toBeLessThan(2_000_000);
  });
});

describe('closing', () => {
  it('WIRE-H1: a close frame with code and reason, then the end, then one onClose', async () => {
    const { link, client, closes, sent } = await connect();
    link.send('control', 'last words');
    link.close({ code: 4000, reason: 'invalid hello' });
    link.close({ code: 1000, reason: 'again' });
    link.send('control', 'too late');
    await expect.poll(() => closes).toEqual(['4000 invalid hello']);
    expect(sent()).toEqual([
      [control, 'last words'],
      [close, '\u000f\u00a0invalid hello'],
    ]);
    expect(client.hasEnded).toBe(true);
  });

  it('BAD-never-reads: a peer that does not take part is cut off after the close timeout', async () => {
    const { link, client, closes, frames } = await connect({ isHalfOpen: true });
    link.pause();
    link.close({ code: 1001, reason: 'shutdown' });
    client.write(frame(message, 'ignored'));
    await expect.poll(() => closes).toEqual(['1001 shutdown']);
    expect(frames).toEqual([]);
  });

  it.each([
    [closeFrame(1000, ''), '1000 '],
    [closeFrame(4006, 'revoked'), '4006 revoked'],
    [frame(close), '1005 '],
  ])('MAIN-broken-socket: the peer closes: %j', async (bytes, close_) => {
    const { client, closes, frames } = await connect();
    client.write(Buffer.concat([bytes, frame(message, 'after')]));
    await expect.poll(() => closes).toEqual([close_]);
    expect(frames).toEqual([]);
  });

  it('BAD-half-open: a peer that says close and keeps its socket open is cut off all the same', async () => {
    const { client, closes } = await connect({ isHalfOpen: true });
    client.write(closeFrame(1000, ''));
    await expect.poll(() => closes).toEqual(['1000 ']);
    await expect.poll(() => client.hasEnded).toBe(true);
  });

  it('BAD-half-open: a half-closed probe is 1006', async () => {
    const { client, closes } = await connect();
    client.socket.end();
    await expect.poll(() => closes).toEqual(['1006 ']);
  });

  it('MAIN-broken-socket: terminate says nothing', async () => {
    const { link, client, closes } = await connect();
    link.terminate();
    await expect.poll(() => closes).toEqual(['1006 ']);
    await expect.poll(() => client.hasEnded).toBe(true);
    expect(client.received).toHaveLength(0);
  });
});
