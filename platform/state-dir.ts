import { homedir, tmpdir, userInfo } from 'node:os';
import { join, posix, win32 } from 'node:path';
import envPaths from 'env-paths';

const appName = 'exai-tray';
const maxSocketPathBytes = 100;

/** The environment of a process; an empty value counts as unset (WIRE §9.1). */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Absolute path of the state directory (WIRE §1.1); nothing is created.
 *
 * `EXAI_STATE_DIR` wins. Platform and home are those of the running system unless given.
 * @throws Error naming `EXAI_STATE_DIR` when that is not absolute, or the variable to set when no home is known.
 */
export function resolveStateDir(env: Environment, platform?: NodeJS.Platform, home?: string): string {
  const system = platform ?? process.platform;
  const path = system === 'win32' ? win32 : posix;
  const override = env['EXAI_STATE_DIR'];
  if (override) {
    if (!path.isAbsolute(override)) {
      throw new Error(`EXAI_STATE_DIR=${JSON.stringify(override)}: expected an absolute path`);
    }
    return override;
  }
  if (env === process.env && system === process.platform && home === undefined) {
    const fromLibrary = libraryStateDir();
    // A relative XDG_STATE_HOME must be ignored (XDG base directory specification); the library passes it on.
    if (path.isAbsolute(fromLibrary)) return fromLibrary;
  }
  const resolved = conventionalStateDir(env, system, home ?? homedir());
  if (!path.isAbsolute(resolved)) throw new Error('no home directory is known: set EXAI_STATE_DIR to an absolute path');
  return resolved;
}

/** `env-paths` reads the environment of this process only; what other systems and environments get is below. */
function libraryStateDir(): string {
  const paths = envPaths(appName, { suffix: '' });
  switch (process.platform) {
    case 'win32':
      return win32.dirname(paths.data);
    case 'darwin':
      return paths.data;
    default:
      return paths.log;
  }
}

function conventionalStateDir(env: Environment, platform: NodeJS.Platform, home: string): string {
  switch (platform) {
    case 'win32':
      return win32.join(absoluteOr(env['LOCALAPPDATA'], win32.join(home, 'AppData', 'Local'), win32), appName);
    case 'darwin':
      return posix.join(home, 'Library', 'Application Support', appName);
    default:
      return posix.join(absoluteOr(env['XDG_STATE_HOME'], posix.join(home, '.local', 'state'), posix), appName);
  }
}

function absoluteOr(value: string | undefined, fallback: string, path: typeof posix): string {
  return value !== undefined && path.isAbsolute(value) ? value : fallback;
}

/** Where everything of one state directory lies. Directories that hold secrets are 0700, their files 0600. */
export interface StateLayout {
  readonly stateDir: string;
  readonly runDir: string;
  readonly credentialsDir: string;
  /** Used when `EXAI_LOG_DIR` is unset. */
  readonly defaultLogDir: string;
  readonly envFile: string;
  readonly settingsFile: string;
  /** WIRE §10. */
  readonly discoveryFile: string;
  /** Held by the daemon for its whole life (WIRE §10.4). */
  readonly lockFile: string;
  /** Held by a shim while it starts the daemon (WIRE §5.3). */
  readonly startLockFile: string;
  /** WIRE §3.5. */
  readonly sharedTokenFile: string;
  /** The current shared token as shims read it, one line. */
  readonly tokenFile: string;
  readonly adminSecretFile: string;
  /** Digests of the browsers that are signed in. */
  readonly uiSessionsFile: string;
  /** Tool lists and server facts of the last run, for answers before the daemon is up (CLIENTS S5). */
  readonly knownFactsFile: string;
  /** Finished calls, an SQLite file; beside it lie its `-wal` and `-shm`. */
  readonly historyFile: string;
  /** Call journal of one daemon run (WIRE §5.2). */
  callJournalFile(daemonRunId: string): string;
}

export function stateLayout(stateDir: string): StateLayout {
  const runDir = join(stateDir, 'run');
  const credentialsDir = join(stateDir, 'credentials');
  return {
    stateDir,
    runDir,
    credentialsDir,
    defaultLogDir: join(stateDir, 'logs'),
    envFile: join(stateDir, '.env'),
    settingsFile: join(stateDir, 'settings.json'),
    discoveryFile: join(runDir, 'daemon.json'),
    lockFile: join(runDir, 'daemon.lock'),
    startLockFile: join(runDir, 'start.lock'),
    sharedTokenFile: join(credentialsDir, 'shared.json'),
    tokenFile: join(credentialsDir, 'shared.token'),
    adminSecretFile: join(runDir, 'admin.secret'),
    uiSessionsFile: join(runDir, 'ui-sessions.json'),
    knownFactsFile: join(runDir, 'known-facts.json'),
    historyFile: join(stateDir, 'history.db'),
    callJournalFile: (daemonRunId) => join(runDir, `calls-${daemonRunId}.jsonl`),
  };
}

/** What the name of the local socket depends on besides the state directory; real values unless given. */
export interface SocketHost {
  readonly platform: NodeJS.Platform;
  readonly tmpDir: string;
  readonly uid: number;
  /** Windows security identifier, `S-1-5-…`. Starts a process, so it is asked for on Windows only. */
  readonly userSid: () => string;
}

/**
 * Path of the daemon's local socket or name of its pipe (WIRE §1.1). Only the daemon computes it; clients read it
 * from the discovery file. The listener creates the parent directory (0700).
 * @param override value of `EXAI_WS_LOCAL_PATH`, taken as it is
 */
export function localSocketPath(stateDir: string, override?: string, host: SocketHost = thisHost()): string {
  if (override) return override;
  if (host.platform === 'win32') return `\\\\.\\pipe\\${appName}-${shortHash(host.userSid() + stateDir)}`;
  const path = posix.join(stateDir, 'run', 'daemon.sock');
  if (Buffer.byteLength(path) <= maxSocketPathBytes) return path;
  return posix.join(host.tmpDir, `exai-${host.uid}`, `${shortHash(stateDir)}.sock`);
}

function shortHash(text: string): string {
  // Not imported at the top: loading it costs the shim, which never gets here, a tenth of its start.
  const { createHash } = process.getBuiltinModule('node:crypto');
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}

function thisHost(): SocketHost {
  return { platform: process.platform, tmpDir: tmpdir(), uid: process.getuid?.() ?? 0, userSid: currentUserSid };
}

/** Falls back to the account name, which is as unique on one machine, when the system does not answer. */
function currentUserSid(): string {
  // Not imported at the top: the shim loads this file once per editor window and never needs a child process.
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const whoami = win32.join(process.env['SystemRoot'] ?? 'C:\\Windows', 'System32', 'whoami.exe');
  const { stdout } = spawnSync(whoami, ['/user', '/fo', 'csv', '/nh'], {
    encoding: 'utf8',
    windowsHide: true,
    timeout: 5_000,
  });
  return /S-1-[0-9-]+/.exec(stdout ?? '')?.[0] ?? userInfo().username;
}
