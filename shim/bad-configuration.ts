import { isAbsolute } from 'node:path';
import { createLogger } from '../platform/json-logger.ts';
import type { LoadProblem } from '../platform/load-settings.ts';
import { resolveStateDir, stateLayout } from '../platform/state-dir.ts';
import { limits } from '../protocol/limits.ts';
import { writeStderrLine } from './stderr-line.ts';

/**
 * The last words of a shim whose configuration is wrong (WIRE §9.1): one line on stderr, and the same in the log where
 * that can be had. A log folder that is unusable too must not hide the message (PITFALLS H3).
 */
export async function reportBadConfiguration(
  { message }: LoadProblem,
  env: Readonly<Record<string, string | undefined>>,
): Promise<void> {
  writeStderrLine(message);
  try {
    const { openExclusiveLog, shimLogId } = await import('../platform/exclusive-log.ts');
    const named = env['EXAI_LOG_DIR'];
    const dir = named !== undefined && isAbsolute(named) ? named : stateLayout(resolveStateDir(env)).defaultLogDir;
    const id = shimLogId({ logPrefix: env['EXAI_LOG_PREFIX'], sessionId: env['EXAI_SESSION_ID'], pid: process.pid });
    const log = openExclusiveLog({ dir, id, maxBytes: limits.shimLogMaxBytes, files: limits.shimLogFiles });
    createLogger({ level: 'info', write: (line) => log.file.append(line) }).error(message, { pid: process.pid });
    log.release();
  } catch {
    // The state folder is part of what is wrong.
  }
}
