import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { applyFeedMessage, emptyFeedState, type FeedState } from '../../protocol/apply-feed.ts';
import { feedMaxUnsentBytes, feedMessageSchema } from '../../protocol/feed.ts';
import { sampleStatus } from '../observe/sample-data.ts';
import { LiveScene } from '../testing/live-scene.ts';
import { streamEvents } from './events-stream.ts';

let scene: LiveScene;
let server: Server;
let gone: AbortController[];
let lastLineMs: number;

beforeEach(async () => {
  scene = new LiveScene({ status: sampleStatus() });
  gone = [];
  lastLineMs = 5_000;
  server = createServer((request, response) => {
    const controller = new AbortController();
    gone.push(controller);
    response.once('close', () => controller.abort('client-gone'));
    streamEvents(scene.live, { request, response, gone: controller.signal, caller: { type: 'secret' } }, lastLineMs);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

class Reader {
  readonly response: IncomingMessage;
  state: FeedState = emptyFeedState;
  readonly types: string[] = [];
  #rest = '';

  constructor(response: IncomingMessage) {
    this.response = response;
    response.on('error', () => undefined);
  }

  static async open(): Promise<Reader> {
    const request = get({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', agent: false });
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return new Reader(response);
  }

  read(): this {
    this.response.setEncoding('utf8').on('data', (text: string) => {
      const lines = (this.#rest + text).split('\n');
      this.#rest = lines.pop() ?? '';
      for (const line of lines) {
        const message = feedMessageSchema.parse(JSON.parse(line));
        this.types.push(message.type);
        this.state = applyFeedMessage(this.state, message);
      }
    });
    return this;
  }

  async until(condition: () => boolean): Promise<void> {
    for (let tries = 0; !condition(); tries += 1) {
      if (tries > 400) throw new Error(`only ${this.types.join(', ')}`);
      await new Promise((resolve) => {
        setTimeout(resolve, 5);
      });
    }
  }
}

describe('GET /api/events', () => {
  it('LIVE-snapshot-first: is a stream that no cache keeps and no proxy collects', async () => {
    const reader = (await Reader.open()).read();
    expect(reader.response.headers).toMatchObject({
      'content-type': 'application/x-ndjson; charset=utf-8',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      'x-content-type-options': 'nosniff',
    });
    await reader.until(() => reader.types.length === 1);
    scene.connect('one');
    await scene.advance(100);
    await reader.until(() => reader.types.length === 2);
    expect(reader.types).toEqual(['snapshot', 'delta']);
    expect(reader.state.snapshot?.sessions).toMatchObject([{ sessionId: 'one' }]);
  });

  it('LIVE-idle-cost: ends with its client', async () => {
    const reader = (await Reader.open()).read();
    await reader.until(() => reader.types.length === 1);
    expect(scene.time.pendingTimers).toBe(1);
    reader.response.destroy();
    await reader.until(() => scene.time.pendingTimers === 0);
  });

  it.each(['signed-out', 'daemon-stopping'] as const)('LIVE-daemon-stops: %s is the last line', async (reason) => {
    const reader = (await Reader.open()).read();
    await reader.until(() => reader.types.length === 1);
    gone[0]?.abort(reason);
    await once(reader.response, 'end');
    expect(reader.types).toEqual(['snapshot', 'restart']);
    expect(reader.state.lost).toBe(reason);
    expect(scene.time.pendingTimers).toBe(0);
  });

  it('LIVE-slow-reader: one that never reads again does not keep its connection', async () => {
    lastLineMs = 50;
    for (let at = 0; at < 50; at += 1) scene.connect(`window-${at}`, { client: { name: 'n'.repeat(200) } });
    await Reader.open();
    for (let frame = 0; frame < 2_000 && scene.time.pendingTimers > 0; frame += 1) {
      for (const session of scene.registry.all()) session.label = `name ${frame}`;
      scene.live.changed();
      await scene.advance(100);
    }
    expect(scene.time.pendingTimers).toBe(0);
    const signal = gone[0]?.signal;
    if (signal?.aborted === false) await once(signal, 'abort');
    expect(signal?.reason).toBe('client-gone');
  }, 20_000);

  it('LIVE-slow-reader: one that does not read is cut with a last line; the other gets every change', async () => {
    for (let at = 0; at < 50; at += 1) scene.connect(`window-${at}`, { client: { name: 'n'.repeat(200) } });
    const slow = await Reader.open();
    const quick = (await Reader.open()).read();
    const frames = Math.ceil((feedMaxUnsentBytes * 3) / (50 * 800));
    let frame = 0;
    for (; frame < frames * 4 && scene.time.pendingTimers > 0; frame += 1) {
      for (const session of scene.registry.all()) session.label = `name ${frame}`;
      scene.live.changed();
      await scene.advance(100);
      const seen = frame + 2;
      await quick.until(() => quick.types.length >= seen);
      if (gone[0]?.signal.aborted === true) break;
      if (frame === frames) slow.read();
    }
    await slow.until(() => slow.state.lost !== null);
    expect(slow.state.lost).toBe('slow-reader');
    expect(quick.state.lost).toBeNull();
    expect(quick.types.slice(1).every((type) => type === 'delta')).toBe(true);
    expect(quick.state.snapshot?.sessions[0]?.name).toMatch(/^name \d+$/);
  }, 20_000);
});
