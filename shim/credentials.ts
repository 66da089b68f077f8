import type { PrivateFileResult } from '../platform/private-file.ts';
import type { Settings } from '../protocol/env-table.ts';
import type { CredentialSource } from '../protocol/hello.ts';
import { limits } from '../protocol/limits.ts';
import { assertNever } from './assert-never.ts';

/** What the next hello shows. `problem`: why a file that was named is not used, for the person. */
export interface Credentials {
  readonly token: string | undefined;
  readonly jwt: string | undefined;
  readonly problem: string | undefined;
  /** Where the token comes from, at this connect and at the next. */
  readonly source: CredentialSource;
}

export interface CredentialSources {
  readonly settings: Pick<Settings<'shim'>, 'token' | 'tokenFile' | 'jwt' | 'jwtFile'>;
  /** The daemon's own token file of the state directory: used where nothing else is configured. */
  readonly sharedTokenFile: string;
  /** Whoever answered has proved to be the daemon of this state directory. */
  readonly isProven: boolean;
  /** The configured token was refused; whatever else is known is worth one try. */
  readonly wasRefused: boolean;
  readFile(path: string): PrivateFileResult;
}

/**
 * Reads the credentials anew, as at every connect (WIRE §3.6). A token file wins over a token of the environment. The
 * shared token of the state directory is shown to its own daemon only: where no token is configured, or when the one of
 * the environment is out of date.
 */
export function readCredentials(sources: CredentialSources): Credentials {
  const { settings } = sources;
  const token = settings.tokenFile === undefined ? undefined : readTokenFile(sources, settings.tokenFile);
  const jwt = settings.jwtFile === undefined ? { value: settings.jwt } : readTokenFile(sources, settings.jwtFile);
  const chosen = token ?? ambientToken(sources);
  return {
    token: chosen.value,
    jwt: jwt.value,
    problem: chosen.problem ?? jwt.problem,
    source: token === undefined ? ambientSource(sources, chosen.value) : 'file',
  };
}

/** Without a token of its own this window reads the daemon's file, as soon as there is one. */
function ambientSource({ settings, isProven }: CredentialSources, value: string | undefined): CredentialSource {
  if (value !== undefined) return value === settings.token ? 'env' : 'file';
  return isProven ? 'file' : 'none';
}

interface Found {
  readonly value: string | undefined;
  readonly problem?: string;
}

function ambientToken(sources: CredentialSources): Found {
  const { settings, isProven, wasRefused } = sources;
  if (settings.token !== undefined && !wasRefused) return { value: settings.token };
  const path = sources.sharedTokenFile;
  if (!isProven || sources.readFile(path).type === 'missing') return { value: settings.token };
  const shared = readTokenFile(sources, path);
  return shared.value === undefined ? { ...shared, value: settings.token } : shared;
}

function readTokenFile(sources: CredentialSources, path: string): Found {
  const file = sources.readFile(path);
  switch (file.type) {
    case 'ok': {
      const value = tokenOf(file.text);
      if (value === '') return { value: undefined, problem: `The token file ${path} is empty.` };
      if (value.length <= limits.credentialMaxChars) return { value };
      return { value: undefined, problem: `The first line of ${path} is too long for a token.` };
    }
    case 'missing':
      return { value: undefined, problem: `The token file ${path} does not exist.` };
    case 'exposed':
    case 'unreadable':
      return { value: undefined, problem: `The token file is not used: ${file.message}.` };
    default:
      return assertNever(file);
  }
}

/** First line, trimmed; or the token of the daemon's own file, which is JSON (WIRE §3.5). */
function tokenOf(text: string): string {
  const [first = ''] = text
    .replace(/^\uFEFF/, '')
    .trimStart()
    .split('\n', 1);
  if (!text.trimStart().startsWith('{')) return first.trim();
  try {
    const parsed: unknown = JSON.parse(text);
    const token: unknown = typeof parsed === 'object' && parsed !== null ? Reflect.get(parsed, 'token') : undefined;
    return typeof token === 'string' ? token : '';
  } catch {
    return first.trim(); // an odd token, but one line all the same
  }
}
