import type { InflightCall } from './inflight-call.ts';

/** Calls that wait or run, in the order in which they came to do so. The dispatcher fills it; others look and cancel. */
export class InflightCalls {
  readonly #calls = new Map<string, InflightCall>();
  #watcher: ((call: InflightCall) => void) | undefined;

  /** Of all, those that were abandoned included: they still run somewhere. */
  get size(): number {
    return this.#calls.size;
  }

  /** Without those that were abandoned. */
  *all(): Generator<InflightCall> {
    for (const call of this.#calls.values()) if (!call.isAbandoned) yield call;
  }

  /** Those that hold their slots, for a picture of the load. */
  *holdingSlots(): Generator<{ sessionId: string; instanceId: string | null; startedAt: number }> {
    for (const { info, startedAt } of this.all()) {
      if (startedAt !== null) yield { sessionId: info.sessionId, instanceId: info.instanceId, startedAt };
    }
  }

  find(callId: string): InflightCall | undefined {
    const call = this.#calls.get(callId);
    return call?.isAbandoned === true ? undefined : call;
  }

  /** Cancels one call as its client would, who is answered CANCELLED. False when it has ended or is ending. */
  cancel(callId: string): boolean {
    const call = this.find(callId);
    if (call === undefined || call.state === 'cancelling') return false;
    call.cancel();
    this.#watcher?.(call);
    return true;
  }

  /**
   * Told of every change of a call, its end included. One watcher at a time; it runs on the call path. Without one, changes
   * cost nothing. Returns how to stop.
   */
  watch(watcher: (call: InflightCall) => void): () => void {
    this.#watcher = watcher;
    return () => {
      if (this.#watcher === watcher) this.#watcher = undefined;
    };
  }

  /** For the dispatcher: the call is new, or is not what it was. */
  put(call: InflightCall): void {
    this.#calls.set(call.info.callId, call);
    this.#watcher?.(call);
  }

  /** For the dispatcher: something in the call has changed. */
  changed(call: InflightCall): void {
    this.#watcher?.(call);
  }

  /** For the dispatcher: the call has ended. */
  remove(call: InflightCall): void {
    this.#calls.delete(call.info.callId);
    this.#watcher?.(call);
  }
}
