import { accessSync, constants } from 'node:fs';
import { basename, delimiter, join } from 'node:path';

/** Programs that tests start and that the project does not bring. */
const tools = {
  chromium: {
    env: 'EXAI_TEST_CHROMIUM',
    known: ['/usr/bin/chromium', '/usr/bin/google-chrome'],
    debian: 'chromium',
  },
  xvfb: { env: 'EXAI_TEST_XVFB', known: ['/usr/bin/Xvfb'], debian: 'xvfb' },
  dbusDaemon: { env: 'EXAI_TEST_DBUS_DAEMON', known: ['/usr/bin/dbus-daemon'], debian: 'dbus' },
  openbox: { env: 'EXAI_TEST_OPENBOX', known: ['/usr/bin/openbox'], debian: 'openbox' },
  xfce4Panel: { env: 'EXAI_TEST_XFCE4_PANEL', known: ['/usr/bin/xfce4-panel'], debian: 'xfce4-panel' },
  xdotool: { env: 'EXAI_TEST_XDOTOOL', known: ['/usr/bin/xdotool'], debian: 'xdotool' },
  importImage: { env: 'EXAI_TEST_IMPORT', known: ['/usr/bin/import'], debian: 'imagemagick' },
  xclip: { env: 'EXAI_TEST_XCLIP', known: ['/usr/bin/xclip'], debian: 'xclip' },
} as const;

export type FoundTool = { readonly path: string } | { readonly skip: string };

/**
 * Finds a program: environment override, well-known path, PATH. A wrong override throws. A missing program is a reason to
 * skip on a person's machine, printed once, and an error where `CI` is set: there nothing is skipped.
 */
export function findTool(name: keyof typeof tools): FoundTool {
  const { env, known, debian } = tools[name];
  const wanted = process.env[env];
  if (wanted !== undefined && !isExecutable(wanted)) throw new Error(`${env}=${wanted} is not an executable file`);
  const found = wanted ?? [...known, ...onPath(basename(known[0]))].find(isExecutable);
  if (found !== undefined) return { path: found };
  const skip = `${name} not found: set ${env} or install the Debian package ${debian}`;
  if (process.env['CI'] !== undefined) throw new Error(`CI never skips: ${skip}`);
  process.stderr.write(`SKIP ${skip}\n`);
  return { skip };
}

function onPath(program: string): string[] {
  return (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, program));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // not there, or not ours to run
  }
}
