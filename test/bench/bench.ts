import { type DaemonProcess, programs, type StartDaemonOptions, TestHome } from '../support/daemon-process.ts';
import { callOf, LineClient } from './line-client.ts';
import type { Row } from './report.ts';
import {
  type AnswerSize,
  directSystem,
  exaiSystem,
  floorSystem,
  type PerSystem,
  type System,
  systemNames,
} from './systems.ts';

export interface BenchFiles {
  readonly direct: string;
  readonly directHttp: string;
  readonly hopShim: string;
  readonly hopDaemon: string;
  readonly hopUpstream: string;
  readonly testDaemon: string;
}

export interface BenchOptions {
  readonly rounds: number;
  readonly files: BenchFiles;
  /** Folder for CPU profiles of our processes, or undefined. */
  readonly profileDir: string | undefined;
  /** Tells a person what goes on. */
  say(line: string): void;
}

/** A group of figures that are measured together. */
export interface Measurement {
  /** Names `--only` may give. */
  readonly ids: readonly string[];
  run(bench: Bench): Promise<readonly Row[]>;
}

/** Caps that let 64 and 500 calls through; the tools are the test's (an echo above all). */
const wideOpen = {
  EXAI_WS_SESSION_MAX_INFLIGHT: '256',
  EXAI_WS_GLOBAL_MAX_INFLIGHT: '1024',
} as const;

/** Starts what is measured, and ends it. */
export class Bench {
  readonly rounds: number;
  readonly files: BenchFiles;
  readonly #options: BenchOptions;

  constructor(options: BenchOptions) {
    this.#options = options;
    this.rounds = options.rounds;
    this.files = options.files;
  }

  say(line: string): void {
    this.#options.say(line);
  }

  get nodeArgs(): readonly string[] {
    const { profileDir } = this.#options;
    return profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDir}`];
  }

  /** A daemon as it ships, with default settings, in a home of its own. */
  async shippedDaemon(): Promise<{ home: TestHome; daemon: DaemonProcess }> {
    return this.#startIn(new TestHome(), { program: programs.daemon });
  }

  /** A daemon with the test's tools. */
  async testDaemon(env: Readonly<Record<string, string>> = {}): Promise<{ home: TestHome; daemon: DaemonProcess }> {
    return this.#startIn(new TestHome(), { program: this.files.testDaemon, nodeArgs: this.nodeArgs, env });
  }

  /** Runs `work` with all three systems open and closes them. `upstream`: the program behind the hops of `floor`. */
  async withSystems<T>(
    { upstream = this.files.hopUpstream }: { readonly upstream?: string },
    work: (systems: PerSystem<System>) => Promise<T>,
  ): Promise<T> {
    const { home, daemon } = await this.testDaemon(wideOpen);
    const exai = exaiSystem(home, daemon, this.nodeArgs);
    const opened: System[] = [exai];
    const close = async (): Promise<void> => {
      for (const system of opened.toReversed()) await system.close();
    };
    return closing(close, async () => {
      const answer = await this.#answerSize(exai);
      const floor = await floorSystem(
        { shim: this.files.hopShim, daemon: this.files.hopDaemon, upstream },
        home.env,
        answer,
      );
      opened.push(floor);
      const direct = directSystem(this.files.direct, home.env, answer);
      return work({ direct, floor, exai });
    });
  }

  /** Systems in an order that changes with the round, so that none always comes first. */
  order(round: number): readonly (typeof systemNames)[number][] {
    const from = round % systemNames.length;
    return [...systemNames.slice(from), ...systemNames.slice(0, from)];
  }

  async #startIn(home: TestHome, options: StartDaemonOptions): Promise<{ home: TestHome; daemon: DaemonProcess }> {
    try {
      return { home, daemon: await home.startDaemon(options) };
    } catch (error) {
      await home.cleanUp().catch(() => undefined); // the first error is the one to show
      throw error;
    }
  }

  async #answerSize(exai: System): Promise<AnswerSize> {
    const client: LineClient = await exai.connect();
    const line = await client.ask(callOf('version', 'note', 200));
    await client.stop();
    const parsed = JSON.parse(line) as { result?: { content?: { text?: string }[]; isError?: boolean } };
    if (parsed.result?.isError === true)
      throw new Error(`version refuses the benchmark's argument: ${line.slice(0, 300)}`);
    const lineBytes = Buffer.byteLength(line) + 1;
    // What the SDK puts around a text of its own: the two answers are then equally long.
    const envelopeBytes = '{"result":{"content":[{"type":"text","text":""}]},"jsonrpc":"2.0","id":100}\n'.length;
    return { lineBytes, textBytes: Math.max(1, lineBytes - envelopeBytes) };
  }
}

export function perSystem<T>(make: () => T): PerSystem<T> {
  return { direct: make(), floor: make(), exai: make() };
}

/** Runs `work`, then `close` whatever happens. The error of `work` is the one that counts. */
export async function closing<T>(close: () => Promise<void>, work: () => Promise<T>): Promise<T> {
  let result: T;
  try {
    result = await work();
  } catch (error) {
    await close().catch(() => undefined); // follows from the first error
    throw error;
  }
  await close();
  return result;
}
