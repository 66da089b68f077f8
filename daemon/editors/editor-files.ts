import { existsSync, readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { configFingerprint } from '../../platform/config-fingerprint.ts';
import { Backups } from './backups.ts';
import { editorOf } from './catalogue.ts';
import { type ConfigFile, readConfigFile, writeRefusal } from './config-file.ts';
import type { ConfigEntry } from './config-format.ts';
import { withConfigLock } from './config-lock.ts';
import type {
  ApplyResult,
  EditorFiles,
  EditPlan,
  EditRefusal,
  EntrySpec,
  FoundEntry,
  Machine,
  Target,
  UndoResult,
} from './editor.ts';
import { entryOf } from './entry-forms.ts';
import { commandOf, envOf, instanceIdOf, isOurCommand, urlOf } from './entry-reader.ts';
import { isRecord, isSameJson } from './json-edit.ts';
import { decoded, hashOf, planEdit, readEntries, versionedTarget } from './plan-edit.ts';
import { refuse, warn } from './refuse.ts';
import { renderEntry } from './render-entry.ts';
import { makeFolders, removeFolders, replaceConfig } from './replace-config.ts';
import { detectEditors, targetOf } from './targets.ts';
import { textPlace } from './text-splice.ts';

export interface EditorFilesOptions {
  /** Locks and backups live below it. */
  readonly stateDir: string;
  readonly machine?: Machine;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

/** This machine, as the process sees it. */
function thisMachine(): Machine {
  return { platform: process.platform, home: homedir(), env: process.env, exists: existsSync, list: namesIn };
}

export function createEditorFiles({
  stateDir,
  machine = thisMachine(),
  now = Date.now,
}: EditorFilesOptions): EditorFiles {
  const { platform } = machine;
  const backups = new Backups(join(stateDir, 'editor-backups'));
  const locks = join(stateDir, 'editor-locks');

  const write = (plan: EditPlan, file: ConfigFile): ApplyResult => {
    if (hashOf(file.bytes) !== plan.oldHash) return refuse('changed', plan.path);
    if (plan.newText === plan.oldText) {
      return { type: 'applied', path: plan.path, backupId: undefined, footprint: plan.footprint };
    }
    const refused = writeRefusal(file);
    if (refused !== undefined) return refused;
    const bytes = plan.newText === undefined ? undefined : Buffer.from(plan.newText, 'utf8');
    const folders = makeFolders(file.realPath);
    const backupId = backups.keep({
      path: plan.path,
      at: now(),
      change: plan.change,
      ...(file.bytes === undefined ? {} : { bytes: Buffer.from(file.bytes).toString('base64') }),
      newHash: hashOf(bytes),
      folders: [...folders],
    });
    const failed = replaceConfig(file, bytes);
    if (failed !== undefined) {
      backups.forget(backupId);
      removeFolders(folders);
      return failed;
    }
    if (bytes === undefined) removeFolders(plan.footprint.folders);
    const footprint = plan.change === 'add' && folders.length > 0 ? { ...plan.footprint, folders } : plan.footprint;
    return { type: 'applied', path: plan.path, backupId, footprint };
  };

  const locked = async <T>(
    target: { path: string; hasLockDirectory: boolean },
    work: (file: ConfigFile) => T | EditRefusal,
  ) => {
    const file = readConfigFile(target.path);
    if (file.type === 'refused') return file;
    const result = await withConfigLock(locks, file.realPath, target.hasLockDirectory, () => {
      const current = readConfigFile(target.path);
      return current.type === 'refused' ? current : work(current);
    });
    return result === 'busy' ? refuse('busy', target.path) : result;
  };

  return {
    detect: (choice) => detectEditors(machine, choice),
    target: (editor, place, choice) => targetOf(machine, editor, place, choice),
    render: (target, spec, wayIn) => renderEntry(target, spec, wayIn, platform),
    plan(request) {
      const { target } = request;
      if (target.path === '') return refuse('copyOnly', '');
      const file = readConfigFile(target.path);
      if (file.type === 'refused') return file;
      const plan = planEdit(request, file, platform);
      if (plan.type === 'refused') return plan;
      const refused = plan.newText === plan.oldText ? undefined : writeRefusal(file);
      if (refused !== undefined) return refused;
      const more = [
        ...((file.stats?.nlink ?? 1) > 1 ? [warn('hardLinks')] : []),
        ...(file.realPath === target.path ? [] : [warn('symbolicLink', { target: file.realPath })]),
      ];
      return { ...plan, warnings: [...plan.warnings, ...more] };
    },
    apply(plan) {
      const hasLockDirectory = editorOf(plan.target.editor).hasLockDirectory === true;
      return locked({ path: plan.path, hasLockDirectory }, (file) => write(plan, file));
    },
    async undo(backupId): Promise<UndoResult> {
      const record = backups.read(backupId);
      if (record === undefined) return refuse('noBackup', '');
      const { path } = record;
      return locked({ path, hasLockDirectory: path.endsWith('cline_mcp_settings.json') }, (file): UndoResult => {
        if (hashOf(file.bytes) !== record.newHash) return refuse('changedSince', path);
        const refused = writeRefusal(file);
        if (refused !== undefined) return refused;
        if (record.bytes !== undefined) makeFolders(file.realPath);
        const failed = replaceConfig(
          file,
          record.bytes === undefined ? undefined : Buffer.from(record.bytes, 'base64'),
        );
        if (failed !== undefined) return failed;
        if (record.bytes === undefined) removeFolders(record.folders);
        backups.forget(backupId);
        return { type: 'undone', path };
      });
    },
    backups: () =>
      backups.ids().flatMap((id) => {
        const record = backups.read(id);
        if (record === undefined) return [];
        const file = readConfigFile(record.path);
        const canUndo = file.type === 'file' && hashOf(file.bytes) === record.newHash;
        return [{ id, path: record.path, at: record.at, change: record.change, canUndo }];
      }),
    findOurEntries(target, specs) {
      const read = entriesOf(target);
      if ('type' in read) return read;
      const found = read.entries.flatMap((entry) => {
        const instanceId = instanceIdOf(entry.value);
        return instanceId === undefined ? [] : [foundEntry(entry, instanceId, read, specs, platform)];
      });
      return { type: 'found', entries: found };
    },
    servers(target, launcher) {
      const read = entriesOf(target);
      if ('type' in read) return read;
      const servers = read.entries.map(({ key, value, offset }) => {
        const [command, ...args] = commandOf(value);
        const isOurs =
          instanceIdOf(value) !== undefined ||
          (command !== undefined && isOurCommand(value, read.target, launcher, platform));
        const at = textPlace(read.text, offset);
        return { serverName: key, command, args, envNames: Object.keys(envOf(value)), url: urlOf(value), isOurs, at };
      });
      return { type: 'found', servers };
    },
  };
}

function entriesOf(target: Target) {
  const file = readConfigFile(target.path);
  if (file.type === 'refused') return file;
  const text = decoded(file);
  if (text !== undefined && typeof text !== 'string') return text;
  const versioned = versionedTarget(target, text);
  const read = readEntries(versioned, text);
  return read.type === 'refused' ? read : { entries: read.entries, target: versioned, text: text ?? '' };
}

function foundEntry(
  { key, value, offset }: ConfigEntry,
  instanceId: string,
  { target, text }: { target: Target; text: string },
  specs: readonly EntrySpec[],
  platform: NodeJS.Platform,
): FoundEntry {
  const spec = specs.find((candidate) => candidate.instanceId === instanceId);
  const wanted = spec && entryOf(target, spec, commandOf(value).length === 0 ? 'http' : 'stdio', platform);
  const differs = wanted === undefined ? [] : differences(wanted, value);
  if (spec !== undefined && key !== spec.serverName) differs.unshift('serverName');
  const [command, ...args] = commandOf(value);
  const env = envOf(value);
  const state = spec === undefined ? 'unknown-instance' : differs.length === 0 ? 'equal' : 'drifted';
  const fingerprint = configFingerprint(env);
  return { serverName: key, instanceId, state, differs, command, args, env, fingerprint, at: textPlace(text, offset) };
}

/** Fields of ours that the entry has otherwise or not at all; what it has besides is the user's. */
function differences(wanted: Readonly<Record<string, unknown>>, value: unknown, prefix = ''): string[] {
  return Object.entries(wanted).flatMap(([name, expected]) => {
    const actual = isRecord(value) ? value[name] : undefined;
    if (isRecord(expected)) return differences(expected, actual, `${prefix}${name}.`);
    return isSameJson(actual, expected) ? [] : [`${prefix}${name}`];
  });
}

function namesIn(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    // No such folder: it holds nothing.
    return [];
  }
}
