import type { IncomingMessage } from 'node:http';
import { WebSocket } from 'ws';
import { Arrivals, withDeadline } from './deadline.ts';

export interface OpsConnectOptions {
  /** TCP port on loopback, or a local socket. */
  readonly port?: number;
  readonly socketPath?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly protocols?: readonly string[];
  /** False: pings stay unanswered. */
  readonly autoPong?: boolean;
}

/** One frame as it came; `json` is undefined when it is none. */
export interface ReceivedFrame {
  readonly text: string;
  readonly isBinary: boolean;
  readonly json: Record<string, unknown> | undefined;
}

export interface ClosedWith {
  readonly code: number;
  readonly reason: string;
}

export type ConnectResult =
  | { readonly type: 'open'; readonly client: OpsClient }
  | {
      readonly type: 'refused';
      readonly statusCode: number;
      readonly headers: IncomingMessage['headers'];
      readonly body: string;
    };

/** A WebSocket client that adds nothing: what a test sends is what the daemon reads (golden frames of WIRE §12). */
export class OpsClient {
  readonly closed: Promise<ClosedWith>;
  readonly upgradeHeaders: IncomingMessage['headers'];
  readonly #socket: WebSocket;
  readonly #frames: Arrivals<ReceivedFrame>;

  private constructor(
    socket: WebSocket,
    frames: Arrivals<ReceivedFrame>,
    closed: Promise<ClosedWith>,
    headers: IncomingMessage['headers'],
  ) {
    this.#socket = socket;
    this.#frames = frames;
    this.closed = closed;
    this.upgradeHeaders = headers;
  }

  /** Connects; rejects when the upgrade is refused. */
  static async connect(options: OpsConnectOptions): Promise<OpsClient> {
    const result = await OpsClient.tryConnect(options);
    if (result.type === 'refused') throw new Error(`the upgrade was refused: ${result.statusCode} ${result.body}`);
    return result.client;
  }

  static tryConnect(options: OpsConnectOptions): Promise<ConnectResult> {
    const path = options.path ?? '/';
    const url =
      options.socketPath === undefined
        ? `ws://127.0.0.1:${options.port ?? 0}${path}`
        : `ws+unix://${options.socketPath}:${path}`;
    const socket = new WebSocket(url, [...(options.protocols ?? [])], {
      headers: { ...options.headers },
      perMessageDeflate: false,
      autoPong: options.autoPong ?? true,
      maxPayload: 0,
    });
    const frames = new Arrivals<ReceivedFrame>();
    socket.on('message', (data: Buffer, isBinary) => {
      const text = data.toString('utf8');
      frames.push({ text, isBinary, json: parseObject(text) });
    });
    const closed = new Promise<ClosedWith>((resolve) => {
      socket.once('close', (code, reason) => resolve({ code, reason: reason.toString('utf8') }));
    });
    const result = new Promise<ConnectResult>((resolve, reject) => {
      let headers: IncomingMessage['headers'] = {};
      socket.once('upgrade', (response) => {
        headers = response.headers;
      });
      socket.once('open', () => resolve({ type: 'open', client: new OpsClient(socket, frames, closed, headers) }));
      socket.on('error', reject); // after `open` a rejection has no effect, and `close` follows
      socket.once('unexpected-response', (request, response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => {
          body += chunk.toString('utf8');
        });
        response.once('end', () => {
          request.destroy();
          resolve({ type: 'refused', statusCode: response.statusCode ?? 0, headers: response.headers, body });
        });
      });
    });
    return withDeadline(`the upgrade of ${url}`, result);
  }

  /** Frames so far, in order. */
  get frames(): readonly ReceivedFrame[] {
    return this.#frames.all;
  }

  get subprotocol(): string {
    return this.#socket.protocol;
  }

  /** Text goes as it is, an object as JSON, bytes as a binary frame. */
  send(frame: string | Buffer | Readonly<Record<string, unknown>> | readonly unknown[]): void {
    if (typeof frame === 'string' || Buffer.isBuffer(frame)) this.#socket.send(frame);
    else this.#socket.send(JSON.stringify(frame));
  }

  /** The next frame that nobody has taken, as an object; rejects when it is none or does not come. */
  async next(timeoutMs?: number): Promise<Record<string, unknown>> {
    const frame = await this.nextFrame(timeoutMs);
    if (frame.json === undefined) throw new Error(`not a JSON object: ${frame.text.slice(0, 200)}`);
    return frame.json;
  }

  nextFrame(timeoutMs?: number): Promise<ReceivedFrame> {
    const now = this.#frames.takeNow();
    if (now !== undefined) return Promise.resolve(now.value);
    const gone = this.closed.then(({ code, reason }): never => {
      throw new Error(`closed with ${code} ${reason} before the next frame`);
    });
    const next = this.#frames.next('the next frame', timeoutMs);
    next.catch(() => undefined); // when the socket closes first
    return Promise.race([next, gone]);
  }

  /** The first frame with these members, one that has already come included. Leaves `next` where it is. */
  async frame(members: Readonly<Record<string, unknown>>, timeoutMs?: number): Promise<Record<string, unknown>> {
    const found = await this.#frames.first(
      `a frame with ${JSON.stringify(members)}`,
      ({ json }) => json !== undefined && Object.entries(members).every(([name, value]) => json[name] === value),
      timeoutMs,
      () => `frames so far:\n${this.frames.map(({ text }) => text.slice(0, 300)).join('\n')}`,
    );
    return found.json ?? {};
  }

  /** Sends a hello of an older client (no `protocol`) unless told otherwise, and returns the ack. */
  async hello(members: Readonly<Record<string, unknown>> = {}): Promise<Record<string, unknown>> {
    this.send({ op: 'hello', ...members });
    return this.next();
  }

  ping(): void {
    this.#socket.ping();
  }

  /** Stops reading; the daemon's writes pile up. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  closedWith(timeoutMs?: number): Promise<ClosedWith> {
    return withDeadline(
      'the close of the socket',
      this.closed,
      timeoutMs,
      () => `frames so far:\n${this.frames.map(({ text }) => text).join('\n')}`,
    );
  }

  close(code?: number, reason?: string): void {
    this.#socket.close(code, reason);
  }

  /** Like a peer whose machine has gone: no close frame. */
  terminate(): void {
    this.#socket.terminate();
  }
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined; // the test asks for the text then
  }
}
