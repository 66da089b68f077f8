import { partsAfter, rowKeys, rowsAfter } from '../../protocol/apply-feed.ts';
import type { Delta } from '../../protocol/feed.ts';
import type { CallView, SessionView } from '../../protocol/snapshot.ts';
import { goneCallsKept, goneSessionsKept, keepGone, type Model, orderCalls, orderSessions } from './model.ts';

/** The model after some deltas, in their order. Parts and rows that no delta names stay the same objects. */
export function applyDeltas(model: Model, deltas: readonly Delta[]): Model {
  const last = deltas.at(-1);
  if (last === undefined) return model;
  const sessions = rowsAfter(
    model.sessions,
    deltas.map((delta) => delta.sessions),
    rowKeys.sessions,
  );
  const calls = rowsAfter(
    model.calls,
    deltas.map((delta) => delta.calls),
    rowKeys.calls,
  );
  const instances = rowsAfter(
    model.instances,
    deltas.map((delta) => delta.instances),
    rowKeys.instances,
  );
  return {
    takenAt: last.takenAt,
    ...partsAfter(model, deltas),
    sessions,
    sessionOrder:
      instances === model.instances && isInSameOrder(model.sessions, sessions, placeOfSession)
        ? model.sessionOrder
        : sameOrder(model.sessionOrder, orderSessions(sessions, instances)),
    calls,
    callOrder: isInSameOrder(model.calls, calls, placeOfCall) ? model.callOrder : orderCalls(calls),
    upstreams: rowsAfter(
      model.upstreams,
      deltas.map((delta) => delta.upstreams),
      rowKeys.upstreams,
    ),
    instances,
    goneSessions: hasSameKeys(model.sessions, sessions)
      ? model.goneSessions
      : keepGone(model.goneSessions, model.sessions, sessions, goneSessionsKept),
    goneCalls: hasSameKeys(model.calls, calls)
      ? model.goneCalls
      : keepGone(model.goneCalls, model.calls, calls, goneCallsKept),
  };
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
