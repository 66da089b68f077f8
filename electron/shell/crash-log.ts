import { appendFileSync, mkdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { app, crashReporter } from 'electron';

const maxBytes = 1024 * 1024;

/** Bugs of the app end up in a file beside its settings; dumps stay on this machine, because they hold memory. */
export function keepCrashLog(folder: string): void {
  const path = join(folder, 'crash.log');
  const note = (what: string, error: unknown): void => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const text = error instanceof Error ? (error.stack ?? error.message) : JSON.stringify(error);
    appendFileSync(path, `${new Date().toISOString()} ${what}: ${text}\n`, { mode: 0o600 });
  };
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > maxBytes) rmSync(path);
  crashReporter.start({ uploadToServer: false });
  process.on('uncaughtException', (error) => {
    note('main', error);
    app.exit(1); // the daemon lives on, and the next start adopts it
  });
  process.on('unhandledRejection', (error) => note('main, rejected', error));
  app.on('render-process-gone', (_event, contents, details) => {
    note('page', details);
    if (details.reason !== 'clean-exit') contents.reload();
  });
  app.on('child-process-gone', (_event, details) => note('child', details));
}
