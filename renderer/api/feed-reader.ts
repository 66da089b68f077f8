import { type Delta, feedHeartbeatMs, feedMessageSchema } from '../../protocol/feed.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import type { AdminClient } from './admin-client.ts';
import { readLines } from './lines.ts';

/** What the feed tells, in order. After `lost` the next thing is a `snapshot`, or `lost` again. */
export type FeedEvent =
  | { readonly type: 'snapshot'; readonly snapshot: Snapshot }
  | { readonly type: 'delta'; readonly delta: Delta }
  | { readonly type: 'heartbeat'; readonly takenAt: number }
  /** `refused`: nobody answered, or the answer was no feed. `signed-out`: this browser is not, or no longer, let in. */
  | { readonly type: 'lost'; readonly reason: 'broken-off' | 'refused' | 'signed-out' };

export interface FeedReaderOptions {
  readonly client: Pick<AdminClient, 'stream'>;
  readonly onEvent: (event: FeedEvent) => void;
  readonly setTimeout: (callback: () => void, ms: number) => number;
  readonly clearTimeout: (timer: number) => void;
  /** While this says yes, a reader that is not let in does not ask; `show` tells it when that is over. */
  readonly isHidden: () => boolean;
}

export interface FeedReader {
  readonly start: () => void;
  /** Tries at once instead of at the end of the pause. */
  readonly retry: () => void;
  /** Nobody can see the page: after 10 s the feed is closed, without a word, so that it costs nothing. */
  readonly hide: () => void;
  /** The page can be seen again: reads on with a fresh snapshot; signed out, asks at once and as often as at first. */
  readonly show: () => void;
  readonly stop: () => void;
}

const firstPauseMs = 250;
const longestPauseMs = 5_000;
/** A signed-out page looks whether another tab has signed in, less and less often. */
const firstSignedOutPauseMs = 3_000;
const longestSignedOutPauseMs = 30_000;
/** A page that is looked away from for a moment keeps its feed. */
const hiddenPauseMs = 10_000;
/** Two heartbeats missed and a second of grace. */
const silenceMs = 2 * feedHeartbeatMs + 1_000;

/** Reads `/api/events` and connects again whenever it breaks off, falls silent, or misses a message. */
export function createFeedReader({ client, onEvent, isHidden, ...timers }: FeedReaderOptions): FeedReader {
  let attempt: AbortController | undefined;
  let timer: number | undefined;
  let pauseMs = firstPauseMs;
  let signedOutPauseMs = firstSignedOutPauseMs;
  let isSignedOut = false;
  let hideTimer: number | undefined;
  let isResting = false;

  async function connect(): Promise<void> {
    const controller = new AbortController();
    attempt = controller;
    const isCurrent = () => attempt === controller;
    let silence = timers.setTimeout(() => controller.abort(), silenceMs);
    let lost: 'broken-off' | 'refused' | 'signed-out' = 'refused';
    let isAtOnce = false;
    try {
      const answer = await client.stream('events', {}, controller.signal);
      if (answer.state === 'failed') {
        lost = answer.failure.status === 401 ? 'signed-out' : 'refused';
        return;
      }
      let seq: number | undefined;
      for await (const line of readLines(answer.value)) {
        if (!isCurrent()) return;
        timers.clearTimeout(silence);
        silence = timers.setTimeout(() => controller.abort(), silenceMs);
        const message = feedMessageSchema.parse(JSON.parse(line));
        if (message.type === 'restart') {
          lost = message.reason === 'signed-out' ? 'signed-out' : 'broken-off';
          isAtOnce = message.reason === 'slow-reader';
          return;
        }
        if (message.type === 'snapshot') {
          seq = message.snapshot.seq;
          pauseMs = firstPauseMs;
          signedOutPauseMs = firstSignedOutPauseMs;
          isSignedOut = false;
          lost = 'broken-off';
          onEvent({ type: 'snapshot', snapshot: message.snapshot });
          continue;
        }
        if (seq === undefined || message.seq !== seq + 1) {
          isAtOnce = seq !== undefined; // Some were missed: a fresh snapshot tells what is true.
          return;
        }
        seq = message.seq;
        onEvent(
          message.type === 'delta'
            ? { type: 'delta', delta: message }
            : { type: 'heartbeat', takenAt: message.takenAt },
        );
      }
    } catch {
      // Broken off, aborted for silence, or not a feed: all end the same way below.
    } finally {
      timers.clearTimeout(silence);
      controller.abort();
      if (isCurrent()) pause(lost, isAtOnce);
    }
  }

  function pause(reason: 'broken-off' | 'refused' | 'signed-out', isAtOnce: boolean): void {
    attempt = undefined;
    if (!isAtOnce) onEvent({ type: 'lost', reason });
    isSignedOut = reason === 'signed-out';
    if (isAtOnce) return connectIn(0);
    if (isSignedOut) {
      connectIn(signedOutPauseMs);
      signedOutPauseMs = Math.min(2 * signedOutPauseMs, longestSignedOutPauseMs);
    } else {
      connectIn(pauseMs);
      pauseMs = Math.min(2 * pauseMs, longestPauseMs);
    }
  }

  function connectIn(ms: number): void {
    timer = timers.setTimeout(() => {
      timer = undefined;
      // Nobody looks: `show` goes on from here.
      if (!isSignedOut || !isHidden()) void connect();
    }, ms);
  }

  function stop(): void {
    if (timer !== undefined) timers.clearTimeout(timer);
    timer = undefined;
    const current = attempt;
    attempt = undefined;
    current?.abort();
  }

  function endRest(): void {
    if (hideTimer !== undefined) timers.clearTimeout(hideTimer);
    hideTimer = undefined;
    isResting = false;
  }

  function retry(): void {
    stop();
    endRest();
    pauseMs = firstPauseMs;
    signedOutPauseMs = firstSignedOutPauseMs;
    void connect();
  }

  return {
    start: () => {
      if (attempt === undefined && timer === undefined) void connect();
    },
    retry,
    hide: () => {
      hideTimer ??= timers.setTimeout(() => {
        isResting = true;
        stop();
      }, hiddenPauseMs);
    },
    show: () => {
      const wasResting = isResting;
      endRest();
      if (isSignedOut) retry();
      else if (wasResting) void connect();
    },
    stop: () => {
      endRest();
      stop();
    },
  };
}
