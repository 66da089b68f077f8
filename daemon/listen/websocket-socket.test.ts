import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { WebSocketSocket } from './websocket-socket.ts';

let server: Server;
let clients: WebSocket[];

beforeEach(async () => {
  clients = [];
  server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  for (const client of clients) client.terminate();
  server.close();
});

/** Both ends of one WebSocket. */
async function connect(maxPayload = 1000) {
  const webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload });
  const ours = new Promise<WebSocketSocket>((resolve) => {
    server.once('upgrade', (request, stream, head) => {
      webSockets.handleUpgrade(request, stream, head, (webSocket) => resolve(new WebSocketSocket(webSocket, stream)));
    });
  });
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`);
  clients.push(client);
  const received: [string, boolean][] = [];
  client.on('message', (data, isBinary) =>
    received.push([Buffer.isBuffer(data) ? data.toString('utf8') : '', isBinary]),
  );
  client.on('error', () => undefined); // ends in 'close'
  const closed = new Promise<string>((resolve) => {
    client.on('close', (code, reason) => resolve(`${code} ${String(reason)}`));
  });
  const socket = await ours;
  const frames: string[] = [];
  const closes: string[] = [];
  socket.setHandlers({
    onFrame: (bytes) => frames.push(bytes.toString('utf8')),
    onClose: (code, reason) => closes.push(`${code} ${reason}`),
  });
  if (client.readyState !== client.OPEN) await once(client, 'open');
  return { socket, client, received, frames, closes, closed };
}

describe('WebSocketSocket', () => {
  it('WIRE-H9 BAD-binary: text and binary frames are the same to the daemon, which answers in text', async () => {
    const { socket, client, received, frames } = await connect();
    client.send('{"a":"é"}');
    client.send(Buffer.from('{"b":1}'));
    client.send(Buffer.alloc(0));
    await expect.poll(() => frames).toEqual(['{"a":"é"}', '{"b":1}', '']);
    socket.send('control', 'é1');
    socket.send('message', Buffer.from('é2'));
    await expect
      .poll(() => received)
      .toEqual([
        ['é1', false],
        ['é2', false],
      ]);
  });

  it('BAD-binary: bytes that are no UTF-8 close with 1007 and reach nobody', async () => {
    const { client, frames, closes, closed } = await connect();
    client.send(Buffer.from([0xff, 0xfe]));
    expect(await closed).toBe('1007 ');
    await expect.poll(() => closes).toHaveLength(1);
    expect(frames).toEqual([]);
  });

  it('WIRE-H6 BAD-oversized: the limit holds to the byte and can be raised', async () => {
    const { socket, client, frames, closed } = await connect(10);
    client.send('x'.repeat(10));
    await expect.poll(() => frames).toHaveLength(1);
    socket.setMaxFrameBytes(20);
    client.send('x'.repeat(20));
    await expect.poll(() => frames).toHaveLength(2);
    client.send('x'.repeat(21));
    expect(await closed).toBe('1009 ');
    expect(frames).toHaveLength(2);
  });

  it('WIRE-H1 MAIN-broken-socket: code and reason of a close, from either side, once', async () => {
    const byUs = await connect();
    byUs.socket.close({ code: 4003, reason: 'jwt_required' });
    byUs.socket.close({ code: 1000, reason: '' });
    byUs.socket.send('control', 'too late');
    byUs.socket.ping();
    expect(await byUs.closed).toBe('4003 jwt_required');
    await expect.poll(() => byUs.closes).toEqual(['4003 jwt_required']);
    expect(byUs.received).toEqual([]);

    const byThem = await connect();
    byThem.client.close(1000, 'bye');
    await expect.poll(() => byThem.closes).toEqual(['1000 bye']);
  });

  it('MAIN-broken-socket: a connection that is cut is 1006', async () => {
    const byThem = await connect();
    byThem.client.terminate();
    await expect.poll(() => byThem.closes).toEqual(['1006 ']);
    const byUs = await connect();
    byUs.socket.terminate();
    expect(await byUs.closed).toBe('1006 ');
  });

  it('PF-R8: pings and pongs are life', async () => {
    const { socket, client } = await connect();
    const { lastReadAt } = socket;
    socket.ping();
    await expect.poll(() => socket.lastReadAt).toBeGreaterThan(lastReadAt);
    const afterPong = socket.lastReadAt;
    client.ping();
    await expect.poll(() => socket.lastReadAt).toBeGreaterThan(afterPong);
  });

  it('BAD-never-reads: paused, it reads no further; what a client does not read is counted', async () => {
    const { socket, client, frames } = await connect();
    socket.pause();
    client.send('a');
    for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
    expect(frames).toEqual([]);
    socket.resume();
    await expect.poll(() => frames).toEqual(['a']);
    client.pause();
    const megabyte = Buffer.alloc(1024 * 1024, 'x');
    for (let count = 0; count < 40; count += 1) socket.send('message', megabyte);
    await expect.poll(() => socket.bufferedBytes).toBeGreaterThan(10 * megabyte.length);
    client.resume();
    await expect.poll(() => socket.bufferedBytes, { timeout: 5000 }).toBe(0);
  });
});
