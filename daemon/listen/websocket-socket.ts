import { isUtf8 } from 'node:buffer';
import { performance } from 'node:perf_hooks';
import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import type { CloseReason } from '../../protocol/limits.ts';
import type { FrameHandlers, FrameKind, FrameSocket } from './frame-socket.ts';

/** The daemon's end of a WebSocket. Text and binary frames are the same to the layers above (WIRE §1.3). */
export class WebSocketSocket implements FrameSocket {
  lastReadAt = performance.now();
  readonly #webSocket: WebSocket;
  readonly #stream: Duplex;
  #handlers: FrameHandlers | undefined;
  #isCorked = false;

  constructor(webSocket: WebSocket, stream: Duplex) {
    this.#webSocket = webSocket;
    this.#stream = stream;
    stream.on('data', () => {
      this.lastReadAt = performance.now();
    });
    webSocket.on('message', (data, isBinary) => this.#onMessage(data, isBinary));
    webSocket.on('error', () => undefined); // protocol errors: ws closes with the right code, 'close' reports it
    webSocket.on('close', (code, reason) => this.#handlers?.onClose(code, reason.toString('utf8')));
  }

  setHandlers(handlers: FrameHandlers): void {
    this.#handlers = handlers;
  }

  get bufferedBytes(): number {
    return this.#webSocket.bufferedAmount;
  }

  setMaxFrameBytes(bytes: number): void {
    // ws fixes the limit when a connection starts; ours grows once the peer has shown a credential.
    const receiver: unknown = Reflect.get(this.#webSocket, '_receiver');
    if (typeof receiver !== 'object' || receiver === null || typeof Reflect.get(receiver, '_maxPayload') !== 'number') {
      throw new Error('ws has no adjustable payload limit in this version');
    }
    Reflect.set(receiver, '_maxPayload', bytes);
  }

  send(_kind: FrameKind, payload: string | Uint8Array): void {
    if (this.#webSocket.readyState !== this.#webSocket.OPEN) return;
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#stream.cork();
      process.nextTick(() => {
        this.#isCorked = false;
        this.#stream.uncork();
      });
    }
    this.#webSocket.send(payload, { binary: false }, ignoreSendError);
  }

  ping(): void {
    if (this.#webSocket.readyState === this.#webSocket.OPEN)
      this.#webSocket.ping(undefined, undefined, ignoreSendError);
  }

  close(reason: CloseReason): void {
    this.#webSocket.close(reason.code, reason.reason);
  }

  terminate(): void {
    this.#webSocket.terminate();
  }

  pause(): void {
    this.#webSocket.pause();
  }

  resume(): void {
    this.#webSocket.resume();
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    const bytes = Buffer.isBuffer(data) ? data : Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
    if (isBinary && !isUtf8(bytes)) {
      this.#webSocket.close(1007, '');
      return;
    }
    this.#handlers?.onFrame(bytes);
  }
}

/** A failed send means the peer is gone; the close event reports it. */
function ignoreSendError(): void {}
