import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ensurePrivateDir } from '../../platform/private-file.ts';
import type { Clock } from './clock.ts';
import { type DaemonExit, type DaemonProcess, sendSignal } from './daemon-process.ts';
import { changedSentence } from './payload-check.ts';

/** What is run, and for which profile. */
export interface DaemonLaunch {
  readonly stateDir: string;
  /** Null: as its settings say. */
  readonly port: number | null;
}

export interface StartedDaemon extends DaemonProcess {
  /** Resolves with the address of the `ready` line; stays pending when the daemon ends before. */
  readonly ready: Promise<string>;
}

/** Port: starts a daemon process. A start that fails shows in `exited`. */
export interface DaemonStarter {
  start(launch: DaemonLaunch): StartedDaemon;
}

export interface ProcessStarterOptions {
  readonly clock: Clock;
  /** Node, or Electron's program. */
  readonly program: string;
  readonly isElectron: boolean;
  /** `daemon.js`, outside the asar. */
  readonly script: string;
  /** Asked before each start: name of a program file that somebody has changed since it was packed. */
  readonly changedFile?: () => string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Pid of this app: the daemon looks whether its owner is still there. */
  readonly ownerPid: number;
}

const tailLines = 20;
const tailBytes = 64 * 1024;
const pollMs = 20;

/**
 * Starts the daemon detached and without a pipe to us: its output goes to a file in its run folder. A tray that hangs or is
 * killed must not block a daemon that writes, or take it along (PLATFORM §4). The daemon is quiet on stderr once it is
 * ready, so the file stays small.
 */
export class ProcessStarter implements DaemonStarter {
  readonly #options: ProcessStarterOptions;

  constructor(options: ProcessStarterOptions) {
    this.#options = options;
  }

  start(launch: DaemonLaunch): StartedDaemon {
    const { program, script, clock } = this.#options;
    const outputFile = join(launch.stateDir, 'run', 'daemon.out');
    const changed = this.#options.changedFile?.();
    if (changed !== undefined) return neverStarted(changedSentence(changed));
    let child: ChildProcess;
    try {
      const made = ensurePrivateDir(dirname(outputFile));
      if (made.type === 'exposed') return neverStarted(made.message);
      const output = openSync(outputFile, 'w', 0o600);
      try {
        child = spawn(program, [script], {
          cwd: launch.stateDir,
          env: this.#environment(launch),
          stdio: ['ignore', output, output],
          detached: true,
          windowsHide: true,
        });
      } finally {
        closeSync(output);
      }
    } catch (error) {
      return neverStarted(error instanceof Error ? error.message : String(error));
    }
    let hasExited = false;
    const exited = new Promise<DaemonExit>((resolve) => {
      child.once('error', ({ message }) => {
        hasExited = true;
        resolve({ exitCode: null, signal: null, stderrTail: [message] });
      });
      child.once('exit', (exitCode, signal) => {
        hasExited = true;
        resolve({ exitCode, signal, stderrTail: lastLines(readQuietly(outputFile)) });
      });
    });
    child.unref();
    const ready = new Promise<string>((resolve) => {
      const look = (): void => {
        const address = /^ready (.*)$/m.exec(readQuietly(outputFile))?.[1];
        if (address !== undefined) resolve(address);
        else if (!hasExited) clock.schedule(look, pollMs);
      };
      look();
    });
    const pid = child.pid ?? 0;
    return {
      pid,
      exited,
      ready,
      signal(signal) {
        if (!hasExited && pid > 0) sendSignal(pid, signal); // ours and not collected: the pid cannot mean another one
      },
    };
  }

  #environment({ stateDir, port }: DaemonLaunch): Record<string, string> {
    const { env, isElectron, ownerPid } = this.#options;
    const inherited = Object.entries(env).filter(
      (pair): pair is [string, string] => pair[1] !== undefined && !/^(?:ELECTRON_|NODE_OPTIONS$)/.test(pair[0]),
    );
    return {
      ...Object.fromEntries(inherited),
      ...(isElectron ? { ELECTRON_RUN_AS_NODE: '1' } : {}),
      ...(port === null ? {} : { EXAI_WS_PORT: String(port) }),
      EXAI_STATE_DIR: stateDir,
      EXAI_DAEMON_OWNER: `tray:${ownerPid}`,
    };
  }
}

function neverStarted(message: string): StartedDaemon {
  const exit = { exitCode: null, signal: null, stderrTail: [message] };
  return { pid: 0, exited: Promise.resolve(exit), ready: new Promise(() => undefined), signal: () => undefined };
}

/** The last lines of an output that are no `ready` line. */
function lastLines(text: string): readonly string[] {
  return text
    .slice(-tailBytes)
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('ready '))
    .slice(-tailLines);
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it was taken away: nothing to show
  }
}
