import type { EnvEntry } from './env-file.ts';
import { type EnvVariable, envTable, ignoredVariables, providerCapPattern, type Settings } from './env-table.ts';
import { type EnvValue, parseEnvValue } from './env-value.ts';
import { nearestName } from './nearest-name.ts';

export type SettingsReader = 'daemon' | 'shim';

/** One source of values. `label` is how messages call it: `the environment`, `.env`, `settings.json`, a path. */
export interface SettingsLayer {
  readonly layer: 'environment' | 'env-file' | 'settings-file';
  readonly label: string;
  readonly values: ReadonlyMap<string, EnvEntry>;
}

/** Where an effective value comes from. `name` is the one found, so possibly an alias; `source` is for people. */
export interface Origin {
  readonly layer: SettingsLayer['layer'] | 'default';
  readonly name: string;
  readonly line?: number;
  readonly source: string;
}

export interface ResolvedSettings<Reader extends SettingsReader> {
  readonly type: 'ok';
  readonly settings: Settings<Reader>;
  readonly origins: Readonly<Record<keyof Settings<Reader>, Origin>>;
  /** Calls in flight by provider name in upper case; Kimi and GLM are in the settings. Always empty for the shim. */
  readonly providerCaps: Readonly<Record<string, number>>;
  readonly providerCapOrigins: Readonly<Record<string, Origin>>;
  readonly warnings: readonly string[];
}

/** `message` is the one line for stderr, `exai: ` in front; the process then exits 78 (WIRE §9.1). */
export interface SettingsProblem {
  readonly type: 'invalid';
  readonly message: string;
}

export interface ResolveOptions<Reader extends SettingsReader> {
  readonly reader: Reader;
  /** Strongest first. */
  readonly layers: readonly SettingsLayer[];
  readonly isAbsolutePath: (path: string) => boolean;
}

const providerCapRule = { kind: 'integer', min: 1, max: 10_000 } as const;

/**
 * The effective value of every variable that `reader` reads, with its layer (WIRE §9.1). Variables of the other
 * process are known but never judged. Only the value that counts is judged, not those it hides. The first invalid
 * one, in the order of the table, is the answer.
 */
export function resolveSettings<Reader extends SettingsReader>(
  options: ResolveOptions<Reader>,
): ResolvedSettings<Reader> | SettingsProblem {
  const { reader, layers, isAbsolutePath } = options;
  const settings: Record<string, EnvValue | undefined> = {};
  const origins: Record<string, Origin> = {};
  for (const variable of variablesOf(reader)) {
    const found = findValue(variable, layers);
    if (found === undefined) {
      settings[variable.key] = variable.fallback;
      origins[variable.key] = { layer: 'default', name: variable.name, source: 'default' };
      continue;
    }
    const parsed = parseEnvValue(variable, found.text, isAbsolutePath);
    if (parsed.type === 'invalid') return invalid(variable, found, parsed.expected);
    settings[variable.key] = parsed.value;
    origins[variable.key] = found.origin;
  }

  const providerCaps: Record<string, number> = {};
  const providerCapOrigins: Record<string, Origin> = {};
  for (const [provider, name] of reader === 'daemon' ? providerCapNames(layers) : []) {
    const variable: EnvVariable = { ...providerCapRule, name, key: name, readBy: 'daemon', summary: '' };
    const found = findValue(variable, layers);
    if (found === undefined) continue;
    const parsed = parseEnvValue(variable, found.text, isAbsolutePath);
    if (parsed.type === 'invalid') return invalid(variable, found, parsed.expected);
    providerCaps[provider] = Number(parsed.value);
    providerCapOrigins[provider] = found.origin;
  }

  return {
    type: 'ok',
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- filled above from the table the type is made of
    settings: settings as Settings<Reader>,
    origins: origins as Record<keyof Settings<Reader>, Origin>,
    providerCaps,
    providerCapOrigins,
    warnings: [...misplacedWarnings(reader, layers), ...unknownWarnings(layers), ...ignoredWarnings(layers)],
  };
}

/** The variables a process reads, in the order of the table. */
export function variablesOf(reader: SettingsReader): readonly EnvVariable[] {
  const table: readonly EnvVariable[] = envTable;
  return table.filter(({ readBy }) => readBy === reader || readBy === 'both');
}

/** One line for stderr: what was set where, and what was expected. `text` must be `***` for a secret. */
export function settingProblem(name: string, text: string, source: string, expected: string): SettingsProblem {
  const shown = text.length > 100 ? `${text.slice(0, 100)}…` : text;
  return { type: 'invalid', message: `exai: ${name}=${JSON.stringify(shown)} (from ${source}): ${expected}` };
}

interface Found {
  readonly text: string;
  readonly origin: Origin;
}

function invalid(variable: EnvVariable, { text, origin }: Found, expected: string): SettingsProblem {
  const shown = variable.kind === 'secret' ? '***' : text;
  return settingProblem(origin.name, shown, origin.source, `expected ${expected}`);
}

/** The strongest layer wins, in it the canonical name before its aliases. */
function findValue(variable: EnvVariable, layers: readonly SettingsLayer[]): Found | undefined {
  for (const layer of layers) {
    if (variable.perProcess === true && layer.layer !== 'environment') continue;
    for (const name of [variable.name, ...(variable.aliases ?? [])]) {
      const entry = layer.values.get(name);
      if (entry === undefined || isEmpty(variable, entry.value)) continue;
      const place = entry.line === undefined ? {} : { line: entry.line };
      return { text: entry.value, origin: { layer: layer.layer, name, ...place, source: placeOf(layer, entry) } };
    }
  }
  return undefined;
}

/** A secret of blanks is a mistake to be refused, never "no secret": that would switch authentication off. */
function isEmpty({ kind }: EnvVariable, text: string): boolean {
  return (kind === 'secret' ? text : text.trim()) === '';
}

function placeOf({ label }: SettingsLayer, { line }: EnvEntry): string {
  return line === undefined ? label : `${label} line ${line}`;
}

const tableNames: ReadonlySet<string> = new Set(
  (envTable as readonly EnvVariable[]).flatMap(({ name, aliases }) => [name, ...(aliases ?? [])]),
);

function isIgnored(name: string): boolean {
  return ignoredVariables.some((entry) => (entry.endsWith('*') ? name.startsWith(entry.slice(0, -1)) : name === entry));
}

/** Whether a variable of the process environment means anything to us; nothing else is kept (CLIENTS S11). */
export function isExaiVariable(reader: SettingsReader, name: string): boolean {
  if (name.startsWith('EXAI_') || tableNames.has(name)) return true;
  return reader === 'daemon' && isIgnored(name);
}

function providerCapNames(layers: readonly SettingsLayer[]): Map<string, string> {
  const names = new Map<string, string>();
  for (const name of layers.flatMap(({ values }) => [...values.keys()])) {
    const provider = providerCapPattern.exec(name)?.[1];
    if (provider !== undefined && !tableNames.has(name)) names.set(provider, name);
  }
  return names;
}

function misplacedWarnings(reader: SettingsReader, layers: readonly SettingsLayer[]): string[] {
  const perProcess = variablesOf(reader).filter((variable) => variable.perProcess === true);
  return layers
    .filter(({ layer }) => layer !== 'environment')
    .flatMap((layer) =>
      perProcess.flatMap((variable) => {
        const entry = layer.values.get(variable.name);
        if (entry === undefined || isEmpty(variable, entry.value)) return [];
        return [
          `${variable.name} in ${placeOf(layer, entry)} is ignored; it counts in the environment of a process only`,
        ];
      }),
    );
}

/** Never shows a value: an unknown name may be a mistyped secret. */
function unknownWarnings(layers: readonly SettingsLayer[]): string[] {
  return layers.flatMap((layer) =>
    [...layer.values].flatMap(([name, entry]) => {
      if (!name.startsWith('EXAI_') || tableNames.has(name) || isIgnored(name)) return [];
      const provider = providerCapPattern.exec(name)?.[1];
      const meant = provider === undefined ? likelyName(name) : likelyCap(name);
      if (provider !== undefined && meant === undefined) return [];
      const what =
        provider === undefined ? 'is unknown and has no effect' : `sets the limit of a provider called ${provider}`;
      const question = meant === undefined ? '' : `; did you mean ${meant}?`;
      return [`${name} in ${placeOf(layer, entry)} ${what}${question}`];
    }),
  );
}

/** `EXAI_LOG_LEVEL` means `LOG_LEVEL`, `EXAI_PORT` means `EXAI_WS_PORT`; otherwise up to three typing slips. */
function likelyName(name: string): string | undefined {
  const rest = name.slice('EXAI_'.length);
  return [rest, `EXAI_WS_${rest}`].find((known) => tableNames.has(known)) ?? nearestName(name, tableNames, 3);
}

function likelyCap(name: string): string | undefined {
  const caps = [...tableNames].filter((known) => providerCapPattern.test(known));
  return nearestName(name, caps, 1);
}

function ignoredWarnings(layers: readonly SettingsLayer[]): string[] {
  const names = new Set(layers.flatMap(({ values }) => [...values.keys()]).filter((name) => isIgnored(name)));
  if (names.size === 0) return [];
  return [`no longer used and ignored: ${[...names].toSorted().join(', ')}`];
}
