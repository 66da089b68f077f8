/**
 * Why and by when this daemon ends. The first request begins the end; a later one can only make it come sooner: nobody who
 * has been told that calls may finish is taken that word back by a slower request.
 */
export class StopRequest {
  readonly #asked = Promise.withResolvers<string>();
  readonly #over = Promise.withResolvers<void>();
  #endsAt = Number.POSITIVE_INFINITY;
  #drainMs = 0;
  #timer: NodeJS.Timeout | undefined;

  /** Resolves with the reason of the first request. */
  get asked(): Promise<string> {
    return this.#asked.promise;
  }

  /** Resolves when running calls have had their time. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** How long the request that counts lets running calls take, in milliseconds from when it was made; 0 before the first. */
  get drainMs(): number {
    return this.#drainMs;
  }

  /**
   * Safe to call again.
   * @param drainMs how long running calls may take from now on, 0 for no time
   */
  ask(reason: string, drainMs: number): void {
    this.#asked.resolve(reason);
    const endsAt = performance.now() + drainMs;
    if (endsAt >= this.#endsAt) return;
    this.#endsAt = endsAt;
    this.#drainMs = drainMs;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#over.resolve(), drainMs);
  }

  /** Nothing is waited for any more. */
  close(): void {
    clearTimeout(this.#timer);
  }
}
