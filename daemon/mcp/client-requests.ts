import { FailureError } from '../../protocol/errors.ts';
import type { RequestId } from '../../protocol/ids.ts';
import { RelayedError } from '../upstreams/calling-window.ts';

interface OpenRequest {
  readonly bytes: Buffer;
  readonly resolve: (result: Buffer) => void;
  readonly reject: (error: Error) => void;
}

/** What the daemon asks one client: ids `exai-<n>` (WIRE §5.1), each answered once, asked again after a resume. */
export class ClientRequests {
  readonly #send: (bytes: Buffer, kind: 'request' | 'notification') => void;
  readonly #open = new Map<string, OpenRequest>();
  #next = 1;

  constructor(send: (bytes: Buffer, kind: 'request' | 'notification') => void) {
    this.#send = send;
  }

  /** The bytes of the client's result. Rejects with its error, or CANCELLED. */
  request(method: string, params: Buffer | undefined, signal: AbortSignal): Promise<Buffer> {
    if (signal.aborted) return Promise.reject(cancelled());
    const id = `exai-${this.#next++}`;
    const bytes = messageBytes(`"id":"${id}","method":${JSON.stringify(method)}`, params);
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        if (!this.#open.delete(id)) return;
        const withdrawn = Buffer.from(JSON.stringify({ requestId: id, reason: 'the server has withdrawn it' }), 'utf8');
        this.#send(messageBytes('"method":"notifications/cancelled"', withdrawn), 'notification');
        reject(cancelled());
      };
      signal.addEventListener('abort', abort, { once: true });
      const settled = (settle: () => void): void => {
        signal.removeEventListener('abort', abort);
        settle();
      };
      this.#open.set(id, {
        bytes,
        resolve: (result) => settled(() => resolve(result)),
        reject: (error) => settled(() => reject(error)),
      });
      this.#send(bytes, 'request');
    });
  }

  /** False when nobody has asked: the answer is late, or of another session. */
  answered(id: RequestId, result: Buffer | undefined, error: Buffer | undefined): boolean {
    const open = typeof id === 'string' ? this.#open.get(id) : undefined;
    if (open === undefined) return false;
    this.#open.delete(String(id));
    if (result !== undefined) open.resolve(result);
    else open.reject(new RelayedError(error ?? Buffer.from('{"code":-32603,"message":"no result"}')));
    return true;
  }

  /** The client has come back and may not have seen them. It drops those that it has (WIRE §5.2). */
  sendAgain(): void {
    for (const { bytes } of this.#open.values()) this.#send(bytes, 'request');
  }

  /** The client has gone for good. */
  end(): void {
    for (const open of this.#open.values()) {
      open.reject(new FailureError({ code: 'CANCELLED', message: 'The window has been closed.' }));
    }
    this.#open.clear();
  }
}

export function messageBytes(head: string, params: Buffer | undefined): Buffer {
  const start = Buffer.from(`{"jsonrpc":"2.0",${head}`, 'utf8');
  if (params === undefined) return Buffer.concat([start, Buffer.from('}')]);
  return Buffer.concat([start, Buffer.from(',"params":', 'utf8'), params, Buffer.from('}')]);
}

function cancelled(): FailureError {
  return new FailureError({ code: 'CANCELLED', message: 'The request was cancelled.' });
}
