import { type FeedMessage, feedFrameMs, feedHeartbeatMs, feedMaxUnsentBytes } from '../../protocol/feed.ts';
import type { FeedState } from './feed-state.ts';

/** Where the lines of one reader go. Lines are shared between readers and must not be changed. */
export interface FeedReader {
  /** Bytes that this reader has not taken yet. */
  readonly unsentBytes: number;
  send(line: Uint8Array): void;
  /** The last line; whoever does not read it is cut off some time later. */
  end(line: Uint8Array): void;
}

export type RestartReason = Extract<FeedMessage, { type: 'restart' }>['reason'];

export interface FeedOptions {
  readonly state: FeedState;
  /** Brings the state up to date: what is known to have changed, or everything. */
  readonly refresh: (isEverything: boolean) => void;
  /** Whether anybody reads; nothing has to be noted while nobody does. */
  readonly onReading: (isRead: boolean) => void;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** Calls `task` every `intervalMs`; returns how to stop. */
  readonly every?: ((task: () => void, intervalMs: number) => () => void) | undefined;
}

/** Frames after which everything is looked at: what changes without an event is at most a second late. */
const framesPerScan = 10;
const framesPerHeartbeat = feedHeartbeatMs / feedFrameMs;

interface Reading {
  readonly reader: FeedReader;
  /** The snapshot itself may be larger than what a reader may leave unread. */
  readonly maxUnsentBytes: number;
}

/**
 * Tells readers what has changed: one frame per 100 ms, made into bytes once for all of them. A reader that does not keep
 * up is cut; nobody waits for it. While there is no reader nothing happens at all.
 */
export class Feed {
  readonly #options: FeedOptions;
  readonly #readings = new Map<FeedReader, Reading>();
  #seq = 0;
  #framesSinceScan = 0;
  #silentFrames = 0;
  #stopFrames: (() => void) | undefined;

  constructor(options: FeedOptions) {
    this.#options = options;
  }

  /** Of the last message. */
  get seq(): number {
    return this.#seq;
  }

  /** Sends the snapshot at once, then every change, until `close` or {@link stop}. */
  open(reader: FeedReader): void {
    const { state, onReading } = this.#options;
    if (this.#readings.size === 0) onReading(true);
    this.#framesSinceScan = 0;
    this.#options.refresh(true);
    // The others hear what this look has found; the new reader gets it with its snapshot.
    this.#sendDelta();
    const snapshot = Buffer.from(state.snapshotLine(this.#seq, this.#takenAt()));
    this.#readings.set(reader, { reader, maxUnsentBytes: feedMaxUnsentBytes + snapshot.length });
    reader.send(snapshot);
    const { every = everyUnref } = this.#options;
    this.#stopFrames ??= every(() => this.#frame(), feedFrameMs);
  }

  /** The reader has gone. Safe to call again. */
  close(reader: FeedReader): void {
    if (!this.#readings.delete(reader) || this.#readings.size > 0) return;
    this.#stopFrames?.();
    this.#stopFrames = undefined;
    this.#options.onReading(false);
  }

  /** Sends the last line of one reader, which has to start again. */
  restart(reader: FeedReader, reason: RestartReason): void {
    if (!this.#readings.has(reader)) return;
    this.close(reader);
    reader.end(Buffer.from(`{"type":"restart","reason":"${reason}"}\n`));
  }

  /** The daemon stops: the last line of every reader. */
  stop(): void {
    for (const reader of this.#readings.keys()) this.restart(reader, 'daemon-stopping');
  }

  #frame(): void {
    this.#framesSinceScan += 1;
    const isEverything = this.#framesSinceScan >= framesPerScan;
    if (isEverything) this.#framesSinceScan = 0;
    this.#options.refresh(isEverything);
    if (this.#sendDelta()) return;
    this.#silentFrames += 1;
    if (this.#silentFrames >= framesPerHeartbeat)
      this.#broadcast(`{"type":"heartbeat","seq":${this.#nextSeq()},"takenAt":${this.#takenAt()}}\n`);
  }

  #sendDelta(): boolean {
    const line = this.#options.state.takeDeltaLine(() => this.#nextSeq(), this.#takenAt());
    if (line === undefined) return false;
    this.#broadcast(line);
    return true;
  }

  #broadcast(line: string): void {
    this.#silentFrames = 0;
    const bytes = Buffer.from(line);
    for (const { reader, maxUnsentBytes } of this.#readings.values()) {
      if (reader.unsentBytes > maxUnsentBytes) this.restart(reader, 'slow-reader');
      else reader.send(bytes);
    }
  }

  #nextSeq(): number {
    this.#seq += 1;
    return this.#seq;
  }

  #takenAt(): number {
    return this.#options.now() / 1000;
  }
}

function everyUnref(task: () => void, intervalMs: number): () => void {
  const timer = setInterval(task, intervalMs);
  timer.unref();
  return () => clearInterval(timer);
}
