import { join, posix } from 'node:path';
import { copiesFolder, type EditorStart, launcherPath } from '../../platform/launcher-path.ts';
import type { Environment } from '../../platform/state-dir.ts';

/** What is known of this installation at the start. */
export interface InstallFacts {
  readonly platform: NodeJS.Platform;
  readonly env: Environment;
  readonly home: string;
  /** Electron's program, as the system has started it. */
  readonly program: string;
  /** Folder of `shim.js` and `daemon.js`. */
  readonly payload: string;
  readonly isPackaged: boolean;
  /** Node.js 24 of a checkout, where there is one. */
  readonly node: string | undefined;
  /** macOS: false while it runs from a disk image, whose path is gone tomorrow. */
  readonly isInPlace: boolean;
}

/** Which program runs shim and daemon, and which path editors are given (PLATFORM §5). */
export type LauncherPlan =
  /** Nothing is written: editors start the checkout itself. */
  | { readonly type: 'checkout'; readonly start: EditorStart }
  /** macOS, deb, rpm: a script that names the installed program. */
  | { readonly type: 'script'; readonly launcher: string; readonly runtime: string }
  /** AppImage: a script that names a copy, for the mount goes with the app. */
  | { readonly type: 'copy'; readonly launcher: string; readonly copies: string; readonly link: false }
  /** Windows: a copy that the installer does not touch, behind the junction `current`. */
  | { readonly type: 'copy'; readonly launcher: string; readonly copies: string; readonly link: true }
  /** macOS: a launcher would name a path that goes away. */
  | { readonly type: 'move-first' };

/** Pure: the same facts give the same plan, also on another system. */
export function launcherPlan(facts: InstallFacts): LauncherPlan {
  const { platform, env, home, isPackaged, program } = facts;
  if (!isPackaged) return { type: 'checkout', start: checkoutStart(facts) };
  const launcher = launcherPath(platform, env, home);
  const copies = copiesFolder(platform, env, home);
  switch (platform) {
    case 'win32':
      return { type: 'copy', launcher, copies, link: true };
    case 'darwin':
      return facts.isInPlace ? { type: 'script', launcher, runtime: helperProgram(program) } : { type: 'move-first' };
    default:
      return isAppImage(env)
        ? { type: 'copy', launcher, copies, link: false }
        : { type: 'script', launcher, runtime: program };
  }
}

function checkoutStart({ node, program, payload }: InstallFacts): EditorStart {
  const args = [join(payload, 'shim.js')];
  if (node !== undefined) return { command: node, args, env: {} };
  return { command: program, args, env: { ELECTRON_RUN_AS_NODE: '1' } };
}

/** Whether this app was started from an AppImage. */
export function isAppImage(env: Environment): boolean {
  return posix.isAbsolute(env['APPIMAGE'] ?? '');
}

/**
 * The helper inside the bundle: the main program run as Node would show a Dock icon per window.
 * @param program `…/EXAI Tray.app/Contents/MacOS/EXAI Tray`
 */
export function helperProgram(program: string): string {
  const name = `${posix.basename(program)} Helper`;
  const contents = posix.dirname(posix.dirname(program));
  return posix.join(contents, 'Frameworks', `${name}.app`, 'Contents', 'MacOS', name);
}
