import type * as Electron from 'electron';
import { app } from './app.ts';
import { protocol } from './app-server.ts';
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

// Each member that the app uses, checked against the types of the Electron version in package.json: a name that is gone there,
// or that takes or gives something else, breaks the type check and not a user. Nothing of this runs.

/**
 * The same members with the parameters that Electron passes; results of its own classes become `unknown`, because the
 * double's have fewer members. Those classes are checked below by themselves.
 */
type Loose<Surface> = {
  [Name in keyof Surface]: Surface[Name] extends (...given: infer Given) => infer Result
    ? (...given: Given) => OwnClass<Result>
    : Surface[Name];
};
type OwnClass<Result> = Result extends Electron.NativeImage | Electron.Menu | Electron.Display | Electron.Display[]
  ? unknown
  : Result;

/** Events an EventEmitter may be asked for; whether Electron has them is checked where the app subscribes. */
type Events = 'on' | 'once' | 'off' | 'emit';

app satisfies Loose<
  Pick<
    typeof Electron.app,
    | 'isPackaged'
    | 'whenReady'
    | 'getPath'
    | 'getVersion'
    | 'requestSingleInstanceLock'
    | 'setAppUserModelId'
    | 'setLoginItemSettings'
    | 'quit'
    | 'exit'
  >
>;
clipboard satisfies Loose<Pick<typeof Electron.clipboard, 'writeText' | 'readText'>>;
crashReporter satisfies Loose<Pick<typeof Electron.crashReporter, 'start'>>;
dialog satisfies Loose<Pick<typeof Electron.dialog, 'showOpenDialog'>>;
ipcMain satisfies Loose<Pick<typeof Electron.ipcMain, 'handle'>>;
nativeImage satisfies Loose<Pick<typeof Electron.nativeImage, 'createFromPath'>>;
nativeTheme satisfies Loose<
  Pick<typeof Electron.nativeTheme, 'themeSource' | 'shouldUseDarkColorsForSystemIntegratedUI'>
>;
powerMonitor satisfies Record<Events, unknown>;
protocol satisfies Loose<Pick<typeof Electron.protocol, 'registerSchemesAsPrivileged' | 'handle'>>;
safeStorage satisfies Loose<
  Pick<
    typeof Electron.safeStorage,
    'isAsyncEncryptionAvailable' | 'encryptStringAsync' | 'decryptStringAsync' | 'getSelectedStorageBackend'
  >
>;
screen satisfies Loose<Pick<typeof Electron.screen, 'getAllDisplays' | 'getPrimaryDisplay'>>;
shell satisfies Loose<Pick<typeof Electron.shell, 'openExternal' | 'openPath' | 'showItemInFolder'>>;
systemPreferences satisfies Pick<
  { getAnimationSettings(): Pick<Electron.AnimationSettings, 'prefersReducedMotion'> },
  'getAnimationSettings'
>;

// Classes: what they are made from, and what their instances can.
Menu satisfies { buildFromTemplate(template: Electron.MenuItemConstructorOptions[]): unknown };
Notification satisfies new (
  options: Electron.NotificationConstructorOptions,
) => Loose<Pick<Electron.Notification, 'show'>>;
Tray satisfies new (
  image: never,
) => Loose<Pick<Electron.Tray, 'setToolTip' | 'getBounds' | 'destroy'>> &
  Record<'setImage' | 'setContextMenu' | Events, unknown>;
BrowserWindow satisfies new (
  options: Electron.BrowserWindowConstructorOptions,
) => Loose<
  Pick<
    Electron.BrowserWindow,
    | 'loadURL'
    | 'show'
    | 'showInactive'
    | 'hide'
    | 'focus'
    | 'minimize'
    | 'restore'
    | 'close'
    | 'isVisible'
    | 'isMinimized'
    | 'setAlwaysOnTop'
    | 'isAlwaysOnTop'
    | 'getBounds'
    | 'getNormalBounds'
    | 'isDestroyed'
    | 'setBounds'
  >
> & { readonly webContents: Loose<Pick<Electron.WebContents, 'send' | 'executeJavaScript' | 'reload'>> };
