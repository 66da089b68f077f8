import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { acquireLock } from '../platform/exclusive-lock.ts';
import type { Logger } from '../platform/json-logger.ts';
import type { StateLayout } from '../platform/state-dir.ts';
import { exitCodes } from '../protocol/errors.ts';
import { limits } from '../protocol/limits.ts';
import { daemonEnvironment } from './daemon-environment.ts';

export interface AutostartOptions {
  readonly layout: Pick<StateLayout, 'stateDir' | 'startLockFile'>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Folder of the shim's own file: `daemon.js` lies beside it. */
  readonly shimFolder: string;
  readonly execPath: string;
  /** This process runs on Electron's binary. */
  readonly isElectron: boolean;
  readonly logger: Logger;
  /** The started daemon has ended again, for a reason that a person must know. */
  readonly onEnded: (message: string) => void;
}

/** Programs and arguments; `launch` of the discovery file when what it names is still there (PITFALLS R9). */
export function launchCommand(
  launch: readonly string[] | undefined,
  fallback: { readonly execPath: string; readonly shimFolder: string },
  exists: (path: string) => boolean,
): readonly [program: string, ...args: string[]] | undefined {
  const [program, ...args] = launch ?? [];
  if (program !== undefined && isAbsolute(program) && exists(program)) {
    // A script is named relative to the program where the two are installed together.
    const [script, ...rest] = args;
    if (script === undefined) return [program];
    if (!/\.[cm]?js$/.test(script) || (isAbsolute(script) && exists(script))) return [program, ...args];
    const beside = join(dirname(program), script);
    if (!isAbsolute(script) && exists(beside)) return [program, beside, ...rest];
  }
  const daemon = join(fallback.shimFolder, 'daemon.js');
  return exists(daemon) ? [fallback.execPath, daemon] : undefined;
}

export type StartResult =
  /** `release` gives up `run/start.lock`: call it when the daemon is reached, or nobody waits for it any more. */
  | { readonly type: 'started'; release(): void }
  /** Another window is starting it. */
  | { readonly type: 'elsewhere' }
  | { readonly type: 'failed'; readonly message: string };

/**
 * Starts the daemon, detached and without any of our pipes (WIRE §5.3, PITFALLS W3, R4). Of many windows only the holder
 * of `run/start.lock` does; the daemon's own lock has the last word.
 * @param isStillAbsent asked while holding the lock: another window may have been faster
 */
export async function startDaemon(
  options: AutostartOptions,
  launch: readonly string[] | undefined,
  isStillAbsent: () => Promise<boolean>,
): Promise<StartResult> {
  const command = launchCommand(launch, options, existsSync);
  if (command === undefined) return { type: 'failed', message: 'No daemon is installed beside this shim.' };
  const lock = takeLock(options);
  if (lock.type !== 'held') return lock;
  try {
    if (!(await isStillAbsent())) {
      lock.release();
      return { type: 'elsewhere' };
    }
    const [program, ...args] = command;
    const isElectron = options.isElectron && program === options.execPath;
    const { spawn } = await import('node:child_process');
    const child = spawn(program, args, {
      cwd: options.layout.stateDir, // not the editor's folder: it could not be removed while the daemon runs
      env: daemonEnvironment(options.env, isElectron),
      stdio: 'ignore',
      detached: true,
      windowsHide: true,
    });
    child.on('error', (error) => {
      lock.release();
      options.onEnded(`The daemon could not be started (${error.message}).`);
      options.logger.warn('the daemon could not be started', { program, error });
    });
    child.on('exit', (exitCode, signal) => {
      lock.release();
      const isExpected = exitCode === exitCodes.daemonAlreadyRuns || exitCode === exitCodes.ok;
      if (!isExpected)
        options.onEnded(`The daemon that this window started has ended (${exitText(exitCode, signal)}).`);
      options.logger[isExpected ? 'info' : 'warn']('the started daemon has ended', { exitCode, signal });
    });
    child.unref();
    options.logger.info('daemon started by this window', { program, daemonPid: child.pid });
    return { type: 'started', release: () => lock.release() };
  } catch (error) {
    lock.release();
    return {
      type: 'failed',
      message: `The daemon could not be started: ${error instanceof Error ? error.message : String(error)}.`,
    };
  }
}

function exitText(exitCode: number | null, signal: string | null): string {
  switch (exitCode) {
    case exitCodes.configuration:
      return `exit ${exitCode}: its configuration is wrong; run it in a terminal to see what`;
    case exitCodes.portTaken:
      return `exit ${exitCode}: its port is taken by another program`;
    default:
      return exitCode === null ? `signal ${signal}` : `exit ${exitCode}`;
  }
}

function takeLock({
  layout,
}: AutostartOptions): { readonly type: 'held'; release(): void } | Exclude<StartResult, { type: 'started' }> {
  try {
    const lock = acquireLock(layout.startLockFile, { staleAfterMs: limits.startLockStaleMs });
    return lock.type === 'held' ? lock : { type: 'elsewhere' };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { type: 'failed', message: `The daemon cannot be started: ${layout.stateDir} is not usable (${reason}).` };
  }
}
