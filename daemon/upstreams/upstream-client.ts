import { type Envelope, readEnvelope } from '../../protocol/envelope.ts';
import { FailureError, jsonRpcError } from '../../protocol/errors.ts';
import type { RequestId } from '../../protocol/ids.ts';
import { scalarMember } from '../../protocol/json-slices.ts';
import { type CallingWindow, RelayedError } from './calling-window.ts';
import { answerTooLarge, brokenRequest, serverGone, unattributed } from './upstream-failures.ts';
import type { LinkEnd, OpenLink, UpstreamLink } from './upstream-link.ts';

export interface UpstreamRequest {
  readonly method: string;
  /** JSON of `params`, or how to make it from the id, which is the progress token too. */
  readonly params?: Buffer | string | ((id: number) => readonly Buffer[]) | undefined;
  /** Aborts: the upstream is told, the promise rejects with CANCELLED. */
  readonly signal?: AbortSignal | undefined;
  /** Null: the daemon itself asks. */
  readonly window: CallingWindow | null;
  /** `params` of a progress notification. */
  readonly onProgress?: ((params: Buffer) => void) | undefined;
}

export interface UpstreamClientOptions {
  /** For messages: the upstream's name. */
  readonly name: string;
  readonly open: OpenLink;
  /** The one window that this connection serves; null: it is shared. */
  readonly soleWindow: () => CallingWindow | null;
  /** A notification that concerns all who use this upstream. `params` are its bytes. */
  onNotification(method: string, params: Buffer | undefined): void;
  /** A log message that belongs to no single window, or one that does. */
  onLog(params: Buffer | undefined, window: CallingWindow | null): void;
  /** Something that is no JSON-RPC. */
  onGarbage(text: string): void;
  onEnded(end: LinkEnd): void;
}

interface OpenRequest {
  readonly request: UpstreamRequest;
  readonly resolve: (result: Buffer) => void;
  readonly reject: (error: Error) => void;
  readonly stopListening: () => void;
}

const shownGarbageChars = 200;

/**
 * One JSON-RPC conversation with one server. Ids and progress tokens are ours, so that clients with equal ids never
 * meet; payloads pass as bytes. Requests of the server go to the window whose request caused them, or are refused.
 */
export class UpstreamClient {
  readonly #options: UpstreamClientOptions;
  readonly #link: UpstreamLink;
  readonly #open = new Map<number, OpenRequest>();
  /** Requests of the server that a window works on. */
  readonly #asked = new Map<RequestId, AbortController>();
  #nextId = 1;
  #end: LinkEnd | undefined;

  constructor(options: UpstreamClientOptions) {
    this.#options = options;
    this.#link = options.open({
      onMessage: (bytes, causedBy) => this.#receive(bytes, causedBy),
      onOversized: (bytes, id) => {
        if (id !== null) this.#settle(id)?.reject(new FailureError(answerTooLarge(options.name, bytes)));
      },
      onRequestFailed: (id, message) => {
        this.#settle(id)?.reject(new FailureError(brokenRequest(options.name, message)));
      },
      onEnded: (end) => this.#onEnded(end),
    });
  }

  get pid(): number | null {
    return this.#link.pid;
  }

  get stderrTail(): readonly string[] {
    return this.#link.stderrTail;
  }

  /** Requests of windows that wait for an answer. */
  get inflight(): number {
    let count = 0;
    for (const { request } of this.#open.values()) if (request.window !== null) count += 1;
    return count;
  }

  /** The bytes of the result. Rejects with a `RelayedError` or a `FailureError`. */
  request(request: UpstreamRequest): Promise<Buffer> {
    if (this.#end !== undefined)
      return Promise.reject(new FailureError(serverGone(this.#options.name, this.#end, false)));
    if (request.signal?.aborted === true) return Promise.reject(cancelled());
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      const { signal } = request;
      const abort = (): void => this.#cancel(id);
      signal?.addEventListener('abort', abort, { once: true });
      this.#open.set(id, {
        request,
        resolve,
        reject,
        stopListening: () => signal?.removeEventListener('abort', abort),
      });
      const params = typeof request.params === 'function' ? request.params(id) : request.params;
      this.#link.send(messageOf({ id, method: request.method, params }), id);
    });
  }

  notify(method: string, params?: Buffer | string): void {
    if (this.#end === undefined) this.#link.send(messageOf({ method, params }));
  }

  initialized(protocolVersion: string): void {
    this.#link.initialized?.(protocolVersion);
    this.notify('notifications/initialized');
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  #cancel(id: number): void {
    const open = this.#settle(id);
    if (open === undefined) return;
    if (open.request.method !== 'initialize') {
      this.notify('notifications/cancelled', JSON.stringify({ requestId: id, reason: 'cancelled by the client' }));
    }
    this.#link.abandon?.(id);
    open.reject(cancelled());
  }

  #settle(id: number): OpenRequest | undefined {
    const open = this.#open.get(id);
    if (open === undefined) return undefined;
    this.#open.delete(id);
    open.stopListening();
    return open;
  }

  #onEnded(end: LinkEnd): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    for (const id of this.#open.keys()) {
      this.#settle(id)?.reject(new FailureError(serverGone(this.#options.name, end, true)));
    }
    for (const asked of this.#asked.values()) asked.abort();
    this.#asked.clear();
    this.#options.onEnded(end);
  }

  #receive(bytes: Buffer, causedBy: number | undefined): void {
    const read = readEnvelope(bytes);
    if (read.type !== 'object' || !read.envelope.isJsonRpc) {
      this.#options.onGarbage(bytes.toString('utf8', 0, shownGarbageChars));
      return;
    }
    const { envelope } = read;
    if (envelope.method === undefined) this.#onAnswer(envelope, bytes);
    else if (envelope.hasId) this.#onRequest(envelope, envelope.method, bytes, causedBy);
    else this.#onNotification(envelope.method, slice(bytes, envelope.params), causedBy);
  }

  #onAnswer({ id, result, error }: Envelope, bytes: Buffer): void {
    const open = typeof id === 'number' ? this.#settle(id) : undefined;
    if (open === undefined) return; // cancelled meanwhile
    const answer = slice(bytes, result);
    if (answer !== undefined) open.resolve(answer);
    else open.reject(new RelayedError(slice(bytes, error) ?? Buffer.from('{"code":-32603,"message":"no result"}')));
  }

  #onNotification(method: string, params: Buffer | undefined, causedBy: number | undefined): void {
    switch (method) {
      case 'notifications/progress': {
        const token = params === undefined ? undefined : scalarMember(params, 0, 'progressToken');
        const open = typeof token === 'number' ? this.#open.get(token) : undefined;
        if (params !== undefined) open?.request.onProgress?.(params);
        return;
      }
      case 'notifications/cancelled': {
        const id = params === undefined ? undefined : scalarMember(params, 0, 'requestId');
        if (typeof id === 'string' || typeof id === 'number') this.#asked.get(id)?.abort();
        return;
      }
      case 'notifications/message':
        this.#options.onLog(params, this.#windowOf(causedBy));
        return;
      case 'notifications/tools/list_changed':
      case 'notifications/prompts/list_changed':
      case 'notifications/resources/list_changed':
      case 'notifications/resources/updated':
        this.#options.onNotification(method, params);
        return;
      default:
        // Of no use to a window that has not caused it.
        this.#windowOf(causedBy)?.notify(method, params);
    }
  }

  #onRequest({ id, params }: Envelope, method: string, bytes: Buffer, causedBy: number | undefined): void {
    if (id === undefined || id === null) return;
    if (method === 'ping') {
      this.#answer(id, '"result":{}');
      return;
    }
    const window = this.#windowOf(causedBy);
    if (window === null) {
      this.#answer(id, `"error":${JSON.stringify(jsonRpcError(unattributed(method)))}`);
      return;
    }
    const asked = new AbortController();
    this.#asked.set(id, asked);
    window
      .request(method, slice(bytes, params), asked.signal)
      .then(
        (result) => this.#answer(id, '"result":', result),
        (error: unknown) => this.#answerError(id, error),
      )
      .finally(() => this.#asked.delete(id));
  }

  #answerError(id: RequestId, error: unknown): void {
    if (error instanceof RelayedError) {
      this.#answer(id, '"error":', error.error);
      return;
    }
    const failure =
      error instanceof FailureError
        ? error.failure
        : ({ code: 'INTERNAL_ERROR', message: 'The daemon failed.' } as const);
    this.#answer(id, `"error":${JSON.stringify(jsonRpcError(failure))}`);
  }

  #answer(id: RequestId, outcome: string, payload?: Buffer): void {
    if (this.#end !== undefined) return;
    const head = Buffer.from(`{"jsonrpc":"2.0","id":${JSON.stringify(id)},${outcome}`, 'utf8');
    this.#link.send(inParts(head, payload === undefined ? [] : [payload]));
  }

  /** Exactly one window can have caused it, or none is named: never a guess. */
  #windowOf(causedBy: number | undefined): CallingWindow | null {
    if (causedBy !== undefined) return this.#open.get(causedBy)?.request.window ?? null;
    const sole = this.#options.soleWindow();
    let found: CallingWindow | null = null;
    for (const { request } of this.#open.values()) {
      if (request.window === null) continue;
      if (found !== null && found.sessionKey !== request.window.sessionKey) return sole;
      found = request.window;
    }
    return found ?? sole;
  }
}

function cancelled(): FailureError {
  return new FailureError({ code: 'CANCELLED', message: 'The request was cancelled.' });
}

function slice(bytes: Buffer, part: { readonly start: number; readonly end: number } | undefined): Buffer | undefined {
  return part === undefined ? undefined : bytes.subarray(part.start, part.end);
}

function messageOf({
  id,
  method,
  params,
}: {
  id?: number;
  method: string;
  params?: Buffer | string | readonly Buffer[] | undefined;
}): readonly Buffer[] {
  const head = `{"jsonrpc":"2.0",${id === undefined ? '' : `"id":${id},`}"method":${JSON.stringify(method)}`;
  if (params === undefined) return [Buffer.from(`${head}}`, 'utf8')];
  if (typeof params === 'string') return [Buffer.from(`${head},"params":${params}}`, 'utf8')];
  return inParts(Buffer.from(`${head},"params":`, 'utf8'), Buffer.isBuffer(params) ? [params] : params);
}

/** A message ends with its payload and one bracket. */
function inParts(head: Buffer, payload: readonly Buffer[]): readonly Buffer[] {
  return [head, ...payload, closingBrace];
}

const closingBrace = Buffer.from('}');
