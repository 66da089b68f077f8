import { chmodSync, lstatSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';

export type LocalPathState =
  | { readonly type: 'free' }
  | { readonly type: 'in-use' }
  | { readonly type: 'unsafe'; readonly message: string };

/**
 * Makes the path of the local socket ready for `listen`: its directory exists and is ours alone, and a socket file that
 * nobody answers on is removed. It is removed only after a connect to it failed (WIRE §1.1). Named pipes need nothing.
 */
export async function prepareLocalPath(
  path: string,
  platform: NodeJS.Platform = process.platform,
): Promise<LocalPathState> {
  if (platform === 'win32') return (await isAnswering(path)) ? { type: 'in-use' } : { type: 'free' };
  const directory = dirname(path);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const stat = statSync(directory);
  const ownUid = process.getuid?.();
  if (ownUid !== undefined && stat.uid !== ownUid) {
    return {
      type: 'unsafe',
      message: `${directory} belongs to another user; set EXAI_WS_LOCAL_PATH to a path of your own`,
    };
  }
  if ((stat.mode & 0o077) !== 0) {
    return { type: 'unsafe', message: `${directory} can be used by other users; run: chmod 700 '${directory}'` };
  }
  const existing = lstatSync(path, { throwIfNoEntry: false });
  if (existing === undefined) return { type: 'free' };
  if (!existing.isSocket()) {
    return { type: 'unsafe', message: `${path} exists and is no socket; move it away or set EXAI_WS_LOCAL_PATH` };
  }
  if (await isAnswering(path)) return { type: 'in-use' };
  rmSync(path, { force: true });
  return { type: 'free' };
}

/** The socket file itself, once `listen` has made it. */
export function protectLocalSocket(path: string, platform: NodeJS.Platform = process.platform): void {
  if (platform !== 'win32') chmodSync(path, 0o600);
}

function isAnswering(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const finish = (isAlive: boolean): void => {
      socket.destroy();
      resolve(isAlive);
    };
    socket.setTimeout(2000, () => finish(true)); // accepts but is busy: alive
    socket.once('connect', () => finish(true));
    socket.once('error', () => finish(false));
  });
}
