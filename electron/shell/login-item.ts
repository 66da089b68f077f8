import { app } from 'electron';
import type { LinuxAutostart } from '../core/autostart-linux.ts';
import type { DesktopPorts } from '../core/desktop-ports.ts';
import { loginItemState, windowsLoginItem } from '../core/login-item-state.ts';

/** The login item of macOS and Windows; on Linux there is no such API, and a file does it. */
export function loginItem(linux: LinuxAutostart | undefined): DesktopPorts['loginItem'] {
  if (linux !== undefined) return linux;
  const platform = process.platform === 'darwin' ? 'darwin' : 'win32';
  const options = platform === 'darwin' ? { type: 'mainAppService' as const } : windowsLoginItem(process.execPath);
  return {
    read: () => loginItemState(platform, app.getLoginItemSettings(options)),
    write: (isOn) => app.setLoginItemSettings({ ...options, openAtLogin: isOn }),
  };
}
