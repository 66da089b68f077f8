import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { app, shell } from 'electron';
import { autoUpdater } from 'electron-updater';
import type { UpdateView } from '../../protocol/host-desktop.ts';
import type { DesktopPorts } from '../core/desktop-ports.ts';
import { isAppImage } from '../core/launcher-plan.ts';
import { updateWay } from '../core/update-flow.ts';

/** electron-updater where the package can replace itself; elsewhere a link, when there is a page. */
export function updates(downloadPage: string | undefined): DesktopPorts['updates'] {
  const hasFeed = existsSync(join(process.resourcesPath, 'app-update.yml'));
  const { platform, env } = process;
  const way = updateWay({ platform, isPackaged: app.isPackaged, hasFeed, isAppImage: isAppImage(env) });
  return way === 'automatic' ? automatic() : byHand(downloadPage);
}

function byHand(downloadPage: string | undefined): DesktopPorts['updates'] {
  let tell: (view: UpdateView) => void = nobodyListens;
  return {
    isAutomatic: false,
    check: () => {
      tell({ state: 'by-hand' });
      if (downloadPage !== undefined) void shell.openExternal(downloadPage);
    },
    install: () => undefined,
    onChange: (listener) => {
      tell = listener;
    },
  };
}

function automatic(): DesktopPorts['updates'] {
  let tell: (view: UpdateView) => void = nobodyListens;
  autoUpdater.autoInstallOnAppQuit = false; // a quit may be a log-off
  autoUpdater.disableWebInstaller = true;
  // Of a later version than the one in use; without it that one would install packages without a signature.
  if ('allowUnverifiedLinuxPackages' in autoUpdater) autoUpdater.allowUnverifiedLinuxPackages = false;
  autoUpdater.on('checking-for-update', () => tell({ state: 'checking' }));
  autoUpdater.on('update-not-available', () => tell({ state: 'none' }));
  autoUpdater.on('update-available', ({ version }) => tell({ state: 'downloading', version }));
  autoUpdater.on('update-downloaded', ({ version }) => tell({ state: 'ready', version }));
  autoUpdater.on('error', ({ message }) => tell({ state: 'failed', reason: message }));
  return {
    isAutomatic: true,
    check: () => void autoUpdater.checkForUpdates().catch(() => undefined), // told by the event
    install: () => autoUpdater.quitAndInstall(true, true),
    onChange: (listener) => {
      tell = listener;
    },
  };
}

function nobodyListens(): void {}
