import { isAbsolute, posix, win32 } from 'node:path';
import type { Environment } from './state-dir.ts';

/** How an editor starts the shim: what its entry says. Nothing in it changes with an update. */
export interface EditorStart {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Where the launcher of this user lies, in the files of editors for good (PLATFORM §5). Windows: the program of the
 * current copy, behind a directory junction. A relative `XDG_DATA_HOME` counts as unset.
 */
export function launcherPath(platform: NodeJS.Platform, env: Environment, home: string): string {
  switch (platform) {
    case 'win32':
      return win32.join(copiesFolder(platform, env, home), 'current', 'exai-shim.exe');
    case 'darwin':
      return posix.join(home, '.exai-tray', 'bin', 'exai-shim');
    default:
      return posix.join(dataFolder(env, home), 'bin', 'exai-shim');
  }
}

/** Where versions of program and payload are copied to, one folder each: on Windows, and by an AppImage. */
export function copiesFolder(platform: NodeJS.Platform, env: Environment, home: string): string {
  if (platform !== 'win32') return posix.join(dataFolder(env, home), 'runtime');
  const local = env['LOCALAPPDATA'];
  const base = local !== undefined && win32.isAbsolute(local) ? local : win32.join(home, 'AppData', 'Local');
  return win32.join(base, 'exai-tray', 'shim');
}

/** The launcher as an entry: a script needs nothing more; Electron's own program must be told what to run, and how. */
export function startOfLauncher(platform: NodeJS.Platform, launcher: string): EditorStart {
  if (platform !== 'win32') return { command: launcher, args: [], env: {} };
  const shim = win32.join(win32.dirname(launcher), 'shim.js');
  return { command: launcher, args: [shim], env: { ELECTRON_RUN_AS_NODE: '1' } };
}

function dataFolder(env: Environment, home: string): string {
  const data = env['XDG_DATA_HOME'];
  return posix.join(data !== undefined && isAbsolute(data) ? data : posix.join(home, '.local', 'share'), 'exai-tray');
}
