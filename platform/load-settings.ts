import { readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { type EnvEntry, parseEnvFile } from '../protocol/env-file.ts';
import {
  isExaiVariable,
  type ResolvedSettings,
  resolveSettings,
  type SettingsLayer,
  type SettingsProblem,
  type SettingsReader,
  settingProblem,
  variablesOf,
} from '../protocol/env-resolve.ts';
import { exitCodes } from '../protocol/errors.ts';
import { limits } from '../protocol/limits.ts';
import { readPrivateFile } from './private-file.ts';
import { resolveStateDir, type StateLayout, stateLayout } from './state-dir.ts';

export interface LoadOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform?: NodeJS.Platform;
  /** Home directory of the user; only tests give one. */
  readonly home?: string;
  /** Stands for the text of the settings file, which is then not read: what would hold if it said this. */
  readonly settingsText?: string;
}

/** Everything a process knows before it opens anything. `logDir` exists only once somebody has made it. */
export interface LoadedSettings<Reader extends SettingsReader> extends ResolvedSettings<Reader> {
  readonly layout: StateLayout;
  readonly logDir: string;
  /** The `.env` that was or would have been read. */
  readonly envFile: string;
}

/** `message` is one line for stderr; the process ends with `exitCode`. */
export interface LoadProblem {
  readonly type: 'invalid';
  readonly message: string;
  readonly exitCode: typeof exitCodes.configuration;
}

/**
 * Reads process environment, `.env` and settings file and gives the effective settings (WIRE §9.1). Nothing is
 * created and nothing but the two files is read. A file that holds a secret which `reader` would use is refused
 * when others can read it. `ENV_FILE` and `EXAI_STATE_DIR` are taken from the process environment only.
 */
export function loadSettings<Reader extends SettingsReader>(
  reader: Reader,
  options: LoadOptions,
): LoadedSettings<Reader> | LoadProblem {
  const { env, platform, home } = options;
  const environment = environmentLayer(reader, env, platform ?? process.platform);
  const own = resolveSettings({ reader, layers: [environment], isAbsolutePath: isAbsolute });
  if (own.type === 'invalid') return refused(own.message);

  let stateDir: string;
  try {
    stateDir = own.settings.stateDirOverride ?? resolveStateDir(env, platform, home);
  } catch (error) {
    return refused(`exai: ${error instanceof Error ? error.message : String(error)}`);
  }
  const layout = stateLayout(stateDir);
  const stored = storedLayers(reader, layout, own.settings.envFileOverride, options.settingsText);
  if (stored.type === 'invalid') return refused(stored.message);

  const layers = [environment, ...stored.layers];
  const resolved = resolveSettings({ reader, layers, isAbsolutePath: isAbsolute });
  if (resolved.type === 'invalid') return refused(resolved.message);
  const warnings = [...stored.warnings, ...resolved.warnings];
  const logDir = resolved.settings.logDirOverride ?? layout.defaultLogDir;
  return { ...resolved, warnings, layout, logDir, envFile: own.settings.envFileOverride ?? layout.envFile };
}

export interface EffectiveSource extends Pick<LoadedSettings<never>, 'layout' | 'logDir' | 'envFile'> {
  readonly settings: Readonly<Record<string, unknown>>;
}

/** The settings by key, with what holds where nothing is set and the table has no default. */
export function effectiveValues(loaded: EffectiveSource, reader: SettingsReader): Record<string, unknown> {
  const { layout, logDir, envFile, settings } = loaded;
  const paths = { stateDirOverride: layout.stateDir, logDirOverride: logDir, envFileOverride: envFile };
  const ofReader =
    reader === 'shim'
      ? { logMaxBytes: limits.shimLogMaxBytes, logFiles: limits.shimLogFiles }
      : {
          toolCallMaxBytes: settings['maxFrameBytes'],
          logMaxBytes: limits.daemonLogMaxBytes,
          logFiles: limits.daemonLogFiles,
        };
  const present = Object.entries(settings).filter(([, value]) => value !== undefined);
  return { ...paths, ...ofReader, ...Object.fromEntries(present) };
}

type StoredLayers =
  | { readonly type: 'ok'; readonly layers: readonly SettingsLayer[]; readonly warnings: readonly string[] }
  | SettingsProblem;

/** `.env` and settings file. `named` is the value of `ENV_FILE`. */
function storedLayers(
  reader: SettingsReader,
  layout: StateLayout,
  named: string | undefined,
  givenText: string | undefined,
): StoredLayers {
  const envFile = named ?? layout.envFile;
  const envText = readSettingsText(envFile);
  if (envText.type === 'invalid') return envText;
  if (envText.type === 'missing' && named !== undefined) {
    return settingProblem('ENV_FILE', named, 'the environment', 'this file does not exist');
  }
  const label = named ?? '.env';
  const env = parseEnvFile(envText.type === 'ok' ? envText.text : '', label);
  if (env.type === 'invalid') return env;

  const { settingsFile } = layout;
  const settingsText = givenText === undefined ? readSettingsText(settingsFile) : okText(givenText);
  if (settingsText.type === 'invalid') return settingsText;
  const settings = parseSettingsFile(settingsText.type === 'ok' ? settingsText.text : '{}', settingsFile);
  if (settings.type === 'invalid') return settings;

  const exposed = exposedSecret(reader, envFile, env.values) ?? exposedSecret(reader, settingsFile, settings.values);
  if (exposed !== undefined) return exposed;
  const layers: readonly SettingsLayer[] = [
    { layer: 'env-file', label, values: env.values },
    { layer: 'settings-file', label: 'settings.json', values: settings.values },
  ];
  return { type: 'ok', layers, warnings: env.warnings };
}

function refused(message: string): LoadProblem {
  return { type: 'invalid', message, exitCode: exitCodes.configuration };
}

function problem(text: string): SettingsProblem {
  return { type: 'invalid', message: `exai: ${text}` };
}

/** Keeps our own names only; on Windows names have no case, and `process.env` lists them as they were written. */
function environmentLayer(reader: SettingsReader, env: LoadOptions['env'], platform: NodeJS.Platform): SettingsLayer {
  const values = new Map<string, EnvEntry>();
  for (const [written, value] of Object.entries(env)) {
    const name = platform === 'win32' ? written.toUpperCase() : written;
    if (value !== undefined && isExaiVariable(reader, name)) values.set(name, { value });
  }
  return { layer: 'environment', label: 'the environment', values };
}

type SettingsText = { readonly type: 'ok'; readonly text: string } | { readonly type: 'missing' } | SettingsProblem;

function okText(text: string): SettingsText {
  return { type: 'ok', text };
}

function readSettingsText(path: string): SettingsText {
  try {
    return { type: 'ok', text: readFileSync(path, 'utf8') };
  } catch (error) {
    const code = codeOf(error);
    return code === 'ENOENT' || code === 'ENOTDIR' ? { type: 'missing' } : problem(`${path}: cannot be read (${code})`);
  }
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}

type SettingsFile = { readonly type: 'ok'; readonly values: ReadonlyMap<string, EnvEntry> } | SettingsProblem;

/** One JSON object of variable names; numbers, booleans and lists may be written as such. Values are never shown. */
function parseSettingsFile(text: string, path: string): SettingsFile {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    // The parser's message quotes the file, which may hold a secret: only the place is taken from it.
    const place = /line \d+ column \d+/.exec(error instanceof Error ? error.message : '')?.[0];
    return problem(`${path}${place === undefined ? '' : ` ${place}`}: expected JSON`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    return problem(`${path}: expected a JSON object of variable names and values`);
  }
  const values = new Map<string, EnvEntry>();
  for (const [name, value] of Object.entries(parsed)) {
    const written = settingsValue(value);
    if (written === undefined) {
      return problem(`${path}: expected a text, number, boolean or list as ${JSON.stringify(name)}`);
    }
    values.set(name, { value: written });
  }
  return { type: 'ok', values };
}

function settingsValue(value: unknown): string | undefined {
  if (value === null) return '';
  if (Array.isArray(value)) return value.every((entry) => typeof entry === 'string') ? value.join(',') : undefined;
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

/** Why a file must not be used: it holds a secret of this process, and others can read or replace it. */
function exposedSecret(
  reader: SettingsReader,
  path: string,
  values: ReadonlyMap<string, EnvEntry>,
): SettingsProblem | undefined {
  const secret = secretIn(reader, values);
  if (secret === undefined) return undefined;
  const file = readPrivateFile(path, { parent: 'shared' });
  return file.type === 'exposed' ? problem(`${path} holds ${secret}: ${file.message}`) : undefined;
}

/** The first secret among the values that this process would use. Provider keys are the daemon's alone. */
function secretIn(reader: SettingsReader, values: ReadonlyMap<string, EnvEntry>): string | undefined {
  const secrets = variablesOf(reader)
    .filter(({ kind }) => kind === 'secret')
    .flatMap(({ name, aliases }) => [name, ...(aliases ?? [])]);
  const filled = [...values].filter(([, { value }]) => value !== '').map(([name]) => name);
  return filled.find((name) => secrets.includes(name) || (reader === 'daemon' && name.endsWith('_API_KEY')));
}
