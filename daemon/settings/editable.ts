import { variablesOf } from '../../protocol/env-resolve.ts';
import { type EnvVariable, providerCapPattern } from '../../protocol/env-table.ts';

/** A row of the table, or the limit of a provider that the table does not name. */
export type SettingRow = EnvVariable & { readonly kind: Exclude<EnvVariable['kind'], 'secret'> };

/** Which limit a variable sets. */
export type CapName =
  | { readonly type: 'session' | 'global' | 'queue' }
  | { readonly type: 'provider'; readonly provider: string };

/**
 * What decides where the daemon is reached, by whom, and what a request must show. It is set by whoever can write the
 * files of the daemon: a browser that somebody else has taken over must not be able to open the doors for good, and a
 * slip must not lock everybody out at the next start. Ports are tried before they are stored.
 */
const guardNames: ReadonlySet<string> = new Set([
  'EXAI_WS_ALLOWED_HOSTS',
  'EXAI_WS_ALLOWED_ORIGINS',
  'EXAI_WS_ALLOW_OPEN_NETWORK',
  'EXAI_WS_TRUST_PROXY',
  'EXAI_METRICS_PUBLIC',
  'EXAI_DASHBOARD_HOST',
  'EXAI_WS_HOST',
  'EXAI_WS_LISTEN',
  'EXAI_WS_LOCAL_PATH',
  'EXAI_LOG_DIR',
  'EXAI_AUTH_POLICY',
  'MCP_ENABLE_MULTI_USER',
]);

function isGuard(name: string): boolean {
  return guardNames.has(name) || name.startsWith('JWT_');
}

/** Every setting of the daemon that may be shown. */
export const shownRows: readonly SettingRow[] = variablesOf('daemon').filter(isShown);

function isShown(row: EnvVariable): row is SettingRow {
  return row.kind !== 'secret';
}

export function isSecretName(name: string): boolean {
  return variablesOf('daemon').some(
    (row) => row.kind === 'secret' && [row.name, ...(row.aliases ?? [])].includes(name),
  );
}

/** Undefined for a name that is no setting of the daemon, or a secret. */
export function settingRow(name: string): SettingRow | undefined {
  const row = shownRows.find((candidate) => candidate.name === name);
  if (row !== undefined) return row;
  const provider = providerCapPattern.exec(name)?.[1];
  return provider === undefined ? undefined : providerRow(provider);
}

export function providerRow(provider: string): SettingRow {
  const name = `EXAI_WS_${provider}_MAX_INFLIGHT`;
  const summary = `calls in flight, provider ${provider}`;
  return { name, key: name, kind: 'integer', min: 1, max: 10_000, readBy: 'daemon', summary };
}

/** Why a setting is never changed from here, or undefined. */
export function whyFixed({ name, perProcess }: SettingRow): string | undefined {
  if (perProcess === true) return 'counts in the environment of a process only';
  return isGuard(name) ? 'guards the daemon; it is changed in its .env or settings.json' : undefined;
}

/** The limit that this variable sets, which takes effect at once; undefined for every other. */
export function capOf(name: string): CapName | undefined {
  switch (name) {
    case 'EXAI_WS_SESSION_MAX_INFLIGHT':
      return { type: 'session' };
    case 'EXAI_WS_GLOBAL_MAX_INFLIGHT':
      return { type: 'global' };
    case 'EXAI_WS_QUEUE_MAX':
      return { type: 'queue' };
    default: {
      const provider = providerCapPattern.exec(name)?.[1];
      return provider === undefined ? undefined : { type: 'provider', provider };
    }
  }
}
