import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { LineClientOptions } from './line-client.ts';
import type { LoadOrder, LoadReport } from './programs/load.ts';

export interface LoadResult {
  readonly perSecond: number;
  readonly answered: number;
  readonly errors: number;
}

/** A client that floods, in a process of its own: on one loop with the polite one it would slow that one itself. */
export class LoadProcess {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async connect(options: LineClientOptions): Promise<LoadProcess> {
    const child = fork(fileURLToPath(new URL('./programs/load.ts', import.meta.url)), {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const load = new LoadProcess(child);
    const connected = load.#report('connected');
    load.#order({ type: 'connect', options });
    await connected;
    return load;
  }

  /** Resolves when the flood has begun, with a promise of its result. */
  async run(load: { window: number; textBytes: number; durationMs: number }): Promise<{ done: Promise<LoadResult> }> {
    const running = this.#report('running');
    const done = this.#report('done');
    this.#order({ type: 'run', ...load });
    await running;
    return {
      done: done.then(({ answered, totalMs, errors }) => ({
        answered,
        errors,
        perSecond: (answered / totalMs) * 1000,
      })),
    };
  }

  async stop(): Promise<void> {
    const stopped = this.#report('stopped');
    this.#order({ type: 'stop' });
    await stopped;
  }

  #order(order: LoadOrder): void {
    this.#child.send(order);
  }

  #report<Type extends LoadReport['type']>(type: Type): Promise<Extract<LoadReport, { type: Type }>> {
    return new Promise((resolve, reject) => {
      const onMessage = (message: LoadReport): void => {
        if (message.type !== type) return;
        this.#child.off('message', onMessage);
        this.#child.off('exit', onExit);
        resolve(message as Extract<LoadReport, { type: Type }>);
      };
      const onExit = (): void => reject(new Error('a load process ended'));
      this.#child.on('message', onMessage);
      this.#child.once('exit', onExit);
    });
  }
}
