import { elementsOf, memberOf, textMember } from '../../protocol/json-slices.ts';
import type { UpstreamClient } from './upstream-client.ts';

export const listKinds = ['tools', 'prompts', 'resources', 'resourceTemplates'] as const;
export type ListKind = (typeof listKinds)[number];

/** One tool, prompt, resource or template as its server describes it, every byte. */
export interface ListedItem {
  /** Name of a tool or prompt, address of a resource, pattern of a template. */
  readonly key: string;
  readonly raw: Buffer;
}

export type KnownLists = Readonly<Record<ListKind, readonly ListedItem[]>>;

export const noLists: KnownLists = { tools: [], prompts: [], resources: [], resourceTemplates: [] };

const methods: Readonly<Record<ListKind, string>> = {
  tools: 'tools/list',
  prompts: 'prompts/list',
  resources: 'resources/list',
  resourceTemplates: 'resources/templates/list',
};
const keyNames: Readonly<Record<ListKind, string>> = {
  tools: 'name',
  prompts: 'name',
  resources: 'uri',
  resourceTemplates: 'uriTemplate',
};

const maxPages = 100;
const maxItems = 10_000;

/** Reads one whole list, page by page. Rejects when the server does. */
export async function fetchList(
  client: UpstreamClient,
  kind: ListKind,
  signal: AbortSignal,
): Promise<readonly ListedItem[]> {
  const items: ListedItem[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < maxPages && items.length < maxItems; page += 1) {
    const params = cursor === undefined ? undefined : JSON.stringify({ cursor });
    const result = await client.request({ method: methods[kind], params, signal, window: null });
    items.push(...itemsOf(result, kind));
    cursor = textMember(result, 0, 'nextCursor');
    if (cursor === undefined) break;
  }
  return items;
}

/** The items of a list result; one without a name cannot be asked for and is left out. */
export function itemsOf(result: Buffer, kind: ListKind): readonly ListedItem[] {
  const list = memberOf(result, 0, kind);
  const elements = list === undefined ? [] : (elementsOf(result, list.start) ?? []);
  return elements.flatMap(({ start, end }) => {
    const key = textMember(result, start, keyNames[kind]);
    return key === undefined ? [] : [{ key, raw: Buffer.from(result.subarray(start, end)) }];
  });
}

/** Which lists a server with these capabilities has. */
export function listsOf(capabilities: Readonly<Record<string, unknown>>): readonly ListKind[] {
  return listKinds.filter((kind) => capabilities[kind === 'resourceTemplates' ? 'resources' : kind] !== undefined);
}

/** Which lists a notification makes old. */
export function listsChangedBy(method: string): readonly ListKind[] {
  switch (method) {
    case 'notifications/tools/list_changed':
      return ['tools'];
    case 'notifications/prompts/list_changed':
      return ['prompts'];
    case 'notifications/resources/list_changed':
      return ['resources', 'resourceTemplates'];
    default:
      return [];
  }
}
