import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { AdminClient } from '../platform/admin-client.ts';
import { readDiscovery } from '../platform/discovery.ts';
import { isProcessAlive, isSameProcess } from '../platform/process-info.ts';
import type { StateLayout } from '../platform/state-dir.ts';
import { exitCodes, FailureError } from '../protocol/errors.ts';
import { limits } from '../protocol/limits.ts';

/** Longer than the drain that settings allow by default, with the closing of everything behind it. */
const stopMarginMs = 5_000;
const startDeadlineMs = 20_000;
/** A daemon that says nothing for so long is not asked any more. */
const silenceMs = 3_000;

/** What `exai start` and `exai stop` say. */
export interface DaemonCommandResult {
  readonly state: 'started' | 'already-running' | 'stopped' | 'not-running';
  readonly pid: number | null;
  /** Where it listens; null after a stop. */
  readonly address: string | null;
}

/**
 * Starts the daemon that lies beside this command, detached, and waits until it is ready. What keeps it from starting is
 * the one line that it says itself.
 */
export async function startDaemon(layout: StateLayout): Promise<DaemonCommandResult> {
  const running = await runningDaemon(layout);
  if (running !== undefined) return { state: 'already-running', ...running };
  const child = spawn(process.execPath, [join(import.meta.dirname, 'daemon.js')], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    windowsHide: true,
  });
  const ready = Promise.withResolvers<string>();
  const complaints: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => {
    if (line.startsWith('ready ')) ready.resolve(line.slice('ready '.length));
  });
  createInterface({ input: child.stderr }).on('line', (line) => complaints.push(line));
  child.once('error', (error) => ready.reject(error));
  child.once('close', (code) => {
    const reason = complaints.findLast((line) => line.startsWith('exai: ')) ?? `exai: it ended with ${code}`;
    const isConfiguration = code === exitCodes.configuration;
    ready.reject(
      new FailureError({
        code: isConfiguration ? 'VALIDATION_ERROR' : 'DAEMON_UNAVAILABLE',
        message: `The daemon did not start: ${reason.slice('exai: '.length)}.`,
      }),
    );
  });
  const late = delay(startDeadlineMs, undefined, { ref: false }).then((): never => {
    throw new FailureError({ code: 'TIMEOUT', message: 'The daemon is not ready yet.', hint: 'Look into its log.' });
  });
  try {
    const address = await Promise.race([ready.promise, late]);
    return { state: 'started', pid: child.pid ?? null, address };
  } finally {
    // It lives on without us: its output has nobody to read it from here, and everything is in its log.
    child.stdout.destroy();
    child.stderr.destroy();
    child.unref();
  }
}

/**
 * Asks the running daemon to end in order, and waits until it has. One that is ending already is given no more time. The
 * admin API is asked, for Windows has no signal that a program could answer; a daemon that does not answer gets a signal.
 */
export async function stopDaemon(layout: StateLayout): Promise<DaemonCommandResult> {
  const read = readDiscovery(layout.discoveryFile);
  if (read.type !== 'ok' || read.file.state !== 'running') return notRunning;
  const { pid, processStartedAt: startedAt } = read.file;
  if (!isSameProcess(pid, startedAt)) return notRunning;
  if (!(await askToStop(layout))) process.kill(pid, 'SIGTERM');
  const end = performance.now() + limits.drainMs + stopMarginMs;
  while (isProcessAlive(pid)) {
    if (performance.now() > end) {
      throw new FailureError({
        code: 'TIMEOUT',
        message: `The daemon (pid ${pid}) is still finishing its calls.`,
        hint: 'Run exai stop again to end it at once.',
      });
    }
    await delay(50);
  }
  return { state: 'stopped', pid, address: null };
}

const notRunning: DaemonCommandResult = { state: 'not-running', pid: null, address: null };

/** False: it does not answer. */
async function askToStop(layout: StateLayout): Promise<boolean> {
  const client = AdminClient.open(layout);
  try {
    if (!(await client.isAnswering(silenceMs))) return false;
    const { status } = await client.call('status');
    await client.send('stopDaemon', { body: status === 'draining' ? { waitMs: 0 } : {} });
    return true;
  } catch (error) {
    if (error instanceof FailureError && error.failure.code === 'DAEMON_UNAVAILABLE') return false;
    throw error;
  } finally {
    client.close();
  }
}

/** The daemon of this state directory, once it has proved to be that; undefined when there is none. */
async function runningDaemon(layout: StateLayout): Promise<{ pid: number; address: string | null } | undefined> {
  const read = readDiscovery(layout.discoveryFile);
  if (read.type !== 'ok' || read.file.state !== 'running' || !isProcessAlive(read.file.pid)) return undefined;
  const client = AdminClient.open(layout);
  try {
    const { pid, host, port, localSocket } = await client.call('status');
    return { pid, address: port === 0 ? localSocket : `http://${host}:${port}/` };
  } catch (error) {
    if (error instanceof FailureError && error.failure.code === 'DAEMON_UNAVAILABLE') return undefined;
    throw error;
  } finally {
    client.close();
  }
}
