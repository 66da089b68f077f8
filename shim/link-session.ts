import { closeCodes } from '../protocol/limits.ts';
import type { Clock } from './clock.ts';
import type { DaemonLink } from './daemon-link.ts';
import { Heartbeat } from './heartbeat.ts';
import { type AckDefaults, type HelloAnswer, readHelloAnswer } from './hello-ack.ts';

export interface LinkSessionOptions {
  readonly link: DaemonLink;
  readonly clock: Clock;
  /** First frame, written at once. */
  readonly helloText: string;
  readonly handshakeTimeoutMs: number;
  readonly defaults: AckDefaults;
  readonly isReadingPaused: () => boolean;
  /** Exactly once, unless the connection closes first. `accepted` turns every further frame into `onFrame`. */
  onAnswer(answer: HelloAnswer): void;
  onFrame(bytes: Uint8Array, isControl: boolean | undefined): void;
  readonly onDrain: () => void;
  /** Exactly once, unless `end` was called before. */
  onClosed(code: number, reason: string, wasConnected: boolean): void;
}

/** One connection from hello to close: handshake, its time-out, heartbeat. */
export class LinkSession {
  readonly link: DaemonLink;
  readonly #options: LinkSessionOptions;
  #state: 'waiting' | 'connected' | 'ended' = 'waiting';
  #cancelTimeout: (() => void) | undefined;
  #heartbeat: Heartbeat | undefined;

  constructor(options: LinkSessionOptions) {
    this.#options = options;
    this.link = options.link;
  }

  start(): void {
    const { link, clock, handshakeTimeoutMs, helloText } = this.#options;
    this.#cancelTimeout = clock.schedule(
      () => this.cut(closeCodes.helloTimeout.code, 'no hello_ack'),
      handshakeTimeoutMs,
    );
    link.setHandlers({
      onFrame: (bytes, isControl) => this.#onFrame(bytes, isControl),
      onDrain: () => this.#options.onDrain(),
      onClose: (code, reason) => this.#onClose(code, reason),
    });
    link.sendControl(helloText);
    link.flush(); // nothing else is sent before the answer
  }

  /** Back-pressure: nothing is read from the daemon while the editor does not read. */
  setReadingPaused(isPaused: boolean): void {
    if (isPaused) {
      this.link.pause();
      this.#heartbeat?.onReadingPaused();
    } else this.link.resume();
  }

  /** The connection is over for us; nothing is reported any more. */
  end(reason: { readonly code: number; readonly reason: string }): void {
    this.#stop();
    this.link.close(reason);
  }

  /** Gives up a peer that does not answer and reports it as closed. */
  cut(code: number, reason: string): void {
    if (this.#state === 'ended') return;
    const wasConnected = this.#state === 'connected';
    this.#stop();
    this.link.terminate();
    this.#options.onClosed(code, reason, wasConnected);
  }

  #onFrame(bytes: Uint8Array, isControl: boolean | undefined): void {
    if (this.#state === 'connected') this.#options.onFrame(bytes, isControl);
    if (this.#state !== 'waiting') return;
    this.#cancelTimeout?.();
    const answer = readHelloAnswer(bytes, this.#options.defaults);
    if (answer.type === 'accepted') {
      this.#state = 'connected';
      this.#startHeartbeat(answer.heartbeat);
    }
    this.#options.onAnswer(answer);
  }

  #startHeartbeat({ intervalMs, timeoutMs }: { readonly intervalMs: number; readonly timeoutMs: number }): void {
    const { link, clock, isReadingPaused } = this.#options;
    this.#heartbeat = new Heartbeat({
      clock,
      intervalMs,
      timeoutMs,
      lastReadAt: () => link.lastReadAt,
      isReadingPaused,
      sendPing: () => link.ping(),
      onLost: () => this.cut(closeCodes.heartbeatLost.code, closeCodes.heartbeatLost.reason),
    });
    this.#heartbeat.start();
  }

  #onClose(code: number, reason: string): void {
    if (this.#state === 'ended') return;
    const wasConnected = this.#state === 'connected';
    this.#stop();
    this.#options.onClosed(code, reason, wasConnected);
  }

  #stop(): void {
    this.#state = 'ended';
    this.#cancelTimeout?.();
    this.#heartbeat?.stop();
  }
}
