import { textMember } from '../../protocol/json-slices.ts';
import type { CallingWindow } from '../upstreams/calling-window.ts';
import type { ListKind } from '../upstreams/known-lists.ts';
import type { UpstreamUser } from '../upstreams/upstream-entry.ts';
import type { UpstreamListener, Upstreams } from '../upstreams/upstreams.ts';
import { Aggregate, type UpstreamFilter } from './aggregate.ts';
import { messageBytes } from './client-requests.ts';
import { type ClientChannel, SessionRouter } from './session-router.ts';
import { SharedInterests } from './shared-interests.ts';
import type { ToolCatalog } from './tool-catalog.ts';

/** A session's end of the hub. */
interface Joined {
  readonly router: SessionRouter;
  readonly channel: ClientChannel;
  /** Whether it has been told any list that could have changed. */
  readonly isListening: () => boolean;
}

export interface McpHubOptions {
  readonly catalog: ToolCatalog;
  readonly filter: UpstreamFilter;
  /** Makes the servers; they tell the listener, and ask for windows by session key. */
  createUpstreams(hub: {
    readonly listener: UpstreamListener;
    readonly windowOf: (sessionKey: string) => CallingWindow | null;
  }): Upstreams;
  /** Something that surfaces show has changed. */
  onChanged(): void;
  onListsChanged(): void;
}

/** Changes of one moment are announced together. */
const announceMs = 100;

/** Where sessions and servers meet: one router per session, one merged list, shared subscriptions. */
export class McpHub {
  readonly upstreams: Upstreams;
  readonly aggregate: Aggregate;
  readonly #interests = new SharedInterests();
  readonly #joined = new Map<string, Joined>();
  readonly #changed = new Set<ListKind>();
  #announceTimer: NodeJS.Timeout | undefined;

  constructor(options: McpHubOptions) {
    const listener: UpstreamListener = {
      onChanged: () => options.onChanged(),
      onListsChanged: (_entry, kinds) => {
        for (const kind of kinds) this.#changed.add(kind);
        this.#announceTimer ??= setTimeout(() => this.#announce(), announceMs);
        options.onListsChanged();
      },
      onNotification: (instance, method, params) => {
        const uri = params === undefined ? undefined : textMember(params, 0, 'uri');
        if (method !== 'notifications/resources/updated' || uri === undefined) return;
        for (const key of this.#interests.subscribersOf(instance, uri)) this.#send(key, method, params);
      },
      onLog: (_entry, params, window) => window?.notify('notifications/message', params),
      onReady: (instance, client) => this.#interests.tellAgain(instance, client),
    };
    this.upstreams = options.createUpstreams({
      listener,
      windowOf: (key) => this.#joined.get(key)?.router.window(undefined) ?? null,
    });
    this.aggregate = new Aggregate({ catalog: options.catalog, upstreams: this.upstreams, filter: options.filter });
  }

  join(user: UpstreamUser, channel: ClientChannel, isListening: () => boolean): SessionRouter {
    const { aggregate, upstreams } = this;
    const router = new SessionRouter({ user, channel, aggregate, upstreams, interests: this.#interests });
    this.#joined.set(user.key, { router, channel, isListening });
    return router;
  }

  /** The session has ended. */
  leave(sessionKey: string): void {
    this.#joined.get(sessionKey)?.router.end();
    this.#joined.delete(sessionKey);
  }

  async stop(): Promise<void> {
    clearTimeout(this.#announceTimer);
    await this.upstreams.stop();
  }

  #announce(): void {
    this.#announceTimer = undefined;
    const kinds = [...this.#changed];
    this.#changed.clear();
    this.aggregate.forgetViews();
    for (const [key, { isListening, router }] of this.#joined) {
      if (!isListening()) continue;
      const news = kinds.filter((kind) => router.hasNews(kind));
      const methods = new Set(news.map((kind) => (kind === 'resourceTemplates' ? 'resources' : kind)));
      for (const method of methods) this.#send(key, `notifications/${method}/list_changed`, undefined);
    }
  }

  #send(sessionKey: string, method: string, params: Buffer | undefined): void {
    this.#joined
      .get(sessionKey)
      ?.channel.sendRelayed(messageBytes(`"method":${JSON.stringify(method)}`, params), 'notification');
  }
}
