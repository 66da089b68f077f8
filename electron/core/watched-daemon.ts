import type { AdminClient } from '../../platform/admin-client.ts';
import type { SupervisorView } from '../../protocol/host-bridge.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { DaemonFeed } from './daemon-feed.ts';
import { Supervisor, type SupervisorOptions } from './supervisor.ts';

export type WatchedDaemonOptions = Omit<SupervisorOptions, 'onChange' | 'onSlept'> & {
  /** State or snapshot are new. */
  readonly onChange: () => void;
};

/** The daemon of one profile: owned by a supervisor, and read over its feed while it is ready. */
export class WatchedDaemon {
  readonly #supervisor: Supervisor;
  #client: AdminClient | undefined;
  #feed: DaemonFeed | undefined;
  #snapshot: Snapshot | null = null;

  constructor({ onChange, ...options }: WatchedDaemonOptions) {
    this.#supervisor = new Supervisor({
      ...options,
      onSlept: () => this.#feed?.readAfresh(),
      onChange: (_view, client) => {
        if (client !== this.#client) this.#read(client, options, onChange);
        onChange();
      },
    });
  }

  get view(): SupervisorView {
    return this.#supervisor.view;
  }

  /** There while the daemon is ready. */
  get client(): AdminClient | undefined {
    return this.#client;
  }

  /** Null while nothing is known for sure. */
  get snapshot(): Snapshot | null {
    return this.#snapshot;
  }

  start(): void {
    this.#supervisor.start();
  }

  stop(...how: Parameters<Supervisor['stop']>): Promise<void> {
    return this.#supervisor.stop(...how);
  }

  /** Lets running calls finish first; resolves when the daemon has been told. */
  endAfterCalls(then: 'stay-stopped' | 'start'): Promise<void> {
    return this.#supervisor.endAfterCalls(then);
  }

  /** The machine was away: everything is read anew, and the daemon asked whether it is still there. */
  reread(): void {
    this.#feed?.readAfresh();
    this.#supervisor.recheck();
  }

  restart(): Promise<void> {
    return this.#supervisor.restart();
  }

  /** Lets the daemon live on without this app. */
  release(): void {
    this.#feed?.stop();
    this.#supervisor.release();
  }

  #read(client: AdminClient | undefined, options: { clock: SupervisorOptions['clock'] }, onChange: () => void): void {
    this.#feed?.stop();
    this.#client = client;
    this.#snapshot = null;
    this.#feed =
      client &&
      new DaemonFeed({
        client,
        clock: options.clock,
        onHeard: () => this.#supervisor.heard(),
        onSnapshot: (snapshot) => {
          if (client !== this.#client) return;
          this.#snapshot = snapshot;
          onChange();
        },
      });
  }
}
