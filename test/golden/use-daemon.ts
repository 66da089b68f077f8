import { afterAll, beforeAll } from 'vitest';
import { type DaemonProcess, type StartDaemonOptions, TestHome } from '../support/daemon-process.ts';
import { OpsClient, type OpsConnectOptions } from '../support/ops-client.ts';

/** A daemon that the tests of one `describe` share. */
export interface SharedDaemon {
  readonly home: TestHome;
  readonly daemon: DaemonProcess;
  /** A WebSocket on the TCP listener. */
  connect(options?: OpsConnectOptions): Promise<OpsClient>;
  /** The same with an accepted hello. */
  session(hello?: Readonly<Record<string, unknown>>, options?: OpsConnectOptions): Promise<OpsClient>;
  /** Value of one sample of `/metrics`, 0 when there is none, e.g. `exai_probe_total{kind="silent"}`. */
  sample(name: string): Promise<number>;
}

/** Starts a daemon in a home of its own before the tests of the enclosing `describe`, and ends everything after them. */
export function useDaemon(options: StartDaemonOptions = {}): SharedDaemon {
  let home: TestHome | undefined;
  let daemon: DaemonProcess | undefined;
  beforeAll(async () => {
    home = new TestHome();
    daemon = await home.startDaemon(options);
  });
  afterAll(async () => {
    await home?.cleanUp();
  });
  const shared: SharedDaemon = {
    get home() {
      if (home === undefined) throw new Error('no home yet');
      return home;
    },
    get daemon() {
      if (daemon === undefined) throw new Error('no daemon yet');
      return daemon;
    },
    connect: (connectOptions) => OpsClient.connect({ port: shared.daemon.port, ...connectOptions }),
    session: async (hello, connectOptions) => {
      const client = await shared.connect(connectOptions);
      const ack = await client.hello(hello);
      if (ack['ok'] !== true) throw new Error(`the hello was refused: ${JSON.stringify(ack)}`);
      return client;
    },
    sample: async (name) => {
      const response = await fetch(new URL('/metrics', shared.daemon.address));
      return sampleIn(await response.text(), name);
    },
  };
  return shared;
}

export function sampleIn(metrics: string, name: string): number {
  const line = metrics.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return line === undefined ? 0 : Number(line.slice(name.length + 1));
}
