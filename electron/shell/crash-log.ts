import { app, crashReporter } from 'electron';
import type { CrashLog } from '../core/crash-log.ts';
import { ReloadLimit } from '../core/reload-limit.ts';

/** Dumps stay on this machine, because they hold memory; what has ended, and why, is a line of the crash log. */
export function keepCrashLog(log: CrashLog): void {
  const reloads = new ReloadLimit(() => performance.now());
  crashReporter.start({ uploadToServer: false });
  process.on('uncaughtException', (error) => {
    log.note('main', error);
    app.exit(1); // the daemon lives on, and the next start adopts it
  });
  process.on('unhandledRejection', (error) => log.note('main, rejected', error));
  app.on('render-process-gone', (_event, contents, details) => {
    if (details.reason === 'clean-exit') return;
    log.note('page', details);
    if (reloads.allows()) contents.reload();
  });
  app.on('child-process-gone', (_event, details) => log.note('child', details));
}
