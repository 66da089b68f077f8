import { accessSync, constants } from 'node:fs';

const known = ['/usr/bin/chromium', '/usr/bin/google-chrome'];

/** The browser that drives the interface, or why there is none. In CI a missing one is an error, so that nothing is skipped. */
export function findChromium(): { readonly path: string } | { readonly skip: string } {
  const wanted = process.env['EXAI_TEST_CHROMIUM'];
  if (wanted !== undefined && !runs(wanted)) throw new Error(`EXAI_TEST_CHROMIUM=${wanted} is not an executable file`);
  const path = wanted ?? known.find(runs);
  if (path !== undefined) return { path };
  const skip = 'chromium not found: set EXAI_TEST_CHROMIUM or install the Debian package chromium';
  if (process.env['CI'] !== undefined) throw new Error(`CI never skips: ${skip}`);
  process.stderr.write(`SKIP ${skip}\n`);
  return { skip };
}

function runs(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
