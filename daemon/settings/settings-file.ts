import { readFileSync } from 'node:fs';
import { errorCode } from '../../platform/atomic-file.ts';

/** Text of the settings file; an empty object when there is none. @throws Error when it cannot be read */
export function readSettingsFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return '{}';
    throw error;
  }
}

/**
 * The same file with other values. What is not named stays as it is, also what we do not know, in its order.
 * @param changes by name; null takes the name out
 * @throws SyntaxError when the text is not one JSON object
 */
export function editSettingsFile(text: string, changes: ReadonlyMap<string, string | null>): string {
  const parsed: unknown = JSON.parse(text.replace(/^\uFEFF/, ''));
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new SyntaxError('expected a JSON object');
  }
  const values = new Map<string, unknown>(Object.entries(parsed));
  for (const [name, value] of changes) {
    if (value === null) values.delete(name);
    else values.set(name, value);
  }
  return `${JSON.stringify(Object.fromEntries(values), null, 2)}\n`;
}
