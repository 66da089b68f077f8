import type { Socket } from 'node:net';
import { type CloseReason, closeCodes, limits } from '../protocol/limits.ts';
import { linkFrame, linkHeadBytes, linkUpgradeToken } from '../protocol/link.ts';
import { LinkDecoder } from '../protocol/link-decoder.ts';
import { type DaemonLink, type LinkHandlers, type LinkOptions, type LinkResult, proofHeaders } from './daemon-link.ts';
import { type Endpoint, type EndpointCandidate, endpointText } from './endpoint-plan.ts';
import { randomBytes } from './random-bytes.ts';
import { connectSocket } from './socket-connect.ts';
import { readUpgradeHead, type UpgradeHead } from './upgrade-head.ts';

/** Payloads up to this size are copied behind their head, so that a frame is one write. */
const copyBelowBytes = 16 * 1024;
const noPayload = Buffer.alloc(0);

/** Connects the link (protocol/link.ts) and checks the server's proof. `abort` ends the attempt. */
export async function connectLink(
  candidate: EndpointCandidate,
  options: LinkOptions,
  abort: AbortSignal,
): Promise<LinkResult> {
  const startedAt = options.now();
  const connected = await connectSocket(candidate.endpoint, options.connectTimeoutMs, abort);
  if (connected.type !== 'open') return connected;
  const { socket } = connected;
  const nonce = randomBytes(limits.nonceBytes).toString('base64url');
  socket.setNoDelay(true);
  socket.write(
    `GET /link HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: ${linkUpgradeToken}\r\n${proofHeaders.nonce}: ${nonce}\r\n\r\n`,
  );
  const answer = await readHead(socket, Math.max(1, options.connectTimeoutMs - (options.now() - startedAt)), abort);
  const where = endpointText(candidate.endpoint);
  const refuse = (message: string): LinkResult => {
    socket.destroy();
    return { type: 'failed', message };
  };
  if (answer === undefined) return refuse(`${where} did not answer as a daemon does.`);
  const { head, rest } = answer;
  if (head.statusCode !== 101) return refuse(`${where} answered ${head.statusCode} ${head.statusText}.`);
  const daemonRunId = head.headers.get(proofHeaders.run);
  const proof = head.headers.get(proofHeaders.proof);
  if (
    head.headers.get('upgrade')?.toLowerCase() !== linkUpgradeToken ||
    !options.isProven(candidate, { nonce, daemonRunId, proof })
  ) {
    return refuse(`Another program answers on ${where}.`);
  }
  return { type: 'open', link: new LinkSocket(socket, candidate.endpoint, options, rest) };
}

/** Undefined when the peer leaves, sends something else or takes too long. */
function readHead(
  socket: Socket,
  timeoutMs: number,
  abort: AbortSignal,
): Promise<{ head: UpgradeHead; rest: Buffer } | undefined> {
  return new Promise((resolve) => {
    let received: Buffer = noPayload;
    const finish = (result: { head: UpgradeHead; rest: Buffer } | undefined): void => {
      clearTimeout(timer);
      abort.removeEventListener('abort', onEnd);
      socket.off('data', onData);
      socket.off('close', onEnd);
      socket.pause();
      resolve(result);
    };
    const onData = (chunk: Buffer): void => {
      received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
      const read = readUpgradeHead(received);
      if (read.type === 'head') finish(read);
      else if (read.type === 'malformed') finish(undefined);
    };
    const onEnd = (): void => finish(undefined);
    const timer = setTimeout(onEnd, timeoutMs);
    socket.on('data', onData);
    socket.on('close', onEnd);
    abort.addEventListener('abort', onEnd, { once: true });
  });
}

/** The shim's end of a link. */
class LinkSocket implements DaemonLink {
  readonly endpoint: Endpoint;
  lastReadAt: number;
  readonly #socket: Socket;
  readonly #options: LinkOptions;
  readonly #decoder: LinkDecoder;
  readonly #firstBytes: Buffer;
  #handlers: LinkHandlers | undefined;
  #isCorked = false;
  #isClosing = false;
  #isReported = false;
  #closeCode = 1006;
  #closeReason = '';

  constructor(socket: Socket, endpoint: Endpoint, options: LinkOptions, firstBytes: Buffer) {
    this.#socket = socket;
    this.endpoint = endpoint;
    this.#options = options;
    this.#firstBytes = firstBytes;
    this.lastReadAt = options.now();
    this.#decoder = new LinkDecoder(options.maxFrameBytes, (type, payload) => this.#onFrame(type, payload));
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('drain', () => this.#handlers?.onDrain());
    socket.on('end', () => socket.end());
    socket.on('close', () => this.#onClosed());
  }

  setHandlers(handlers: LinkHandlers): void {
    this.#handlers = handlers;
    if (this.#socket.destroyed) process.nextTick(() => this.#onClosed());
    else {
      if (this.#firstBytes.length > 0) this.#onData(this.#firstBytes);
      this.#socket.resume();
    }
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  sendControl(text: string): void {
    this.#write(linkFrame.control, Buffer.from(text, 'utf8'));
  }

  sendMessage(bytes: Uint8Array): void {
    this.#write(linkFrame.message, bytes);
  }

  ping(): void {
    this.#write(linkFrame.ping, noPayload);
  }

  flush(): void {
    if (!this.#isCorked) return;
    this.#isCorked = false;
    this.#socket.uncork();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  setMaxFrameBytes(bytes: number): void {
    this.#decoder.maxFrameBytes = bytes;
  }

  close(reason: CloseReason): void {
    if (this.#isClosing) return;
    const text = Buffer.from(reason.reason, 'utf8');
    const payload = Buffer.alloc(2 + text.length);
    payload.writeUInt16BE(reason.code, 0);
    text.copy(payload, 2);
    this.#write(linkFrame.close, payload);
    this.#closeCode = reason.code;
    this.#closeReason = reason.reason;
    this.#finish();
  }

  terminate(): void {
    this.#isClosing = true;
    this.#socket.destroy();
  }

  #finish(): void {
    this.#isClosing = true;
    this.#decoder.stop();
    this.flush();
    this.#socket.end();
    const timer = setTimeout(() => this.#socket.destroy(), this.#options.closeTimeoutMs);
    this.#socket.once('close', () => clearTimeout(timer));
    this.#socket.resume(); // an unread byte would keep the close from completing
  }

  #write(type: number, payload: Uint8Array): void {
    if (this.#isClosing || this.#socket.destroyed) return;
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#socket.cork();
      process.nextTick(() => this.flush());
    }
    const isSmall = payload.length <= copyBelowBytes;
    const frame = Buffer.allocUnsafe(isSmall ? linkHeadBytes + payload.length : linkHeadBytes);
    frame.writeUInt32BE(payload.length, 0);
    frame[4] = type;
    if (isSmall) frame.set(payload, linkHeadBytes);
    this.#socket.write(frame);
    if (!isSmall) this.#socket.write(payload);
  }

  #onData(chunk: Buffer): void {
    this.lastReadAt = this.#options.now();
    if (this.#decoder.push(chunk).type === 'too-big') this.close(closeCodes.tooBig);
  }

  #onFrame(type: number, payload: Uint8Array): void {
    switch (type) {
      case linkFrame.control:
      case linkFrame.message:
        this.#handlers?.onFrame(payload, type === linkFrame.control);
        return;
      case linkFrame.ping:
        this.#write(linkFrame.pong, payload);
        return;
      case linkFrame.pong:
        return;
      case linkFrame.close: {
        const view = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
        this.#closeCode = view.length >= 2 ? view.readUInt16BE(0) : 1005;
        this.#closeReason = view.subarray(2).toString('utf8');
        this.#finish();
        return;
      }
      default:
        this.close({ code: 1002, reason: 'unknown frame type' });
    }
  }

  #onClosed(): void {
    if (this.#isReported) return;
    this.#isReported = true;
    this.#isClosing = true;
    this.#handlers?.onClose(this.#closeCode, this.#closeReason);
  }
}
