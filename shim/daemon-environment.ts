import { type EnvVariable, envTable, providerCapPattern } from '../protocol/env-table.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** What any program needs from its system, and nothing that an editor or a user has added (CLIENTS §1 fact 8, S11, S13). */
const systemNames: ReadonlySet<string> = new Set([
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LANGUAGE',
  'TZ',
  'TMPDIR',
  'TMP',
  'TEMP',
  'DISPLAY',
  'WAYLAND_DISPLAY',
  'DBUS_SESSION_BUS_ADDRESS',
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
  'USERPROFILE',
  'USERNAME',
  'USERDOMAIN',
  'HOMEDRIVE',
  'HOMEPATH',
  'SYSTEMROOT',
  'SYSTEMDRIVE',
  'WINDIR',
  'COMSPEC',
  'PATHEXT',
  'PROGRAMFILES',
  'PROGRAMFILES(X86)',
  'PROGRAMW6432',
  'COMMONPROGRAMFILES',
  'NUMBER_OF_PROCESSORS',
  'PROCESSOR_ARCHITECTURE',
  'OS',
]);

const daemonNames: ReadonlySet<string> = new Set(
  (envTable as readonly EnvVariable[])
    .filter(({ readBy }) => readBy !== 'shim')
    .flatMap(({ name, aliases }) => [name, ...(aliases ?? [])]),
);

/**
 * Environment of a daemon that the shim starts: the system's names and the daemon's own settings. Whatever else the
 * editor handed to this window (keys, tokens of its user, `ELECTRON_*`, `NODE_OPTIONS`, `VSCODE_*`) stays here.
 * @param isElectron the program is Electron's binary, which is Node only when told so
 */
export function daemonEnvironment(env: Environment, isElectron: boolean): Record<string, string> {
  const kept = Object.entries(env).filter((entry): entry is [string, string] => {
    const [name, value] = entry;
    const upper = name.toUpperCase();
    return value !== undefined && (systemNames.has(upper) || /^(?:LC_|XDG_)/.test(upper) || isDaemonName(name));
  });
  return {
    ...Object.fromEntries(kept),
    EXAI_DAEMON_OWNER: 'autostart',
    ...(isElectron ? { ELECTRON_RUN_AS_NODE: '1' } : {}),
  };
}

function isDaemonName(name: string): boolean {
  return daemonNames.has(name) || providerCapPattern.test(name);
}
