import { app } from 'electron';
import { type LinuxAutostart } from '../core/autostart-linux.ts';
import type { DesktopPorts } from '../core/desktop-ports.ts';

const args = ['--hidden'];

/** The login item of macOS and Windows; on Linux there is no such API, and a file does it. */
export function loginItem(linux: LinuxAutostart | undefined): DesktopPorts['loginItem'] {
  if (linux !== undefined) return linux;
  const isMac = process.platform === 'darwin';
  // Windows: a path with spaces must be quoted by us, or the entry reads as off and cannot be removed.
  const options = isMac
    ? { type: 'mainAppService' as const }
    : { path: `"${process.execPath}"`, args, name: 'EXAI Tray' };
  return {
    read() {
      const { openAtLogin, status, executableWillLaunchAtLogin } = app.getLoginItemSettings(options);
      if (!isMac) return openAtLogin && executableWillLaunchAtLogin ? 'on' : 'off';
      if (status === 'requires-approval') return 'needs-approval';
      return status === 'enabled' ? 'on' : status === 'not-found' ? 'unavailable' : 'off';
    },
    write: (isOn) => app.setLoginItemSettings({ ...options, openAtLogin: isOn }),
  };
}
