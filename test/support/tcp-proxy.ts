import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * A line between a client and the daemon that a test can cut, hold or point elsewhere. Like a reverse proxy it puts the
 * daemon's own address into the `Host` header, which the daemon would refuse otherwise (WIRE §2, guard 3).
 */
export class TcpProxy {
  readonly port: number;
  readonly #server: Server;
  readonly #pairs = new Set<{ readonly client: Socket; readonly target: Socket }>();
  readonly #target: () => number;
  #isRefusing = false;
  #connections = 0;

  private constructor(server: Server, port: number, target: () => number) {
    this.#server = server;
    this.port = port;
    this.#target = target;
  }

  /** `target` gives the port on loopback of each new connection. */
  static async open(target: () => number): Promise<TcpProxy> {
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(0, '127.0.0.1', resolve);
    });
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy has no port');
    const proxy = new TcpProxy(server, address.port, target);
    server.on('connection', (socket) => proxy.#onConnection(socket));
    return proxy;
  }

  /** How many connections clients have made so far. */
  get connections(): number {
    return this.#connections;
  }

  get openConnections(): number {
    return this.#pairs.size;
  }

  /** Both ends see a reset, as when a network goes away. */
  drop(): void {
    for (const { client, target } of this.#pairs) {
      client.resetAndDestroy();
      target.resetAndDestroy();
    }
  }

  /** Nothing moves any more in the given direction, and nobody is told. */
  hold(direction: 'to-client' | 'to-target' | 'both'): void {
    for (const { client, target } of this.#pairs) {
      if (direction !== 'to-target') target.unpipe(client).pause();
      if (direction !== 'to-client') client.unpipe(target).pause();
    }
  }

  /** New connections are closed at once while true. */
  refuse(isRefusing: boolean): void {
    this.#isRefusing = isRefusing;
  }

  async close(): Promise<void> {
    this.drop();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #onConnection(client: Socket): void {
    this.#connections += 1;
    if (this.#isRefusing) {
      client.destroy();
      return;
    }
    const port = this.#target();
    const target = connect(port, '127.0.0.1');
    const pair = { client, target };
    this.#pairs.add(pair);
    client.setNoDelay(true);
    target.setNoDelay(true);
    client.once('data', (head: Buffer) => {
      target.write(head.toString('latin1').replace(/^Host: .*$/im, `Host: 127.0.0.1:${port}`), 'latin1');
      client.pipe(target);
    });
    target.pipe(client);
    for (const [socket, other] of [
      [client, target],
      [target, client],
    ] as const) {
      socket.on('error', () => other.destroy()); // the reset of one side is the end of the other
      socket.once('close', () => {
        this.#pairs.delete(pair);
        other.destroy();
      });
    }
  }
}
