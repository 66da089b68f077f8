import type { AddedEntry, ConfigEntry, ConfigFormat, ConfigNote, ConfigRead, NewEntry } from './config-format.ts';
import type { Footprint, Target } from './editor.ts';
import { type Entry, tokenInputId, unwantedNames } from './entry-forms.ts';
import {
  type JsonContainer,
  type JsonDialect,
  type JsonMember,
  type JsonNode,
  jsonMember,
  jsonValue,
  parseJsonDocument,
} from './json-document.ts';
import { insertMember, isRecord, mergeStep, removeMember } from './json-edit.ts';
import { lineEndOf, spliced } from './text-splice.ts';

/** Files of JSON, with and without comments. */
export const jsonConfig: ConfigFormat = { read, add, merge, remove };

const inputsKey = 'inputs';

function dialect({ grammar }: Target): JsonDialect {
  return { comments: grammar !== 'strict', trailingCommas: grammar !== 'strict' };
}

function read(text: string, target: Target): ConfigRead {
  const result = parseJsonDocument(text, dialect(target));
  if (result.type === 'problem') return { type: 'malformed', problem: result.problem, offset: result.offset };
  const notes: ConfigNote[] = [];
  let node = result.root;
  const path = node?.kind === 'object' || node === undefined ? target.root : target.holder === 'list' ? [] : undefined;
  if (path === undefined) return { type: 'foreign-shape', key: '', offset: node?.from ?? 0 };
  for (const key of path) {
    if (node === undefined) break;
    if (node.kind !== 'object') return { type: 'foreign-shape', key, offset: node.from };
    notes.push(...duplicateNotes(node, key));
    node = jsonMember(node, key)?.value;
  }
  if (node !== undefined && node.kind !== (target.holder === 'list' ? 'array' : 'object')) {
    return { type: 'foreign-shape', key: target.root.at(-1) ?? '', offset: node.from };
  }
  if (node?.kind === 'object') notes.push(...duplicateNotes(node));
  if (target.grammar === 'plain') notes.push(...plainNotes(text, target));
  if (target.place === 'shared-project') notes.push(...otherRootNotes(result.root));
  return { type: 'entries', entries: entriesIn(node), notes };
}

function add(text: string | undefined, target: Target, added: NewEntry): AddedEntry {
  const start = rootOf(text, target);
  if (start === undefined) return created(text, target, added);
  const before = text ?? '';
  const place = insertIn(before, start, target.root, target.holder, added);
  const footprint = { file: 'was-there', ...place.made } as const;
  if (added.input === undefined) return { text: place.text, footprint };
  const withInput = addInput(place.text, target, added.input);
  return { text: withInput.text, footprint: { ...footprint, ...(withInput.made && { inputs: withInput.made }) } };
}

function merge(text: string, target: Target, key: string, changed: NewEntry): string {
  let current = text;
  const member = (name: string): JsonMember | undefined => memberOf(holderOf(current, target), name);
  const found = member(key)?.key;
  if (found !== undefined && changed.key !== key) {
    current = spliced(current, [{ from: found.from, to: found.to, text: JSON.stringify(changed.key) }]);
  }
  // In a list the name is a field like others.
  let name = found === undefined ? key : changed.key;
  for (;;) {
    const value = member(name)?.value;
    const step = value && mergeStep(current, value, changed.entry, unwantedNames(target));
    if (step === undefined) break;
    current = step.text;
    if (member(name) === undefined) name = changed.key;
  }
  if (changed.input !== undefined) return addInput(current, target, changed.input).text;
  return current === text ? text : removeInput(current, target, undefined);
}

function remove(text: string, target: Target, key: string, footprint: Footprint | undefined): string | undefined {
  const holder = holderOf(text, target);
  const member = memberOf(holder, key);
  if (holder === undefined || member === undefined) return text;
  const withoutInput = removeInput(removeMember(text, holder, member, footprint?.tail), target, footprint);
  if (footprint === undefined || withoutInput === text) return withoutInput;
  const cleared = removeCreatedKeys(withoutInput, target, footprint);
  if (footprint.file === 'was-there') return cleared;
  const root = rootOf(cleared, target);
  if (root === undefined || root.members.length > 0 || hasMoreThanBrackets(cleared, root, footprint.blank ?? '')) {
    return cleared;
  }
  return footprint.file === 'absent' ? undefined : (footprint.blank ?? '');
}

/** The text of a file that held nothing: with the byte order mark and the comments that it had. */
function created(text: string | undefined, target: Target, { key, entry, input }: NewEntry): AddedEntry {
  const lineEnd = lineEndOf(text ?? '');
  const holder = target.holder === 'list' ? [entry] : { [key]: entry };
  const nested = nest(target.root, holder);
  const whole = input !== undefined && isRecord(nested) ? { ...nested, ...inputsAt(target, input) } : nested;
  const shown = JSON.stringify(whole, null, 2).replaceAll('\n', lineEnd);
  const blank = text ?? '';
  const lead = blank === '' || blank === '\uFEFF' || blank.endsWith('\n') ? blank : `${blank}${lineEnd}`;
  return {
    text: `${lead}${shown}${lineEnd}`,
    footprint: {
      file: text === undefined ? 'absent' : 'blank',
      ...(text === undefined ? {} : { blank: text }),
      createdKeys: target.root.length,
      lead: '',
      tail: '',
      ...(input === undefined ? {} : { inputs: { createdKeys: 1, tail: '' } }),
    },
  };
}

function inputsAt(target: Target, input: Entry): Entry {
  const path = [...target.root.slice(0, -1), inputsKey];
  const nested = nest(path, [input]);
  return isRecord(nested) ? nested : {};
}

type Made = Pick<Footprint, 'createdKeys' | 'lead' | 'tail'>;

/** Puts the entry into the object at the end of `path`, making what is missing on the way. */
function insertIn(
  text: string,
  start: JsonContainer,
  path: readonly string[],
  holder: 'map' | 'list',
  { key, entry }: Pick<NewEntry, 'key' | 'entry'>,
): { readonly text: string; readonly made: Made } {
  let container = start;
  let depth = 0;
  for (const name of start.kind === 'object' ? path : []) {
    const next = jsonMember(container, name)?.value;
    if (next === undefined || next.kind === 'scalar') break;
    container = next;
    depth += 1;
  }
  const missing = start.kind === 'object' ? path.slice(depth) : [];
  const [first, ...rest] = missing;
  const item = holder === 'list' ? [entry] : { [key]: entry };
  const inserted =
    first === undefined
      ? insertMember(text, container, holder === 'list' ? undefined : key, entry)
      : insertMember(text, container, first, nest(rest, item));
  const made = { createdKeys: missing.length, lead: inserted.lead, tail: inserted.tail };
  return { text: inserted.text, made };
}

/** `made` undefined: the question is there already. */
function addInput(text: string, target: Target, input: Entry): { text: string; made?: Omit<Made, 'lead'> } {
  const start = rootOf(text, target);
  const path = [...target.root.slice(0, -1), inputsKey];
  if (start === undefined || inputMember(nodeAt(start, path)) !== undefined) return { text };
  const place = insertIn(text, start, path, 'list', { key: '', entry: input });
  return { text: place.text, made: { createdKeys: place.made.createdKeys, tail: place.made.tail } };
}

/** Takes the question out when no entry refers to it any more. */
function removeInput(text: string, target: Target, footprint: Footprint | undefined): string {
  if (text.includes(`\${input:${tokenInputId}}`)) return text;
  const path = [...target.root.slice(0, -1), inputsKey];
  const list = nodeAt(rootOf(text, target), path);
  const member = inputMember(list);
  if (list === undefined || list.kind === 'scalar' || member === undefined) return text;
  const removed = removeMember(text, list, member, footprint?.inputs?.tail);
  return footprint?.inputs === undefined ? removed : removeEmpty(removed, target, path, footprint.inputs);
}

function inputMember(list: JsonNode | undefined): JsonMember | undefined {
  if (list?.kind !== 'array') return undefined;
  return list.members.find(({ value }) => {
    const id = jsonMember(value, 'id')?.value;
    return id?.kind === 'scalar' && id.value === tokenInputId;
  });
}

function removeCreatedKeys(text: string, target: Target, footprint: Footprint): string {
  return removeEmpty(text, target, target.root, footprint);
}

/** Takes out the last `createdKeys` keys of `path`, from the innermost, while they hold nothing at all. */
function removeEmpty(
  text: string,
  target: Target,
  path: readonly string[],
  { createdKeys, tail }: Pick<Footprint, 'createdKeys' | 'tail'>,
): string {
  let current = text;
  for (let made = 0; made < createdKeys; made += 1) {
    const parent = nodeAt(rootOf(current, target), path.slice(0, path.length - 1 - made));
    const member = parent && jsonMember(parent, path.at(-1 - made) ?? '');
    if (parent === undefined || parent.kind === 'scalar' || member === undefined) return current;
    const { value } = member;
    if (value.kind === 'scalar' || current.slice(value.from + 1, value.to - 1).trim() !== '') return current;
    current = removeMember(current, parent, member, made === createdKeys - 1 ? tail : '');
  }
  return current;
}

/** Whether there is more than the brackets of `root` and the `blank` that stood before them. */
function hasMoreThanBrackets(text: string, root: JsonContainer, blank: string): boolean {
  const around = text.slice(0, root.from) + text.slice(root.from + 1, root.to - 1) + text.slice(root.to);
  return around.trim() !== blank.trim();
}

function rootOf(text: string | undefined, target: Target): JsonContainer | undefined {
  if (text === undefined) return undefined;
  const result = parseJsonDocument(text, dialect(target));
  const root = result.type === 'document' ? result.root : undefined;
  return root === undefined || root.kind === 'scalar' ? undefined : root;
}

function nodeAt(root: JsonNode | undefined, path: readonly string[]): JsonNode | undefined {
  return path.reduce<JsonNode | undefined>((node, key) => jsonMember(node, key)?.value, root);
}

function holderOf(text: string, target: Target): JsonContainer | undefined {
  const root = rootOf(text, target);
  const node = root?.kind === 'array' ? root : nodeAt(root, target.root);
  return node === undefined || node.kind === 'scalar' ? undefined : node;
}

function memberOf(holder: JsonContainer | undefined, key: string): JsonMember | undefined {
  if (holder === undefined) return undefined;
  return holder.members.findLast((member) => keyOf(member) === key);
}

function keyOf({ key, value }: JsonMember): string {
  if (key !== undefined) return key.text;
  const name = jsonMember(value, 'name')?.value;
  return name?.kind === 'scalar' ? String(name.value) : '';
}

function entriesIn(node: JsonNode | undefined): ConfigEntry[] {
  if (node === undefined || node.kind === 'scalar') return [];
  return node.members.map((member) => ({ key: keyOf(member), value: jsonValue(member.value), offset: member.from }));
}

function nest(path: readonly string[], value: unknown): unknown {
  return path.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
}

function duplicateNotes(node: JsonNode, only?: string): ConfigNote[] {
  if (node.kind !== 'object') return [];
  const seen = new Set<string>();
  return node.members.flatMap(({ key }): ConfigNote[] => {
    if (key === undefined || (only !== undefined && key.text !== only)) return [];
    if (seen.has(key.text)) return [{ id: 'duplicateKey', name: key.text, offset: key.from }];
    seen.add(key.text);
    return [];
  });
}

/** A comment where nobody knows whether the client reads it. */
function plainNotes(text: string, target: Target): ConfigNote[] {
  const strict = parseJsonDocument(text, dialect({ ...target, grammar: 'strict' }));
  return strict.type === 'document' ? [] : [{ id: 'hasComments', name: '', offset: strict.offset }];
}

/** `servers` in a shared `.mcp.json`: a file of Visual Studio (CLIENTS §12 W3). */
function otherRootNotes(root: JsonNode | undefined): ConfigNote[] {
  const other = jsonMember(root, 'servers');
  return other === undefined ? [] : [{ id: 'otherRootKey', name: 'servers', offset: other.from }];
}
