import type { IncomingMessage } from 'node:http';
import type { AdminClient } from '../../platform/admin-client.ts';
import { adminRoutes } from '../../protocol/admin-api.ts';
import { applyFeedMessage, emptyFeedState, type FeedState } from '../../protocol/apply-feed.ts';
import { feedMessageSchema } from '../../protocol/feed.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';
import { type Clock, sleep } from './clock.ts';

const firstPauseMs = 250;
const longestPauseMs = 5_000;
const maxLineBytes = 32 * 1024 * 1024;

export interface DaemonFeedOptions {
  readonly client: Pick<AdminClient, 'pass'>;
  readonly clock: Clock;
  /** Null: what was known is old. */
  readonly onSnapshot: (snapshot: Snapshot | null) => void;
  /** Anything came, a heartbeat too. */
  readonly onHeard: () => void;
}

/**
 * Reads `/api/events` of one daemon as its admin, for as long as that daemon lives. Connects again when the feed breaks off
 * or misses a message; whether the daemon lives is not judged here.
 */
export class DaemonFeed {
  readonly #options: DaemonFeedOptions;
  #isStopped = false;
  #isReadAfresh = false;
  #answer: IncomingMessage | undefined;

  constructor(options: DaemonFeedOptions) {
    this.#options = options;
    void this.#read();
  }

  stop(): void {
    this.#isStopped = true;
    this.#answer?.destroy();
  }

  /** Reads everything anew; what is known stays until the new picture is there. */
  readAfresh(): void {
    if (this.#answer === undefined) return;
    this.#isReadAfresh = true;
    this.#answer.destroy();
  }

  async #read(): Promise<void> {
    const { client, clock, onSnapshot } = this.#options;
    let pauseMs = firstPauseMs;
    while (!this.#isStopped) {
      try {
        const { method, path } = adminRoutes.events;
        const answer = await client.pass({ method, path });
        this.#answer = answer;
        if (this.#isStopped) answer.destroy();
        if (answer.statusCode === 200 && (await this.#follow(answer))) pauseMs = firstPauseMs;
        answer.destroy();
      } catch {
        // It broke off, or nobody answers: the same to us, we connect again.
      }
      this.#answer = undefined;
      if (this.#isStopped) return;
      if (this.#isReadAfresh) {
        this.#isReadAfresh = false;
        continue;
      }
      onSnapshot(null);
      await sleep(clock, pauseMs);
      pauseMs = Math.min(longestPauseMs, pauseMs * 2);
    }
  }

  /** Whether a snapshot came. Returns when the feed says that it has to be read afresh. */
  async #follow(answer: IncomingMessage): Promise<boolean> {
    const { onSnapshot, onHeard } = this.#options;
    let state: FeedState = emptyFeedState;
    let rest = '';
    answer.setEncoding('utf8');
    for await (const part of answer) {
      onHeard();
      const lines = (rest + String(part)).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > maxLineBytes) break;
      for (const line of lines) state = applyFeedMessage(state, feedMessageSchema.parse(JSON.parse(line)));
      if (this.#isStopped || state.lost !== null) break;
      if (lines.length > 0) onSnapshot(state.snapshot);
    }
    return state.snapshot !== null;
  }
}
