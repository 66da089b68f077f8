import { type Delta, feedFrameMs } from '../../protocol/feed.ts';
import type { FeedEvent } from '../api/feed-reader.ts';
import { applyDeltas } from './apply-delta.ts';
import type { ServerClock } from './clock.ts';
import type { LiveStore } from './live-store.ts';
import { modelOf } from './model.ts';

export interface LiveFeedOptions {
  readonly store: LiveStore;
  readonly clock: Pick<ServerClock, 'correct'>;
  readonly now: () => number;
  readonly setTimeout: (callback: () => void, ms: number) => number;
  /** While this says yes nothing is shown; what comes is kept and shown at `show`. */
  readonly isHidden: () => boolean;
}

/** The one way from the feed into the store: deltas wait in a queue that is emptied once per frame. */
export interface LiveFeed {
  readonly take: (event: FeedEvent) => void;
  /** The page can be seen again: shows what has come meanwhile. */
  readonly show: () => void;
}

/** Hidden pages collect; beyond this many deltas they are folded into the model without being shown. */
const queuedMax = 1_000;

export function createLiveFeed({ store, clock, now, isHidden, ...timers }: LiveFeedOptions): LiveFeed {
  let queue: Delta[] = [];
  let isScheduled = false;
  /** Ahead of what the store shows while the page is hidden. */
  let ahead = store.getState().model;

  function fold(): void {
    if (ahead !== undefined && queue.length > 0) ahead = applyDeltas(ahead, queue);
    queue = [];
  }

  function flush(): void {
    if (isHidden()) {
      if (queue.length > queuedMax) fold();
      return;
    }
    fold();
    if (ahead !== store.getState().model) store.setState({ model: ahead });
  }

  function schedule(): void {
    if (isScheduled) return;
    isScheduled = true;
    timers.setTimeout(() => {
      isScheduled = false;
      flush();
    }, feedFrameMs);
  }

  return {
    show: flush,
    take(event) {
      switch (event.type) {
        case 'snapshot':
          queue = [];
          clock.correct(event.snapshot.takenAt);
          ahead = modelOf(event.snapshot, ahead);
          // Also while hidden: a snapshot is rare, and a page that was never seen must have something to show.
          store.setState({ model: ahead, connection: { state: 'live' } });
          return;
        case 'delta':
          clock.correct(event.delta.takenAt);
          queue.push(event.delta);
          schedule();
          return;
        case 'heartbeat':
          clock.correct(event.takenAt);
          return;
        case 'lost':
          flush();
          store.setState(({ connection }) => ({
            connection:
              event.reason === 'signed-out'
                ? { state: 'signed-out' }
                : {
                    state: 'lost',
                    since: connection.state === 'lost' ? connection.since : now(),
                    isRefused: event.reason === 'refused',
                  },
          }));
      }
    },
  };
}
