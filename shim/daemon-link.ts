import type { CloseReason } from '../protocol/limits.ts';
import type { Endpoint, EndpointCandidate } from './endpoint-plan.ts';

/** A framed connection to the daemon: link on the local socket, WebSocket on TCP. Never throws into the caller. */
export interface DaemonLink {
  readonly endpoint: Endpoint;
  /** An EXAI frame: hello, control. */
  sendControl(text: string): void;
  /** One JSON-RPC message. The bytes must not be changed afterwards. */
  sendMessage(bytes: Uint8Array): void;
  ping(): void;
  /** Hands over what was sent in this tick; otherwise that happens at its end. */
  flush(): void;
  /** Back-pressure: stop and continue reading frames. */
  pause(): void;
  resume(): void;
  /** Largest frame accepted from now on, in bytes. */
  setMaxFrameBytes(bytes: number): void;
  /** Says goodbye; the connection is gone at the latest after the close timeout. Safe to call twice. */
  close(reason: CloseReason): void;
  /** Cuts the connection without a word. */
  terminate(): void;
  /** Set at once after the connect, before the current tick ends. */
  setHandlers(handlers: LinkHandlers): void;
  /** Bytes sent and not yet taken by the operating system. */
  readonly bufferedBytes: number;
  /** Monotonic milliseconds of the last byte read. Any byte counts as life (WIRE §5.1). */
  readonly lastReadAt: number;
}

export interface LinkHandlers {
  /**
   * One complete frame. `isControl` undefined where the framing does not tell (WebSocket). The bytes may be a view of a
   * larger read: copy what must outlive the call.
   */
  onFrame(bytes: Uint8Array, isControl: boolean | undefined): void;
  /** The operating system has taken everything that was sent. */
  onDrain(): void;
  /** Exactly once, whoever closed. 1006 when there was no close frame. */
  onClose(code: number, reason: string): void;
}

export interface LinkOptions {
  readonly maxFrameBytes: number;
  readonly connectTimeoutMs: number;
  readonly closeTimeoutMs: number;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  /**
   * Begins the check of the server's proof (WIRE §10) while the answer to the upgrade is on its way: what is returned
   * tells whether the answer proves what this candidate demands. Nothing else is sent before it does.
   */
  readonly expectProof: (candidate: EndpointCandidate, nonce: string) => (answer: UpgradeAnswer) => boolean;
}

/** What the 101 says. */
export interface UpgradeAnswer {
  readonly daemonRunId: string | undefined;
  readonly proof: string | undefined;
}

export type LinkResult =
  | { readonly type: 'open'; readonly link: DaemonLink }
  /** Nobody listens there. */
  | { readonly type: 'absent'; readonly message: string }
  /** Somebody listens, but does not answer as our daemon should now. */
  | { readonly type: 'failed'; readonly message: string };

/** Name of the request header with the nonce, and of the two answers to it (WIRE §10.2). */
export const proofHeaders = { nonce: 'X-Exai-Nonce', run: 'x-exai-run', proof: 'x-exai-proof' } as const;
