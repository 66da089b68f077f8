import type { HostProblem } from '../../protocol/host-bridge.ts';
import type { DaemonExit } from './daemon-process.ts';
import { restartLimits } from './restart-policy.ts';

/** It ended without being asked to, and is started again. */
export function exited(exit: DaemonExit, now: number): HostProblem {
  return { code: 'DAEMON_EXITED', params: { how: howOf(exit), at: now / 1000 }, stderrTail: [...exit.stderrTail] };
}

/** It kept ending, and is not started again by itself. */
export function crashLoop(exit: DaemonExit): HostProblem {
  const { crashesBeforeFailed: times, crashWindowMs } = restartLimits;
  return {
    code: 'DAEMON_CRASH_LOOP',
    params: { how: howOf(exit), times, minutes: crashWindowMs / 60_000 },
    stderrTail: [...exit.stderrTail],
  };
}

/** It cannot be started; trying again changes nothing. */
export function startFailed(stderrTail: readonly string[]): HostProblem {
  const lastLine = stderrTail.at(-1) ?? '';
  return { code: 'DAEMON_START_FAILED', params: { lastLine }, stderrTail: [...stderrTail] };
}

/** Its process is there, but nothing is heard of it. */
export function unanswered(heartbeatMs: number): HostProblem {
  return { code: 'DAEMON_UNAVAILABLE', params: { seconds: Math.round((2 * heartbeatMs) / 1000) }, stderrTail: [] };
}

/** A daemon of another version was adopted: it works on, a restart makes the versions one. */
export function otherVersion(daemon: string, app: string): HostProblem {
  return { code: 'UPGRADE_REQUIRED', params: { daemon, app }, stderrTail: [] };
}

function howOf({ exitCode, signal }: DaemonExit): string {
  if (exitCode !== null) return `code ${exitCode}`;
  return signal === null ? 'an unknown code' : `signal ${signal}`;
}
