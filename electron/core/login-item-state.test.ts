import { describe, expect, it } from 'vitest';
import { loginItemState, windowsLoginItem } from './login-item-state.ts';

const off = { openAtLogin: false, status: 'not-registered', executableWillLaunchAtLogin: false };

describe('loginItemState', () => {
  it.each([
    ['enabled', 'on'],
    ['requires-approval', 'needs-approval'],
    ['not-registered', 'off'],
    ['not-found', 'unavailable'],
  ])('TRAY-login: macOS that says %s is shown as %s', (status, state) => {
    // What the older answer says does not count.
    expect(loginItemState('darwin', { ...off, status, openAtLogin: true })).toBe(state);
  });

  it.each([
    [true, true, 'on'],
    [true, false, 'off'], // switched off in Task Manager
    [false, false, 'off'],
  ])('TRAY-login: Windows with an entry %s that the system starts %s is shown as %s', (openAtLogin, starts, state) => {
    expect(loginItemState('win32', { ...off, openAtLogin, executableWillLaunchAtLogin: starts })).toBe(state);
  });

  it('TRAY-login: the entry of Windows is quoted, hidden, and has one name', () => {
    expect(windowsLoginItem('C:\\Program Files\\EXAI Tray\\EXAI Tray.exe')).toEqual({
      path: '"C:\\Program Files\\EXAI Tray\\EXAI Tray.exe"',
      args: ['--hidden'],
      name: 'EXAI Tray',
    });
  });
});
