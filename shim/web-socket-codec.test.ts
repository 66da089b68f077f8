import { once } from 'node:events';
import { IncomingMessage } from 'node:http';
import { connect, createServer, type Server } from 'node:net';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import type { CodecEvents } from './frame-codec.ts';
import { WebSocketCodec } from './web-socket-codec.ts';

/** What the codec reports, as text. */
function recorder(maxFrameBytes = 1_000_000): { codec: WebSocketCodec; seen: string[] } {
  const seen: string[] = [];
  const events: CodecEvents = {
    onFrame: (bytes, isControl) => seen.push(`frame ${Buffer.from(bytes).toString('utf8')} ${isControl}`),
    onPing: (payload) => seen.push(`ping ${Buffer.from(payload).toString('utf8')}`),
    onClose: (code, reason) => seen.push(`close ${code} ${reason}`),
    onBroken: (code, reason) => seen.push(`broken ${code} ${reason}`),
  };
  return { codec: new WebSocketCodec(maxFrameBytes, events), seen };
}

/** A frame as a server sends it. */
function frame(
  opcode: number,
  payload: string | Uint8Array,
  more: { isFinal?: boolean; bits?: number; mask?: boolean } = {},
): Buffer {
  const body = Buffer.from(payload);
  const first = ((more.isFinal ?? true) ? 0x80 : 0) | (more.bits ?? 0) | opcode;
  const mask = more.mask === true ? 0x80 : 0;
  if (body.length < 126) return Buffer.concat([Buffer.from([first, mask | body.length]), body]);
  const head = Buffer.alloc(body.length < 65_536 ? 4 : 10);
  head[0] = first;
  head[1] = mask | (body.length < 65_536 ? 126 : 127);
  if (body.length < 65_536) head.writeUInt16BE(body.length, 2);
  else head.writeBigUInt64BE(BigInt(body.length), 2);
  return Buffer.concat([head, body]);
}

function push(codec: WebSocketCodec, bytes: Buffer, chunkBytes: number): void {
  for (let at = 0; at < bytes.length; at += chunkBytes) codec.push(bytes.subarray(at, at + chunkBytes));
}

describe('reading', () => {
  it('WIRE-H9: frames of every length form, text and binary alike, however they are cut', () => {
    const texts = ['', 'a', 'x'.repeat(125), 'y'.repeat(126), 'z'.repeat(65_535), 'ü'.repeat(40_000)];
    const bytes = Buffer.concat(
      texts.flatMap((text, at) => [frame(at % 2 === 0 ? 1 : 2, text), frame(9, `p${at}`), frame(10, '')]),
    );
    for (const chunkBytes of [1, 7, 1_460, 65_536, bytes.length]) {
      const { codec, seen } = recorder();
      push(codec, bytes, chunkBytes);
      expect(seen).toEqual(texts.flatMap((text, at) => [`frame ${text} undefined`, `ping p${at}`]));
    }
  });

  it('WIRE-H9: fragments are put together, with pings between them', () => {
    const whole = Buffer.from('grüße 😀');
    fc.assert(
      fc.property(
        fc.nat(whole.length),
        fc.nat(whole.length),
        fc.integer({ min: 1, max: 9 }),
        (left, right, chunkBytes) => {
          const [first = 0, second = 0] = [left, right].toSorted((a, b) => a - b);
          const { codec, seen } = recorder();
          push(
            codec,
            Buffer.concat([
              frame(1, whole.subarray(0, first), { isFinal: false }),
              frame(9, 'between'),
              frame(0, whole.subarray(first, second), { isFinal: false }),
              frame(0, whole.subarray(second)),
              frame(1, 'next'),
            ]),
            chunkBytes,
          );
          expect(seen).toEqual(['ping between', 'frame grüße 😀 undefined', 'frame next undefined']);
        },
      ),
    );
  });

  it('WIRE-H6: a frame above the limit is refused from its head, also as the sum of fragments', () => {
    const single = recorder(100);
    single.codec.push(frame(1, 'x'.repeat(101)).subarray(0, 2));
    expect(single.seen).toEqual(['broken 1009 frame too big']);
    const huge = recorder(100);
    huge.codec.push(Buffer.from([0x81, 127, 255, 255, 255, 255, 255, 255, 255, 255]));
    expect(huge.seen).toEqual(['broken 1009 frame too big']);
    const sum = recorder(100);
    sum.codec.push(frame(1, 'x'.repeat(60), { isFinal: false }));
    sum.codec.push(frame(0, 'x'.repeat(60), { isFinal: false }));
    expect(sum.seen).toEqual(['broken 1009 frame too big']);
    const exact = recorder(100);
    exact.codec.push(frame(1, 'x'.repeat(100)));
    expect(exact.seen).toHaveLength(1);
  });

  it.each([
    ['a compressed frame', frame(1, 'x', { bits: 0x40 }), 1002],
    ['a masked frame', frame(1, 'x', { mask: true }), 1002],
    ['an unknown opcode', frame(3, 'x'), 1002],
    ['an unknown control opcode', frame(11, 'x'), 1002],
    ['a fragmented ping', frame(9, 'x', { isFinal: false }), 1002],
    ['a long ping', frame(9, 'x'.repeat(126)), 1002],
    ['a continuation of nothing', frame(0, 'x'), 1002],
    ['a new message within another', Buffer.concat([frame(1, 'a', { isFinal: false }), frame(1, 'b')]), 1002],
    ['text that is not UTF-8', frame(1, Uint8Array.of(0xc3, 0x28)), 1007],
  ])('WIRE-H9: %s ends the connection', (_what, bytes, code) => {
    const { codec, seen } = recorder();
    codec.push(Buffer.concat([bytes, frame(1, 'after')]));
    expect(seen).toHaveLength(1);
    expect(seen[0]).toContain(`broken ${code}`);
  });

  it('WIRE-H4: a close frame gives its code and reason, or none', () => {
    const { codec, seen } = recorder();
    codec.push(frame(8, Buffer.concat([Buffer.from([0x0f, 0xa3]), Buffer.from('unauthorized')])));
    codec.push(frame(8, ''));
    expect(seen).toEqual(['close 4003 unauthorized', 'close 1005 ']);
  });
});

describe('writing, read by the package ws', () => {
  let server: Server | undefined;

  afterEach(() => server?.close());

  it('WIRE-H9: messages of all lengths, pings and a close arrive as they were meant', async () => {
    const seen: string[] = [];
    const sockets = new WebSocketServer({ noServer: true, maxPayload: 64 * 1024 * 1024 });
    let resolve = (): void => undefined;
    const closed = new Promise<void>((done) => {
      resolve = done;
    });
    sockets.on('connection', (socket) => {
      socket.on('message', (data: Buffer, isBinary) =>
        seen.push(`${data.length} ${data.toString('latin1').slice(0, 3)} ${isBinary}`),
      );
      socket.on('ping', (data: Buffer) => seen.push(`ping ${data.length}`));
      socket.on('error', (error) => seen.push(`error ${error.message}`));
      socket.on('close', (code, reason) => {
        seen.push(`close ${code} ${reason.toString()}`);
        resolve();
      });
    });
    // The upgrade is not what is tested: ws is handed the bare socket.
    server = createServer((socket) => {
      const headers = {
        upgrade: 'websocket',
        'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
        'sec-websocket-version': '13',
      };
      const request = Object.assign(new IncomingMessage(socket), { headers, method: 'GET', url: '/' });
      sockets.handleUpgrade(request, socket, Buffer.alloc(0), (webSocket) => sockets.emit('connection', webSocket));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const client = connect(address.port, '127.0.0.1');
    await once(client, 'data'); // the 101
    const { codec } = recorder();
    const lengths = [0, 1, 3, 4, 125, 126, 65_535, 65_536, 3_000_001];
    const payload = (length: number) => Buffer.alloc(length, 'abc');
    for (const length of lengths) for (const part of codec.message(payload(length))) client.write(part);
    for (const part of [
      ...codec.control('{"op":"hello"}'),
      ...codec.ping(),
      ...codec.pong(Buffer.from('x')),
      ...codec.close(1000, 'bye'),
    ])
      client.write(part);
    await closed;
    client.destroy();
    expect(seen).toEqual([
      ...lengths.map((length) => `${length} ${'abc'.slice(0, length)} false`),
      '14 {"o false',
      'ping 0',
      'close 1000 bye',
    ]);
  });

  it('WIRE-M2: what is sent is not changed: it may be sent again', () => {
    const { codec } = recorder();
    const message = Buffer.from('{"jsonrpc":"2.0"}');
    const before = message.toString();
    const [head, masked] = codec.message(message);
    expect(message.toString()).toBe(before);
    expect(Buffer.from(masked ?? []).toString()).not.toBe(before);
    expect((head ?? [])[1]).toBe(0x80 | message.length);
    const masks = Array.from({ length: 3_000 }, () =>
      Buffer.from(codec.ping()[0] ?? [])
        .toString('hex')
        .slice(4),
    );
    expect(new Set(masks).size).toBeGreaterThan(2_990);
  });
});
