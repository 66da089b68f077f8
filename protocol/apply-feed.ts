import type { FeedMessage } from './feed.ts';
import type { Snapshot } from './snapshot.ts';

type RestartReason = Extract<FeedMessage, { type: 'restart' }>['reason'];

/** What a reader of the feed knows. `seq` and `takenAt` of the snapshot are those of the last message. */
export interface FeedState {
  /** Null before the first message. */
  readonly snapshot: Snapshot | null;
  /** Why the reader has to connect again, until it gets a new snapshot; null while nothing was missed. */
  readonly lost: RestartReason | 'gap' | null;
}

export const emptyFeedState: FeedState = { snapshot: null, lost: null };

/**
 * The state after one more message. Pure; rows and parts that a message does not name stay the very same objects. After a
 * gap nothing is applied any more: the last picture stays as it was, and `lost` says that it is old.
 */
export function applyFeedMessage(state: FeedState, message: FeedMessage): FeedState {
  switch (message.type) {
    case 'snapshot':
      return { snapshot: message.snapshot, lost: null };
    case 'restart':
      return { snapshot: state.snapshot, lost: message.reason };
    case 'delta':
    case 'heartbeat':
      break;
  }
  const { snapshot } = state;
  if (state.lost !== null) return state;
  if (snapshot === null || message.seq !== snapshot.seq + 1) return { snapshot, lost: 'gap' };
  const { seq, takenAt } = message;
  if (message.type === 'heartbeat') return { snapshot: { ...snapshot, seq, takenAt }, lost: null };
  const { daemon, totals, caps, savings, token, problems, sessions, calls, upstreams, instances } = message;
  return {
    lost: null,
    snapshot: {
      seq,
      takenAt,
      daemon: daemon ?? snapshot.daemon,
      totals: totals ?? snapshot.totals,
      caps: caps ?? snapshot.caps,
      savings: savings === undefined ? snapshot.savings : savings,
      token: token ?? snapshot.token,
      problems: problems ?? snapshot.problems,
      sessions: applyRows(snapshot.sessions, sessions, ({ key }) => key),
      calls: applyRows(snapshot.calls, calls, ({ callId }) => callId),
      upstreams: applyRows(snapshot.upstreams, upstreams, ({ upstreamId }) => upstreamId),
      instances: applyRows(snapshot.instances, instances, ({ instanceId }) => instanceId),
    },
  };
}

/** A known row is replaced in its place, a new one is appended. */
function applyRows<Row>(
  rows: Row[],
  change: { readonly put: readonly Row[]; readonly removed: readonly string[] } | undefined,
  keyOf: (row: Row) => string,
): Row[] {
  if (change === undefined) return rows;
  const byKey = new Map(rows.map((row) => [keyOf(row), row]));
  for (const row of change.put) byKey.set(keyOf(row), row);
  for (const key of change.removed) byKey.delete(key);
  return [...byKey.values()];
}
