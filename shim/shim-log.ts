import { basename } from 'node:path';
import type { LoadedSettings } from '../platform/load-settings.ts';
import { limits } from '../protocol/limits.ts';
import type { OpenLog } from './log-sink.ts';
import { writeStderrLine } from './stderr-line.ts';

/** Opens this window's own log file (WIRE §11). Where that fails, one line says so and the window goes on without. */
export async function openShimLog({ settings, logDir }: LoadedSettings<'shim'>): Promise<OpenLog> {
  // Loaded here: opening a log is no part of the way to the first answer.
  const { openExclusiveLog, shimLogId } = await import('../platform/exclusive-log.ts');
  const { logPrefix, sessionId } = settings;
  const log = openExclusiveLog({
    dir: logDir,
    id: shimLogId({ logPrefix, sessionId, pid: process.pid }),
    maxBytes: settings.logMaxBytes ?? limits.shimLogMaxBytes,
    files: settings.logFiles ?? limits.shimLogFiles,
  });
  if (log.problem !== undefined) writeStderrLine(`exai: this window has no log of its own: ${log.problem.message}`);
  return { name: basename(log.path), append: (line) => void log.file.append(line), close: () => log.release() };
}
