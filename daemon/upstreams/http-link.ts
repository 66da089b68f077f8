import { readEnvelope } from '../../protocol/envelope.ts';
import { SseReader } from './sse-reader.ts';
import { onOneLine } from './stdio-link.ts';
import type { LinkHandlers, UpstreamLink } from './upstream-link.ts';

export interface HttpLinkOptions {
  readonly transport: 'streamable' | 'sse';
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly maxMessageBytes: number;
}

/** Nothing is sent before the first message. */
export function openHttpLink(options: HttpLinkOptions, handlers: LinkHandlers): UpstreamLink {
  return options.transport === 'sse' ? new SseLink(options, handlers) : new StreamableLink(options, handlers);
}

const closeTimeoutMs = 2_000;
const reopenStreamMs = 1_000;
const maxReopenMs = 30_000;

/** A message of a server as one line; undefined for what is none. */
function messageOf(data: string): Buffer | undefined {
  return data === '' ? undefined : onOneLine(Buffer.from(data, 'utf8'));
}

/**
 * A server that is reached over Streamable HTTP: a POST per message, whose answer is JSON or a stream of its own, and
 * one GET for what belongs to no request. Messages on the stream of a POST are known to be caused by it.
 */
class StreamableLink implements UpstreamLink {
  readonly pid = null;
  readonly stderrTail: readonly string[] = [];
  readonly #options: HttpLinkOptions;
  readonly #handlers: LinkHandlers;
  readonly #closing = new AbortController();
  readonly #posts = new Map<number, AbortController>();
  #sessionId: string | null = null;
  #protocolVersion: string | null = null;
  /** Messages leave in order until the session is known; after that a slow one holds up no other. */
  #handshake: Promise<unknown> = Promise.resolve();
  #isEnded = false;

  constructor(options: HttpLinkOptions, handlers: LinkHandlers) {
    this.#options = options;
    this.#handlers = handlers;
  }

  send(parts: readonly Buffer[], requestId?: number): void {
    if (this.#isEnded) return;
    const message = Buffer.concat(parts);
    const abort = new AbortController();
    if (requestId !== undefined) this.#posts.set(requestId, abort);
    const post = this.#handshake.then(() => this.#post(message, requestId, abort));
    if (this.#protocolVersion === null) this.#handshake = post;
  }

  abandon(requestId: number): void {
    this.#posts.get(requestId)?.abort();
  }

  initialized(protocolVersion: string): void {
    this.#protocolVersion = protocolVersion;
    void this.#listen();
  }

  async close(): Promise<void> {
    if (this.#isEnded) return;
    if (this.#sessionId !== null) {
      const signal = AbortSignal.timeout(closeTimeoutMs);
      await fetch(this.#options.url, { method: 'DELETE', headers: this.#headers(), signal }).catch(() => undefined);
    }
    this.#end('the connection was closed.');
  }

  async #post(message: Buffer, requestId: number | undefined, abort: AbortController): Promise<void> {
    const headers = {
      ...this.#headers(),
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    };
    try {
      const signal = AbortSignal.any([abort.signal, this.#closing.signal]);
      const response = await fetch(this.#options.url, {
        method: 'POST',
        headers,
        body: new Uint8Array(message),
        signal,
      });
      this.#sessionId = response.headers.get('mcp-session-id') ?? this.#sessionId;
      if (response.status === 404 && this.#sessionId !== null) {
        await response.body?.cancel();
        this.#end('it has forgotten this session.');
        return;
      }
      if (!response.ok) throw new Error(`it answered ${response.status} ${response.statusText}`.trim());
      const isAnswered = await this.#read(response, requestId);
      if (requestId !== undefined && !isAnswered) throw new Error('its answer ended too early');
    } catch (error) {
      if (requestId !== undefined && !abort.signal.aborted && !this.#isEnded) {
        this.#handlers.onRequestFailed(requestId, reasonOf(error));
      }
    } finally {
      if (requestId !== undefined) this.#posts.delete(requestId);
    }
  }

  /** True when the answer of `requestId` was there. */
  async #read(response: Response, requestId: number | undefined): Promise<boolean> {
    const type = response.headers.get('content-type') ?? '';
    let isAnswered = false;
    const deliver = (bytes: Buffer): void => {
      const read = readEnvelope(bytes);
      isAnswered ||= read.type === 'object' && read.envelope.method === undefined && read.envelope.id === requestId;
      this.#handlers.onMessage(bytes, requestId);
    };
    if (type.includes('text/event-stream')) {
      const reader = new SseReader(this.#options.maxMessageBytes, ({ data }) => {
        const bytes = messageOf(data);
        if (bytes !== undefined) deliver(bytes);
      });
      for await (const chunk of response.body ?? []) reader.push(chunk);
      return isAnswered;
    }
    const bytes = await readBody(response, this.#options.maxMessageBytes);
    if (bytes === undefined) {
      this.#handlers.onOversized(this.#options.maxMessageBytes + 1, requestId ?? null);
      return true;
    }
    if (type.includes('application/json') && bytes.length > 0) deliver(onOneLine(bytes));
    return isAnswered;
  }

  /** The stream for what belongs to no request; a server without one says 405. */
  async #listen(): Promise<void> {
    let lastEventId: string | null = null;
    let waitMs = reopenStreamMs;
    while (!this.#isEnded) {
      try {
        const headers: Record<string, string> = { ...this.#headers(), accept: 'text/event-stream' };
        if (lastEventId !== null) headers['last-event-id'] = lastEventId;
        const response = await fetch(this.#options.url, { headers, signal: this.#closing.signal });
        if (!response.ok) {
          await response.body?.cancel();
          return;
        }
        waitMs = reopenStreamMs;
        const reader = new SseReader(this.#options.maxMessageBytes, ({ data, id }) => {
          lastEventId = id ?? lastEventId;
          const bytes = messageOf(data);
          if (bytes !== undefined) this.#handlers.onMessage(bytes);
        });
        for await (const chunk of response.body ?? []) reader.push(chunk);
      } catch {
        if (this.#isEnded) return; // closed by us; anything else is tried again below
      }
      await new Promise((resolve) => setTimeout(resolve, waitMs).unref());
      waitMs = Math.min(waitMs * 2, maxReopenMs);
    }
  }

  #headers(): Record<string, string> {
    return {
      ...this.#options.headers,
      ...(this.#sessionId === null ? {} : { 'mcp-session-id': this.#sessionId }),
      ...(this.#protocolVersion === null ? {} : { 'mcp-protocol-version': this.#protocolVersion }),
    };
  }

  #end(message: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#closing.abort();
    this.#handlers.onEnded({ message, exitCode: null, signal: null, stderrTail: [] });
  }
}

/** The transport of 2024-11-05: one stream for everything that comes, and an address for what goes. */
class SseLink implements UpstreamLink {
  readonly pid = null;
  readonly stderrTail: readonly string[] = [];
  readonly #options: HttpLinkOptions;
  readonly #handlers: LinkHandlers;
  readonly #closing = new AbortController();
  readonly #endpoint: Promise<string>;
  #isEnded = false;

  constructor(options: HttpLinkOptions, handlers: LinkHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    this.#endpoint = new Promise((resolve) => {
      void this.#listen(resolve);
    });
  }

  send(parts: readonly Buffer[], requestId?: number): void {
    const message = Buffer.concat(parts);
    void this.#endpoint.then((url) => this.#post(url, message, requestId));
  }

  close(): Promise<void> {
    this.#end('the connection was closed.');
    return Promise.resolve();
  }

  async #post(url: string, message: Buffer, requestId: number | undefined): Promise<void> {
    try {
      const headers = { ...this.#options.headers, 'content-type': 'application/json' };
      const response = await fetch(url, {
        method: 'POST',
        headers,
        body: new Uint8Array(message),
        signal: this.#closing.signal,
      });
      await response.body?.cancel();
      if (!response.ok) throw new Error(`it answered ${response.status} ${response.statusText}`.trim());
    } catch (error) {
      if (requestId !== undefined && !this.#isEnded) this.#handlers.onRequestFailed(requestId, reasonOf(error));
    }
  }

  async #listen(found: (endpoint: string) => void): Promise<void> {
    const { url, headers, maxMessageBytes } = this.#options;
    try {
      const response = await fetch(url, {
        headers: { ...headers, accept: 'text/event-stream' },
        signal: this.#closing.signal,
      });
      if (!response.ok) throw new Error(`it answered ${response.status} ${response.statusText}`.trim());
      const reader = new SseReader(maxMessageBytes, ({ event, data }) => {
        if (event === 'endpoint') {
          const endpoint = new URL(data, url);
          // The headers hold a credential: they go nowhere else.
          if (endpoint.origin === new URL(url).origin) found(endpoint.href);
          return;
        }
        const bytes = event === 'message' ? messageOf(data) : undefined;
        if (bytes !== undefined) this.#handlers.onMessage(bytes);
      });
      for await (const chunk of response.body ?? []) reader.push(chunk);
      this.#end('it has closed the connection.');
    } catch (error) {
      this.#end(`${reasonOf(error)}.`);
    }
  }

  #end(message: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#closing.abort();
    this.#handlers.onEnded({ message, exitCode: null, signal: null, stderrTail: [] });
  }
}

/** Undefined when it is longer than it may be. */
async function readBody(response: Response, maxBytes: number): Promise<Buffer | undefined> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) return undefined;
    parts.push(chunk);
  }
  return Buffer.concat(parts);
}

/** The reason of `fetch` stands in its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
