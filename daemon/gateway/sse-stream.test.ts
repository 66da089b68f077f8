import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { encodeEvent, endResponse, SseStream } from './sse-stream.ts';

const eager = { keepAliveMs: 20, slowReaderBytes: 64 * 1024, slowReaderMs: 50 };
const megabyte = 'x'.repeat(1024 * 1024);
let server: Server | undefined;

/** One request to a real server; `answer` gets its response. The client reads nothing until the test says so. */
async function exchange(answer: (response: ServerResponse) => unknown): Promise<IncomingMessage> {
  const own = createServer((_request, response) => answer(response));
  server = own;
  await new Promise<void>((resolve) => {
    own.listen(0, '127.0.0.1', resolve);
  });
  const address = own.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, agent: false }, (response) => {
      response.on('error', () => undefined); // cut, as these tests want it
      resolve(response);
    }).once('error', reject);
  });
}

describe('SseStream', () => {
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  it('HTTP-slow: who leaves too much unread for too long is cut', async () => {
    let stream: SseStream | undefined;
    const gone = Promise.withResolvers<void>();
    await exchange((response) => {
      stream = new SseStream(response, {}, gone.resolve, eager);
      for (let count = 0; count < 32; count += 1) stream.write(encodeEvent(`1-${count}`, megabyte));
    });
    await gone.promise;
    expect(stream?.isOpen).toBe(false);
  });

  it('HTTP-slow: an answer that nobody takes is cut as well', async () => {
    const gone = Promise.withResolvers<void>();
    let cut: ServerResponse | undefined;
    await exchange((response) => {
      cut = response;
      response.once('close', gone.resolve);
      response.writeHead(200, { 'Content-Type': 'application/json' });
      endResponse(response, eager.slowReaderMs, megabyte.repeat(32));
    });
    await gone.promise;
    expect(cut?.writableFinished).toBe(false);
  });

  it('HTTP-slow: who reads gets everything and is not cut', async () => {
    const response = await exchange((open) => {
      const stream = new SseStream(open, {}, () => undefined, eager);
      for (let count = 0; count < 8; count += 1) stream.write(encodeEvent(`1-${count}`, megabyte));
      stream.end();
    });
    let bytes = 0;
    for await (const chunk of response) bytes += String(chunk).length;
    expect(bytes).toBeGreaterThan(8 * megabyte.length);
  });

  it('HTTP-streams: silence is broken with a comment', async () => {
    const response = await exchange((open) => new SseStream(open, {}, () => undefined, eager));
    const first = await new Promise((resolve) => {
      response.once('data', (chunk: Buffer) => resolve(chunk.toString('utf8')));
    });
    expect(first).toMatch(/^: /);
    response.destroy();
  });

  it.each([
    ['{"a":1}', 'data: {"a":1}'],
    ['{\n"a":1,\r\n"b":2\r}', 'data: {\ndata: "a":1,\ndata: "b":2\ndata: }'],
    ['{"a":"\u2028"}', 'data: {"a":"\u2028"}'],
  ])('HTTP-streams: %j is one event', (message, data) => {
    for (const form of [message, Buffer.from(message, 'utf8')]) {
      expect(Buffer.from(encodeEvent('3-7', form)).toString('utf8')).toBe(`id: 3-7\nevent: message\n${data}\n\n`);
    }
  });
});
