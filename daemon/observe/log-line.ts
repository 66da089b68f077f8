import { type LogLine, logLevels } from '../../protocol/logs.ts';

/** Longest line that is looked at, in bytes; what is longer is cut. */
export const maxLogLineBytes = 64 * 1024;
const maxFieldsChars = 2_000;

/** A line of a log as it is shown. A line that is not JSON of ours is all message. */
export function parseLogLine(text: string): LogLine {
  const record = recordOf(text);
  const message = record?.['msg'];
  if (record === undefined || typeof message !== 'string') return { t: null, level: null, msg: text, fields: '' };
  const { t, level, msg: _msg, ...fields } = record;
  const rest = Object.keys(fields).length === 0 ? '' : JSON.stringify(fields);
  return { t: timeOf(t), level: levelOf(level), msg: message, fields: cut(rest, maxFieldsChars) };
}

/** Whether a line is shown at this level. What has no level always is. */
export function isAtLevel({ level }: LogLine, least: (typeof logLevels)[number]): boolean {
  return level === null || logLevels.indexOf(level) >= logLevels.indexOf(least);
}

function recordOf(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith('{')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined; // cut, or somebody else's
  }
}

/** Epoch seconds, as our logger writes them. */
function timeOf(t: unknown): string | null {
  if (typeof t !== 'number') return null;
  const date = new Date(t * 1000);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

function levelOf(level: unknown): LogLine['level'] {
  return logLevels.find((known) => known === level) ?? null;
}

function cut(text: string, maxChars: number): string {
  return text.length <= maxChars ? text : `${text.slice(0, maxChars - 1).toWellFormed()}…`;
}
