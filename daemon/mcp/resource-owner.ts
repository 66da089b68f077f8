import type { UpstreamEntry } from '../upstreams/upstream-entry.ts';
import type { MergedView } from './aggregate.ts';
import { matchesTemplate } from './match-template.ts';
import { uriScheme } from './uri-scheme.ts';

/**
 * The server that an address belongs to: who lists it, else who has a template that fits, else who alone has addresses
 * of its scheme. Undefined: nobody, or more than one.
 */
export function resourceOwner(view: MergedView, uri: string): UpstreamEntry | undefined {
  const listed = view.resources.get(uri);
  if (listed !== undefined) return listed.entry;
  const byTemplate = onlyOne(
    view.templates.filter(({ ownKey }) => matchesTemplate(ownKey, uri)).map(({ entry }) => entry),
  );
  if (byTemplate !== undefined) return byTemplate;
  const scheme = uriScheme(uri);
  return onlyOne(
    [...view.resources.values(), ...view.templates]
      .filter(({ ownKey }) => uriScheme(ownKey) === scheme)
      .map(({ entry }) => entry),
  );
}

function onlyOne<T>(items: readonly T[]): T | undefined {
  const [first, ...others] = [...new Set(items)];
  return others.length === 0 ? first : undefined;
}
