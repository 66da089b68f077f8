export interface LauncherPaths {
  /** The program that runs the shim: Electron's, as Node. */
  readonly runtime: string;
  /** Folder of `shim.js`. */
  readonly payload: string;
  /** Where the daemon of this app lives; an entry that names another one keeps it. */
  readonly stateDir: string;
}

/** Exit code of a launcher whose app is gone: EX_CONFIG, as of a setting with a bad value. */
export const launcherExitCode = 78;

export const launcherSentence = 'EXAI Tray was moved or removed: start it once, or remove this entry.';

/**
 * What editors start on macOS and Linux. Its own path never changes, so an update, which moves what it names, touches no
 * editor's file: the app writes the script anew at each start. Any shell will do; every path is quoted.
 */
export function launcherScript({ runtime, payload, stateDir }: LauncherPaths): string {
  return `#!/bin/sh
# Written by EXAI Tray at each start. Safe to delete.
unset NODE_OPTIONS
export ELECTRON_RUN_AS_NODE=1
[ -n "$EXAI_STATE_DIR" ] || export EXAI_STATE_DIR=${quoted(stateDir)}
r=${quoted(runtime)}
s=${quoted(`${payload}/shim.js`)}
[ -x "$r" ] && [ -f "$s" ] || { echo '${launcherSentence}' >&2; exit ${launcherExitCode}; }
exec "$r" "$s" "$@"
`;
}

function quoted(text: string): string {
  if (text.includes('\0')) throw new Error('a path holds no zero byte');
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
