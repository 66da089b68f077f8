import type { LoginItemState } from '../../protocol/host-desktop.ts';

/** What Electron reads back of the system. `status` is macOS's, `executableWillLaunchAtLogin` that of Windows. */
export interface LoginItemFacts {
  readonly openAtLogin: boolean;
  readonly status: string;
  readonly executableWillLaunchAtLogin: boolean;
}

/**
 * The system's answer, never what we have asked for: macOS registers an app that is not signed without a word and then has
 * it not, and the switch of Windows' Task Manager leaves our entry as it is.
 */
export function loginItemState(platform: 'darwin' | 'win32', facts: LoginItemFacts): LoginItemState {
  if (platform === 'win32') return facts.openAtLogin && facts.executableWillLaunchAtLogin ? 'on' : 'off';
  switch (facts.status) {
    case 'enabled':
      return 'on';
    case 'requires-approval':
      return 'needs-approval';
    case 'not-found':
      return 'unavailable';
    default:
      return 'off';
  }
}

/** The entry of Windows, always the same one: a path with blanks that is not quoted reads as off and cannot be removed. */
export function windowsLoginItem(program: string): {
  readonly path: string;
  readonly args: string[];
  readonly name: string;
} {
  return { path: `"${program}"`, args: ['--hidden'], name: 'EXAI Tray' };
}
