import type { RequestId } from '../protocol/ids.ts';

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
  /** By id as it came: `1` and `"1"` are two keys of a Map too. */
  readonly #requests = new Map<RequestId, PendingRequest>();

  get size(): number {
    return this.#requests.size;
  }

  get(id: RequestId): PendingRequest | undefined {
    return this.#requests.get(id);
  }

  add(request: PendingRequest): void {
    this.#requests.set(request.id, request);
  }

  /** Returns false when it was not there: somebody else has already answered it. */
  remove(request: PendingRequest): boolean {
    return this.#requests.get(request.id) === request && this.#requests.delete(request.id);
  }

  sent(): PendingRequest[] {
    return [...this.#requests.values()].filter(({ state }) => state === 'sent');
  }

  all(): PendingRequest[] {
    return [...this.#requests.values()];
  }
}
