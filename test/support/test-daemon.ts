import { fileURLToPath } from 'node:url';
import { runDaemon } from '../../daemon/run-daemon.ts';
import { builtinTools } from '../../daemon/tools/builtin.ts';
import { createTestTools } from './test-tools.ts';

/** The daemon as it ships, with the tools of `test-tools.ts` besides its own, and two providers' models. */
const exitCode = await runDaemon({
  launch: [process.execPath, fileURLToPath(import.meta.url)],
  // Also from a bundle of this file, which lies as deep below the repository.
  historyWorker: fileURLToPath(new URL('../../dist/history-worker.js', import.meta.url)),
  rendererDir: fileURLToPath(new URL('../../dist/renderer', import.meta.url)),
  modelCatalogue: (model) => (model.startsWith('kimi-') ? 'KIMI' : model.startsWith('glm-') ? 'GLM' : null),
  createTools: (sources) => [
    ...builtinTools(sources),
    ...createTestTools({ countFile: process.env['EXAI_TEST_COUNT_FILE'] }),
  ],
});

process.exit(exitCode);
