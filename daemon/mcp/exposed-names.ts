import { createHash } from 'node:crypto';
import { limits } from '../../protocol/limits.ts';

/** Something that windows call by name. */
export interface NamedItem {
  readonly upstreamId: string;
  /** As its server calls it. */
  readonly name: string;
}

/** What every client and model takes as it is (CLIENTS §10). */
const plainName = new RegExp(`^[A-Za-z0-9_-]{1,${limits.exposedNameMaxChars}}$`);
const hashChars = 6;

/**
 * The names that windows see, one per item, in the same order. A name stays what it is where clients take it and nobody
 * else has it; otherwise it becomes `<server>_<name>` in `[a-z0-9_]`, shortened with a hash when it is too long. Depends
 * on the set of items only, not on their order. `taken` are names that always win: those of our own tools.
 */
export function exposedNames(items: readonly NamedItem[], taken: ReadonlySet<string> = new Set()): readonly string[] {
  const holders = new Map<string, number>();
  for (const { name } of items) {
    const key = collisionKey(name);
    holders.set(key, (holders.get(key) ?? 0) + 1);
  }
  const reserved = new Set([...taken].map(collisionKey));
  const isKept = ({ name }: NamedItem): boolean =>
    plainName.test(name) && holders.get(collisionKey(name)) === 1 && !reserved.has(collisionKey(name));
  const kept = new Set(items.filter(isKept).map(({ name }) => collisionKey(name)));
  const wanted = new Map<string, number>();
  for (const item of items) {
    if (isKept(item)) continue;
    const name = qualified(item);
    wanted.set(name, (wanted.get(name) ?? 0) + 1);
  }
  return items.map((item) => {
    if (isKept(item)) return item.name;
    const name = qualified(item);
    const isFree = wanted.get(name) === 1 && !kept.has(name) && !reserved.has(name);
    return isFree && name.length <= limits.exposedNameMaxChars ? name : hashed(item, name);
  });
}

/** Names that differ in case or in `-` and `_` only are one name to some clients. */
function collisionKey(name: string): string {
  return name.toLowerCase().replaceAll('-', '_');
}

function qualified({ upstreamId, name }: NamedItem): string {
  return `${upstreamId}_${name}`.toLowerCase().replaceAll(/[^a-z0-9_]+/g, '_');
}

function hashed({ upstreamId, name }: NamedItem, readable: string): string {
  const hash = createHash('sha256').update(`${upstreamId}\n${name}`).digest('hex').slice(0, hashChars);
  return `${readable.slice(0, limits.exposedNameMaxChars - hashChars - 1)}_${hash}`;
}
