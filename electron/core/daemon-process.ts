import { isProcessAlive, isSameProcess } from '../../platform/process-info.ts';
import type { Clock } from './clock.ts';

/** How a daemon ended. Both null: it was not our child, so the system does not tell us. */
export interface DaemonExit {
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** At most 20 lines, oldest first. */
  readonly stderrTail: readonly string[];
}

/** A daemon that this app watches, its own child or not. */
export interface DaemonProcess {
  readonly pid: number;
  /** Never rejects. */
  readonly exited: Promise<DaemonExit>;
  /** Does nothing to a process that has gone, or whose pid means another one by now. */
  signal(signal: 'SIGTERM' | 'SIGKILL'): void;
}

const pollMs = 250;

/**
 * A daemon that somebody else has started. Its end is seen by looking: the system tells only parents.
 * @param startedAt epoch seconds, of the discovery file
 */
export function watchForeignDaemon(pid: number, startedAt: number, clock: Clock): DaemonProcess {
  const exited = new Promise<DaemonExit>((resolve) => {
    const look = (): void => {
      if (isProcessAlive(pid)) clock.schedule(look, pollMs);
      else resolve({ exitCode: null, signal: null, stderrTail: [] });
    };
    look();
  });
  return {
    pid,
    exited,
    signal(signal) {
      if (isSameProcess(pid, startedAt)) sendSignal(pid, signal);
    },
  };
}

/** Never throws: who is gone needs no signal. */
export function sendSignal(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // ESRCH: it has ended meanwhile, which is what was wanted
  }
}
