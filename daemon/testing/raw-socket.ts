import { connect, type NetConnectOpts, type Socket } from 'node:net';

/** A bare socket with everything it has received. Destroyed by `close`. */
export class RawSocket {
  readonly socket: Socket;
  readonly #chunks: Buffer[] = [];
  /** The other side has sent its end, or the connection broke. */
  hasEnded = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    socket.on('error', () => undefined); // a reset is an end like any other
    for (const event of ['end', 'close'] as const) {
      socket.on(event, () => {
        this.hasEnded = true;
      });
    }
  }

  /** `allowHalfOpen`: the far end's FIN is not answered, as by a peer that never closes. */
  static async open(where: NetConnectOpts & { allowHalfOpen?: boolean }): Promise<RawSocket> {
    const socket = connect(where);
    const raw = new RawSocket(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('error', reject);
    });
    return raw;
  }

  get received(): Buffer {
    return Buffer.concat(this.#chunks);
  }

  get text(): string {
    return this.received.toString('latin1');
  }

  write(data: string | Uint8Array): void {
    this.socket.write(data);
  }

  close(): void {
    this.socket.destroy();
  }
}
