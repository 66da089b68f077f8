import { fileURLToPath } from 'node:url';
import { runDaemon } from './run-daemon.ts';
import { builtinTools } from './tools/builtin.ts';

const exitCode = await runDaemon({
  launch: [process.execPath, fileURLToPath(import.meta.url)],
  createTools: (sources) => builtinTools(sources, { isVariableSet: (name) => (process.env[name] ?? '') !== '' }),
});

// Everything is closed and flushed; a handle that was forgotten must not keep the process.
process.exit(exitCode);
