import type { Logger } from '../platform/json-logger.ts';
import type { ShimControl } from '../protocol/hello.ts';
import type { Clock } from './clock.ts';
import type { KnownFacts, WindowNames } from './known-facts.ts';

/** An acknowledged connection, as the relay uses it. */
export interface RelayLink {
  /** Largest frame that both sides take, in bytes. */
  readonly maxFrameBytes: number;
  /** Requests that may be open at once. */
  readonly maxPending: number;
  sendMessage(bytes: Uint8Array): void;
  sendControl(control: ShimControl): void;
}

export interface RelayOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly names: WindowNames;
  readonly facts: () => KnownFacts;
  readonly bounds: RelayBounds;
  /** One line to the editor; `onWritten` once the operating system has it. */
  readonly toEditor: (message: Uint8Array, onWritten?: () => void) => void;
  /** `initialize` and one list or call have been seen: a window, no probe (CLIENTS S18). */
  readonly onConfirmed: () => void;
  /** The name that the daemon gave this session: with the ack, and when it had to be changed since. */
  readonly onNamed?: (sessionId: string) => void;
  /** The connection is dead although nobody closed it: cut it, reconnect, resume. */
  readonly onDeadLink: (reason: string) => void;
}

/** WIRE §§2, 5.3, 7.2; sizes in bytes. */
export interface RelayBounds {
  readonly maxFrameBytes: number;
  readonly queueMax: number;
  readonly queueMs: number;
  readonly reconnectMs: number;
  readonly rpcTimeoutMs: number;
  readonly ackGraceMs: number;
}
