import { join } from 'node:path';
import { requireNode } from '../platform/node-version.ts';
import { runDaemon } from './run-daemon.ts';
import { builtinTools } from './tools/builtin.ts';

requireNode();
// No top-level await: the bundles are CommonJS, which starts faster.
void runDaemon({
  launch: [process.execPath, import.meta.filename],
  historyWorker: join(import.meta.dirname, 'history-worker.js'),
  rendererDir: join(import.meta.dirname, 'renderer'),
  createTools: (sources, { config, logger }) =>
    builtinTools(sources, {
      visibility: { enabledTools: config.enabledTools, disabledTools: config.disabledTools },
      isVariableSet: (name) => (process.env[name] ?? '') !== '',
      onUnknownTool: (name) =>
        logger.warn('ENABLED_TOOLS or DISABLED_TOOLS names a tool that does not exist', { name }),
    }),
}).then((exitCode) => {
  // Everything is closed and flushed; a handle that was forgotten must not keep the process.
  process.exit(exitCode);
});
