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

/** A hidden page collects; when more rows than this wait they are folded into the model without being shown. */
const waitingRowsMax = 300;

export function createLiveFeed({ store, clock, now, isHidden, ...timers }: LiveFeedOptions): LiveFeed {
  let queue: Delta[] = [];
  let waitingRows = 0;
  let isScheduled = false;
  /** Ahead of what the store shows while the page is hidden. */
  let ahead = store.getState().model;

  function fold(): void {
    if (ahead !== undefined && queue.length > 0) ahead = applyDeltas(ahead, queue);
    drop();
  }

  function drop(): void {
    queue = [];
    waitingRows = 0;
  }

  function flush(): void {
    if (isHidden()) return;
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
          drop();
          clock.correct(event.snapshot.takenAt);
          ahead = modelOf(event.snapshot, ahead);
          // Also while hidden: a snapshot is rare, and a page that was never seen must have something to show.
          store.setState({ model: ahead, connection: { state: 'live' } });
          return;
        case 'delta':
          clock.correct(event.delta.takenAt);
          queue.push(event.delta);
          waitingRows += rowsIn(event.delta);
          // Here and not in a timer: browsers hold back the timers of a hidden page for a minute and longer.
          if (isHidden()) {
            if (waitingRows > waitingRowsMax) fold();
          } else schedule();
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

/** What a delta takes to keep: its rows, and one for all else. */
function rowsIn({ sessions, calls, upstreams, instances }: Delta): number {
  let count = 1;
  for (const rows of [sessions, calls, upstreams, instances]) {
    if (rows !== undefined) count += rows.put.length + rows.removed.length;
  }
  return count;
}
