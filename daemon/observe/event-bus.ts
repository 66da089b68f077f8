import type { Logger } from '../../platform/json-logger.ts';
import type { DaemonEvent } from '../../protocol/events.ts';

export type EventListener = (event: DaemonEvent) => void;

interface Subscription {
  readonly listener: EventListener;
  hasFailed: boolean;
}

/**
 * Tells what has happened to whoever wants to know. Synchronous and in order of subscription: when `emit` returns,
 * every listener has seen the event. A listener that throws harms neither the others nor the emitter; its first error
 * is logged. Listeners run on the call path, so they must be quick and must not emit.
 */
export class EventBus {
  readonly #logger: Pick<Logger, 'error'> | undefined;
  /** Replaced, never changed, so that a listener may come or go during `emit`. */
  #subscriptions: readonly Subscription[] = [];

  constructor(options: { readonly logger?: Pick<Logger, 'error'> } = {}) {
    this.#logger = options.logger;
  }

  emit(event: DaemonEvent): void {
    for (const subscription of this.#subscriptions) {
      try {
        subscription.listener(event);
      } catch (error) {
        if (subscription.hasFailed) continue;
        subscription.hasFailed = true;
        this.#logger?.error('an event listener failed; its further errors are not logged', {
          event: event.type,
          error,
        });
      }
    }
  }

  /** Returns how to stop listening; safe to call twice. The same function may subscribe more than once. */
  subscribe(listener: EventListener): () => void {
    const subscription: Subscription = { listener, hasFailed: false };
    this.#subscriptions = [...this.#subscriptions, subscription];
    return () => {
      this.#subscriptions = this.#subscriptions.filter((other) => other !== subscription);
    };
  }
}
