import { createHash } from 'node:crypto';
import { configFingerprint } from '../../platform/config-fingerprint.ts';
import { en } from '../../protocol/strings/en.ts';
import { editorOf } from './catalogue.ts';
import type { ConfigEntry, ConfigNote, NewEntry } from './config-format.ts';
import type {
  EditPlan,
  EditRefusal,
  EditRequest,
  EditWarning,
  EntrySpec,
  FileState,
  Footprint,
  PlanResult,
  Target,
} from './editor.ts';
import { entryEnv, entryOf, isLauncherLost, needsInput, tokenInput } from './entry-forms.ts';
import { identityOf, instanceIdOf, isOurCommand } from './entry-reader.ts';
import { formatOf } from './format-of.ts';
import { jsonMember, parseJsonDocument } from './json-document.ts';
import { refuse, warn } from './refuse.ts';
import { textPlace } from './text-splice.ts';
import { unifiedDiff } from './unified-diff.ts';

/** Of a file of a client, in bytes (CLIENTS §12 W11). */
export const maxConfigBytes = 4 * 1024 * 1024;

const serverNamePattern = /^[A-Za-z0-9-]{1,17}$/;
const noFootprint: Footprint = { file: 'was-there', createdKeys: 0, lead: '', tail: '', folders: [] };

/** `absent` for a file that is not there. */
export function hashOf(bytes: Uint8Array | undefined): string {
  return bytes === undefined ? 'absent' : createHash('sha256').update(bytes).digest('hex');
}

/** What an edit will write, or why it is not possible. Pure: `file` holds all that is known of the disk. */
export function planEdit(request: EditRequest, file: FileState, platform: NodeJS.Platform): PlanResult {
  const { change, spec, wayIn = 'stdio' } = request;
  const { path } = request.target;
  const text = decoded(file);
  if (text !== undefined && typeof text !== 'string') return text;
  const target = versionedTarget(request.target, text);
  const refused = checkRequest(request, target, platform);
  if (refused !== undefined) return refused;
  const found = readEntries(target, text);
  if (found.type === 'refused') return found;
  const mine = found.entries.filter(({ value }) => instanceIdOf(value) === spec.instanceId);
  if (change !== 'add' && mine.length === 0) return refuse('notFound', path);
  const foreign = mine.find(({ value }) => !isOurCommand(value, target, spec.launcher, platform));
  if (foreign !== undefined && request.adopt !== true) {
    return refuse('foreignCommand', path, { params: { name: foreign.key }, at: textPlace(text ?? '', foreign.offset) });
  }
  const clash = change === 'remove' ? undefined : nameClash(target, spec, found.entries, text ?? '');
  if (clash !== undefined) return clash;
  const entry = entryOf(target, spec, wayIn, platform);
  if (entry === undefined) return refuse('noWayIn', path);
  const added: NewEntry = { key: spec.serverName, entry, input: needsInput(target, wayIn) ? tokenInput : undefined };
  const result = edited(request, target, text, mine, added);
  return planOf(request, target, file, text, result, warningsOf(request, target, found.notes, text ?? ''));
}

/** The target as this very file has it: opencode's second version keeps its servers one level deeper. */
export function versionedTarget(target: Target, text: string | undefined): Target {
  if (target.form !== 'opencode' || text === undefined) return target;
  const result = parseJsonDocument(text, { comments: true, trailingCommas: true });
  const mcp = result.type === 'document' ? jsonMember(result.root, 'mcp')?.value : undefined;
  const servers = jsonMember(mcp, 'servers')?.value;
  if (servers?.kind !== 'object' || jsonMember(servers, 'type')?.value.kind === 'scalar') return target;
  return { ...target, root: ['mcp', 'servers'], form: 'opencode-2' };
}

export function decoded({ bytes, path }: FileState): string | undefined | EditRefusal {
  if (bytes === undefined) return undefined;
  if (bytes.length > maxConfigBytes) return refuse('tooLarge', path);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    // Bytes that would not come back the same: the file is left alone.
    return refuse('notText', path);
  }
}

type Entries = {
  readonly type: 'entries';
  readonly entries: readonly ConfigEntry[];
  readonly notes: readonly ConfigNote[];
};

export function readEntries(target: Target, text: string | undefined): Entries | EditRefusal {
  if (text === undefined) return { type: 'entries', entries: [], notes: [] };
  const read = formatOf(target).read(text, target);
  switch (read.type) {
    case 'entries':
      return read;
    case 'malformed':
      return refuse('malformed', target.path, {
        at: textPlace(text, read.offset),
        params: { problem: en.editors.syntax[read.problem] },
      });
    case 'foreign-shape':
      return refuse('foreignShape', target.path, { at: textPlace(text, read.offset), params: { name: read.key } });
  }
}

function checkRequest(request: EditRequest, target: Target, platform: NodeJS.Platform): EditRefusal | undefined {
  const { spec, change, wayIn = 'stdio' } = request;
  const { path } = target;
  if (path === '') return refuse('copyOnly', path);
  if (change === 'remove') return undefined;
  if (!serverNamePattern.test(spec.serverName) || spec.serverName.toLowerCase() === 'workspace') {
    return refuse('badName', path, { field: 'serverName', params: { name: spec.serverName } });
  }
  const editor = editorOf(target.editor);
  if (!editor.waysIn.includes(wayIn)) return refuse('noWayIn', path);
  if (wayIn !== 'stdio' && editor.token === 'paste') return refuse('tokenByHand', path);
  if (wayIn === 'stdio' && isLauncherLost(target, spec.launcher, platform)) return refuse('launcherQuoting', path);
  return undefined;
}

function nameClash(
  target: Target,
  spec: EntrySpec,
  entries: readonly ConfigEntry[],
  text: string,
): EditRefusal | undefined {
  const others = entries.filter(({ value }) => instanceIdOf(value) !== spec.instanceId);
  const keys = new Set(others.map(({ key }) => key.toLowerCase()));
  const clash = others.find(({ key }) => key.toLowerCase() === spec.serverName.toLowerCase());
  if (clash !== undefined) {
    return refuse('nameTaken', target.path, {
      field: 'serverName',
      params: { name: spec.serverName },
      suggestion: freeName(spec.serverName, keys),
      at: textPlace(text, clash.offset),
    });
  }
  for (const field of ['sessionId', 'serverId'] as const) {
    const same = others.find(({ value }) => identityOf(value)[field] === spec[field]);
    if (same === undefined) continue;
    const taken = new Set(others.map(({ value }) => (identityOf(value)[field] ?? '').toLowerCase()));
    return refuse('nameTaken', target.path, {
      field,
      params: { name: spec[field] },
      suggestion: freeName(spec[field], taken, 64),
      at: textPlace(text, same.offset),
    });
  }
  return undefined;
}

/** The name with the next number that is free, within `length` characters. */
function freeName(name: string, taken: ReadonlySet<string>, length = 17): string {
  const stem = name.replace(/\d+$/, '');
  for (let number = 2; ; number += 1) {
    const candidate = `${stem.slice(0, length - String(number).length)}${number}`;
    if (!taken.has(candidate.toLowerCase())) return candidate;
  }
}

interface Edited {
  readonly text: string | undefined;
  readonly footprint: Footprint;
}

function edited(
  { change, footprint }: EditRequest,
  target: Target,
  text: string | undefined,
  mine: readonly ConfigEntry[],
  added: NewEntry,
): Edited {
  if (mine.length === 0) {
    const result = formatOf(target).add(text, target, added);
    return { text: result.text, footprint: { ...result.footprint, folders: [] } };
  }
  const kept = footprint ?? noFootprint;
  const [last = '', ...others] = mine.map(({ key }) => key).toReversed();
  // Copies of one instance would be one window twice: only the last one stays.
  let current: string | undefined = text;
  for (const key of change === 'remove' ? [...others, last] : others) {
    if (current !== undefined) current = formatOf(target).remove(current, target, key, footprint);
  }
  if (change === 'remove' || current === undefined) return { text: current, footprint: kept };
  return { text: formatOf(target).merge(current, target, last, added), footprint: kept };
}

function planOf(
  { change, spec, wayIn = 'stdio' }: EditRequest,
  target: Target,
  file: FileState,
  oldText: string | undefined,
  { text: newText, footprint }: Edited,
  warnings: readonly EditWarning[],
): EditPlan {
  return {
    type: 'plan',
    target,
    change,
    path: target.path,
    oldText,
    newText,
    diff: unifiedDiff(target.path, oldText ?? '', newText ?? ''),
    oldHash: hashOf(file.bytes),
    serverName: spec.serverName,
    fingerprint: change === 'remove' || wayIn !== 'stdio' ? undefined : configFingerprint(entryEnv(spec)),
    footprint,
    warnings,
  };
}

function warningsOf(
  { change, wayIn = 'stdio' }: EditRequest,
  target: Target,
  notes: readonly ConfigNote[],
  text: string,
): EditWarning[] {
  const editor = editorOf(target.editor);
  const warnings = notes.map(({ id, name, offset }) => warn(id, { name }, textPlace(text, offset)));
  if (editor.rewritesFile === true) warnings.push(warn('rewritesFile'));
  if (change === 'remove') return warnings;
  if (target.place === 'shared-project') warnings.push(warn('sharedProject'));
  if (wayIn !== 'stdio' && editor.token === 'variable') warnings.push(warn('setVariable', { name: 'EXAI_WS_TOKEN' }));
  return warnings;
}
