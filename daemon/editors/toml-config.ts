import type { AddedEntry, ConfigEntry, ConfigFormat, ConfigRead, NewEntry } from './config-format.ts';
import type { Footprint, Target } from './editor.ts';
import { unwantedNames } from './entry-forms.ts';
import { isRecord } from './json-edit.ts';
import { lineEndOf, type Splice, spliced } from './text-splice.ts';
import { parseTomlDocument, type TomlDocument, type TomlKey, type TomlSection } from './toml-document.ts';
import { entryParts, lineEndAfter, lineStart, tomlStep } from './toml-edit.ts';
import { tomlKey, tomlTable } from './toml-text.ts';

/**
 * Files of TOML. A new entry is a table of its own at the end of the file; one that is there may also be dotted keys, or an
 * inline table below the header of `target.root`. A `root` that is itself an inline table is left alone.
 */
export const tomlConfig: ConfigFormat = { read, add, merge, remove };

function read(text: string, target: Target): ConfigRead {
  const result = parseTomlDocument(text);
  if (result.type === 'problem') return { type: 'malformed', problem: 'notToml', offset: result.offset };
  let value = result.value;
  for (const key of target.root) {
    if (!isRecord(value)) return { type: 'foreign-shape', key, offset: 0 };
    value = value[key];
    if (value === undefined) return { type: 'entries', entries: [], notes: [] };
  }
  const name = target.root.at(-1) ?? '';
  const inline = closedRoot(result, target.root);
  if (!isRecord(value) || inline !== undefined) return { type: 'foreign-shape', key: name, offset: inline ?? 0 };
  const entries = Object.entries(value).map(([key, entry]): ConfigEntry => {
    const [first] = entryParts(result, [...target.root, key]);
    return { key, value: entry, offset: first?.section?.from ?? first?.pair?.keys[0]?.from ?? 0 };
  });
  return { type: 'entries', entries, notes: [] };
}

function add(text: string | undefined, target: Target, { key, entry }: NewEntry): AddedEntry {
  const before = text ?? '';
  const lineEnd = lineEndOf(before);
  const table = tomlTable([...target.root, key], entry).replaceAll('\n', lineEnd);
  const lead = before === '' || before === '\uFEFF' ? '' : before.endsWith('\n') ? lineEnd : lineEnd + lineEnd;
  const file = text === undefined ? 'absent' : 'was-there';
  return { text: before + lead + table, footprint: { file, createdKeys: 0, lead, tail: '' } };
}

function merge(text: string, target: Target, key: string, changed: NewEntry): string {
  const before = [...target.root, key];
  const path = [...target.root, changed.key];
  let current = key === changed.key ? text : renamed(text, before, changed.key);
  for (;;) {
    const step = tomlStep(current, documentOf(current), path, changed.entry, unwantedNames(target));
    if (step === undefined) return current;
    current = step;
  }
}

function remove(text: string, target: Target, key: string, footprint: Footprint | undefined): string | undefined {
  const parts = entryParts(documentOf(text), [...target.root, key]);
  const regions: { from: number; to: number }[] = [];
  for (const { section, pair } of parts) {
    const from = section?.from ?? pair?.keys[0]?.from ?? 0;
    const to = lineEndAfter(text, section === undefined ? (pair?.value.to ?? from) : sectionEnd(section));
    const last = regions.at(-1);
    if (last !== undefined && text.slice(last.to, from).trim() === '') last.to = to;
    else regions.push({ from: lineStart(text, from), to });
  }
  const [first] = regions;
  const isWhole = parts[0]?.section !== undefined;
  if (first !== undefined && isWhole) first.from -= leadLength(text, first, footprint?.lead ?? '');
  const splices = regions.map(({ from, to }): Splice => ({ from, to, text: '' }));
  const rest = spliced(text, splices);
  return footprint?.file === 'absent' && rest.trim() === '' ? undefined : rest;
}

/** How much of the blank lines that an add put before a table may go with it without joining two lines. */
function leadLength(text: string, { from, to }: { from: number; to: number }, lead: string): number {
  if (lead === '' || !text.slice(0, from).endsWith(lead)) return 0;
  const isLast = text.slice(to).trim() === '';
  return isLast ? lead.length : lead.endsWith('\r\n') ? Math.min(lead.length, 2) : 1;
}

/** Where `root` is defined so that no table can be added to it: inline, or as an array of tables. */
function closedRoot({ sections }: TomlDocument, root: readonly string[]): number | undefined {
  for (const section of sections) {
    if (section.isArray && isPrefix(section.keys, root)) return section.from;
    for (const { keys, value } of section.pairs) {
      const whole = [...section.keys, ...keys];
      if (isPrefix(whole, root)) return value.from;
    }
  }
  return undefined;
}

/** Whether these keys lead to `root` or to a table around it. */
function isPrefix(keys: readonly TomlKey[], root: readonly string[]): boolean {
  return keys.length > 0 && keys.length <= root.length && keys.every(({ text }, index) => text === root[index]);
}

function renamed(text: string, path: readonly string[], name: string): string {
  const places = new Map<number, Splice>();
  for (const { keys } of entryParts(documentOf(text), path)) {
    const key = keys[path.length - 1];
    if (key !== undefined) places.set(key.from, { from: key.from, to: key.to, text: tomlKey(name) });
  }
  return spliced(text, [...places.values()]);
}

function sectionEnd({ to, pairs }: TomlSection): number {
  return pairs.at(-1)?.value.to ?? to;
}

function documentOf(text: string): TomlDocument {
  const result = parseTomlDocument(text);
  if (result.type === 'problem') throw new Error(`no TOML at offset ${result.offset}`);
  return result;
}
