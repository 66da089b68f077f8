import type { Logger } from '../../platform/json-logger.ts';
import { limits } from '../../protocol/limits.ts';
import type { CallingWindow } from './calling-window.ts';
import { HostedUpstream } from './hosted-upstream.ts';
import type { KnownLists, ListKind } from './known-lists.ts';
import type { UpstreamClient } from './upstream-client.ts';
import { configFingerprint, type UpstreamConfig } from './upstream-config.ts';
import { UpstreamEntry, type UpstreamUser } from './upstream-entry.ts';
import type { OpenLink } from './upstream-link.ts';

/** Told what happens at servers. All methods are called after the fact. */
export interface UpstreamListener {
  /** State, process or figures of a server, for surfaces. */
  onChanged?(): void;
  onListsChanged?(entry: UpstreamEntry, kinds: readonly ListKind[]): void;
  /** `resources/updated` and the like. */
  onNotification?(instance: HostedUpstream, method: string, params: Buffer | undefined): void;
  onLog?(entry: UpstreamEntry, params: Buffer | undefined, window: CallingWindow | null): void;
  onReady?(instance: HostedUpstream, client: UpstreamClient): void;
}

export interface UpstreamsOptions {
  readonly logger: Logger;
  /** How one copy of a server is opened. */
  openerOf(config: UpstreamConfig, instanceName: string): () => OpenLink;
  /** The window of a session, while it is there. */
  windowOf(sessionKey: string): CallingWindow | null;
  /** What is known of the lists from an earlier run. */
  knownLists(config: UpstreamConfig): KnownLists | null;
  readonly listener: UpstreamListener;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  readonly idleMs?: number;
}

/**
 * The servers that this daemon hosts. `apply` follows the configuration: what has not changed runs on, so no window
 * notices another entry's change.
 */
export class Upstreams {
  readonly #options: UpstreamsOptions;
  readonly #now: () => number;
  #entries = new Map<string, UpstreamEntry>();
  #enabled: readonly UpstreamEntry[] = [];
  readonly #lastRequestAt = new WeakMap<HostedUpstream, number>();
  readonly #stopping = new Set<Promise<void>>();
  #sweepTimer: NodeJS.Timeout | undefined;
  #hasApplied = false;

  constructor(options: UpstreamsOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** In order of their ids, whatever the order of the file: names depend on nothing else. Without disabled ones. */
  get entries(): readonly UpstreamEntry[] {
    return this.#enabled;
  }

  get all(): readonly UpstreamEntry[] {
    return [...this.#entries.values()];
  }

  entry(id: string): UpstreamEntry | undefined {
    return this.#entries.get(id);
  }

  apply(configs: readonly UpstreamConfig[]): void {
    const next = new Map<string, UpstreamEntry>();
    for (const config of configs.toSorted((left, right) => (left.id < right.id ? -1 : 1))) {
      const known = this.#entries.get(config.id);
      const isSame = known !== undefined && configFingerprint(known.config) === configFingerprint(config);
      next.set(config.id, isSame ? known : this.#makeEntry(config));
    }
    const gone = [...this.#entries.values()].filter((entry) => next.get(entry.config.id) !== entry);
    const isChange = gone.length > 0 || next.size !== this.#entries.size;
    this.#entries = next;
    this.#enabled = [...next.values()].filter(({ config }) => !config.isDisabled);
    for (const entry of gone) this.#watchStop(entry.stop({ isHeld: true }));
    for (const entry of this.entries) {
      if (entry.config.mode !== 'shared') continue;
      // Windows that have their lists already would never hear of what a new server offers.
      const isNews = this.#hasApplied && entry.lastLists === null && entry.instances.length === 0;
      if (entry.config.isEager || isNews)
        entry
          .instance(null)
          .ready()
          .catch(() => undefined);
    }
    this.#hasApplied = true;
    if (isChange) {
      for (const entry of next.values()) {
        this.#options.listener.onListsChanged?.(entry, ['tools', 'prompts', 'resources', 'resourceTemplates']);
        break; // one announcement is enough: who listens reads everything anew
      }
      this.#options.listener.onChanged?.();
    }
    this.#sweepTimer ??= setInterval(() => this.#sweep(), sweepMs).unref();
  }

  /** The copy of a server for this user, noted as used by it. */
  instanceFor(entry: UpstreamEntry, user: UpstreamUser): HostedUpstream {
    const instance = entry.instance(user);
    entry.use(instance, user.key);
    return instance;
  }

  touched(instance: HostedUpstream): void {
    this.#lastRequestAt.set(instance, this.#now());
  }

  sessionEnded(sessionKey: string): void {
    for (const entry of this.#entries.values()) entry.sessionEnded(sessionKey, this.#now());
    this.#options.listener.onChanged?.();
  }

  /** Ends every server in order; resolves when the last process is gone. */
  async stop(): Promise<void> {
    clearInterval(this.#sweepTimer);
    await Promise.all([...this.#stopping, ...this.all.map((entry) => entry.stop({ isHeld: true }))]);
  }

  #watchStop(stop: Promise<void>): void {
    this.#stopping.add(stop);
    void stop.finally(() => this.#stopping.delete(stop));
  }

  #sweep(): void {
    const idleMs = this.#options.idleMs ?? limits.upstreamIdleMs;
    for (const entry of this.#entries.values()) {
      entry.sweep(this.#now(), idleMs, (instance) => this.#lastRequestAt.get(instance) ?? 0);
    }
  }

  #makeEntry(config: UpstreamConfig): UpstreamEntry {
    return new UpstreamEntry(config, this.#options.knownLists(config), (entry, key, user) =>
      this.#makeInstance(entry, key, user),
    );
  }

  #makeInstance(entry: UpstreamEntry, key: string, user: UpstreamUser | null): HostedUpstream {
    const { config } = entry;
    const { listener, logger } = this.#options;
    const name = key === '' ? config.id : `${config.id} (${key})`;
    const instance: HostedUpstream = new HostedUpstream({
      config,
      name: config.id,
      openLink: this.#options.openerOf(config, name),
      lastLists: entry.lastLists,
      logger,
      now: this.#now,
      onChanged: () => listener.onChanged?.(),
      onListsChanged: (kinds) => {
        entry.lastLists = instance.lists;
        if (this.#entries.get(config.id) === entry) listener.onListsChanged?.(entry, kinds);
      },
      onNotification: (method, params) => listener.onNotification?.(instance, method, params),
      onLog: (params, window) => listener.onLog?.(entry, params, window),
      onReady: (client) => listener.onReady?.(instance, client),
      soleWindow: () =>
        config.mode === 'per-session' && user !== null
          ? this.#options.windowOf(user.key)
          : soleUser(entry, instance, config, this.#options),
    });
    return instance;
  }
}

const sweepMs = 5_000;

/** A workspace's server may be used by one window only: then everything it asks is that window's. */
function soleUser(
  entry: UpstreamEntry,
  instance: HostedUpstream,
  config: UpstreamConfig,
  options: UpstreamsOptions,
): CallingWindow | null {
  if (config.mode !== 'per-workspace') return null;
  const [only, ...others] = entry.usersOf(instance);
  return only === undefined || others.length > 0 ? null : options.windowOf(only);
}
