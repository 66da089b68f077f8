import type { CallView, SessionView, Snapshot } from '../../protocol/snapshot.ts';

/**
 * What the daemon says is true, by id. Never changed in place: a row that did not change stays the same object, so a
 * component that selects it does not render.
 */
export interface Model {
  readonly takenAt: number;
  readonly daemon: Snapshot['daemon'];
  readonly totals: Snapshot['totals'];
  readonly caps: Snapshot['caps'];
  readonly savings: Snapshot['savings'];
  readonly token: Snapshot['token'];
  readonly problems: Snapshot['problems'];
  readonly sessions: ReadonlyMap<string, SessionView>;
  /** Keys in stable order; the same array until one comes or goes. */
  readonly sessionOrder: readonly string[];
  readonly calls: ReadonlyMap<string, CallView>;
  readonly callOrder: readonly string[];
  readonly upstreams: ReadonlyMap<string, Snapshot['upstreams'][number]>;
  readonly instances: ReadonlyMap<string, Snapshot['instances'][number]>;
  /** The last that was known of rows that are gone, for lists that let them fade and for their own page. Bounded. */
  readonly goneSessions: ReadonlyMap<string, SessionView>;
  readonly goneCalls: ReadonlyMap<string, CallView>;
}

export const goneSessionsKept = 100;
export const goneCallsKept = 500;

/** `former`: what was shown before; its rows are kept as gone while the daemon is the same run. */
export function modelOf(snapshot: Snapshot, former?: Model): Model {
  const sessions = new Map(snapshot.sessions.map((row) => [row.key, row]));
  const calls = new Map(snapshot.calls.map((row) => [row.callId, row]));
  const instances = new Map(snapshot.instances.map((row) => [row.instanceId, row]));
  const isSameRun = former?.daemon.runId === snapshot.daemon.runId;
  return {
    takenAt: snapshot.takenAt,
    daemon: snapshot.daemon,
    totals: snapshot.totals,
    caps: snapshot.caps,
    savings: snapshot.savings,
    token: snapshot.token,
    problems: snapshot.problems,
    sessions,
    sessionOrder: orderSessions(sessions, instances),
    calls,
    callOrder: orderCalls(calls),
    upstreams: new Map(snapshot.upstreams.map((row) => [row.upstreamId, row])),
    instances,
    goneSessions: isSameRun ? keepGone(former.goneSessions, former.sessions, sessions, goneSessionsKept) : new Map(),
    goneCalls: isSameRun ? keepGone(former.goneCalls, former.calls, calls, goneCallsKept) : new Map(),
  };
}

/** Rows of `before` that are missing `now`, after those that were gone already; the oldest make room. */
export function keepGone<Row>(
  gone: ReadonlyMap<string, Row>,
  before: ReadonlyMap<string, Row>,
  now: ReadonlyMap<string, Row>,
  kept: number,
): ReadonlyMap<string, Row> {
  const result = new Map([...gone].filter(([key]) => !now.has(key)));
  for (const [key, row] of before) if (!now.has(key)) result.set(key, row);
  for (const key of result.keys()) {
    if (result.size <= kept) break;
    result.delete(key);
  }
  return result;
}

/** By the making of their instance, then by connecting: never by activity, so that rows keep their places. */
export function orderSessions(sessions: Model['sessions'], instances: Model['instances']): readonly string[] {
  const firstOf = ({ instanceId, connectedAt }: SessionView) =>
    (instanceId === null ? undefined : instances.get(instanceId)?.createdAt) ?? connectedAt;
  return [...sessions.values()]
    .toSorted(
      (left, right) =>
        firstOf(left) - firstOf(right) || left.connectedAt - right.connectedAt || compareText(left.key, right.key),
    )
    .map(({ key }) => key);
}

/** By arrival: a call keeps its place when it gets its slots. */
export function orderCalls(calls: Model['calls']): readonly string[] {
  return [...calls.values()]
    .toSorted((left, right) => left.receivedAt - right.receivedAt || compareText(left.callId, right.callId))
    .map(({ callId }) => callId);
}

function compareText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
