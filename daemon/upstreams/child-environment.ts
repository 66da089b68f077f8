import type { Environment } from '../../platform/state-dir.ts';

/**
 * Variables that every server gets: what programs need to find the user, the language, the screen and the network.
 * Nothing of ours, and no variable that may hold a secret: those a server needs are named in its entry.
 */
const passedOn: ReadonlySet<string> = new Set([
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'TZ',
  'TMPDIR',
  'TERM',
  'DISPLAY',
  'WAYLAND_DISPLAY',
  'DBUS_SESSION_BUS_ADDRESS',
  'SSH_AUTH_SOCK',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_EXTRA_CA_CERTS',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'ALL_PROXY',
  'APPDATA',
  'LOCALAPPDATA',
  'PROGRAMDATA',
  'PROGRAMFILES',
  'PROGRAMFILES(X86)',
  'SYSTEMDRIVE',
  'SYSTEMROOT',
  'TEMP',
  'TMP',
  'USERNAME',
  'USERPROFILE',
  'HOMEDRIVE',
  'HOMEPATH',
  'PATHEXT',
  'COMSPEC',
  'WINDIR',
]);
const sandboxed: ReadonlySet<string> = new Set([
  'PATH',
  'LANG',
  'TZ',
  'TERM',
  'SYSTEMROOT',
  'PATHEXT',
  'COMSPEC',
  'WINDIR',
]);

/** The environment of a server: a part of the daemon's own, and what its entry adds. */
export function childEnvironment(
  own: Environment,
  added: Readonly<Record<string, string>>,
  { isSandboxed }: { readonly isSandboxed: boolean },
): Record<string, string> {
  const env: Record<string, string> = {};
  const allowed = isSandboxed ? sandboxed : passedOn;
  for (const [name, value] of Object.entries(own)) {
    const upper = name.toUpperCase();
    const isAllowed = allowed.has(upper) || upper.startsWith('LC_') || (!isSandboxed && upper.startsWith('XDG_'));
    if (isAllowed && value !== undefined) env[name] = value;
  }
  return { ...env, ...added };
}
