import { randomBytes } from 'node:crypto';

/** Id of one run of the daemon: twelve hex digits of the start time in milliseconds, then randomness. Sorts by time. */
export function newDaemonRunId(now: number = Date.now()): string {
  return `${now.toString(16).padStart(12, '0')}-${randomBytes(5).toString('hex')}`;
}
