import { type Clock, sleep } from './clock.ts';
import type { DaemonExit, DaemonProcess } from './daemon-process.ts';

/** How long a daemon may take to end in order (it drains for 5 s), and how long after SIGKILL, in milliseconds. */
const endLimits = { drainMs: 10_000, killMs: 2_000 } as const;

/**
 * Asks it to end, waits for its exit, and kills it when it does not come. Resolves when it has gone, or when even the system
 * cannot end it.
 */
export async function endDaemon(
  daemon: DaemonProcess,
  clock: Clock,
  drainMs: number = endLimits.drainMs,
): Promise<DaemonExit | undefined> {
  daemon.signal('SIGTERM');
  const inOrder = await orNothing(daemon.exited, clock, drainMs);
  if (inOrder !== undefined) return inOrder;
  daemon.signal('SIGKILL');
  return await orNothing(daemon.exited, clock, endLimits.killMs);
}

/** What `work` resolves with, or undefined after `timeoutMs`. */
export async function orNothing<Value>(
  work: Promise<Value>,
  clock: Clock,
  timeoutMs: number,
): Promise<Value | undefined> {
  return await Promise.race([work, sleep(clock, timeoutMs).then(() => undefined)]);
}
