import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { constants, open } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { FailureError } from '../../protocol/errors.ts';
import { feedFrameMs, feedHeartbeatMs } from '../../protocol/feed.ts';
import type { LogFollow, LogLine, LogSource, logLevels } from '../../protocol/logs.ts';
import { LogChanges } from '../observe/log-changes.ts';
import { LogFollower } from '../observe/log-follower.ts';
import { isAtLevel, parseLogLine } from '../observe/log-line.ts';
import { findLogSource, listLogSources } from '../observe/log-sources.ts';
import type { AdminExchange, AdminHandlers } from './admin-handler.ts';
import { startStream } from './admin-routes.ts';

export interface LogHandlersOptions {
  readonly logDir: string;
  /** Writes what is held back, so that the tail is complete. */
  readonly flushLogs: () => void;
}

type Level = (typeof logLevels)[number];

/** How long to wait at most before a file is looked at again, whatever the system tells. */
const pollMs = 1_000;

/** Time for what was sent last to be read. */
const lastLineMs = 5_000;

/** The log files of daemon and shims. What was secret has been masked when it was written. */
export function logHandlers({
  logDir,
  flushLogs,
}: LogHandlersOptions): Pick<AdminHandlers, 'logs' | 'logTail' | 'logFollow' | 'logFile'> {
  const find = async (id: string): Promise<LogSource> => {
    const source = await findLogSource(logDir, id);
    if (source === undefined) throw noSuchLog();
    return source;
  };
  const openFollower = async (source: LogSource): Promise<LogFollower> => {
    const path = join(logDir, source.file);
    // It was there a moment ago: a second look helps when it is just being rotated.
    const follower = (await LogFollower.open(path)) ?? (await delay(20).then(() => LogFollower.open(path)));
    if (follower === undefined) throw noSuchLog();
    return follower;
  };
  return {
    logs: async () => ({ sources: await listLogSources(logDir) }),
    logTail: async ({ params, query }) => {
      flushLogs();
      const source = await find(params.source);
      const follower = await openFollower(source);
      try {
        return { source, lines: await tailOf(follower, query.lines, query.level) };
      } finally {
        await follower.close();
      }
    },
    logFollow: async ({ params, query }, exchange) => {
      flushLogs();
      const source = await find(params.source);
      const follower = await openFollower(source);
      const changes = new LogChanges(logDir, source.file);
      try {
        const tail = await tailOf(follower, query.lines, query.level);
        await followLog({ follower, changes, tail, level: query.level }, exchange);
      } finally {
        changes.close();
        await follower.close();
      }
    },
    logFile: async ({ params }, { response, gone }) => {
      flushLogs();
      const source = await find(params.source);
      await sendFile(join(logDir, source.file), source.file, response, gone);
    },
  };
}

function noSuchLog(): FailureError {
  return new FailureError({ code: 'NOT_FOUND', message: 'There is no such log.' });
}

async function tailOf(follower: LogFollower, count: number, level: Level): Promise<LogLine[]> {
  const lines = await follower.tail(count, (text) => isAtLevel(parseLogLine(text), level));
  return lines.map(parseLogLine);
}

interface Following {
  readonly follower: LogFollower;
  readonly changes: LogChanges;
  readonly tail: readonly LogLine[];
  readonly level: Level;
}

/** Nothing is held for a reader that does not keep up: what it misses stays in the file, until it is too much. */
async function followLog(
  { follower, changes, tail, level }: Following,
  { response, gone }: Pick<AdminExchange, 'response' | 'gone'>,
): Promise<void> {
  let sentAt = performance.now();
  const send = async (message: LogFollow): Promise<void> => {
    sentAt = performance.now();
    if (!gone.aborted && !response.write(`${JSON.stringify(message)}\n`)) await drained(response, gone);
  };
  startStream(response);
  await send({ type: 'lines', lines: [...tail] });
  while (!gone.aborted) {
    const { lines, left, hasMore } = await follower.read();
    if (left > 0) await send({ type: 'gap', lines: left });
    const shown = lines.map(parseLogLine).filter((line) => isAtLevel(line, level));
    if (shown.length > 0) await send({ type: 'lines', lines: shown });
    if (hasMore) continue;
    if (performance.now() - sentAt >= feedHeartbeatMs) await send({ type: 'heartbeat' });
    await changes.wait(pollMs, gone);
    // A busy log is shown frame by frame.
    await delay(feedFrameMs, undefined, { ref: false });
  }
  response.end();
  if (response.writableFinished) return;
  // Who does not read would keep the connection, and what waits for it, for ever.
  const cut = setTimeout(() => response.destroy(), lastLineMs);
  cut.unref();
  response.once('close', () => clearTimeout(cut));
}

async function drained(response: ServerResponse, gone: AbortSignal): Promise<void> {
  try {
    await once(response, 'drain', { signal: gone });
  } catch {
    // Gone, or broken: whoever called looks at `gone`, which follows.
  }
}

/** As many bytes as there are now: a log that grows meanwhile does not make the answer longer than it was announced. */
async function sendFile(path: string, name: string, response: ServerResponse, gone: AbortSignal): Promise<void> {
  const file = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  try {
    const { size } = await file.stat();
    response.writeHead(200, {
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': size,
      'Content-Disposition': `attachment; filename="${name}"`,
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
    });
    if (size === 0) {
      response.end();
      return;
    }
    const content = createReadStream(path, { fd: file, autoClose: false, start: 0, end: size - 1 });
    await pipeline(content, response, { signal: gone });
  } catch (error) {
    if (!gone.aborted) throw error; // a download that nobody waits for any more is no failure
  } finally {
    await file.close();
  }
}
