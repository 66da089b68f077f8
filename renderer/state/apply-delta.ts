import type { Delta } from '../../protocol/feed.ts';
import type { CallView, SessionView } from '../../protocol/snapshot.ts';
import { goneCallsKept, goneSessionsKept, keepGone, type Model, orderCalls, orderSessions } from './model.ts';

/** The model after some deltas, in their order. Parts and rows that no delta names stay the same objects. */
export function applyDeltas(model: Model, deltas: readonly Delta[]): Model {
  const last = deltas.at(-1);
  if (last === undefined) return model;
  const sessions = rowsAfter(model.sessions, deltas, 'sessions', ({ key }) => key);
  const calls = rowsAfter(model.calls, deltas, 'calls', ({ callId }) => callId);
  const upstreams = rowsAfter(model.upstreams, deltas, 'upstreams', ({ upstreamId }) => upstreamId);
  const instances = rowsAfter(model.instances, deltas, 'instances', ({ instanceId }) => instanceId);
  const savings = deltas.findLast((delta) => delta.savings !== undefined)?.savings;
  return {
    takenAt: last.takenAt,
    daemon: latest(deltas, 'daemon') ?? model.daemon,
    totals: latest(deltas, 'totals') ?? model.totals,
    caps: latest(deltas, 'caps') ?? model.caps,
    savings: savings === undefined ? model.savings : savings,
    token: latest(deltas, 'token') ?? model.token,
    problems: latest(deltas, 'problems') ?? model.problems,
    sessions,
    sessionOrder:
      instances === model.instances && isInSameOrder(model.sessions, sessions, placeOfSession)
        ? model.sessionOrder
        : sameOrder(model.sessionOrder, orderSessions(sessions, instances)),
    calls,
    callOrder: isInSameOrder(model.calls, calls, placeOfCall) ? model.callOrder : orderCalls(calls),
    upstreams,
    instances,
    goneSessions: hasSameKeys(model.sessions, sessions)
      ? model.goneSessions
      : keepGone(model.goneSessions, model.sessions, sessions, goneSessionsKept),
    goneCalls: hasSameKeys(model.calls, calls)
      ? model.goneCalls
      : keepGone(model.goneCalls, model.calls, calls, goneCallsKept),
  };
}

type ListName = 'sessions' | 'calls' | 'upstreams' | 'instances';

/** Within one delta rows are put before keys are removed. */
function rowsAfter<Name extends ListName, Row extends NonNullable<Delta[Name]>['put'][number]>(
  rows: ReadonlyMap<string, Row>,
  deltas: readonly Delta[],
  name: Name,
  keyOf: (row: Row) => string,
): ReadonlyMap<string, Row> {
  let result: Map<string, Row> | undefined;
  for (const delta of deltas) {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `Row` is by its bound the row type of `name`
    const change = delta[name] as { put: Row[]; removed: string[] } | undefined;
    if (change === undefined) continue;
    result ??= new Map(rows);
    for (const row of change.put) result.set(keyOf(row), row);
    for (const key of change.removed) result.delete(key);
  }
  return result ?? rows;
}

function latest<Name extends 'daemon' | 'totals' | 'caps' | 'token' | 'problems'>(
  deltas: readonly Delta[],
  name: Name,
): Delta[Name] {
  return deltas.findLast((delta) => delta[name] !== undefined)?.[name];
}

function hasSameKeys(before: ReadonlyMap<string, unknown>, after: ReadonlyMap<string, unknown>): boolean {
  if (before === after) return true;
  if (before.size !== after.size) return false;
  for (const key of after.keys()) if (!before.has(key)) return false;
  return true;
}

/** Nothing that decides the order has changed: the rows there are, and the place of each. */
function isInSameOrder<Row>(
  before: ReadonlyMap<string, Row>,
  after: ReadonlyMap<string, Row>,
  placeOf: (row: Row) => string,
): boolean {
  if (before === after) return true;
  if (before.size !== after.size) return false;
  for (const [key, row] of after) {
    const former = before.get(key);
    if (former === undefined || (former !== row && placeOf(former) !== placeOf(row))) return false;
  }
  return true;
}

function placeOfSession({ instanceId, connectedAt }: SessionView): string {
  return `${connectedAt} ${instanceId}`;
}

function placeOfCall({ receivedAt }: CallView): string {
  return String(receivedAt);
}

function sameOrder(before: readonly string[], after: readonly string[]): readonly string[] {
  return before.length === after.length && before.every((key, index) => key === after[index]) ? before : after;
}
