import type { Socket } from 'node:net';
import type { CloseReason } from '../protocol/limits.ts';
import type { DaemonLink, LinkHandlers } from './daemon-link.ts';
import type { Endpoint } from './endpoint-plan.ts';
import type { CodecEvents, FrameCodec } from './frame-codec.ts';

export interface SocketLinkOptions {
  /** Upgraded, paused, with an `error` listener. */
  readonly socket: Socket;
  readonly endpoint: Endpoint;
  /** Bytes that came behind the answer to the upgrade. */
  readonly firstBytes: Buffer;
  readonly closeTimeoutMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly createCodec: (events: CodecEvents) => FrameCodec;
}

/** The shim's end of an upgraded socket, in either framing. Frames of one tick leave in one system call. */
export class SocketLink implements DaemonLink {
  readonly endpoint: Endpoint;
  lastReadAt: number;
  readonly #options: SocketLinkOptions;
  readonly #socket: Socket;
  readonly #codec: FrameCodec;
  #handlers: LinkHandlers | undefined;
  #isCorked = false;
  #isClosing = false;
  #isReported = false;
  #closeCode = 1006;
  #closeReason = '';

  constructor(options: SocketLinkOptions) {
    this.#options = options;
    this.#socket = options.socket;
    this.endpoint = options.endpoint;
    this.lastReadAt = options.now();
    this.#codec = options.createCodec({
      onFrame: (bytes, isControl) => this.#handlers?.onFrame(bytes, isControl),
      onPing: (payload) => this.#write(this.#codec.pong(payload)),
      onClose: (code, reason) => this.#onCloseFrame(code, reason),
      onBroken: (code, reason) => this.#onBroken(code, reason),
    });
    this.#socket.on('data', (chunk: Buffer) => this.#onData(chunk));
    this.#socket.on('drain', () => this.#handlers?.onDrain());
    this.#socket.on('end', () => this.#socket.end());
    this.#socket.on('error', (error) => {
      if (this.#closeCode === 1006) this.#closeReason = error.message;
    });
    this.#socket.on('close', () => this.#onClosed());
  }

  setHandlers(handlers: LinkHandlers): void {
    this.#handlers = handlers;
    if (this.#socket.destroyed) {
      process.nextTick(() => this.#onClosed());
      return;
    }
    if (this.#options.firstBytes.length > 0) this.#onData(this.#options.firstBytes);
    this.#socket.resume();
  }

  get bufferedBytes(): number {
    return this.#socket.writableLength;
  }

  sendControl(text: string): void {
    if (!this.#isClosing) this.#write(this.#codec.control(text));
  }

  sendMessage(bytes: Uint8Array): void {
    if (!this.#isClosing) this.#write(this.#codec.message(bytes));
  }

  ping(): void {
    if (!this.#isClosing) this.#write(this.#codec.ping());
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
    this.#codec.maxFrameBytes = bytes;
  }

  close({ code, reason }: CloseReason): void {
    if (this.#isClosing) return;
    this.#write(this.#codec.close(code, reason));
    this.#closeCode = code;
    this.#closeReason = reason;
    this.#finish();
  }

  terminate(): void {
    this.#isClosing = true;
    this.#socket.destroy();
  }

  #onCloseFrame(code: number, reason: string): void {
    if (!this.#isClosing && code !== 1005) this.#write(this.#codec.close(code, ''));
    this.#closeCode = code;
    this.#closeReason = reason;
    this.#finish();
  }

  /** To the daemon we name the fault; to ourselves it is a protocol error whatever it was. */
  #onBroken(code: number, reason: string): void {
    this.close({ code, reason });
    this.#closeCode = 1002;
    this.#closeReason = reason;
  }

  #finish(): void {
    this.#isClosing = true;
    this.#codec.stop();
    this.flush();
    this.#socket.end();
    const timer = setTimeout(() => this.#socket.destroy(), this.#options.closeTimeoutMs);
    this.#socket.once('close', () => clearTimeout(timer));
    this.#socket.resume(); // an unread byte would keep the close from completing
  }

  #write(parts: readonly Uint8Array[]): void {
    if (this.#isClosing || this.#socket.destroyed) return;
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#socket.cork();
      process.nextTick(() => this.flush());
    }
    for (const part of parts) this.#socket.write(part);
  }

  #onData(chunk: Buffer): void {
    this.lastReadAt = this.#options.now();
    this.#codec.push(chunk);
  }

  #onClosed(): void {
    if (this.#isReported) return;
    this.#isReported = true;
    this.#isClosing = true;
    this.#handlers?.onClose(this.#closeCode, this.#closeReason);
  }
}
