import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { RawData, WebSocket } from 'ws';
import { type CloseReason, limits } from '../protocol/limits.ts';
import { type DaemonLink, type LinkHandlers, type LinkOptions, type LinkResult, proofHeaders } from './daemon-link.ts';
import { type Endpoint, type EndpointCandidate, endpointText } from './endpoint-plan.ts';
import { randomBytes } from './random-bytes.ts';
import { connectSocket } from './socket-connect.ts';

/**
 * Connects a WebSocket over TCP and checks the server's proof. The `ws` package and `node:http` are loaded only once
 * somebody listens there: together they cost as much time as the start of Node itself.
 */
export async function connectWebSocket(
  candidate: EndpointCandidate,
  options: LinkOptions,
  abort: AbortSignal,
): Promise<LinkResult> {
  const { endpoint } = candidate;
  const startedAt = options.now();
  const connected = await connectSocket(endpoint, options.connectTimeoutMs, abort);
  if (connected.type !== 'open') return connected;
  const { socket } = connected;
  const { WebSocket: WebSocketClient } = await import('ws');
  if (abort.aborted || socket.destroyed) {
    socket.destroy();
    return { type: 'failed', message: `${endpointText(endpoint)} closed the connection.` };
  }
  const nonce = randomBytes(limits.nonceBytes).toString('base64url');
  const webSocket = new WebSocketClient(`ws://${endpointText(endpoint)}/`, {
    headers: { [proofHeaders.nonce]: nonce },
    perMessageDeflate: false, // doubles the latency of small calls (PERFORMANCE)
    maxPayload: options.maxFrameBytes,
    handshakeTimeout: Math.max(1, options.connectTimeoutMs - (options.now() - startedAt)),
    followRedirects: false,
    createConnection: () => socket,
  });
  return openWebSocket(webSocket, socket, candidate, { ...options, nonce }, abort);
}

function openWebSocket(
  webSocket: WebSocket,
  socket: Socket,
  candidate: EndpointCandidate,
  options: LinkOptions & { readonly nonce: string },
  abort: AbortSignal,
): Promise<LinkResult> {
  const where = endpointText(candidate.endpoint);
  return new Promise((resolve) => {
    let refusal = `${where} did not answer as a daemon does.`;
    const finish = (result: LinkResult): void => {
      abort.removeEventListener('abort', onAbort);
      resolve(result);
    };
    const onAbort = (): void => webSocket.terminate();
    abort.addEventListener('abort', onAbort, { once: true });
    webSocket.on('unexpected-response', (_request, response: IncomingMessage) => {
      refusal = `${where} answered ${response.statusCode} ${response.statusMessage}.`;
      webSocket.terminate();
      socket.destroy();
    });
    webSocket.on('upgrade', (response: IncomingMessage) => {
      const answer = {
        nonce: options.nonce,
        daemonRunId: headerOf(response, proofHeaders.run),
        proof: headerOf(response, proofHeaders.proof),
      };
      if (options.isProven(candidate, answer)) return;
      refusal = `Another program answers on ${where}.`;
      webSocket.terminate();
    });
    webSocket.on('open', () =>
      finish({ type: 'open', link: new WebSocketLink(webSocket, socket, candidate.endpoint, options) }),
    );
    webSocket.on('error', () => {
      socket.destroy();
      finish({ type: 'failed', message: refusal });
    });
    webSocket.on('close', () => finish({ type: 'failed', message: refusal }));
  });
}

function headerOf(response: IncomingMessage, name: string): string | undefined {
  const value = response.headers[name];
  return typeof value === 'string' ? value : undefined;
}

/** The shim's end of a WebSocket. Control frames and messages are text frames alike. */
class WebSocketLink implements DaemonLink {
  readonly endpoint: Endpoint;
  lastReadAt: number;
  readonly #webSocket: WebSocket;
  readonly #socket: Socket;
  readonly #closeTimeoutMs: number;
  #handlers: LinkHandlers | undefined;
  #isCorked = false;

  constructor(webSocket: WebSocket, socket: Socket, endpoint: Endpoint, options: LinkOptions) {
    this.#webSocket = webSocket;
    this.#socket = socket;
    this.endpoint = endpoint;
    this.#closeTimeoutMs = options.closeTimeoutMs;
    this.lastReadAt = options.now();
    socket.on('data', () => {
      this.lastReadAt = options.now();
    });
    socket.on('drain', () => this.#handlers?.onDrain());
    webSocket.on('message', (data: RawData) => this.#handlers?.onFrame(bytesOf(data), undefined));
    webSocket.on('close', (code, reason) => this.#handlers?.onClose(code, reason.toString('utf8')));
  }

  setHandlers(handlers: LinkHandlers): void {
    this.#handlers = handlers;
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  sendControl(text: string): void {
    this.#send(text);
  }

  sendMessage(bytes: Uint8Array): void {
    this.#send(bytes);
  }

  ping(): void {
    if (this.#isOpen()) this.#webSocket.ping(undefined, undefined, ignoreSendError);
  }

  flush(): void {
    if (!this.#isCorked) return;
    this.#isCorked = false;
    this.#socket.uncork();
  }

  pause(): void {
    this.#webSocket.pause();
  }

  resume(): void {
    this.#webSocket.resume();
  }

  setMaxFrameBytes(bytes: number): void {
    // ws fixes the limit when a connection starts; the daemon's own limit is known only from its ack.
    const receiver: unknown = Reflect.get(this.#webSocket, '_receiver');
    if (typeof receiver === 'object' && receiver !== null && typeof Reflect.get(receiver, '_maxPayload') === 'number') {
      Reflect.set(receiver, '_maxPayload', bytes);
    }
  }

  close(reason: CloseReason): void {
    this.flush();
    this.#webSocket.close(reason.code, reason.reason);
    const timer = setTimeout(() => this.#webSocket.terminate(), this.#closeTimeoutMs);
    this.#webSocket.once('close', () => clearTimeout(timer));
    this.#webSocket.resume(); // an unread frame would keep the close from completing
  }

  terminate(): void {
    this.#webSocket.terminate();
  }

  #send(data: string | Uint8Array): void {
    if (!this.#isOpen()) return;
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#socket.cork();
      process.nextTick(() => this.flush());
    }
    this.#webSocket.send(data, { binary: false }, ignoreSendError);
  }

  #isOpen(): boolean {
    return this.#webSocket.readyState === this.#webSocket.OPEN;
  }
}

function bytesOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}

/** A failed send means that the daemon is gone; `close` reports it. */
function ignoreSendError(): void {}
