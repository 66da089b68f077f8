import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { become, buildWhenStale, findNode, install, say } from './setup.mjs';

/**
 * `npm start`: sets up what is missing, then runs the tray app, or the daemon where there is no desktop or no Electron.
 * Arguments and environment are handed on.
 */
install();
const node = findNode();
buildWhenStale(node);
const args = process.argv.slice(2);
const electron = findElectron();
const hasDisplay = process.platform !== 'linux' || isSet('DISPLAY') || isSet('WAYLAND_DISPLAY');
if (electron !== undefined && hasDisplay) become(electron, ['.', ...args]);
else {
  const missing = hasDisplay ? 'No Electron is installed (npx install-electron)' : 'There is no display here';
  say(`${missing}: the daemon runs in the foreground without its tray app, Ctrl+C stops it.`);
  say('The entry for an editor window, ready to paste: npx exai editor-config (and --window 2 for the second)');
  say('The dashboard, with a ticket for your browser: npx exai dashboard --open');
  become(node, ['dist/daemon.js', ...args]);
}

/** Electron's program, where somebody has fetched it: its package comes without. */
function findElectron() {
  const folder = process.env.ELECTRON_OVERRIDE_DIST_PATH ?? 'node_modules/electron/dist';
  const programs = { darwin: 'Electron.app/Contents/MacOS/Electron', win32: 'electron.exe' };
  const program = join(folder, programs[process.platform] ?? 'electron');
  return existsSync(program) ? program : undefined;
}

function isSet(name) {
  return (process.env[name] ?? '') !== '';
}
