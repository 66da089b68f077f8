import { afterEach, describe, expect, it, vi } from 'vitest';
import type { CloseReason } from '../../protocol/limits.ts';
import type { FrameHandlers, FrameSocket } from '../listen/frame-socket.ts';
import { ClientConnection, type ConnectionOptions, defaultSlowReader } from './client-connection.ts';
import { FrameScheduler } from './frame-scheduler.ts';

class FakeSocket implements FrameSocket {
  readonly log: string[] = [];
  bufferedBytes = 0;
  lastReadAt = performance.now();
  send(kind: string, payload: string | Uint8Array): void {
    this.log.push(`${kind} ${String(payload)}`);
  }
  ping(): void {
    this.log.push('ping');
  }
  close(reason: CloseReason): void {
    this.log.push(`close ${reason.code} ${reason.reason}`);
  }
  terminate(): void {
    this.log.push('terminate');
  }
  pause(): void {
    this.log.push('pause');
  }
  resume(): void {
    this.log.push('resume');
  }
  setMaxFrameBytes(): void {}
  setHandlers(_handlers: FrameHandlers): void {}
}

function create(options: Partial<ConnectionOptions> = {}) {
  const socket = new FakeSocket();
  const scheduler = new FrameScheduler({ frames: 4, burstBytes: 1_000_000, bytesPerMs: 1000 });
  const peer = { address: '127.0.0.1', listener: 'tcp', isExempt: true } as const;
  const connection = new ClientConnection(
    socket,
    { peer, bearer: null, isBearerCounted: false, framing: 'websocket' },
    { pingIntervalMs: 0, pingTimeoutMs: 5, scheduler, ...defaultSlowReader, ...options },
  );
  const frames: string[] = [];
  const closes: string[] = [];
  connection.start(
    (bytes) => frames.push(bytes.toString('utf8')),
    (code, reason) => closes.push(`${code} ${reason}`),
  );
  return { socket, connection, frames, closes };
}

describe('ClientConnection', () => {
  afterEach(() => vi.useRealTimers());

  it('MAIN-concurrent: hands frames to the mode, and sends what it is given', () => {
    const { socket, connection, frames } = create();
    connection.receive(Buffer.from('a'));
    connection.send('control', '{"op":"pong"}');
    expect(frames).toEqual(['a']);
    expect(socket.log).toEqual(['control {"op":"pong"}']);
  });

  it('BAD-never-reads: a flood is not read any further than its inbox', async () => {
    const { socket, connection, frames } = create();
    for (let at = 0; at < 36; at += 1) connection.receive(Buffer.from(`${at}`));
    expect(socket.log).toEqual(['pause']);
    await expect.poll(() => frames.length).toBe(36);
    expect(socket.log).toEqual(['pause', 'resume']);
  });

  it('MAIN-broken-socket: when it has closed, what was read is handled, then its end is told, once', () => {
    const { socket, connection, frames, closes } = create();
    for (let at = 0; at < 10; at += 1) connection.receive(Buffer.from(`${at}`));
    expect(frames).toHaveLength(4);
    connection.closed(1006, '');
    connection.closed(1000, 'again');
    expect(frames).toHaveLength(10);
    expect(closes).toEqual(['1006 ']);
    expect(connection.isClosed).toBe(true);
    connection.send('message', 'x');
    connection.receive(Buffer.from('x'));
    expect(socket.log).toEqual([]);
    expect(frames).toHaveLength(10);
  });

  it('MAIN-broken-socket PF-R1: a peer that answers no ping is closed with 1011, and its session freed without waiting for it', async () => {
    const { socket, closes } = create({ pingIntervalMs: 5 });
    await expect.poll(() => closes).toEqual(['1011 keepalive ping timeout']);
    expect(socket.log).toEqual(['ping', 'close 1011 keepalive ping timeout']);
  });

  it('PF-R8: closing it ends the heartbeat', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { socket, connection, closes } = create({ pingIntervalMs: 5 });
    connection.close({ code: 1001, reason: 'shutdown' });
    vi.advanceTimersByTime(60_000);
    expect(socket.log).toEqual(['close 1001 shutdown']);
    expect(closes).toEqual([]);
  });

  it('BAD-never-reads: who leaves too much unread for too long is cut off with 4007', async () => {
    const { socket, connection, closes } = create({ slowReaderBytes: 100, slowReaderMs: 20 });
    socket.bufferedBytes = 101;
    connection.send('message', 'x');
    connection.send('message', 'y');
    expect(closes).toEqual([]);
    await expect.poll(() => closes).toEqual(['4007 slow consumer']);
    expect(socket.log.slice(-2)).toEqual(['close 4007 slow consumer', 'terminate']);
  });

  it('BAD-never-reads: who catches up in time stays, and is watched again when it falls behind', () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const { socket, connection, closes } = create({ slowReaderBytes: 100 });
    for (let round = 0; round < 2; round += 1) {
      socket.bufferedBytes = 101;
      connection.send('message', 'x');
      expect(vi.getTimerCount()).toBe(1);
      socket.bufferedBytes = 100;
      vi.advanceTimersByTime(1000);
      expect(vi.getTimerCount()).toBe(0);
    }
    expect(closes).toEqual([]);
  });

  it('BAD-never-reads: who leaves 4 MiB unread is not read until it has taken half of it', async () => {
    const { socket, connection } = create();
    socket.bufferedBytes = 4 * 1024 * 1024 + 1;
    connection.send('message', 'x');
    connection.send('message', 'y');
    expect(socket.log).toEqual(['message x', 'pause', 'message y']);
    socket.bufferedBytes = 2 * 1024 * 1024;
    await expect.poll(() => socket.log.at(-1)).toBe('resume');
    expect(socket.log).toHaveLength(4);
  });

  it('BAD-never-reads: what it takes meanwhile counts as life; when it takes nothing more it is lost', async () => {
    const { socket, connection, closes } = create({ pingIntervalMs: 100, pingTimeoutMs: 100 });
    socket.bufferedBytes = 4 * 1024 * 1024 + 1;
    connection.send('message', 'x');
    const startedAt = performance.now();
    await expect
      .poll(
        () => {
          socket.bufferedBytes -= 1000;
          expect(closes).toEqual([]);
          return performance.now() - startedAt;
        },
        { interval: 5 },
      )
      .toBeGreaterThan(500);
    await expect.poll(() => closes).toEqual(['1011 keepalive ping timeout']);
    expect(socket.log).not.toContain('resume');
  });

  it('BAD-never-reads: the limits of the specification', () => {
    expect(defaultSlowReader).toEqual({ slowReaderBytes: 64 * 1024 * 1024, slowReaderMs: 30_000 });
  });
});
