import type { ServerResponse } from 'node:http';
import type { FeedReader } from '../observe/feed.ts';
import type { LiveView } from '../observe/live-view.ts';
import type { AdminExchange } from './admin-handler.ts';
import { startStream } from './admin-routes.ts';

/**
 * Streams the feed to one reader until it goes, does not keep up, may not read any more, or the daemon stops.
 *
 * @param lastLineMs time for the last line, and what is before it, to be read; then the connection is cut
 */
export function streamEvents(
  live: Pick<LiveView, 'open' | 'close' | 'restart'>,
  exchange: AdminExchange,
  lastLineMs = 5_000,
): void {
  const { response, gone } = exchange;
  response.setHeader('X-Accel-Buffering', 'no'); // a proxy that collects lines would make them late
  startStream(response);
  const reader = new ResponseReader(response, lastLineMs);
  gone.addEventListener(
    'abort',
    () => {
      if (gone.reason === 'signed-out' || gone.reason === 'daemon-stopping') live.restart(reader, gone.reason);
      live.close(reader);
    },
    { once: true },
  );
  if (gone.aborted) response.end();
  else live.open(reader);
}

class ResponseReader implements FeedReader {
  readonly #response: ServerResponse;
  readonly #lastLineMs: number;

  constructor(response: ServerResponse, lastLineMs: number) {
    this.#response = response;
    this.#lastLineMs = lastLineMs;
  }

  get unsentBytes(): number {
    return this.#response.writableLength;
  }

  send(line: Uint8Array): void {
    this.#response.write(line);
  }

  /** Who does not read would keep the connection, and what waits for it, for ever. */
  end(line: Uint8Array): void {
    this.#response.end(line);
    const cut = setTimeout(() => this.#response.destroy(), this.#lastLineMs);
    cut.unref();
    this.#response.once('close', () => clearTimeout(cut));
  }
}
