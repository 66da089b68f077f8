import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AdminClient } from '../../platform/admin-client.ts';
import type { SessionInfo } from '../../protocol/events.ts';
import type { Bundles } from './bundle.ts';
import { type DaemonProcess, type StartDaemonOptions, type StartShimOptions, TestHome } from './daemon-process.ts';
import { eventually } from './deadline.ts';
import { LinkProxy } from './link-proxy.ts';
import { OpsClient } from './ops-client.ts';
import type { RawClient } from './raw-client.ts';
import { TcpProxy } from './tcp-proxy.ts';

type Env = Readonly<Record<string, string>>;

/** A line of a log, parsed. */
export type LogLine = Readonly<Record<string, unknown>> & { readonly msg: string; readonly level: string };

/**
 * Everything that one test starts, in a home of its own. After the test every line that a shim wrote must have been a
 * JSON-RPC message (PF-H1), every process must end in order, and the home is removed.
 */
export class Scene {
  readonly #programs: () => Pick<Bundles, 'files'>;
  #home: TestHome | undefined;
  #shims: RawClient[] = [];
  #closers: (() => Promise<unknown> | void)[] = [];

  constructor(programs: () => Pick<Bundles, 'files'>) {
    this.#programs = programs;
  }

  get home(): TestHome {
    if (this.#home === undefined) throw new Error('no scene outside a test');
    return this.#home;
  }

  /** The bundled daemon with the tools of `test-tools.ts`. */
  get program(): string {
    return this.#programs().files['daemon'] ?? '';
  }

  begin(): void {
    this.#home = new TestHome();
    this.#shims = [];
    this.#closers = [];
  }

  async end(): Promise<void> {
    try {
      for (const close of this.#closers.toReversed()) await close();
    } finally {
      await this.home.cleanUp();
    }
    const stray = this.#shims.flatMap(({ strayLines }) => strayLines);
    if (stray.length > 0) throw new Error(`lines of shims that are no JSON-RPC messages:\n${stray.join('\n')}`);
  }

  /** Runs at the end of the test, before the processes are ended. */
  onEnd(close: () => Promise<unknown> | void): void {
    this.#closers.push(close);
  }

  /** The daemon with the test tools. */
  startDaemon(env: Env = {}, options: StartDaemonOptions = {}): Promise<DaemonProcess> {
    return this.home.startDaemon({ program: this.program, ...options, env: this.#daemonEnv(env) });
  }

  /** The same without waiting. */
  spawnDaemon(env: Env = {}, options: StartDaemonOptions = {}): DaemonProcess {
    return this.home.spawnDaemon({ program: this.program, ...options, env: this.#daemonEnv(env) });
  }

  #daemonEnv(env: Env): Env {
    return { EXAI_TEST_COUNT_FILE: this.countFile, ...env };
  }

  startShim(env: Env = {}, options: StartShimOptions = {}): RawClient {
    const shim = this.home.startShim({ ...options, env });
    this.#shims.push(shim);
    return shim;
  }

  /** A shim that has been initialised and has listed its tools: a window. */
  async openWindow(env: Env = {}, options: StartShimOptions = {}): Promise<RawClient> {
    const window = this.startShim(env, options);
    for (const answer of [await window.initialize(), await window.request('tools/list')]) {
      if (answer.error !== undefined) throw new Error(`no window: ${JSON.stringify(answer.error)}`);
    }
    return window;
  }

  /** A line to the TCP listener; `env` sends a shim through it. */
  async openTcpProxy(port: () => number): Promise<{ readonly proxy: TcpProxy; readonly env: Env }> {
    const proxy = await TcpProxy.open(port);
    this.onEnd(() => proxy.close());
    return { proxy, env: { EXAI_WS_HOST: '127.0.0.1', EXAI_WS_PORT: String(proxy.port) } };
  }

  /** A line to the local socket; `env` keeps a shim on it. A daemon that starts later is not reached through it. */
  async openLinkProxy(): Promise<{ readonly proxy: LinkProxy; readonly env: Env }> {
    const proxy = await LinkProxy.open(this.home);
    this.onEnd(() => proxy.close());
    return { proxy, env: { EXAI_WS_ENDPOINT: 'local' } };
  }

  async connectOps(daemon: DaemonProcess, hello: Readonly<Record<string, unknown>> = {}): Promise<OpsClient> {
    const client = await OpsClient.connect({ port: daemon.port });
    this.onEnd(() => client.terminate());
    const ack = await client.hello(hello);
    if (ack['ok'] !== true) throw new Error(`the hello was refused: ${JSON.stringify(ack)}`);
    return client;
  }

  /** Gets a line per execution of `count` and `count_safe`. */
  get countFile(): string {
    return join(this.home.path, 'executions');
  }

  get executions(): number {
    return existsSync(this.countFile) ? readFileSync(this.countFile, 'utf8').split('\n').length - 1 : 0;
  }

  executed(times: number): Promise<true> {
    return eventually(`${times} executions`, () => (this.executions >= times ? true : undefined));
  }

  /** Talks to the daemon as its admin. */
  async admin<Result>(work: (client: AdminClient) => Promise<Result>): Promise<Result> {
    const client = AdminClient.open(this.home.layout);
    try {
      return await work(client);
    } finally {
      client.close();
    }
  }

  async sessions(): Promise<SessionInfo[]> {
    return (await this.admin((client) => client.call('sessions'))).sessions;
  }

  /** Waits until the windows are as asked. */
  async sessionsWhen(what: string, matches: (sessions: readonly SessionInfo[]) => boolean): Promise<SessionInfo[]> {
    return eventually(what, async () => {
      const sessions = await this.sessions();
      return matches(sessions) ? sessions : undefined;
    });
  }

  /** Parsed lines of a log file; none when it is not there yet. */
  logLines(name: string): LogLine[] {
    const path = join(this.home.logDir, name);
    if (!existsSync(path)) return [];
    const lines = readFileSync(path, 'utf8').split('\n');
    return lines.slice(0, -1).map((line) => JSON.parse(line) as LogLine);
  }

  /** Waits for a line of a log file; `count` = for so many of them. */
  logLine(name: string, msg: string, count = 1): Promise<LogLine> {
    return eventually(`"${msg}" in ${name}`, () => this.logLines(name).filter((line) => line.msg === msg)[count - 1]);
  }

  /** Names of the log files of shims, sorted. */
  shimLogs(): string[] {
    return readdirSync(this.home.logDir)
      .filter((name) => /^ws_shim_.*\.log$/.test(name))
      .toSorted();
  }
}
