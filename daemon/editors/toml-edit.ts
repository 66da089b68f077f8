import type { Entry } from './entry-forms.ts';
import { isRecord, isSameJson } from './json-edit.ts';
import { lineEndOf, spliced } from './text-splice.ts';
import type { TomlDocument, TomlKey, TomlPair, TomlSection } from './toml-document.ts';
import { tomlKey, tomlValue } from './toml-text.ts';

/** A header, or a pair, that says something about the entry; `keys` are those of the header and of the pair. */
interface EntryPart {
  readonly keys: readonly TomlKey[];
  readonly section?: TomlSection;
  readonly pair?: TomlPair;
}

/** All parts below `path` in the order of the text. Pairs of a section that itself lies below `path` belong to it. */
export function entryParts({ sections }: TomlDocument, path: readonly string[]): EntryPart[] {
  return sections.flatMap((section): EntryPart[] => {
    if (isBelow(section.keys, path)) return [{ keys: section.keys, section }];
    return pairsOf(section).filter(({ keys }) => isBelow(keys, path));
  });
}

/**
 * The text after the first change on the way to `wanted`: one of `unwanted` removed, a differing value replaced, a missing
 * one added. Names that neither knows stay. `undefined`: the entry says everything already.
 */
export function tomlStep(
  text: string,
  document: TomlDocument,
  path: readonly string[],
  wanted: Entry,
  unwanted: readonly string[],
): string | undefined {
  const now = path.reduce<unknown>((value, key) => (isRecord(value) ? value[key] : undefined), document.value);
  const whole = pairAt(document, path);
  if (whole !== undefined) return inlineStep(text, whole, now, wanted, unwanted);
  const fields = isRecord(now) ? now : {};
  const surplus = Object.keys(fields).find((name) => unwanted.includes(name) && !(name in wanted));
  if (surplus !== undefined) return withoutField(text, document, [...path, surplus]);
  for (const [name, value] of Object.entries(wanted)) {
    const actual = fields[name];
    const at = [...path, name];
    if (isRecord(value) && isRecord(actual)) {
      const step = tomlStep(text, document, at, value, unwanted);
      if (step !== undefined) return step;
    } else if (actual === undefined) {
      return withField(text, document, path, name, value);
    } else if (!isSameJson(actual, value)) {
      const pair = pairAt(document, at);
      if (pair === undefined) return withoutField(text, document, at);
      return spliced(text, [{ from: pair.value.from, to: pair.value.to, text: tomlValue(value) }]);
    }
  }
  return undefined;
}

/** Where the line of `offset` begins, behind a byte order mark. */
export function lineStart(text: string, offset: number): number {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  return start === 0 && text.startsWith('\uFEFF') ? 1 : start;
}

/** Behind the end of the line of `offset`, or the end of the text. */
export function lineEndAfter(text: string, offset: number): number {
  const end = text.indexOf('\n', offset);
  return end < 0 ? text.length : end + 1;
}

function inlineStep(
  text: string,
  { value }: TomlPair,
  now: unknown,
  wanted: Entry,
  unwanted: readonly string[],
): string | undefined {
  const old = isRecord(now) ? now : {};
  const merged = mergedTable(old, wanted, unwanted);
  if (isSameJson(old, merged)) return undefined;
  const raw = new Map<string, string>();
  for (const { keys, value: member } of value.members ?? []) {
    if (keys.length === 1) raw.set(keys[0]?.text ?? '', text.slice(member.from, member.to));
  }
  const shown = Object.entries(merged).map(([name, inner]) => {
    const isKept = isSameJson(old[name], inner);
    return `${tomlKey(name)} = ${(isKept ? raw.get(name) : undefined) ?? tomlValue(inner)}`;
  });
  return spliced(text, [{ from: value.from, to: value.to, text: `{ ${shown.join(', ')} }` }]);
}

function mergedTable(old: Entry, wanted: Entry, unwanted: readonly string[]): Entry {
  const kept = Object.entries(old).filter(([name]) => name in wanted || !unwanted.includes(name));
  const merged = Object.entries(wanted).map(([name, value]): [string, unknown] => {
    const before = old[name];
    return [name, isRecord(value) && isRecord(before) ? mergedTable(before, value, unwanted) : value];
  });
  return { ...Object.fromEntries(kept), ...Object.fromEntries(merged) };
}

/** Takes out every line that says something about `path`. */
function withoutField(text: string, document: TomlDocument, path: readonly string[]): string {
  const splices = entryParts(document, path).map(({ section, pair }) => {
    const first = section?.from ?? pair?.keys[0]?.from ?? 0;
    const last = section === undefined ? (pair?.value.to ?? first) : (section.pairs.at(-1)?.value.to ?? section.to);
    return { from: lineStart(text, first), to: lineEndAfter(text, last), text: '' };
  });
  return spliced(text, splices);
}

/** Adds a line to the table at `path`, in the form that the table has: below its header, or dotted. */
function withField(text: string, document: TomlDocument, path: readonly string[], name: string, value: unknown) {
  const field = `${tomlKey(name)} = ${tomlValue(value)}`;
  const header = document.sections.find(({ keys }) => keys.length === path.length && isBelow(keys, path));
  if (header !== undefined) return withLine(text, header.pairs.at(-1)?.value.to ?? header.to, field);
  const dotted = document.sections
    .filter(({ keys }) => keys.length < path.length)
    .flatMap((section) => pairsOf(section).map((part) => ({ ...part, depth: section.keys.length })))
    .findLast(({ keys }) => isBelow(keys, path));
  if (dotted?.pair !== undefined) {
    const start = dotted.pair.keys[0]?.from ?? 0;
    const end = dotted.keys[path.length - 1]?.to ?? start;
    return withLine(text, dotted.pair.value.to, `${text.slice(start, end)}.${field}`);
  }
  const [first] = entryParts(document, path);
  const at = first?.section?.from ?? text.length;
  const lineEnd = lineEndOf(text);
  return spliced(text, [
    { from: at, to: at, text: `[${path.map(tomlKey).join('.')}]${lineEnd}${field}${lineEnd}${lineEnd}` },
  ]);
}

/** A line of its own behind the line of `offset`. */
function withLine(text: string, offset: number, line: string): string {
  const at = lineEndAfter(text, offset);
  const lineEnd = lineEndOf(text);
  const isOpen = at === text.length && !text.endsWith('\n');
  return spliced(text, [{ from: at, to: at, text: isOpen ? `${lineEnd}${line}` : `${line}${lineEnd}` }]);
}

function pairAt({ sections }: TomlDocument, path: readonly string[]): TomlPair | undefined {
  return sections.flatMap(pairsOf).find(({ keys }) => keys.length === path.length && isBelow(keys, path))?.pair;
}

function pairsOf(section: TomlSection) {
  return section.pairs.map((pair) => ({ keys: [...section.keys, ...pair.keys], pair }));
}

function isBelow(keys: readonly TomlKey[], path: readonly string[]): boolean {
  return keys.length >= path.length && path.every((key, index) => keys[index]?.text === key);
}
