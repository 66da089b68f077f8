import { app, Menu, type MenuItemConstructorOptions } from 'electron';

/** Switches of Chromium through which another program could drive the app. */
const debugSwitches = ['remote-debugging-port', 'remote-debugging-pipe', 'remote-debugging-address'];

/** Before the app is ready: a packaged app takes no debugger, whatever it is started with. */
export function closeDebugDoors(): void {
  if (!app.isPackaged) return;
  for (const name of debugSwitches) app.commandLine.removeSwitch(name);
}

/** In place of Electron's own menu, whose keys reload the page and open developer tools: editing, and the window. */
export function setMenuKeys(): void {
  const rows: MenuItemConstructorOptions[] = [{ role: 'editMenu' }, { role: 'windowMenu' }];
  Menu.setApplicationMenu(
    Menu.buildFromTemplate(process.platform === 'darwin' ? [{ role: 'appMenu' }, ...rows] : rows),
  );
}
