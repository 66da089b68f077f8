import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Environment } from '../../platform/state-dir.ts';
import { FailureError } from '../../protocol/errors.ts';
import { childEnvironment } from './child-environment.ts';
import type { ProcessLedger } from './process-ledger.ts';
import { resolveCommand } from './resolve-command.ts';
import { sandboxed } from './sandbox.ts';
import { openStdioLink } from './stdio-link.ts';
import type { StdioUpstreamConfig } from './upstream-config.ts';
import { cannotStart } from './upstream-failures.ts';
import type { OpenLink } from './upstream-link.ts';

export interface StdioOpenerOptions {
  /** The daemon's own environment. */
  readonly env: Environment;
  /** Where servers run that name no folder. */
  readonly home: string;
  /** Folders of sandboxed servers lie in here. */
  readonly sandboxDir: string;
  readonly maxMessageBytes: number;
  readonly stopStageMs: number;
  readonly ledger: ProcessLedger;
  readonly daemonRunId: string;
  onStderr(upstreamId: string, line: string): void;
  /** A sandbox that this machine cannot give in full. */
  onSandboxLimited(upstreamId: string, message: string): void;
}

/** How one configured server is started, every time anew: what PATH says may have changed. */
export class StdioOpener {
  readonly #options: StdioOpenerOptions;
  #starts = 0;

  constructor(options: StdioOpenerOptions) {
    this.#options = options;
  }

  open(config: StdioUpstreamConfig): OpenLink {
    const { env, home, sandboxDir, ledger, daemonRunId, maxMessageBytes, stopStageMs } = this.#options;
    const isSandboxed = config.sandbox !== null;
    const childEnv = childEnvironment(env, config.env, { isSandboxed });
    const own = join(sandboxDir, config.id.replaceAll(/[^A-Za-z0-9._-]/g, '_'));
    const cwd = config.cwd ?? (isSandboxed ? own : home);
    if (isSandboxed) mkdirSync(own, { recursive: true, mode: 0o700 });
    const path = childEnv['PATH'] ?? childEnv['Path'] ?? '';
    const pathExt = childEnv['PATHEXT'];
    const found = resolveCommand(config.command, { path, cwd, ...(pathExt === undefined ? {} : { pathExt }) });
    if (found.type === 'missing') throw new FailureError(cannotStart(config.id, found.message));
    const plain = { command: found.path, args: config.args, env: childEnv, cwd };
    const run = config.sandbox === null ? { ...plain, missing: [] } : sandboxed(plain, config.sandbox, own);
    for (const message of run.missing) this.#options.onSandboxLimited(config.id, message);
    this.#starts += 1;
    const mark = `${daemonRunId}:${this.#starts}`;
    return (handlers) =>
      openStdioLink(
        {
          upstreamId: config.id,
          command: run.command,
          args: run.args,
          env: run.env,
          cwd: run.cwd,
          maxMessageBytes,
          ledger,
          mark,
          onStderr: (line) => this.#options.onStderr(config.id, line),
          stopStageMs,
        },
        handlers,
      );
  }
}
