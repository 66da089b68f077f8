import type { HostedUpstream } from './hosted-upstream.ts';
import type { KnownLists } from './known-lists.ts';
import type { UpstreamConfig } from './upstream-config.ts';

/** For whom a copy of a server is looked up. */
export interface UpstreamUser {
  /** Session key. */
  readonly key: string;
  readonly workspace?: string | null;
}

export type MakeInstance = (entry: UpstreamEntry, key: string, user: UpstreamUser | null) => HostedUpstream;

/** One configured server with its running copies: a single one when it is shared. */
export class UpstreamEntry {
  readonly config: UpstreamConfig;
  readonly #make: MakeInstance;
  readonly #instances = new Map<string, HostedUpstream>();
  readonly #users = new Map<HostedUpstream, Set<string>>();
  /** When the last window that used an instance has gone; absent while one is there. */
  readonly #unusedSince = new Map<HostedUpstream, number>();
  /** Of any of its copies, or of an earlier run. */
  lastLists: KnownLists | null;

  constructor(config: UpstreamConfig, lastLists: KnownLists | null, make: MakeInstance) {
    this.config = config;
    this.lastLists = lastLists;
    this.#make = make;
  }

  get instances(): readonly HostedUpstream[] {
    return [...this.#instances.values()];
  }

  /** The copy that serves this user; it is not started by looking. */
  instance(user: UpstreamUser | null): HostedUpstream {
    const key = this.#keyOf(user);
    const known = this.#instances.get(key);
    if (known !== undefined) return known;
    const made = this.#make(this, key, user);
    this.#instances.set(key, made);
    return made;
  }

  /** Notes that this session depends on the copy from now on. */
  use(instance: HostedUpstream, sessionKey: string): void {
    let users = this.#users.get(instance);
    if (users === undefined) {
      users = new Set();
      this.#users.set(instance, users);
    }
    users.add(sessionKey);
    this.#unusedSince.delete(instance);
  }

  usersOf(instance: HostedUpstream): ReadonlySet<string> {
    return this.#users.get(instance) ?? new Set();
  }

  /** A session has ended: what served it alone is stopped. */
  sessionEnded(sessionKey: string, now: number): void {
    for (const [key, instance] of this.#instances) {
      const users = this.#users.get(instance);
      if (users?.delete(sessionKey) === true && users.size === 0) this.#unusedSince.set(instance, now);
      if (this.config.mode === 'per-session' && key === sessionKey) {
        this.#instances.delete(key);
        this.#forget(instance);
        void instance.stop({ isHeld: true });
      }
    }
  }

  /** Stops what nobody needs any more; `lastRequestAt` as noted by `touched`. */
  sweep(now: number, idleAfterMs: number, lastRequestAt: (instance: HostedUpstream) => number): void {
    if (this.config.isEager) return;
    for (const [key, instance] of this.#instances) {
      if (instance.state !== 'ready' || instance.inflight > 0) continue;
      const unusedSince = this.#unusedSince.get(instance);
      const isIdle =
        (unusedSince !== undefined && now - unusedSince >= (this.config.idleMs ?? idleAfterMs)) ||
        (this.config.idleMs !== null && now - lastRequestAt(instance) >= this.config.idleMs);
      if (!isIdle) continue;
      if (this.config.mode === 'per-workspace' && unusedSince !== undefined) {
        this.#instances.delete(key);
        this.#forget(instance);
      }
      void instance.stop({ isHeld: false });
    }
  }

  async stop({ isHeld }: { readonly isHeld: boolean }): Promise<void> {
    await Promise.all(this.instances.map((instance) => instance.stop({ isHeld })));
  }

  #forget(instance: HostedUpstream): void {
    this.#users.delete(instance);
    this.#unusedSince.delete(instance);
  }

  #keyOf(user: UpstreamUser | null): string {
    switch (this.config.mode) {
      case 'shared':
        return '';
      case 'per-session':
        return user?.key ?? '';
      case 'per-workspace':
        return user?.workspace ?? user?.key ?? '';
    }
  }
}
