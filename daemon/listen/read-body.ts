import type { IncomingMessage } from 'node:http';

export type BodyRead =
  /** `release` gives its room in the budget back, once it is not held any more; safe to call twice. */
  | { readonly type: 'read'; readonly bytes: Buffer; readonly release: () => void }
  | { readonly type: 'too-large' }
  /** All bodies together would take more than may be held. */
  | { readonly type: 'busy' }
  | { readonly type: 'cut-off' };

/** Bytes of all bodies that are read and not yet handled, so that many large ones cannot fill the memory. */
export class BodyBudget {
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** False when there is no room; nothing is taken then. */
  take(bytes: number): boolean {
    if (this.#bytes + bytes > this.#maxBytes) return false;
    this.#bytes += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#bytes -= bytes;
  }
}

/**
 * Reads a body, counted while it comes in: what is too large is never held. The rest is dropped, so that the answer can
 * leave. Never rejects.
 * @param budget what all readers together may hold; without it `busy` does not happen
 */
export function readBody(request: IncomingMessage, maxBytes: number, budget?: BodyBudget): Promise<BodyRead> {
  return new Promise((resolve) => {
    const parts: Buffer[] = [];
    let size = 0;
    let held = 0;
    const release = (): void => {
      budget?.give(held);
      held = 0;
    };
    const end = (result: BodyRead): void => {
      request.off('data', onData);
      request.off('end', onEnd);
      request.off('error', onCut);
      request.off('close', onCut);
      parts.length = 0;
      if (result.type !== 'read') release();
      resolve(result);
    };
    const refuse = (type: 'too-large' | 'busy'): void => {
      end({ type });
      request.on('error', () => undefined); // what is dropped may also break
      request.resume();
    };
    const onData = (part: Buffer): void => {
      size += part.length;
      if (size > maxBytes) {
        refuse('too-large');
        return;
      }
      if (budget?.take(part.length) === false) {
        refuse('busy');
        return;
      }
      held += part.length;
      parts.push(part);
    };
    const onEnd = (): void => {
      const [only] = parts;
      const bytes = parts.length === 1 && only !== undefined ? only : Buffer.concat(parts);
      end({ type: 'read', bytes, release });
    };
    const onCut = (): void => end({ type: 'cut-off' });
    if (Number(request.headers['content-length'] ?? 0) > maxBytes) {
      refuse('too-large');
      return;
    }
    request.on('data', onData);
    request.once('end', onEnd);
    request.once('error', onCut);
    request.once('close', onCut);
  });
}
