import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { extractFile } from '@electron/asar';

/**
 * Where things are in an unpacked app, on each system.
 * @param {string} folder of the app: `linux-unpacked`, `win-unpacked`, or the one that holds `EXAI Tray.app`
 * @param {NodeJS.Platform} platform
 */
export function packedApp(folder, platform) {
  if (platform === 'darwin') {
    const contents = join(folder, 'EXAI Tray.app', 'Contents');
    // The helper, not the app: macOS would show a Dock icon for each process of the app's own program.
    const helper = join(contents, 'Frameworks', 'EXAI Tray Helper.app', 'Contents', 'MacOS', 'EXAI Tray Helper');
    return { program: join(contents, 'MacOS', 'EXAI Tray'), runtime: helper, resources: join(contents, 'Resources') };
  }
  const program = join(folder, platform === 'win32' ? 'EXAI Tray.exe' : 'exai-tray');
  return { program, runtime: program, resources: join(folder, 'resources') };
}

/** A JSON file inside the asar. */
export function packedJson(asar, name) {
  if (!existsSync(asar)) throw new Error(`${asar} is missing`);
  return JSON.parse(extractFile(asar, join(name)).toString('utf8'));
}
