import type { ServerResponse } from 'node:http';
import { errorTable, type Failure, jsonRpcError } from '../../protocol/errors.ts';
import type { RequestId } from '../../protocol/ids.ts';
import { limits } from '../../protocol/limits.ts';
import type { EventStream } from './mcp-http-stream.ts';
import { endResponse } from './sse-stream.ts';

export interface ExchangeOptions {
  readonly id: RequestId;
  readonly response: ServerResponse;
  /** Headers of the answer, whichever form it takes. */
  readonly headers: Readonly<Record<string, string>>;
  /** Makes the stream of this request, once it needs one. */
  openStream(): EventStream;
}

/**
 * One request of a client and how it is answered: with a JSON body when the answer is the first and comes soon, else with
 * a stream that holds all that belongs to the request and ends with its answer.
 */
export class HttpExchange {
  readonly #options: ExchangeOptions;
  #stream: EventStream | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isDone = false;
  #isGone = false;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    options.response.once('close', () => {
      this.#isGone = true;
      clearTimeout(this.#timer);
    });
  }

  /** Something of it is still open: the answer, or the connection that waits for it. */
  get isDone(): boolean {
    return this.#isDone;
  }

  /** Called when the request has been handed on and its answer is not there yet. */
  streamSoon(): void {
    if (this.#isDone || this.#stream !== undefined) return;
    this.#timer = setTimeout(() => this.#openStream(), limits.httpJsonWithinMs);
    this.#timer.unref();
  }

  /** A notification or request of ours that belongs to this request. */
  send(message: string | Uint8Array): void {
    if (!this.#isDone) this.#openStream()?.send(message, null);
  }

  /** The last word on the request. */
  answer(message: string | Uint8Array): void {
    if (this.#isDone) return;
    this.#isDone = true;
    clearTimeout(this.#timer);
    if (this.#stream !== undefined) {
      this.#stream.send(message, this.#options.id);
      this.#stream.end();
      return;
    }
    this.#endWithJson(200, message);
  }

  /** The client has cancelled the request and waits for no answer. */
  abandon(): void {
    if (this.#isDone) return;
    this.#openStream();
    this.#isDone = true;
    this.#stream?.end();
  }

  /** The session ends before the answer. */
  fail(failure: Failure): void {
    const text = JSON.stringify({ jsonrpc: '2.0', id: this.#options.id, error: jsonRpcError(failure) });
    if (this.#stream !== undefined) {
      this.answer(text);
      return;
    }
    if (this.#isDone) return;
    this.#isDone = true;
    clearTimeout(this.#timer);
    this.#endWithJson(errorTable[failure.code].http, text);
  }

  /** Undefined when the client left before there was a stream that it could come back to. */
  #openStream(): EventStream | undefined {
    clearTimeout(this.#timer);
    if (this.#stream === undefined && !this.#isGone) {
      this.#stream = this.#options.openStream();
      this.#stream.connect(this.#options.response, this.#options.headers);
    }
    return this.#stream;
  }

  #endWithJson(status: number, message: string | Uint8Array): void {
    if (this.#isGone) return;
    const { response, headers } = this.#options;
    response.writeHead(status, {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(message),
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      ...headers,
    });
    endResponse(response, limits.slowReaderMs, message);
  }
}
