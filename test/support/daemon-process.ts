import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type DiscoveryFile, readDiscovery } from '../../platform/discovery.ts';
import { type StateLayout, stateLayout } from '../../platform/state-dir.ts';
import { eventually, withDeadline } from './deadline.ts';
import { killQuietly, processesWith } from './processes.ts';
import { type ProcessExit, RawClient } from './raw-client.ts';

/** The entry points as they ship, and the daemon with the tools of `test-tools.ts`. */
export const programs = {
  daemon: fileURLToPath(new URL('../../dist/daemon.js', import.meta.url)),
  shim: fileURLToPath(new URL('../../dist/shim.js', import.meta.url)),
  cli: fileURLToPath(new URL('../../dist/cli.js', import.meta.url)),
  testDaemon: fileURLToPath(new URL('./test-daemon.ts', import.meta.url)),
} as const;

type Env = Readonly<Record<string, string>>;

export interface StartDaemonOptions {
  readonly env?: Env;
  /** Runs `test-daemon.ts` (same daemon, more tools) instead of `dist/daemon.js`. */
  readonly testTools?: boolean;
  /** Another file to run, a bundle say. */
  readonly program?: string;
  /** Options of Node itself. */
  readonly nodeArgs?: readonly string[];
}

export interface StartShimOptions {
  readonly env?: Env;
  readonly cwd?: string;
  readonly nodeArgs?: readonly string[];
}

/** A process that ran to its end. */
export interface FinishedProcess {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A temporary home with everything that a test starts in it. Nothing outside is read or written: state, logs, HOME and
 * the XDG folders lie inside, the port is a free one, and nothing of the caller's environment is passed on.
 */
export class TestHome {
  readonly path: string;
  readonly layout: StateLayout;
  readonly #daemons: DaemonProcess[] = [];
  readonly #shims: RawClient[] = [];

  constructor() {
    this.path = mkdtempSync(join(tmpdir(), 'exai-t-'));
    this.layout = stateLayout(join(this.path, 'state'));
    mkdirSync(join(this.path, 'tmp'), { mode: 0o700 });
  }

  get stateDir(): string {
    return this.layout.stateDir;
  }

  get logDir(): string {
    return this.layout.defaultLogDir;
  }

  /** The environment every process of this home gets. */
  get env(): Env {
    return {
      HOME: this.path,
      USERPROFILE: this.path,
      XDG_STATE_HOME: join(this.path, '.local', 'state'),
      XDG_CONFIG_HOME: join(this.path, '.config'),
      XDG_CACHE_HOME: join(this.path, '.cache'),
      TMPDIR: join(this.path, 'tmp'),
      PATH: process.env['PATH'] ?? '',
      ...(process.env['SYSTEMROOT'] === undefined ? {} : { SYSTEMROOT: process.env['SYSTEMROOT'] }),
      EXAI_STATE_DIR: this.stateDir,
      // Any free port, also for a daemon that a shim starts; a shim that is told 0 looks into the discovery file.
      EXAI_WS_PORT: '0',
    };
  }

  /** Starts a daemon on a free port and waits for its `ready` line; rejects with its stderr when it ends before. */
  async startDaemon(options: StartDaemonOptions = {}): Promise<DaemonProcess> {
    const daemon = this.spawnDaemon(options);
    await daemon.ready;
    return daemon;
  }

  /** The same without waiting: for daemons that must refuse to start. */
  spawnDaemon(options: StartDaemonOptions = {}): DaemonProcess {
    const program = options.program ?? (options.testTools === true ? programs.testDaemon : programs.daemon);
    const child = spawn(process.execPath, [...(options.nodeArgs ?? []), program], {
      env: { ...this.env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: this.path,
    });
    const daemon = new DaemonProcess(child, this.layout, options.env?.['EXAI_LOG_DIR'] ?? this.logDir);
    this.#daemons.push(daemon);
    return daemon;
  }

  /** Starts `dist/shim.js` as an editor would. It starts no daemon by itself unless `EXAI_WS_AUTOSTART` is given. */
  startShim(options: StartShimOptions = {}): RawClient {
    const shim = new RawClient({
      command: process.execPath,
      args: [...(options.nodeArgs ?? []), programs.shim],
      env: { ...this.env, EXAI_WS_AUTOSTART: 'false', ...options.env },
      cwd: options.cwd ?? this.path,
    });
    this.#shims.push(shim);
    return shim;
  }

  /** Runs `dist/cli.js` to its end. */
  runCli(args: readonly string[], env: Env = {}): Promise<FinishedProcess> {
    return runToEnd(process.execPath, [programs.cli, ...args], { ...this.env, ...env });
  }

  readDiscovery(): DiscoveryFile {
    const read = readDiscovery(this.layout.discoveryFile);
    if (read.type !== 'ok') throw new Error(`no discovery file: ${read.type}`);
    return read.file;
  }

  /** Every log file of this home as text; `name` is the file's. */
  readLog(name: string): string {
    return readFileSync(join(this.logDir, name), 'utf8');
  }

  /** Pids of daemons that run in this home, whoever started them (a shim's autostart, say). */
  daemonPids(): readonly number[] {
    return processesWith(`EXAI_STATE_DIR=${this.stateDir}`)
      .filter(({ command }) => /(?:test-)?daemon\.(?:js|ts)\b/.test(command))
      .map(({ pid }) => pid);
  }

  /**
   * Ends everything and removes the home. Rejects when a shim stays after stdin is closed, a daemon after SIGTERM, or
   * a process is left that no test knows of. Daemons that a shim started are known by their discovery file.
   */
  async cleanUp(): Promise<void> {
    const problems: string[] = [];
    for (const shim of this.#shims) {
      shim.resumeReading();
      await shim.stop().catch((error: unknown) => problems.push(String(error)));
    }
    for (const daemon of this.#daemons) await daemon.stop().catch((error: unknown) => problems.push(String(error)));
    await this.#stopAutostarted();
    for (const { pid, command } of processesWith(`EXAI_STATE_DIR=${this.stateDir}`)) {
      problems.push(`process ${pid} was left behind: ${command}`);
      killQuietly(pid, 'SIGKILL');
    }
    rmSync(this.path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 });
    if (problems.length > 0) throw new Error(problems.join('\n'));
  }

  async #stopAutostarted(): Promise<void> {
    const read = readDiscovery(this.layout.discoveryFile);
    if (read.type !== 'ok' || read.file.state !== 'running') return;
    const { pid } = read.file;
    if (!this.daemonPids().includes(pid)) return;
    killQuietly(pid, 'SIGTERM');
    const isGone = () => (this.daemonPids().includes(pid) ? undefined : true);
    await eventually(`the end of daemon ${pid}`, isGone, 2_000).catch(() => killQuietly(pid, 'SIGKILL'));
    await eventually(`the end of daemon ${pid} after SIGKILL`, isGone, 2_000);
  }
}

/** A daemon that runs as a child of the test. */
export class DaemonProcess {
  readonly pid: number;
  readonly exited: Promise<ProcessExit>;
  /** Resolves when it accepts connections; rejects when it ends before. */
  readonly ready: Promise<void>;
  readonly logDir: string;
  readonly #child: ChildProcess;
  readonly #layout: StateLayout;
  #stdout = '';
  #stderr = '';
  #hasExited = false;

  constructor(child: ChildProcess, layout: StateLayout, logDir: string) {
    this.#child = child;
    this.#layout = layout;
    this.logDir = logDir;
    this.pid = child.pid ?? 0;
    this.exited = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', () => {
        this.#hasExited = true;
      });
      child.once('close', (code, signal) => resolve({ code, signal, atMs: performance.now() }));
    });
    this.exited.catch(() => undefined); // shows in `ready`
    const isReady = new Promise<void>((resolve) => {
      child.stdout?.on('data', (chunk: Buffer) => {
        this.#stdout += chunk.toString('utf8');
        if (/^ready .*\n/m.test(this.#stdout)) resolve();
      });
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString('utf8');
    });
    const isGone = this.exited.then((exit): never => {
      throw new Error(`the daemon ended (${exit.signal ?? exit.code}) before it was ready\n${this.#stderr}`);
    });
    this.ready = withDeadline(
      'the ready line of the daemon',
      Promise.race([isReady, isGone]),
      20_000,
      () => this.#stderr,
    );
    this.ready.catch(() => undefined); // who cares awaits it
  }

  get stdout(): string {
    return this.#stdout;
  }

  get stderr(): string {
    return this.#stderr;
  }

  get stateDir(): string {
    return this.#layout.stateDir;
  }

  /** `http://host:port/`, or the path of the local socket when TCP is off. */
  get address(): string {
    return /^ready (.*)$/m.exec(this.#stdout)?.[1] ?? '';
  }

  get port(): number {
    return Number(new URL(this.address).port);
  }

  get localSocket(): string {
    const read = readDiscovery(this.#layout.discoveryFile);
    return read.type === 'ok' ? (read.file.localSocket ?? '') : '';
  }

  readHealth(): Record<string, unknown> {
    const value: unknown = JSON.parse(readFileSync(join(this.logDir, 'ws_daemon.health.json'), 'utf8'));
    if (typeof value !== 'object' || value === null) throw new Error('the health file is no object');
    return { ...value };
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<ProcessExit> {
    this.#child.kill(signal);
    return withDeadline(`the end of daemon ${this.pid} after ${signal}`, this.exited, 20_000, () => this.#stderr);
  }

  /** SIGTERM; a second one after a second cuts the drain short. Rejects when that does not end it. */
  async stop(): Promise<void> {
    if (this.#hasExited) {
      await this.exited;
      return;
    }
    this.#child.kill('SIGCONT'); // a test may have stopped it
    this.#child.kill('SIGTERM');
    const again = setTimeout(() => this.#child.kill('SIGTERM'), 1_000);
    try {
      await withDeadline(`the end of daemon ${this.pid} after SIGTERM`, this.exited, 4_000, () => this.#stderr);
    } catch (error) {
      this.#child.kill('SIGKILL');
      await this.exited;
      throw error;
    } finally {
      clearTimeout(again);
    }
  }
}

/** Runs a command to its end; kills it and rejects when that takes too long. */
export async function runToEnd(
  command: string,
  args: readonly string[],
  env: Env,
  timeoutMs = 20_000,
): Promise<FinishedProcess> {
  const child = spawn(command, args, { env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => {
    stdout += chunk.toString('utf8');
  });
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString('utf8');
  });
  const ended = new Promise<FinishedProcess>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
  try {
    return await withDeadline(`the end of ${args.join(' ')}`, ended, timeoutMs, () => stderr);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  }
}
