import type { AdminClient } from '../../platform/admin-client.ts';
import { type Clock, sleep } from './clock.ts';
import type { DaemonExit, DaemonProcess } from './daemon-process.ts';

export interface EndOptions {
  readonly clock: Clock;
  /** Asks the daemon over its API. Absent, or without an answer: a signal has to do, which Windows does not have. */
  readonly client?: Pick<AdminClient, 'isAnswering' | 'send'> | undefined;
  /** How long running calls may take; absent: as long as the daemon's settings say. */
  readonly waitMs?: number;
  /** When it is killed, unless it drains by its own settings and answers. */
  readonly killAfterMs?: number;
}

/** The default drain of 5 s with the closing of everything behind it. */
const defaultKillAfterMs = 10_000;
const afterKillMs = 2_000;
const longestSilenceMs = 2_000;

/**
 * Asks it to end, waits for its exit, and kills it when it does not come. Resolves when it has gone, or when even the system
 * cannot end it.
 */
export async function endDaemon(daemon: DaemonProcess, options: EndOptions): Promise<DaemonExit | undefined> {
  const { clock, client, waitMs, killAfterMs = defaultKillAfterMs } = options;
  const silenceMs = Math.min(longestSilenceMs, killAfterMs / 4);
  const isAsked = client !== undefined && (await askToStop(client, waitMs, silenceMs));
  if (!isAsked) daemon.signal('SIGTERM');
  let exit = await orNothing(daemon.exited, clock, killAfterMs);
  if (isAsked && waitMs === undefined) {
    // It may have been set to drain for minutes: as long as it answers it keeps its word.
    while (exit === undefined && (await client.isAnswering(silenceMs))) {
      exit = await orNothing(daemon.exited, clock, silenceMs);
    }
  }
  if (exit !== undefined) return exit;
  daemon.signal('SIGKILL');
  return await orNothing(daemon.exited, clock, afterKillMs);
}

async function askToStop(
  client: Pick<AdminClient, 'isAnswering' | 'send'>,
  waitMs: number | undefined,
  silenceMs: number,
): Promise<boolean> {
  if (!(await client.isAnswering(silenceMs))) return false;
  try {
    await client.send('stopDaemon', { body: waitMs === undefined ? {} : { waitMs } });
    return true;
  } catch {
    return false; // it has gone meanwhile, or is of a version that has no such route: the signal says the same
  }
}

/** What `work` resolves with, or undefined after `timeoutMs`. */
export async function orNothing<Value>(
  work: Promise<Value>,
  clock: Clock,
  timeoutMs: number,
): Promise<Value | undefined> {
  return await Promise.race([work, sleep(clock, timeoutMs).then(() => undefined)]);
}
