import type { Limiter } from './limiter.ts';

/** Limits in calls. `null` takes the limit of a provider away; what is absent stays as it is. */
export interface CapsChange {
  readonly session?: number;
  readonly global?: number;
  /** 0 switches the queue off. */
  readonly queue?: number;
  /** By upper-case name. */
  readonly providers?: Readonly<Record<string, number | null>>;
}

/** The limits that settings say, as they are now; a change reaches the limiter at once. */
export class RuntimeCaps {
  readonly #limiter: Pick<Limiter, 'setCap' | 'setQueueMax'>;
  readonly #providers: Map<string, number>;
  #session: number;
  #global: number;
  #queue: number;

  /** @param limiter which has these limits already */
  constructor(
    limiter: Pick<Limiter, 'setCap' | 'setQueueMax'>,
    initial: {
      readonly session: number;
      readonly global: number;
      readonly queue: number;
      readonly providers: Readonly<Record<string, number>>;
    },
  ) {
    this.#limiter = limiter;
    this.#session = initial.session;
    this.#global = initial.global;
    this.#queue = initial.queue;
    this.#providers = new Map(Object.entries(initial.providers));
  }

  get session(): number {
    return this.#session;
  }

  get global(): number {
    return this.#global;
  }

  get queue(): number {
    return this.#queue;
  }

  get providers(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#providers);
  }

  apply({ session, global, queue, providers = {} }: CapsChange): void {
    if (session !== undefined) {
      this.#session = session;
      this.#limiter.setCap('session', null, session);
    }
    if (global !== undefined) {
      this.#global = global;
      this.#limiter.setCap('global', null, global);
    }
    if (queue !== undefined) {
      this.#queue = queue;
      this.#limiter.setQueueMax(queue);
    }
    for (const [name, cap] of Object.entries(providers)) {
      if (cap === null) this.#providers.delete(name);
      else this.#providers.set(name, cap);
      this.#limiter.setCap('provider', name, cap);
    }
  }
}
