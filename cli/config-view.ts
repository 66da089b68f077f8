import { type EffectiveSource, effectiveValues, type LoadedSettings } from '../platform/load-settings.ts';
import { type Origin, type SettingsReader, variablesOf } from '../protocol/env-resolve.ts';
import { envText } from '../protocol/env-value.ts';

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
type Shown = EffectiveSource &
  Pick<LoadedSettings<never>, 'providerCaps' | 'providerCapOrigins'> & {
    readonly origins: Readonly<Record<string, Origin>>;
  };

/** Every variable that `reader` reads with its effective value in the unit of the environment; secrets as `***`. */
export function configRows(result: Shown, reader: SettingsReader): ConfigRow[] {
  const settings = effectiveValues(result, reader);
  const rows = variablesOf(reader).map(({ name, key, kind, summary }): ConfigRow => {
    const origin = result.origins[key] ?? { layer: 'default', name, source: 'default' };
    const written = envText(settings[key], kind);
    const value = written !== undefined && kind === 'secret' ? '***' : written;
    return { name, ...(value === undefined ? {} : { value }), ...place(origin, name), summary };
  });
  const caps = Object.entries(result.providerCapOrigins).map(([provider, origin]): ConfigRow => {
    const summary = `calls in flight, provider ${provider}`;
    return { name: origin.name, value: String(result.providerCaps[provider]), ...place(origin, origin.name), summary };
  });
  return [...rows, ...caps];
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
