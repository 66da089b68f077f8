import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createNetServer, Socket } from 'node:net';
import { dirname } from 'node:path';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { type DiscoveryFile, serverProof, writeDiscovery } from '../../platform/discovery.ts';
import type { StateLayout } from '../../platform/state-dir.ts';
import { linkFrame, linkHeadBytes, linkUpgradeToken } from '../../protocol/link.ts';
import { LinkDecoder } from '../../protocol/link-decoder.ts';
import { Arrivals } from './deadline.ts';

type Json = Readonly<Record<string, unknown>>;

const mostBytes = 64 * 1024 * 1024;

export interface ScriptedDaemonOptions {
  readonly layout: StateLayout;
  /** `local` = the link, `tcp` = WebSocket; the discovery file names no other. */
  readonly listen: 'local' | 'tcp';
  readonly daemonRunId?: string;
  /** What the 101 says in place of the right proof; null = nothing at all. */
  readonly proof?: string | null;
  /** State that the discovery file tells; `none` writes no file. */
  readonly discovery?: 'running' | 'stopped' | 'none';
  /** Every connection is accepted and nothing is ever said. */
  readonly isSilent?: boolean;
  /** Answers each hello; nothing is answered when it returns undefined. The default accepts. */
  readonly onHello?: (hello: Json) => Json | undefined;
}

/** One connection of a shim. */
export class ScriptedConnection {
  /** Frames behind the hello. */
  readonly frames = new Arrivals<Json>();
  readonly closed: Promise<void>;
  hello: Json | undefined;
  readonly #send: (text: string | Uint8Array, isControl: boolean) => void;
  readonly #close: (code: number, reason: string) => void;
  readonly socket: Duplex;

  constructor(
    socket: Duplex,
    send: (text: string | Uint8Array, isControl: boolean) => void,
    close: (code: number, reason: string) => void,
  ) {
    this.socket = socket;
    this.#send = send;
    this.#close = close;
    this.closed = new Promise((resolve) => {
      socket.once('close', () => resolve());
    });
  }

  control(frame: Json): void {
    this.#send(JSON.stringify(frame), true);
  }

  message(message: Json): void {
    this.#send(JSON.stringify({ jsonrpc: '2.0', ...message }), false);
  }

  /** The very bytes of a message. */
  raw(bytes: string | Uint8Array): void {
    this.#send(bytes, false);
  }

  close(code: number, reason = ''): void {
    this.#close(code, reason);
  }

  cut(): void {
    this.socket.destroy();
  }

  /** The first request with this method, one that has already come included. */
  request(method: string): Promise<Json> {
    return this.frames.first(`the request ${method}`, (frame) => frame['method'] === method);
  }
}

/**
 * A daemon that does what a test says, on a real socket, in either framing: for everything that the real one never does.
 * Answers `initialize` and `ping` by itself once a hello is accepted.
 */
export class ScriptedDaemon {
  readonly connections = new Arrivals<ScriptedConnection>();
  /** Plain connects, the silent ones included. */
  sockets = 0;
  port = 0;
  readonly #options: ScriptedDaemonOptions;
  readonly #runKey = randomBytes(32).toString('base64url');
  readonly #open = new Set<Duplex>();
  readonly #webSockets = new WebSocketServer({ noServer: true, perMessageDeflate: false, maxPayload: mostBytes });
  #close: () => void = () => undefined;

  private constructor(options: ScriptedDaemonOptions) {
    this.#options = options;
  }

  static async start(options: ScriptedDaemonOptions): Promise<ScriptedDaemon> {
    const daemon = new ScriptedDaemon(options);
    await daemon.#listen();
    daemon.writeDiscovery();
    return daemon;
  }

  get socketPath(): string {
    return `${this.#options.layout.runDir}/scripted.sock`;
  }

  /** Writes the discovery file, possibly of another run than the one that answers. */
  writeDiscovery(more: Partial<DiscoveryFile> = {}): void {
    const { layout, listen, discovery = 'running', daemonRunId = 'scripted-run' } = this.#options;
    if (discovery === 'none') return;
    const where =
      listen === 'local' ? { localSocket: this.socketPath } : { tcp: { host: '127.0.0.1', port: this.port } };
    const facts = { schema: 1, daemonRunId, version: '0.0.0', protocol: '1.0', ...where } as const;
    const file: DiscoveryFile =
      discovery === 'stopped'
        ? { ...facts, state: 'stopped' }
        : { ...facts, state: 'running', pid: process.pid, processStartedAt: 1, runKey: this.#runKey };
    writeDiscovery(layout.discoveryFile, { ...file, ...more } as DiscoveryFile);
  }

  async stop(): Promise<void> {
    for (const socket of this.#open) socket.destroy();
    this.#close();
    await Promise.resolve();
  }

  async #listen(): Promise<void> {
    const { layout, listen, isSilent = false } = this.#options;
    mkdirSync(dirname(this.socketPath), { recursive: true, mode: 0o700 });
    mkdirSync(layout.stateDir, { recursive: true, mode: 0o700 });
    rmSync(this.socketPath, { force: true });
    const server = isSilent ? createNetServer() : createServer((_request, response) => response.writeHead(404).end());
    server.on('connection', (socket: Socket) => {
      this.sockets += 1;
      this.#open.add(socket);
      socket.on('error', () => undefined);
      socket.once('close', () => this.#open.delete(socket));
    });
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.#onUpgrade(request, socket, head),
    );
    await new Promise<void>((resolve) => {
      if (listen === 'local') server.listen(this.socketPath, resolve);
      else server.listen(0, '127.0.0.1', resolve);
    });
    const address = server.address();
    this.port = typeof address === 'object' && address !== null ? address.port : 0;
    this.#close = () => server.close();
  }

  #onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const headers = this.#proofHeaders(String(request.headers['x-exai-nonce']));
    if (request.headers.upgrade === linkUpgradeToken) {
      socket.write(
        [
          'HTTP/1.1 101 Switching Protocols',
          'Connection: Upgrade',
          `Upgrade: ${linkUpgradeToken}`,
          ...headers,
          '',
          '',
        ].join('\r\n'),
      );
      this.#startLink(socket, head);
      return;
    }
    const key = String(request.headers['sec-websocket-key']);
    if (!/^[A-Za-z0-9+/]{22}==$/.test(key)) throw new Error(`no WebSocket key: ${key}`);
    this.#webSockets.once('headers', (lines: string[]) => lines.push(...headers));
    this.#webSockets.handleUpgrade(request, socket, head, (webSocket) => this.#startWebSocket(webSocket, socket));
  }

  #proofHeaders(nonce: string): string[] {
    const { proof, daemonRunId = 'scripted-run' } = this.#options;
    if (proof === null) return [];
    return [`X-Exai-Run: ${daemonRunId}`, `X-Exai-Proof: ${proof ?? serverProof(this.#runKey, nonce, daemonRunId)}`];
  }

  #startLink(socket: Duplex, head: Buffer): void {
    const write = (type: number, payload: Uint8Array): void => {
      const frame = Buffer.alloc(linkHeadBytes);
      frame.writeUInt32BE(payload.length, 0);
      frame[4] = type;
      socket.write(Buffer.concat([frame, payload]));
    };
    const connection = new ScriptedConnection(
      socket,
      (text, isControl) => write(isControl ? linkFrame.control : linkFrame.message, Buffer.from(text)),
      (code, reason) => {
        const payload = Buffer.alloc(2);
        payload.writeUInt16BE(code, 0);
        write(linkFrame.close, Buffer.concat([payload, Buffer.from(reason)]));
        socket.end();
      },
    );
    const decoder = new LinkDecoder(mostBytes, (type, payload) => {
      if (type === linkFrame.ping) write(linkFrame.pong, payload);
      else if (type === linkFrame.control || type === linkFrame.message)
        this.#onFrame(connection, Buffer.from(payload));
    });
    socket.on('data', (chunk: Buffer) => void decoder.push(chunk));
    socket.on('end', () => socket.end());
    decoder.push(head);
  }

  #startWebSocket(webSocket: WebSocket, socket: Duplex): void {
    const connection = new ScriptedConnection(
      socket,
      (text) => webSocket.send(text, { binary: false }),
      (code, reason) => webSocket.close(code, reason),
    );
    webSocket.on('message', (data: Buffer) => this.#onFrame(connection, data));
    webSocket.on('error', () => undefined);
  }

  #onFrame(connection: ScriptedConnection, bytes: Buffer): void {
    const frame: Json = JSON.parse(bytes.toString('utf8'));
    if (connection.hello !== undefined) {
      connection.frames.push(frame);
      if (frame['method'] === 'initialize')
        connection.message({ id: frame['id'], result: { protocolVersion: '2025-11-25' } });
      return;
    }
    connection.hello = frame;
    this.connections.push(connection);
    const answer = this.#options.onHello === undefined ? {} : this.#options.onHello(frame);
    if (answer === undefined) return;
    const { daemonRunId = 'scripted-run' } = this.#options;
    connection.control({
      op: 'hello_ack',
      ok: true,
      session_id: 'scripted',
      daemonRunId,
      resumed: false,
      lost: [],
      unknown: [],
      ...answer,
    });
  }
}

/** What a long text is compared by. */
export function digestOf(text: string | Uint8Array): string {
  return createHash('sha256').update(text).digest('hex');
}
