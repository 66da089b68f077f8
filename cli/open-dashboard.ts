import { spawn } from 'node:child_process';
import { pathToFileURL } from 'node:url';
import { writeRedirectPage } from '../platform/redirect-page.ts';

/** What opening something for a person depends on. */
export interface Desktop {
  readonly platform: NodeJS.Platform;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Starts a program without a shell; resolves with whether it said that it could. */
  run(program: string, args: readonly string[]): Promise<boolean>;
}

export type OpenResult = { readonly type: 'opened' } | { readonly type: 'failed'; readonly message: string };

/**
 * Opens the dashboard in the browser of this desktop. The address holds a ticket, so the browser is given a page of
 * ours that sends it on.
 * @param page where that page is written, in a private directory
 */
export async function openDashboard(url: string, page: string, desktop: Desktop): Promise<OpenResult> {
  const opener = openerOf(desktop);
  if (opener === undefined) return { type: 'failed', message: 'There is no desktop here.' };
  writeRedirectPage(page, url);
  const [program, ...args] = opener;
  const isOpened = await desktop.run(program, [...args, pathToFileURL(page).href]);
  return isOpened ? { type: 'opened' } : { type: 'failed', message: `${program} could not open a browser.` };
}

export function thisDesktop(): Desktop {
  return { platform: process.platform, env: process.env, run: runDetached };
}

/** Program and first arguments; undefined where nobody could see the browser. */
function openerOf({ platform, env }: Desktop): readonly [string, ...string[]] | undefined {
  switch (platform) {
    case 'darwin':
      return ['open'];
    case 'win32':
      // `start` is part of a shell; this is what it calls in the end.
      return ['rundll32.exe', 'url.dll,FileProtocolHandler'];
    default:
      return (env['DISPLAY'] ?? '') === '' && (env['WAYLAND_DISPLAY'] ?? '') === '' ? undefined : ['xdg-open'];
  }
}

/** An opener that is still busy after a moment has found its browser. */
const openerMs = 2_000;

function runDetached(program: string, args: readonly string[]): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: 'ignore', detached: true, windowsHide: true });
    const timer = setTimeout(() => resolve(true), openerMs);
    const end = (isOpened: boolean): void => {
      clearTimeout(timer);
      resolve(isOpened);
    };
    child.once('error', () => end(false));
    child.once('exit', (code) => end(code === 0));
    child.unref();
  });
}
