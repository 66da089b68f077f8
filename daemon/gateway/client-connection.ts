import { performance } from 'node:perf_hooks';
import { type CloseReason, closeCodes, limits } from '../../protocol/limits.ts';
import type { FrameKind, FrameSocket, UpgradeInfo } from '../listen/frame-socket.ts';
import { Heartbeat } from '../sessions/heartbeat.ts';
import type { SessionConnection } from '../sessions/session.ts';
import type { FrameScheduler, Inbox } from './frame-scheduler.ts';

export interface ConnectionOptions {
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
  readonly scheduler: FrameScheduler;
  /** Guard 10: bytes unsent, and for how long, that end a connection. */
  readonly slowReaderBytes: number;
  readonly slowReaderMs: number;
}

/** Bytes a client may leave unread before its own frames have to wait, and how often that is looked at. */
const maxUnreadBytes = 4 * 1024 * 1024;
const outputCheckMs = 10;

/**
 * An accepted connection: fair reading, heartbeat, slow-reader guard. What its frames mean is decided by the handler
 * that is set once the handshake has chosen a mode.
 */
export class ClientConnection implements SessionConnection {
  readonly upgrade: UpgradeInfo;
  readonly #socket: FrameSocket;
  readonly #options: ConnectionOptions;
  readonly #inbox: Inbox;
  readonly #heartbeat: Heartbeat;
  /** Resolves when it has closed. */
  readonly gone: Promise<void>;
  /** Why the socket is not read; it is read while there is no reason. */
  readonly #holds = new Set<'inbox' | 'output'>();
  #resolveGone: () => void = () => undefined;
  #lastTakenAt = -Infinity;
  #outputTimer: NodeJS.Timeout | undefined;
  #handler: ((bytes: Buffer) => void) | undefined;
  #onClosed: ((code: number, reason: string) => void) | undefined;
  #isClosed = false;
  #slowTimer: NodeJS.Timeout | undefined;

  constructor(socket: FrameSocket, upgrade: UpgradeInfo, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.upgrade = upgrade;
    this.#inbox = options.scheduler.open((bytes) => this.#handler?.(bytes), {
      pause: () => this.#hold('inbox'),
      resume: () => this.#release('inbox'),
    });
    this.gone = new Promise((resolve) => {
      this.#resolveGone = resolve;
    });
    this.#heartbeat = new Heartbeat({
      intervalMs: options.pingIntervalMs,
      timeoutMs: options.pingTimeoutMs,
      lastReadAt: () => Math.max(socket.lastReadAt, this.#lastTakenAt),
      sendPing: () => socket.ping(),
      onLost: () => this.#cut(closeCodes.heartbeatLost),
    });
  }

  /**
   * For shims: an editor that stops reading its pipe blocks the shim in a write, and a blocked shim answers no ping
   * (CLIENTS S10). One that is really gone breaks its socket.
   */
  tolerateSilence(): void {
    this.#heartbeat.tolerate(limits.silentShimMs);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  start(handler: (bytes: Buffer) => void, onClosed: (code: number, reason: string) => void): void {
    this.#handler = handler;
    this.#onClosed = onClosed;
    this.#heartbeat.start();
  }

  /** A frame from the socket, on its way to the handler. */
  receive(bytes: Buffer): void {
    this.#inbox.push(bytes);
  }

  send(kind: FrameKind, payload: string | Uint8Array): void {
    if (this.#isClosed) return;
    this.#socket.send(kind, payload);
    this.#inbox.charge(payload.length);
    if (this.#outputTimer === undefined && this.#socket.bufferedBytes > maxUnreadBytes) this.#holdUntilRead();
    if (this.#slowTimer === undefined && this.#socket.bufferedBytes > this.#options.slowReaderBytes)
      this.#watchSlowReader();
  }

  close(reason: CloseReason): void {
    this.#heartbeat.stop();
    this.#socket.close(reason);
  }

  /** Called by the owner of the socket when it has closed. */
  closed(code: number, reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#heartbeat.stop();
    clearTimeout(this.#slowTimer);
    clearTimeout(this.#outputTimer);
    this.#inbox.close();
    this.#onClosed?.(code, reason);
    this.#resolveGone();
  }

  #hold(reason: 'inbox' | 'output'): void {
    if (this.#holds.size === 0) this.#socket.pause();
    this.#holds.add(reason);
  }

  #release(reason: 'inbox' | 'output'): void {
    if (this.#holds.delete(reason) && this.#holds.size === 0) this.#socket.resume();
  }

  /**
   * Who asks without reading the answers is not read any further until it does; otherwise a small request repeated would
   * fill our memory. What it takes meanwhile counts as life, since its pongs wait as well.
   */
  #holdUntilRead(): void {
    this.#hold('output');
    let unread = this.#socket.bufferedBytes;
    const check = (): void => {
      this.#outputTimer = undefined;
      const left = this.#socket.bufferedBytes;
      if (left < unread) this.#lastTakenAt = performance.now();
      unread = left;
      if (left <= maxUnreadBytes / 2) this.#release('output');
      else this.#outputTimer = setTimeout(check, outputCheckMs);
    };
    this.#outputTimer = setTimeout(check, outputCheckMs);
  }

  /** A peer that answers nothing will not take part in a closing handshake either. */
  #cut(reason: CloseReason): void {
    this.#socket.close(reason);
    this.closed(reason.code, reason.reason);
  }

  #watchSlowReader(): void {
    const slowSince = performance.now();
    const check = (): void => {
      this.#slowTimer = undefined;
      if (this.#isClosed || this.#socket.bufferedBytes <= this.#options.slowReaderBytes) return;
      if (performance.now() - slowSince >= this.#options.slowReaderMs) {
        this.#cut(closeCodes.slowConsumer);
        this.#socket.terminate();
        return;
      }
      this.#slowTimer = setTimeout(check, Math.min(1000, this.#options.slowReaderMs));
      this.#slowTimer.unref();
    };
    check();
  }
}

export const defaultSlowReader = {
  slowReaderBytes: limits.slowReaderBytes,
  slowReaderMs: limits.slowReaderMs,
} as const;
