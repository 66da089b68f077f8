import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { type CloseReason, closeCodes } from '../../protocol/limits.ts';
import { type LinkFrameType, linkFrame } from '../../protocol/link.ts';
import { LinkDecoder } from '../../protocol/link-decoder.ts';
import type { FrameHandlers, FrameKind, FrameSocket } from './frame-socket.ts';
import { decodeClose, encodeClose, writeLinkFrame } from './link-frames.ts';

const noPayload = Buffer.alloc(0);
/** Bytes unsent above which pings stay unanswered: a peer that pings and never reads must not fill our memory. */
const pongBelowBytes = 1024 * 1024;

/** The daemon's end of a link (protocol/link.ts) on an upgraded socket. */
export class LinkSocket implements FrameSocket {
  lastReadAt = performance.now();
  readonly #socket: Socket;
  readonly #closeTimeoutMs: number;
  readonly #decoder: LinkDecoder;
  #handlers: FrameHandlers | undefined;
  #isClosing = false;
  #isClosed = false;
  #isCorked = false;
  #closeCode = 1006;
  #closeReason = '';

  constructor(socket: Socket, options: { maxFrameBytes: number; closeTimeoutMs: number }) {
    this.#socket = socket;
    this.#closeTimeoutMs = options.closeTimeoutMs;
    this.#decoder = new LinkDecoder(options.maxFrameBytes, (type, payload) => this.#onFrame(type, payload));
    socket.setNoDelay(true);
    socket.setTimeout(0);
    socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    socket.on('error', () => socket.destroy()); // the peer is gone; 'close' follows and reports it
    socket.on('end', () => socket.end());
    socket.on('close', () => this.#onClosed());
  }

  /** Bytes that came behind the upgrade request's head. */
  start(head: Buffer): void {
    if (head.length > 0) this.#onData(head);
  }

  setHandlers(handlers: FrameHandlers): void {
    this.#handlers = handlers;
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  setMaxFrameBytes(bytes: number): void {
    this.#decoder.maxFrameBytes = bytes;
  }

  send(kind: FrameKind, payload: string | Uint8Array): void {
    this.#write(kind === 'control' ? linkFrame.control : linkFrame.message, payload);
  }

  ping(): void {
    this.#write(linkFrame.ping, noPayload);
  }

  close(reason: CloseReason): void {
    if (this.#isClosing) return;
    this.#write(linkFrame.close, encodeClose(reason));
    this.#isClosing = true;
    this.#closeCode = reason.code;
    this.#closeReason = reason.reason;
    this.#endSoon();
  }

  /** Waits for the peer's end of the socket, at most the close timeout. */
  #endSoon(): void {
    this.#decoder.stop();
    this.#socket.end();
    const timer = setTimeout(() => this.#socket.destroy(), this.#closeTimeoutMs);
    this.#socket.once('close', () => clearTimeout(timer));
    this.#socket.resume(); // an unread byte would keep the close from completing
  }

  terminate(): void {
    this.#isClosing = true;
    this.#socket.destroy();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  #write(type: LinkFrameType, payload: string | Uint8Array): void {
    if (this.#isClosing || this.#socket.destroyed) return;
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#socket.cork();
      process.nextTick(() => {
        this.#isCorked = false;
        this.#socket.uncork();
      });
    }
    writeLinkFrame(this.#socket, type, payload);
  }

  #onData(chunk: Buffer): void {
    this.lastReadAt = performance.now();
    if (this.#decoder.push(chunk).type === 'too-big') this.close(closeCodes.tooBig);
  }

  #onFrame(type: number, payload: Uint8Array): void {
    switch (type) {
      case linkFrame.control:
      case linkFrame.message:
        this.#handlers?.onFrame(Buffer.from(payload.buffer, payload.byteOffset, payload.length));
        return;
      case linkFrame.ping:
        if (this.#socket.writableLength < pongBelowBytes) this.#write(linkFrame.pong, payload);
        return;
      case linkFrame.pong:
        return;
      case linkFrame.close: {
        const { code, reason } = decodeClose(payload);
        this.#closeCode = code;
        this.#closeReason = reason;
        this.#isClosing = true;
        this.#endSoon();
        return;
      }
      default:
        this.close({ code: 1002, reason: 'unknown frame type' });
    }
  }

  #onClosed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#isClosing = true;
    this.#handlers?.onClose(this.#closeCode, this.#closeReason);
  }
}
