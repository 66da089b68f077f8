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
