import { homedir } from 'node:os';
import { join } from 'node:path';
import { app } from 'electron';
import { version } from '../protocol/version.ts';
import { autostartFile, LinuxAutostart, programToStart } from './core/autostart-linux.ts';
import { systemClock } from './core/clock.ts';
import { ProcessStarter } from './core/daemon-starter.ts';
import { PageFiles } from './core/page-files.ts';
import { changedPayloadFile } from './core/payload-check.ts';
import { runtimePaths } from './core/runtime-paths.ts';
import { Settings } from './core/settings.ts';
import { TrayApp } from './core/tray-app.ts';
import { busPath, TrayHostWatch } from './core/tray-host.ts';
import { registerAppScheme, serveApp } from './shell/app-protocol.ts';
import { keepCrashLog } from './shell/crash-log.ts';
import { electronDesktop } from './shell/desktop.ts';
import { serveBridge } from './shell/ipc.ts';
import { loginItem } from './shell/login-item.ts';
import { MainWindow } from './shell/main-window.ts';
import { watchSession } from './shell/session-watch.ts';
import { openSettingsFile } from './shell/settings-file.ts';
import { TrayIcon } from './shell/tray-icon.ts';
import { updates } from './shell/updates.ts';

const downloadPage = 'https://github.com/exai-tray/exai-tray/releases';

// The lock follows the folder of the app's data, and everything before it would run twice.
if (app.requestSingleInstanceLock()) begin();
else app.quit();

function begin(): void {
  const userData = app.getPath('userData');
  keepCrashLog(userData);
  registerAppScheme();
  app.setAppUserModelId('com.example.exai-tray');
  app.on('window-all-closed', () => undefined); // it lives in the tray
  void app.whenReady().then(() => run(userData));
}

/** Makes every part once and connects them. */
async function run(userData: string): Promise<void> {
  const isHidden = process.argv.includes('--hidden');
  const paths = runtimePaths(import.meta.dirname, app.isPackaged ? process.resourcesPath : undefined);
  const settings = new Settings(openSettingsFile(userData));
  const isLinux = process.platform === 'linux';
  const program = programToStart(process.env, process.execPath);
  const autostart = isLinux
    ? new LinuxAutostart({ file: autostartFile(process.env, homedir()), program, args: ['--hidden'] })
    : undefined;
  autostart?.repair();

  const tray = new TrayIcon({
    pictures: paths.pictures,
    glyph: () => settings.now.preferences.trayGlyph,
    onPrimaryClick: () => trayApp.toggle(),
    onRow: (id) => trayApp.click(id),
  });
  const mainWindow = new MainWindow({
    preload: paths.preload,
    settings,
    trayBounds: () => tray.bounds(),
    onClose: () => trayApp.closeWindow(),
    onVisible: (isVisible) => app.setActivationPolicy?.(isVisible ? 'regular' : 'accessory'),
  });
  const trayApp = new TrayApp({
    desktop: electronDesktop({
      window: mainWindow.port,
      drawTray: (model, picture) => tray.draw(model, picture),
      loginItem: loginItem(autostart),
      updates: updates(downloadPage),
    }),
    settings,
    starter: new ProcessStarter({
      clock: systemClock,
      program: process.execPath,
      isElectron: true,
      script: join(paths.payload, 'daemon.js'),
      changedFile: () => changedPayloadFile(import.meta.dirname, paths.payload),
      env: process.env,
      ownerPid: process.pid,
    }),
    clock: systemClock,
    random: Math.random,
    env: process.env,
    version,
    platform: process.platform,
    editorRuntime: { program, shim: join(paths.payload, 'shim.js'), isElectron: true },
  });
  serveApp(new PageFiles(paths.page), (request) => trayApp.answerApi(request));
  serveBridge(trayApp.handlers);
  app.on('second-instance', () => trayApp.show());
  app.on('activate', () => trayApp.show());
  app.on('before-quit', (event) => {
    if (trayApp.quitReason !== 'none') return;
    event.preventDefault();
    void trayApp.quit();
  });
  watchSession({
    window: mainWindow.window,
    onQuery: () => void trayApp.prepareSessionEnd(),
    onEnd: () => void trayApp.endSession(),
    onResume: () => trayApp.wakeUp(),
  });
  if (isLinux) watchTrayHost(trayApp, tray);
  await mainWindow.load();
  trayApp.start({ isHidden });
}

/** Without a host of tray icons the window is a normal one; when one comes, the icon moves in. */
function watchTrayHost(trayApp: TrayApp, tray: TrayIcon): void {
  const uid = process.getuid?.() ?? 0;
  const watch = new TrayHostWatch({
    path: busPath(process.env, uid),
    uid,
    onChange: (hasHost) => {
      trayApp.setTrayHost(hasHost);
      if (hasHost) tray.recreate();
    },
  });
  app.on('will-quit', () => watch.stop());
}
