import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LogSource } from '../../protocol/logs.ts';
import { activityLogName } from './activity-log.ts';
import { trafficLogName } from './traffic-log.ts';

export const daemonLogName = 'ws_daemon.log';

type Named = Pick<LogSource, 'id' | 'kind' | 'file'>;

/** What a file of the log directory is to us; undefined for any other file (WIRE §11). */
function sourceOf(file: string): Named | undefined {
  switch (file) {
    case daemonLogName:
      return { id: 'daemon', kind: 'daemon', file };
    case trafficLogName:
      return { id: 'traffic', kind: 'traffic', file };
    case activityLogName:
      return { id: 'activity', kind: 'activity', file };
    default: {
      const [, owner, id] = /^(ws_shim|upstream)_([A-Za-z0-9_-]{1,80})\.log$/.exec(file) ?? [];
      if (id === undefined) return undefined;
      return owner === 'upstream'
        ? { id: `upstream:${id}`, kind: 'upstream', file }
        : { id: `shim:${id}`, kind: 'shim', file };
    }
  }
}

const kinds: readonly LogSource['kind'][] = ['daemon', 'traffic', 'activity', 'shim', 'upstream'];

/** The logs of a log directory: those of the daemon, then those of shims and servers by name. Plain files only. */
export async function listLogSources(logDir: string): Promise<LogSource[]> {
  const named = (await namesIn(logDir)).map(sourceOf).filter((source) => source !== undefined);
  const sources = await Promise.all(named.map((source) => withFacts(logDir, source)));
  return sources
    .filter((source) => source !== undefined)
    .toSorted((left, right) => kinds.indexOf(left.kind) - kinds.indexOf(right.kind) || (left.id < right.id ? -1 : 1));
}

/**
 * The log with this id. It is looked up among the files that are there; nothing that somebody sends ever becomes part of
 * a path.
 */
export async function findLogSource(logDir: string, id: string): Promise<LogSource | undefined> {
  return (await listLogSources(logDir)).find((source) => source.id === id);
}

async function namesIn(logDir: string): Promise<string[]> {
  try {
    return await readdir(logDir);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** A file may go between the listing and here; a link is not followed. */
async function withFacts(logDir: string, source: Named): Promise<LogSource | undefined> {
  try {
    const stats = await lstat(join(logDir, source.file));
    if (!stats.isFile()) return undefined;
    return { ...source, bytes: stats.size, modifiedAt: stats.mtimeMs / 1000 };
  } catch {
    return undefined;
  }
}
