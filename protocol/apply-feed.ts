import type { Delta, FeedMessage } from './feed.ts';
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
  return {
    lost: null,
    snapshot: {
      seq,
      takenAt,
      ...partsAfter(snapshot, [message]),
      sessions: listAfter(snapshot.sessions, message.sessions, rowKeys.sessions),
      calls: listAfter(snapshot.calls, message.calls, rowKeys.calls),
      upstreams: listAfter(snapshot.upstreams, message.upstreams, rowKeys.upstreams),
      instances: listAfter(snapshot.instances, message.instances, rowKeys.instances),
    },
  };
}

type FeedParts = Pick<Snapshot, 'daemon' | 'totals' | 'caps' | 'savings' | 'token' | 'problems'>;
type ListName = 'sessions' | 'calls' | 'upstreams' | 'instances';

/** Rows in full that are new or different, and the keys of rows that have gone. */
interface RowChange<Row> {
  readonly put: readonly Row[];
  readonly removed: readonly string[];
}

/** What a row is known by, in each list. */
export const rowKeys: { readonly [Name in ListName]: (row: Snapshot[Name][number]) => string } = {
  sessions: ({ key }) => key,
  calls: ({ callId }) => callId,
  upstreams: ({ upstreamId }) => upstreamId,
  instances: ({ instanceId }) => instanceId,
};

/** The parts without rows after some deltas. One that no delta names stays the same object. */
export function partsAfter(parts: FeedParts, deltas: readonly Delta[]): FeedParts {
  let { daemon, totals, caps, savings, token, problems } = parts;
  for (const delta of deltas) {
    daemon = delta.daemon ?? daemon;
    totals = delta.totals ?? totals;
    caps = delta.caps ?? caps;
    if (delta.savings !== undefined) savings = delta.savings;
    token = delta.token ?? token;
    problems = delta.problems ?? problems;
  }
  return { daemon, totals, caps, savings, token, problems };
}

/**
 * The rows of one list after some changes, in their order: a known row is replaced in its place, a new one is appended, and
 * within one change rows are put before keys are removed. Without a change the same map.
 */
export function rowsAfter<Row>(
  rows: ReadonlyMap<string, Row>,
  changes: readonly (RowChange<Row> | undefined)[],
  keyOf: (row: Row) => string,
): ReadonlyMap<string, Row> {
  let result: Map<string, Row> | undefined;
  for (const change of changes) {
    if (change === undefined) continue;
    result ??= new Map(rows);
    for (const row of change.put) result.set(keyOf(row), row);
    for (const key of change.removed) result.delete(key);
  }
  return result ?? rows;
}

function listAfter<Row>(rows: Row[], change: RowChange<Row> | undefined, keyOf: (row: Row) => string): Row[] {
  if (change === undefined) return rows;
  return [...rowsAfter(new Map(rows.map((row) => [keyOf(row), row])), [change], keyOf).values()];
}
