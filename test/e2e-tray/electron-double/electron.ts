import type * as Electron from 'electron';
import { app } from './app.ts';
import { protocol } from './app-server.ts';
import './control.ts';
import {
  clipboard,
  crashReporter,
  dialog,
  Menu,
  Notification,
  nativeImage,
  nativeTheme,
  powerMonitor,
  screen,
  shell,
  systemPreferences,
  Tray,
} from './desktop.ts';
import { safeStorage } from './safe-storage.ts';
import { BrowserWindow, ipcMain } from './window.ts';

// Each member is checked against the types of the Electron version in package.json: a name that is gone there, or that takes
// or gives something else, breaks the type check and not a user.
app satisfies Pick<
  typeof Electron.app,
  'whenReady' | 'isPackaged' | 'getPath' | 'requestSingleInstanceLock' | 'quit' | 'exit'
>;
clipboard satisfies Pick<typeof Electron.clipboard, 'writeText' | 'readText'>;
shell satisfies Pick<typeof Electron.shell, 'openExternal' | 'openPath' | 'showItemInFolder'>;
crashReporter satisfies Pick<typeof Electron.crashReporter, 'start'>;
safeStorage satisfies Pick<
  typeof Electron.safeStorage,
  'isAsyncEncryptionAvailable' | 'encryptStringAsync' | 'decryptStringAsync' | 'getSelectedStorageBackend'
>;
protocol satisfies Pick<typeof Electron.protocol, 'registerSchemesAsPrivileged' | 'handle'>;

export {
  app,
  BrowserWindow,
  clipboard,
  crashReporter,
  dialog,
  ipcMain,
  Menu,
  Notification,
  nativeImage,
  nativeTheme,
  powerMonitor,
  protocol,
  safeStorage,
  screen,
  shell,
  systemPreferences,
  Tray,
};

// electron-store asks for the default export.
const electron: object = { app, ipcMain, shell };
export default electron;
