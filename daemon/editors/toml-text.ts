import type { Entry } from './entry-forms.ts';
import { isRecord } from './json-edit.ts';

/** A table with its header; objects inside become inline tables (CLIENTS §4, form X). */
export function tomlTable(path: readonly string[], entry: Entry): string {
  const lines = Object.entries(entry).map(([key, value]) => `${tomlKey(key)} = ${tomlValue(value)}`);
  return `${[`[${path.map(tomlKey).join('.')}]`, ...lines].join('\n')}\n`;
}

export function tomlKey(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : tomlString(key);
}

export function tomlValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(tomlValue).join(', ')}]`;
  if (isRecord(value)) {
    return `{ ${Object.entries(value)
      .map(([key, inner]) => `${tomlKey(key)} = ${tomlValue(inner)}`)
      .join(', ')} }`;
  }
  return typeof value === 'string' ? tomlString(value) : String(value);
}

/** A basic string: JSON's escapes are TOML's too, but for DEL. */
function tomlString(text: string): string {
  return JSON.stringify(text).replaceAll('\u007f', '\\u007f');
}
