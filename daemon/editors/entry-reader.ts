import { instanceIdPattern } from '../../protocol/ids.ts';
import type { Launcher, Target } from './editor.ts';
import { instanceHeader, launcherWords } from './entry-forms.ts';
import { isRecord, isSameJson } from './json-edit.ts';

/** The environment that an entry of any form gives its server; values that are no text are left out. */
export function envOf(value: unknown): Readonly<Record<string, string>> {
  return texts(field(value, 'env') ?? field(value, 'environment'));
}

/** Command and arguments of an entry; empty for one without a program. */
export function commandOf(value: unknown): readonly string[] {
  const command = field(value, 'command');
  const args = field(value, 'args');
  return [command, args].flat().filter((word) => typeof word === 'string');
}

export function urlOf(value: unknown): string | undefined {
  const url = field(value, 'url') ?? field(value, 'httpUrl') ?? field(value, 'serverUrl');
  return typeof url === 'string' ? url : undefined;
}

/** Whose entry this is; undefined: not one of ours. */
export function instanceIdOf(value: unknown): string | undefined {
  const headers = texts(field(value, 'headers') ?? field(value, 'http_headers'));
  const id = envOf(value)['EXAI_INSTANCE_ID'] ?? headers[instanceHeader];
  return id !== undefined && instanceIdPattern.test(id) ? id : undefined;
}

export function identityOf(value: unknown): { readonly sessionId?: string; readonly serverId?: string } {
  const { EXAI_SESSION_ID: sessionId, MCP_SERVER_ID: serverId } = envOf(value);
  return { ...(sessionId === undefined ? {} : { sessionId }), ...(serverId === undefined ? {} : { serverId }) };
}

/** Whether the entry starts our launcher, or needs none because it names an address. */
export function isOurCommand(value: unknown, target: Target, launcher: Launcher, platform: NodeJS.Platform): boolean {
  const words = commandOf(value);
  return words.length === 0 ? urlOf(value) !== undefined : isSameJson(words, launcherWords(target, launcher, platform));
}

function field(value: unknown, name: string): unknown {
  return isRecord(value) ? value[name] : undefined;
}

function texts(value: unknown): Readonly<Record<string, string>> {
  if (!isRecord(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  );
}
