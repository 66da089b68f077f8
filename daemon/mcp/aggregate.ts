import { memberOf } from '../../protocol/json-slices.ts';
import { limits } from '../../protocol/limits.ts';
import type { Caller, ToolSource } from '../calls/dispatcher.ts';
import type { Tool } from '../tools/tool.ts';
import type { KnownLists, ListedItem, ListKind } from '../upstreams/known-lists.ts';
import { spliced } from '../upstreams/spliced.ts';
import type { UpstreamEntry, UpstreamUser } from '../upstreams/upstream-entry.ts';
import type { Upstreams } from '../upstreams/upstreams.ts';
import { exposedNames } from './exposed-names.ts';
import type { ToolCatalog } from './tool-catalog.ts';
import { UpstreamTool } from './upstream-tool.ts';

/** One item of a merged list and who has it. */
export interface OwnedItem {
  readonly entry: UpstreamEntry;
  /** As its server calls it. */
  readonly ownKey: string;
  readonly raw: Buffer;
}

/** What one kind of window sees, made from the last known lists. */
export interface MergedView {
  /** `result` of the list request, ready to be sent. */
  readonly results: Readonly<Record<ListKind, string>>;
  /** By exposed name. */
  readonly tools: ReadonlyMap<string, UpstreamTool>;
  readonly prompts: ReadonlyMap<string, OwnedItem>;
  /** By address. */
  readonly resources: ReadonlyMap<string, OwnedItem>;
  readonly templates: readonly OwnedItem[];
}

/** Which servers and tools a window sees. The same `keyOf` means the same view. */
export interface UpstreamFilter {
  keyOf(user: UpstreamUser): string;
  allows(user: UpstreamUser, upstreamId: string, tool: string | null): boolean;
}

export const everythingVisible: UpstreamFilter = { keyOf: () => '', allows: () => true };

export interface AggregateOptions {
  readonly catalog: ToolCatalog;
  readonly upstreams: Upstreams;
  readonly filter: UpstreamFilter;
}

interface Source {
  readonly entry: UpstreamEntry;
  readonly lists: KnownLists;
  /** The lists are not those of a running server. */
  readonly isStale: boolean;
}

const maxCachedViews = 64;

/** The tools, prompts and resources of all servers as one, beside our own tools. */
export class Aggregate implements ToolSource {
  readonly #options: AggregateOptions;
  readonly #views = new Map<string, MergedView>();
  readonly #versions = new WeakMap<KnownLists, number>();
  #nextVersion = 1;

  constructor(options: AggregateOptions) {
    this.#options = options;
  }

  /** Nothing but our own tools is there. */
  get isEmpty(): boolean {
    return this.#options.upstreams.entries.length === 0;
  }

  /** One of the daemon's own tools. */
  isOwn(name: string): boolean {
    return this.#options.catalog.find(name) !== undefined;
  }

  /** Our own tool, or one of a server that this caller sees. */
  find(name: string, caller: Caller): Tool | undefined {
    const own = this.#options.catalog.find(name);
    if (own !== undefined || this.isEmpty) return own;
    return this.view(caller).tools.get(name);
  }

  /** Waits a bounded time for servers whose lists nobody knows yet. A server that fails or hangs delays nobody twice. */
  async prepare(user: UpstreamUser): Promise<void> {
    const unknown = this.#visible(user)
      .map((entry) => this.#options.upstreams.instanceFor(entry, user))
      .filter((instance) => instance.lists === null);
    if (unknown.length > 0) {
      await Promise.all(unknown.map((instance) => instance.listed(limits.upstreamListWaitMs)));
    }
  }

  /** False while a server that this user sees has never told its lists. */
  isComplete(user: UpstreamUser): boolean {
    return this.#visible(user).every((entry) => this.#options.upstreams.instanceFor(entry, user).lists !== null);
  }

  view(user: UpstreamUser): MergedView {
    const sources = this.#visible(user).flatMap((entry): Source[] => {
      const instance = this.#options.upstreams.instanceFor(entry, user);
      const lists = instance.lists ?? entry.lastLists;
      const isStale = instance.state === 'failed' || instance.state === 'restarting';
      return lists === null ? [] : [{ entry, lists, isStale }];
    });
    const { filter } = this.#options;
    let key = filter.keyOf(user);
    for (const { entry, lists, isStale } of sources) {
      key += `\n${entry.config.id}\n${this.#version(lists)}${isStale ? '-' : ''}`;
    }
    const known = this.#views.get(key);
    if (known !== undefined) return known;
    if (this.#views.size >= maxCachedViews) this.#views.clear();
    const view = this.#merge(sources, user);
    this.#views.set(key, view);
    return view;
  }

  /** The entries have changed: views of equal lists may belong to others now. */
  forgetViews(): void {
    this.#views.clear();
  }

  #visible(user: UpstreamUser): readonly UpstreamEntry[] {
    const { upstreams, filter } = this.#options;
    return upstreams.entries.filter(({ config }) => filter.allows(user, config.id, null));
  }

  #version(lists: KnownLists): number {
    let version = this.#versions.get(lists);
    if (version === undefined) {
      version = this.#nextVersion++;
      this.#versions.set(lists, version);
    }
    return version;
  }

  #merge(sources: readonly Source[], user: UpstreamUser): MergedView {
    const { catalog, upstreams, filter } = this.#options;
    const owned = (kind: ListKind): OwnedItem[] =>
      sources.flatMap(({ entry, lists }) =>
        lists[kind].map(({ key, raw }: ListedItem) => ({ entry, ownKey: key, raw })),
      );
    const isVisibleTool = ({ entry, ownKey }: OwnedItem): boolean =>
      !entry.config.hiddenTools.includes(ownKey) && filter.allows(user, entry.config.id, ownKey);
    const tools = named(owned('tools').filter(isVisibleTool), new Set(catalog.names));
    const prompts = named(owned('prompts'));
    const resources = unique(owned('resources'));
    const templates = unique(owned('resourceTemplates'));
    const stale = sources.filter(({ isStale }) => isStale).map(({ entry }) => entry.config.id);
    const own = catalog.listed.map((tool) => JSON.stringify(tool));
    const result = (kind: ListKind, items: readonly string[]): string =>
      `{"${kind}":[${items.join(',')}]${stale.length === 0 ? '' : `,"_meta":{"exai-tray/stale":${JSON.stringify(stale)}}`}}`;
    return {
      results: {
        tools: result('tools', [...own, ...tools.map(({ item, name }) => withName(item, name))]),
        prompts: result(
          'prompts',
          prompts.map(({ item, name }) => withName(item, name)),
        ),
        resources: result(
          'resources',
          resources.map(({ raw }) => raw.toString('utf8')),
        ),
        resourceTemplates: result(
          'resourceTemplates',
          templates.map(({ raw }) => raw.toString('utf8')),
        ),
      },
      tools: new Map(tools.map(({ item, name }) => [name, new UpstreamTool(name, item, upstreams)])),
      prompts: new Map(prompts.map(({ item, name }) => [name, item])),
      resources: new Map(resources.map((item) => [item.ownKey, item])),
      templates,
    };
  }
}

function named(items: readonly OwnedItem[], taken?: ReadonlySet<string>): { item: OwnedItem; name: string }[] {
  const names = exposedNames(
    items.map(({ entry, ownKey }) => ({ upstreamId: entry.config.id, name: ownKey })),
    taken,
  );
  return items.map((item, index) => ({ item, name: names[index] ?? item.ownKey }));
}

/** Of equal addresses the first server's counts, in the order of their ids: a list must not name one thing twice. */
function unique(items: readonly OwnedItem[]): OwnedItem[] {
  const seen = new Set<string>();
  return items.filter(({ ownKey }) => !seen.has(ownKey) && seen.add(ownKey));
}

/** The item as its server wrote it, but for its name. */
function withName({ raw, ownKey }: OwnedItem, name: string): string {
  const found = name === ownKey ? undefined : memberOf(raw, 0, 'name');
  if (found === undefined) return raw.toString('utf8');
  return spliced(raw, { start: 0, end: raw.length }, [{ ...found, text: JSON.stringify(name) }]).toString('utf8');
}
