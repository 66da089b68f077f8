import type { HostedUpstream } from '../upstreams/hosted-upstream.ts';
import type { UpstreamClient } from '../upstreams/upstream-client.ts';

/** As MCP orders them. */
const logLevelNames = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'] as const;

/**
 * What windows want to hear of servers that they share: resource subscriptions, counted per server and address, and log
 * levels, of which a server is told the lowest. A server that is started again is told again.
 */
export class SharedInterests {
  readonly #subscribers = new Map<HostedUpstream, Map<string, Set<string>>>();
  readonly #levels = new Map<string, number>();

  /** True when this session is the first: the server must be asked. */
  subscribe(instance: HostedUpstream, uri: string, sessionKey: string): boolean {
    const byUri = this.#subscribers.get(instance) ?? new Map<string, Set<string>>();
    this.#subscribers.set(instance, byUri);
    const keys = byUri.get(uri) ?? new Set();
    byUri.set(uri, keys);
    keys.add(sessionKey);
    return keys.size === 1;
  }

  /** True when this session was the last: the server need not tell any more. */
  unsubscribe(instance: HostedUpstream, uri: string, sessionKey: string): boolean {
    const byUri = this.#subscribers.get(instance);
    const keys = byUri?.get(uri);
    if (keys?.delete(sessionKey) !== true || keys.size > 0) return false;
    byUri?.delete(uri);
    return true;
  }

  subscribersOf(instance: HostedUpstream, uri: string): ReadonlySet<string> {
    return this.#subscribers.get(instance)?.get(uri) ?? new Set();
  }

  setLevel(sessionKey: string, level: string): void {
    const rank = logLevelNames.findIndex((name) => name === level);
    if (rank >= 0) this.#levels.set(sessionKey, rank);
  }

  /** Whether this session wants a message of this level: without a level of its own, all. */
  wants(sessionKey: string, level: unknown): boolean {
    const rank = logLevelNames.findIndex((name) => name === level);
    return rank < 0 || rank >= (this.#levels.get(sessionKey) ?? 0);
  }

  /** The level that a server must be told so that every session gets what it wants; undefined: none has said. */
  get lowestLevel(): string | undefined {
    const lowest = Math.min(...this.#levels.values());
    return logLevelNames[lowest];
  }

  /** The server runs anew and knows nothing of what was wanted of the last one. */
  tellAgain(instance: HostedUpstream, client: UpstreamClient): void {
    for (const uri of this.#subscribers.get(instance)?.keys() ?? []) {
      void client
        .request({ method: 'resources/subscribe', params: JSON.stringify({ uri }), window: null })
        .catch(() => undefined);
    }
    this.tellLevel(instance, client);
  }

  tellLevel(instance: HostedUpstream, client: UpstreamClient): void {
    const level = this.lowestLevel;
    if (level === undefined || instance.facts?.capabilities['logging'] === undefined) return;
    void client
      .request({ method: 'logging/setLevel', params: JSON.stringify({ level }), window: null })
      .catch(() => undefined);
  }

  /** Forgets a session; returns what no other has asked for. */
  endSession(sessionKey: string): readonly { readonly instance: HostedUpstream; readonly uri: string }[] {
    this.#levels.delete(sessionKey);
    const free: { instance: HostedUpstream; uri: string }[] = [];
    for (const [instance, byUri] of this.#subscribers) {
      for (const uri of byUri.keys()) {
        if (this.unsubscribe(instance, uri, sessionKey)) free.push({ instance, uri });
      }
      if (byUri.size === 0) this.#subscribers.delete(instance);
    }
    return free;
  }
}
