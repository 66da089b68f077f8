import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DaemonProcess, programs, TestHome } from '../support/daemon-process.ts';
import { LineClient, type LineClientOptions } from './line-client.ts';
import { childrenOf } from './process-figures.ts';

export const systemNames = ['direct', 'floor', 'exai'] as const;
export type SystemName = (typeof systemNames)[number];
export type PerSystem<T> = Record<SystemName, T>;

/** The sizes of an answer of `version`, as the daemon gives it; the others answer with as much. */
export interface AnswerSize {
  readonly textBytes: number;
  readonly lineBytes: number;
}

/** One of the three things that are compared, ready to take clients. */
export interface System {
  readonly name: SystemName;
  /** What a client of this system runs. */
  command(): LineClientOptions;
  /** Starts a client and waits until it has its list of tools. */
  connect(): Promise<LineClient>;
  /** Every process that serves this client. */
  serversOf(client: LineClient): readonly number[];
  close(): Promise<void>;
}

/** `direct`: every client has a server of its own. */
export function directSystem(file: string, env: Readonly<Record<string, string>>, answer: AnswerSize): System {
  const command = () => ({
    command: process.execPath,
    args: [file],
    env: { ...env, BENCH_ANSWER_TEXT_BYTES: String(answer.textBytes) },
  });
  return {
    name: 'direct',
    command,
    connect: () => started(command()),
    serversOf: (client) => [client.pid],
    close: () => Promise.resolve(),
  };
}

/** `floor`: as many hops as ours, none of which reads what it forwards. */
export async function floorSystem(
  files: { readonly shim: string; readonly daemon: string; readonly upstream: string },
  env: Readonly<Record<string, string>>,
  answer: AnswerSize,
): Promise<System> {
  const folder = mkdtempSync(join(tmpdir(), 'exai-b-'));
  const socketPath = join(folder, 'floor.sock');
  const daemon: ChildProcess = spawn(process.execPath, [files.daemon, socketPath, files.upstream], {
    env: {
      ...env,
      BENCH_ANSWER_BYTES: String(answer.lineBytes),
      BENCH_ANSWER_TEXT_BYTES: String(answer.textBytes),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise<void>((resolve, reject) => {
    daemon.stdout?.once('data', () => resolve());
    daemon.once('exit', () => reject(new Error('the floor did not start')));
  });
  const pid = daemon.pid ?? 0;
  const command = () => ({ command: process.execPath, args: [files.shim, socketPath], env });
  return {
    name: 'floor',
    command,
    connect: () => started(command()),
    serversOf: (client) => [client.pid, pid, ...childrenOf(pid)],
    close: async () => {
      const ended = new Promise((resolve) => daemon.once('exit', resolve));
      daemon.kill();
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** `exai`: our shim and one daemon, in a home of its own. */
export function exaiSystem(home: TestHome, daemon: DaemonProcess, nodeArgs: readonly string[]): System {
  const command = () => ({
    command: process.execPath,
    args: [...nodeArgs, programs.shim],
    env: { ...home.env, EXAI_WS_AUTOSTART: 'false' },
  });
  return {
    name: 'exai',
    command,
    connect: () => started(command()),
    serversOf: (client) => [client.pid, daemon.pid],
    close: () => home.cleanUp(),
  };
}

async function started(options: LineClientOptions): Promise<LineClient> {
  const client = new LineClient(options);
  await client.start();
  return client;
}
