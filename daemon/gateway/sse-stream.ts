import type { ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import { limits } from '../../protocol/limits.ts';

export interface SseOptions {
  /** Silence that is broken with a comment, so that a dead peer is noticed and no proxy gives up, in milliseconds. */
  readonly keepAliveMs: number;
  /** Guard 10: bytes unsent, and for how long, that end a stream. */
  readonly slowReaderBytes: number;
  readonly slowReaderMs: number;
}

const defaultSse: SseOptions = {
  keepAliveMs: limits.sseKeepAliveMs,
  slowReaderBytes: limits.slowReaderBytes,
  slowReaderMs: limits.slowReaderMs,
};

const comment = ': \n\n';

/** One open `text/event-stream` response. Events come encoded; see {@link encodeEvent}. */
export class SseStream {
  readonly #response: ServerResponse;
  readonly #options: SseOptions;
  readonly #keepAlive: NodeJS.Timeout;
  #slowTimer: NodeJS.Timeout | undefined;
  #isOver = false;

  /** @param onGone called once when the client has gone or the stream has ended */
  constructor(
    response: ServerResponse,
    headers: Readonly<Record<string, string>>,
    onGone: () => void,
    options = defaultSse,
  ) {
    this.#response = response;
    this.#options = options;
    response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-cache, no-transform',
      'X-Accel-Buffering': 'no', // a proxy that collects would hold answers back
      'X-Content-Type-Options': 'nosniff',
      ...headers,
    });
    response.flushHeaders();
    response.socket?.setNoDelay(true);
    this.#keepAlive = setInterval(() => this.write(comment), options.keepAliveMs);
    this.#keepAlive.unref();
    response.once('close', () => {
      this.#stop();
      onGone();
    });
  }

  get isOpen(): boolean {
    return !this.#isOver;
  }

  write(event: string | Uint8Array): void {
    if (this.#isOver) return;
    this.#response.write(event);
    this.#keepAlive.refresh();
    if (this.#slowTimer === undefined && this.#response.writableLength > this.#options.slowReaderBytes) this.#watch();
  }

  /** Nothing more will come. What was written still leaves, unless the client does not read it. */
  end(): void {
    if (this.#isOver) return;
    this.#stop();
    endResponse(this.#response, this.#options.slowReaderMs);
  }

  #stop(): void {
    this.#isOver = true;
    clearInterval(this.#keepAlive);
    clearTimeout(this.#slowTimer);
  }

  #watch(): void {
    const slowSince = performance.now();
    const check = (): void => {
      this.#slowTimer = undefined;
      if (this.#isOver || this.#response.writableLength <= this.#options.slowReaderBytes) return;
      if (performance.now() - slowSince >= this.#options.slowReaderMs) {
        this.#response.destroy();
        return;
      }
      this.#slowTimer = setTimeout(check, Math.min(1000, this.#options.slowReaderMs));
      this.#slowTimer.unref();
    };
    check();
  }
}

/** Ends a response and cuts a client that takes nothing of it for `slowReaderMs`. */
export function endResponse(response: ServerResponse, slowReaderMs: number, last?: string | Uint8Array): void {
  response.end(last);
  if (response.writableFinished) return;
  const { socket } = response;
  if (socket === null) return;
  const cut = (): void => {
    response.destroy();
  };
  socket.setTimeout(slowReaderMs, cut);
  response.once('close', () => {
    socket.setTimeout(0);
    socket.off('timeout', cut);
  });
}

const encoder = new TextEncoder();

/** A message as one event. JSON may hold line breaks between its values; a data line may not. */
export function encodeEvent(id: string, message: string | Uint8Array): Uint8Array {
  const text = typeof message === 'string' ? message : Buffer.from(message).toString('utf8');
  const data = /[\r\n]/.test(text) ? text.replaceAll(/\r\n|\r|\n/g, '\ndata: ') : text;
  return encoder.encode(`id: ${id}\nevent: message\ndata: ${data}\n\n`);
}

/**
 * The first event of a stream: it gives the client an id to resume from before anything has happened. Only for revisions
 * whose clients know an event without data (2025-11-25 and later).
 */
export function encodePriming(id: string): Uint8Array {
  return encoder.encode(`id: ${id}\nretry: ${limits.sseRetryMs}\ndata: \n\n`);
}
