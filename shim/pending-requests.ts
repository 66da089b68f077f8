import { type RequestId, requestIdKey } from '../protocol/ids.ts';

/** One request of the editor that has no answer yet. Times are monotonic milliseconds. */
export interface PendingRequest {
  readonly id: RequestId;
  readonly method: string;
  /** The line as it came: what is sent, and sent again. */
  readonly bytes: Uint8Array;
  /** `sent` = handed to a connection, so it may have reached the daemon. */
  state: 'queued' | 'sent';
  /** The shim has answered in the daemon's place (CLIENTS S5); the daemon's own answer goes nowhere. */
  isAnswered: boolean;
  /** When something about it was last heard, or it was sent. */
  lastNewsAt: number;
  /** When the daemon must have answered, as far as it said so itself. */
  deadlineAt: number | undefined;
}

/** The requests that the editor waits for, in the order in which they came. */
export class PendingRequests {
  readonly #requests = new Map<string, PendingRequest>();

  get size(): number {
    return this.#requests.size;
  }

  get(id: RequestId): PendingRequest | undefined {
    return this.#requests.get(requestIdKey(id));
  }

  add(request: PendingRequest): void {
    this.#requests.set(requestIdKey(request.id), request);
  }

  /** Returns false when it was not there: somebody else has already answered it. */
  remove(request: PendingRequest): boolean {
    const key = requestIdKey(request.id);
    return this.#requests.get(key) === request && this.#requests.delete(key);
  }

  sent(): PendingRequest[] {
    return [...this.#requests.values()].filter(({ state }) => state === 'sent');
  }

  all(): PendingRequest[] {
    return [...this.#requests.values()];
  }
}
