import type { CloseReason } from '../../protocol/limits.ts';

/** Where a connection comes from, as the guards see it. */
export interface Peer {
  /** Address after `EXAI_WS_TRUST_PROXY`, or `local` for the local socket. */
  readonly address: string;
  readonly listener: 'tcp' | 'local' | 'dashboard';
  /** Loopback address or local socket: exempt from the per-address limits (WIRE §2). */
  readonly isExempt: boolean;
}

/** What the upgrade request said. */
export interface UpgradeInfo {
  readonly peer: Peer;
  readonly bearer: string | null;
  /** The bearer was wrong, and has been counted as a failed authentication (guard 8). */
  readonly isBearerCounted: boolean;
  readonly framing: 'websocket' | 'link';
}

/** `control` = an EXAI frame (`op`), `message` = JSON-RPC. A WebSocket sends both as text frames. */
export type FrameKind = 'control' | 'message';

export interface FrameHandlers {
  /** One complete frame. The bytes may be a view of a larger read: copy what must outlive the call. */
  onFrame(bytes: Buffer): void;
  /** Exactly once, whoever closed. 1006 when there was no close frame. */
  onClose(code: number, reason: string): void;
}

/** A framed connection: WebSocket or link. Never throws into the caller; a broken peer ends in `onClose`. */
export interface FrameSocket {
  /** Sends one frame; writes of one tick leave together. No effect once closing. */
  send(kind: FrameKind, payload: string | Uint8Array): void;
  ping(): void;
  /** Sends a close frame, then waits at most the close timeout for the peer's. Safe to call twice. */
  close(reason: CloseReason): void;
  /** Cuts the connection without a word. */
  terminate(): void;
  /** Back-pressure: stop and continue reading frames. */
  pause(): void;
  resume(): void;
  /** Largest frame accepted from now on, in bytes; a larger one closes with 1009 before it is buffered. */
  setMaxFrameBytes(bytes: number): void;
  /** Set once, before the first tick ends. */
  setHandlers(handlers: FrameHandlers): void;
  /** Bytes written and not yet taken by the operating system. */
  readonly bufferedBytes: number;
  /** Monotonic time in milliseconds of the last byte read. Any byte counts as life (WIRE §5.1). */
  readonly lastReadAt: number;
}
