import type { LoadedSettings } from '../platform/load-settings.ts';
import { type Origin, type SettingsReader, variablesOf } from '../protocol/env-resolve.ts';
import { limits } from '../protocol/limits.ts';

/** One line of `exai config`. `value` is absent where nothing is set and the summary says what then holds. */
export interface ConfigRow {
  readonly name: string;
  readonly value?: string;
  readonly layer: Origin['layer'];
  /** The layer for people, with the line of a file and the alias that was used. */
  readonly source: string;
  readonly summary: string;
}

/** What is shown of the loaded settings of a daemon or shim. */
type Shown = Pick<LoadedSettings<never>, 'providerCaps' | 'providerCapOrigins' | 'layout' | 'logDir' | 'envFile'> & {
  readonly settings: Readonly<Record<string, unknown>>;
  readonly origins: Readonly<Record<string, Origin>>;
};

/** Every variable that `reader` reads with its effective value in the unit of the environment; secrets as `***`. */
export function configRows(result: Shown, reader: SettingsReader): ConfigRow[] {
  const settings = { ...derivedDefaults(result, reader), ...present(result.settings) };
  const rows = variablesOf(reader).map(({ name, key, kind, summary }): ConfigRow => {
    const origin = result.origins[key] ?? { layer: 'default', name, source: 'default' };
    const written = environmentText(settings[key], kind);
    const value = written !== undefined && kind === 'secret' ? '***' : written;
    return { name, ...(value === undefined ? {} : { value }), ...place(origin, name), summary };
  });
  const caps = Object.entries(result.providerCapOrigins).map(([provider, origin]): ConfigRow => {
    const summary = `calls in flight, provider ${provider}`;
    return { name: origin.name, value: String(result.providerCaps[provider]), ...place(origin, origin.name), summary };
  });
  return [...rows, ...caps];
}

/** Values that hold when nothing is set but that the table cannot give. */
function derivedDefaults(result: Shown, reader: SettingsReader): Record<string, unknown> {
  const { layout, logDir, envFile } = result;
  const paths = { stateDirOverride: layout.stateDir, logDirOverride: logDir, envFileOverride: envFile };
  if (reader === 'shim') return { ...paths, logMaxBytes: limits.shimLogMaxBytes, logFiles: limits.shimLogFiles };
  const toolCallMaxBytes = result.settings['maxFrameBytes'];
  return { ...paths, toolCallMaxBytes, logMaxBytes: limits.daemonLogMaxBytes, logFiles: limits.daemonLogFiles };
}

function present(settings: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}

/** The text that would set the same value. */
function environmentText(value: unknown, kind: string): string | undefined {
  if (Array.isArray(value)) return value.join(',');
  if (typeof value === 'number') return String(kind === 'seconds' ? value / 1000 : value);
  return typeof value === 'string' || typeof value === 'boolean' ? String(value) : undefined;
}

function place({ layer, name: used, source }: Origin, name: string): Pick<ConfigRow, 'layer' | 'source'> {
  return { layer, source: used === name ? source : `${source} as ${used}` };
}

/** Aligned columns with a header, one line per row, without a last line end. */
export function configText(rows: readonly ConfigRow[]): string {
  const header = ['NAME', 'VALUE', 'FROM', 'MEANING'];
  const cells = [
    header,
    ...rows.map(({ name, value, source, summary }) => [
      name,
      value === undefined || value === '' ? '-' : value,
      source,
      summary,
    ]),
  ];
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ');
  return cells.map((row) => line(row).trimEnd()).join('\n');
}

export function configJson(rows: readonly ConfigRow[]): string {
  return JSON.stringify(rows, null, 2);
}
