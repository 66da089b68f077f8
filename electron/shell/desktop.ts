import { pathToFileURL } from 'node:url';
import { app, clipboard, dialog, Notification, nativeTheme, shell, systemPreferences } from 'electron';
import type { DesktopPorts } from '../core/desktop-ports.ts';

type Parts = Pick<DesktopPorts, 'window' | 'drawTray' | 'loginItem' | 'updates'>;

/** Notifications are kept until they are gone: one that is collected cannot be clicked. */
const shown = new Set<Notification>();

/** Electron as the ports that `core` asks for. Each member hands on and decides nothing. */
export function electronDesktop(parts: Parts): DesktopPorts {
  return {
    ...parts,
    clipboard: { write: async (text) => await clipboard.writeText(text), read: async () => await clipboard.readText() },
    async ask({ title, body, choices, cancel, checkbox }) {
      const ids = choices.map(({ id }) => id);
      const cancelId = ids.indexOf(cancel);
      const { response, checkboxChecked } = await dialog.showMessageBox({
        type: 'question',
        message: title,
        detail: body,
        buttons: choices.map(({ label }) => label),
        defaultId: 0,
        cancelId,
        noLink: true,
        ...(checkbox === undefined ? {} : { checkboxLabel: checkbox }),
      });
      return { choice: ids[response] ?? cancel, isChecked: checkboxChecked };
    },
    async pickFolder() {
      const { filePaths } = await dialog.showOpenDialog({ properties: ['openDirectory', 'createDirectory'] });
      return filePaths[0];
    },
    notify({ title, body }, onClick) {
      const notification = new Notification({ title, body });
      shown.add(notification);
      const release = (): void => {
        shown.delete(notification);
      };
      notification.on('click', onClick);
      notification.on('click', release);
      notification.on('close', release);
      notification.on('failed', release);
      notification.show();
    },
    openFolder: (path) => void shell.openPath(path),
    revealFile: (path) => shell.showItemInFolder(path),
    openPage: (path) => void shell.openExternal(pathToFileURL(path).href),
    openLink: (url) => void shell.openExternal(url),
    setTheme: (theme) => {
      nativeTheme.themeSource = theme;
    },
    get isMotionReduced() {
      return systemPreferences.getAnimationSettings().prefersReducedMotion;
    },
    exit: () => app.exit(0),
  };
}
