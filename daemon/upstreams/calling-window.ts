/** The window that a request to an upstream belongs to: what the upstream asks meanwhile goes there and nowhere else. */
export interface CallingWindow {
  readonly sessionKey: string;
  /**
   * Sends a request of the upstream to the client. Resolves with the bytes of its result.
   * Rejects with a `RelayedError` when the client answers with an error, with a `FailureError` when it cannot be asked.
   */
  request(method: string, params: Buffer | undefined, signal: AbortSignal): Promise<Buffer>;
  notify(method: string, params: Buffer | undefined): void;
}

/** An error that somebody else answered with; `error` is its JSON, to be passed on untouched. */
export class RelayedError extends Error {
  readonly error: Buffer;

  constructor(error: Buffer) {
    super('the other side answered with an error');
    this.name = 'RelayedError';
    this.error = error;
  }
}
