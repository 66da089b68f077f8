import { type JsonContainer, type JsonMember, type JsonNode, jsonMember, jsonValue } from './json-document.ts';
import { blanksStart, lineEndOf, lineIndent, type Splice, spliced } from './text-splice.ts';

/** A text after an insertion, and what was put around the new member. */
export interface JsonInsertion {
  readonly text: string;
  readonly lead: string;
  readonly tail: string;
}

/**
 * Puts a member at the end of an object or array. What stands there stays as it is: a comma goes right behind the last
 * value, the member behind the last comment, in the indentation of its neighbours and with a trailing comma where they
 * have one.
 * @param key undefined in an array
 */
export function insertMember(
  text: string,
  container: JsonContainer,
  key: string | undefined,
  value: unknown,
): JsonInsertion {
  const lineEnd = lineEndOf(text);
  const last = container.members.at(-1);
  const close = container.to - 1;
  const at = Math.max(blanksStart(text, close), container.from + 1);
  const isOneLine = last !== undefined && !text.slice(container.from, container.to).includes('\n');
  const closesOnOwnLine = text.slice(at, close).includes('\n');
  const indent = memberIndent(text, container);
  const lead = isOneLine ? ' ' : `${lineEnd}${indent}`;
  const tail = last === undefined && !closesOnOwnLine ? `${lineEnd}${lineIndent(text, container.from)}` : '';
  const label = key === undefined ? '' : `${JSON.stringify(key)}: `;
  const shown = isOneLine ? JSON.stringify(value) : shownValue(value, indent, indentUnit(text), lineEnd);
  const comma = last?.comma === undefined ? '' : ',';
  const splices: Splice[] = [{ from: at, to: at, text: `${lead}${label}${shown}${comma}${tail}` }];
  if (last !== undefined && last.comma === undefined) splices.unshift({ from: last.to, to: last.to, text: ',' });
  return { text: spliced(text, splices), lead, tail };
}

/**
 * Takes a member out with the blanks before it and one comma: its own, else the one before it. The inverse of
 * {@link insertMember} when `tail` is what that put behind the only member of its container.
 */
export function removeMember(text: string, container: JsonContainer, member: JsonMember, tail = ''): string {
  const before = container.members[container.members.indexOf(member) - 1];
  const isOnly = container.members.length === 1;
  const to = isOnly && tail !== '' && text.startsWith(tail, member.to) ? member.to + tail.length : member.to;
  const splices: Splice[] = [{ from: blanksStart(text, member.from), to, text: '' }];
  if (member.comma !== undefined) splices.push({ from: member.comma, to: member.comma + 1, text: '' });
  else if (before?.comma !== undefined) splices.unshift({ from: before.comma, to: before.comma + 1, text: '' });
  return spliced(text, splices);
}

/** Another value in the place of a node, in the indentation of its line. */
function replaceValue(text: string, node: JsonNode, value: unknown): string {
  const isOneLine = node.kind !== 'scalar' && !text.slice(node.from, node.to).includes('\n') && node.members.length > 0;
  const shown = isOneLine
    ? JSON.stringify(value)
    : shownValue(value, lineIndent(text, node.from), indentUnit(text), lineEndOf(text));
  return spliced(text, [{ from: node.from, to: node.to, text: shown }]);
}

/** What one step of {@link mergeStep} does; `undefined`: the object says everything already. */
type MergeStep = { readonly text: string } | undefined;

/**
 * The first change on the way from an object to `wanted`: a differing value replaced, a missing one added, one of
 * `unwanted` removed. Keys that neither knows stay. Objects inside are merged in the same way; names in `unwanted` are
 * unwanted there too.
 */
export function mergeStep(
  text: string,
  object: JsonNode,
  wanted: Readonly<Record<string, unknown>>,
  unwanted: readonly string[],
): MergeStep {
  if (object.kind !== 'object') return { text: replaceValue(text, object, wanted) };
  for (const key of unwanted) {
    const member = key in wanted ? undefined : jsonMember(object, key);
    if (member !== undefined) return { text: removeMember(text, object, member) };
  }
  for (const [key, value] of Object.entries(wanted)) {
    const member = jsonMember(object, key);
    if (member === undefined) return { text: insertMember(text, object, key, value).text };
    if (isRecord(value)) {
      const step = mergeStep(text, member.value, value, unwanted);
      if (step !== undefined) return step;
    } else if (!isSameJson(jsonValue(member.value), value)) {
      return { text: replaceValue(text, member.value, value) };
    }
  }
  return undefined;
}

export function isSameJson(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function shownValue(value: unknown, indent: string, unit: string, lineEnd: string): string {
  return JSON.stringify(value, null, unit).replaceAll('\n', `${lineEnd}${indent}`);
}

function memberIndent(text: string, container: JsonContainer): string {
  const first = container.members[0];
  if (first !== undefined && text.slice(blanksStart(text, first.from), first.from).includes('\n')) {
    return lineIndent(text, first.from);
  }
  return `${lineIndent(text, container.from)}${indentUnit(text)}`;
}

/** The first indentation in the text: a tab, or some spaces; two when there is none. */
function indentUnit(text: string): string {
  const found = /\n(\t| {1,8})[^ \t\r\n]/.exec(text)?.[1];
  return found ?? '  ';
}
