import { isAbsolute } from 'node:path';
import { effectiveValues, type LoadedSettings, type LoadProblem } from '../../platform/load-settings.ts';
import { writePrivateFile } from '../../platform/private-file.ts';
import type { Origin, SettingsProblem } from '../../protocol/env-resolve.ts';
import { envText, parseEnvValue } from '../../protocol/env-value.ts';
import { FailureError } from '../../protocol/errors.ts';
import type { SettingView } from '../../protocol/settings.ts';
import type { CapsChange, RuntimeCaps } from '../calls/runtime-caps.ts';
import { capOf, isSecretName, providerRow, type SettingRow, settingRow, shownRows, whyFixed } from './editable.ts';
import { editSettingsFile, readSettingsFile } from './settings-file.ts';

type Loaded = LoadedSettings<'daemon'>;

export interface SettingsStoreOptions {
  /** What this daemon runs with. */
  readonly running: Loaded;
  /** Loads everything again; `settingsText` stands for the text of the settings file. */
  reload(settingsText?: string): Loaded | LoadProblem;
  /** Why a daemon with these settings would not start, or undefined. */
  startProblem(loaded: Loaded): SettingsProblem | undefined;
  readonly caps: RuntimeCaps;
  /** Why nobody could listen there now, as the end of a sentence, or undefined. */
  portProblem(host: string, port: number): Promise<string | undefined>;
  /** Ports that this daemon listens on: taken now, and free when it starts again. */
  ownPorts(): readonly number[];
}

/** New texts by name of the variable; null goes back to what holds without the settings file. */
export type SettingsChange = Readonly<Record<string, string | null>>;

/**
 * The settings of the daemon as they are shown and changed while it runs. A change is written to `settings.json`, the
 * weakest layer: what the environment or a `.env` says is stronger and cannot be changed here. Limits of calls take effect
 * at once, everything else at the next start.
 */
export class SettingsStore {
  readonly #options: SettingsStoreOptions;

  constructor(options: SettingsStoreOptions) {
    this.#options = options;
  }

  get file(): string {
    return this.#options.running.layout.settingsFile;
  }

  /** Every setting that is no secret, in the order of the table; limits of further providers at the end. */
  list(): SettingView[] {
    const { running, caps } = this.#options;
    const reloaded = this.#options.reload();
    // A file that somebody is just breaking: what runs is still true.
    const stored = reloaded.type === 'ok' ? reloaded : running;
    const inTable = new Set(shownRows.map(({ name }) => name));
    const providers = new Set([...Object.keys(caps.providers), ...Object.keys(stored.providerCaps)]);
    const further = [...providers].map(providerRow).filter(({ name }) => !inTable.has(name));
    return [...shownRows, ...further].map((row) => this.#view(row, stored));
  }

  /**
   * All or nothing.
   * @throws FailureError VALIDATION_ERROR for an unknown name, a bad value, or values that do not fit together; FORBIDDEN
   * for what is fixed elsewhere, with the place
   */
  async change(change: SettingsChange): Promise<void> {
    const checked = this.#check(change);
    if (checked === undefined) return;
    await this.#tryPorts(change, checked.next);
    // Once more: the file may have been changed while a port was tried.
    const { text, next } = this.#check(change) ?? checked;
    writePrivateFile(this.file, text);
    this.#options.caps.apply(capsChange(Object.keys(change), next));
  }

  /** New text of the file and what it says; undefined when nothing is to be changed. */
  #check(change: SettingsChange): { readonly text: string; readonly next: Loaded } | undefined {
    const stored = this.#reloaded();
    const edits = new Map<string, string | null>();
    for (const [name, text] of Object.entries(change)) {
      const row = editableRow(name, stored);
      const value = text === null || text.trim() === '' ? null : text.trim();
      if (value !== null) checkValue(row, value);
      for (const alias of row.aliases ?? []) edits.set(alias, null);
      edits.set(row.name, value);
    }
    if (edits.size === 0) return undefined;
    const text = editSettingsFile(readSettingsFile(this.file), edits);
    const next = this.#reloaded(text);
    const problem = this.#options.startProblem(next);
    if (problem !== undefined) throw invalid(problem.message);
    return { text, next };
  }

  /** A port that is taken would keep the daemon from starting again, and nobody could mend that from here. */
  async #tryPorts(change: SettingsChange, { settings }: Loaded): Promise<void> {
    const own = this.#options.ownPorts();
    const ports = [
      ['EXAI_WS_PORT', settings.host, settings.listen.includes('tcp') ? settings.port : undefined],
      ['EXAI_DASHBOARD_PORT', settings.dashboardHost, settings.dashboardPort],
    ] as const;
    for (const [name, host, port] of ports) {
      if (!Object.hasOwn(change, name) || port === undefined || port === 0 || own.includes(port)) continue;
      const problem = await this.#options.portProblem(host, port);
      if (problem !== undefined) throw invalid(`${name}: port ${port} at ${host} cannot be used: ${problem}`);
    }
  }

  #reloaded(settingsText?: string): Loaded {
    const loaded = this.#options.reload(settingsText);
    if (loaded.type === 'invalid') throw invalid(loaded.message);
    return loaded;
  }

  #view(row: SettingRow, stored: Loaded): SettingView {
    const { running, caps } = this.#options;
    const cap = capOf(row.name);
    const value = cap === undefined ? textOf(row, running) : String(capNow(caps, row.name) ?? '');
    const next = textOf(row, stored);
    const fixedBy = originOf(row, stored);
    const origin = cap === undefined ? originOf(row, running) : fixedBy;
    return {
      name: row.name,
      kind: row.kind,
      summary: row.summary,
      value,
      defaultValue: envText(row.fallback, row.kind) ?? '',
      source: origin.layer,
      place: origin.source,
      isEditable: whyFixed(row) === undefined && !isStronger(fixedBy),
      needsRestart: cap === undefined,
      pendingValue: next === value ? null : next,
      min: row.min ?? null,
      max: row.max ?? null,
      choices: row.choices === undefined ? null : [...row.choices],
    };
  }
}

/** Layers above the settings file. */
function isStronger({ layer }: Origin): boolean {
  return layer === 'environment' || layer === 'env-file';
}

function editableRow(name: string, stored: Loaded): SettingRow {
  if (isSecretName(name)) throw forbidden(`${name} is a secret, which is never set from here.`);
  const row = settingRow(name);
  if (row === undefined) throw invalid(`${name}: there is no such setting`);
  const reason = whyFixed(row);
  if (reason !== undefined) throw forbidden(`${name} ${reason}.`);
  const origin = originOf(row, stored);
  if (isStronger(origin)) throw forbidden(`${name} is fixed by ${origin.source}.`, 'Change or remove it there.');
  return row;
}

function checkValue(row: SettingRow, text: string): void {
  const parsed = parseEnvValue(row, text, isAbsolute);
  if (parsed.type === 'invalid') throw invalid(`${row.name}: expected ${parsed.expected}`);
}

function originOf(row: SettingRow, loaded: Loaded): Origin {
  const origins: Readonly<Record<string, Origin>> = loaded.origins;
  const cap = capOf(row.name);
  const ofProvider = cap?.type === 'provider' ? loaded.providerCapOrigins[cap.provider] : undefined;
  return origins[row.key] ?? ofProvider ?? { layer: 'default', name: row.name, source: 'default' };
}

function textOf(row: SettingRow, loaded: Loaded): string {
  const cap = capOf(row.name);
  const ofProvider = cap?.type === 'provider' ? loaded.providerCaps[cap.provider] : undefined;
  return envText(effectiveValues(loaded, 'daemon')[row.key] ?? ofProvider, row.kind) ?? '';
}

function capNow(caps: RuntimeCaps, name: string): number | undefined {
  const cap = capOf(name);
  return cap?.type === 'provider' ? caps.providers[cap.provider] : cap && caps[cap.type];
}

/** What the named variables say from now on, as far as they are limits of calls. */
function capsChange(names: readonly string[], next: Loaded): CapsChange {
  const change: { -readonly [Name in keyof CapsChange]: CapsChange[Name] } = {};
  const providers: Record<string, number | null> = {};
  for (const name of names) {
    const cap = capOf(name);
    const row = settingRow(name);
    if (cap === undefined || row === undefined) continue;
    const text = textOf(row, next);
    if (cap.type === 'provider') providers[cap.provider] = text === '' ? null : Number(text);
    else change[cap.type] = Number(text);
  }
  return { ...change, providers };
}

/** Messages of the settings loader are made for stderr, where the program's name stands in front. */
function invalid(message: string): FailureError {
  return new FailureError({ code: 'VALIDATION_ERROR', message: message.replace(/^exai: /, '') });
}

function forbidden(message: string, hint?: string): FailureError {
  return new FailureError({ code: 'FORBIDDEN', message, ...(hint === undefined ? {} : { hint }) });
}
