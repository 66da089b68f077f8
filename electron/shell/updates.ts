import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { app, shell } from 'electron';
import { autoUpdater } from 'electron-updater';
import type { UpdateView } from '../../protocol/host-bridge.ts';
import type { DesktopPorts } from '../core/desktop-ports.ts';

/** electron-updater where the package can replace itself, which its `app-update.yml` says; elsewhere a link. */
export function updates(downloadPage: string | undefined): DesktopPorts['updates'] {
  let tell: (view: UpdateView) => void = nobodyListens;
  const canUpdate = app.isPackaged && existsSync(join(process.resourcesPath, 'app-update.yml'));
  if (!canUpdate) {
    return {
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
  autoUpdater.autoInstallOnAppQuit = false;
  autoUpdater.on('checking-for-update', () => tell({ state: 'checking' }));
  autoUpdater.on('update-not-available', () => tell({ state: 'none' }));
  autoUpdater.on('update-available', ({ version }) => tell({ state: 'downloading', version }));
  autoUpdater.on('update-downloaded', ({ version }) => tell({ state: 'ready', version }));
  autoUpdater.on('error', ({ message }) => tell({ state: 'failed', reason: message }));
  return {
    check: () => void autoUpdater.checkForUpdates().catch(() => undefined), // told by the event
    install: () => autoUpdater.quitAndInstall(true, true),
    onChange: (listener) => {
      tell = listener;
    },
  };
}

function nobodyListens(): void {}
