import type { Clock } from './clock.ts';

/** The part of a readable stream that a {@link StdinReader} uses. */
export interface ByteStream {
  on(event: 'data', listener: (chunk: Buffer) => void): unknown;
  on(event: 'end' | 'close', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  pause(): unknown;
  resume(): unknown;
}

export interface StdinReaderOptions {
  readonly stream: ByteStream;
  readonly clock: Clock;
  /** What was read has not been passed on yet: read no more. */
  readonly isFull: () => boolean;
  onChunk(chunk: Buffer): void;
  /** Exactly once: the editor has closed its end, or it is broken. */
  onEnd(reason: string): void;
}

/** While full, one chunk is read so often, … */
const probeIntervalMs = 25;
/** … up to so many bytes: more than the pipe of a dead editor can still hold. */
const probeBytes = 1024 * 1024;

/**
 * Reads the editor's pipe with back-pressure. Its end can only be seen by reading up to it, and an editor that closes
 * its window wants us gone in 0.2 s (CLIENTS S7): so a full reader goes on in small steps until it has read what a pipe
 * holds.
 */
export class StdinReader {
  readonly #options: StdinReaderOptions;
  #isPaused = false;
  #isEnded = false;
  #probedBytes = 0;
  #cancelProbe: (() => void) | undefined;

  constructor(options: StdinReaderOptions) {
    this.#options = options;
  }

  start(): void {
    const { stream } = this.#options;
    stream.on('data', (chunk) => this.#onData(chunk));
    stream.on('end', () => this.#end('stdin was closed'));
    stream.on('close', () => this.#end('stdin was closed'));
    stream.on('error', (error) => this.#end(`stdin is broken: ${error.message}`));
  }

  /** Looks again whether there is room. */
  check(): void {
    if (!this.#isPaused || this.#isEnded || this.#options.isFull()) return;
    this.#isPaused = false;
    this.#probedBytes = 0;
    this.#cancelProbe?.();
    this.#options.stream.resume();
  }

  /** No line is taken any more. */
  stop(): void {
    this.#isEnded = true;
    this.#cancelProbe?.();
    this.#options.stream.pause();
  }

  #onData(chunk: Buffer): void {
    if (this.#isEnded) return;
    if (this.#isPaused) this.#probedBytes += chunk.length;
    this.#options.onChunk(chunk);
    if (this.#options.isFull()) this.#pause();
    else this.check();
  }

  #pause(): void {
    const { stream, clock } = this.#options;
    stream.pause();
    this.#isPaused = true;
    this.#cancelProbe?.();
    if (this.#probedBytes < probeBytes) this.#cancelProbe = clock.schedule(() => stream.resume(), probeIntervalMs);
  }

  #end(reason: string): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#cancelProbe?.();
    this.#options.onEnd(reason);
  }
}
