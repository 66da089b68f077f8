import type { RequestId } from '../protocol/ids.ts';
import { limits } from '../protocol/limits.ts';
import type { Clock } from './clock.ts';

/**
 * Tells the daemon which answers have reached the editor, so that it can drop its copies: every 32, at the latest
 * after 1 s (WIRE §5.1). While there is no daemon the ids wait.
 */
export class ReceivedReport {
  readonly #clock: Clock;
  readonly #send: (ids: readonly RequestId[]) => void;
  readonly #ids = new Set<RequestId>();
  #cancelTimer: (() => void) | undefined;
  #isHeld = true;

  /** `send` is only called between `release` and `hold`. */
  constructor(clock: Clock, send: (ids: readonly RequestId[]) => void) {
    this.#clock = clock;
    this.#send = send;
  }

  has(id: RequestId): boolean {
    return this.#ids.has(id);
  }

  add(id: RequestId): void {
    this.#ids.add(id);
    if (this.#isHeld) return;
    if (this.#ids.size >= limits.receivedReportEvery) this.flush();
    else this.#cancelTimer ??= this.#clock.schedule(() => this.flush(), limits.receivedReportMs);
  }

  flush(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    if (this.#isHeld || this.#ids.size === 0) return;
    const ids = [...this.#ids];
    this.#ids.clear();
    this.#send(ids);
  }

  /** The connection is gone. */
  hold(): void {
    this.#isHeld = true;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  /** A connection is there. `isSameDaemon` false: it has no copies to drop. */
  release(isSameDaemon: boolean): void {
    this.#isHeld = false;
    if (!isSameDaemon) this.#ids.clear();
    this.flush();
  }
}
