import type { Delta, FeedMessage } from '../../protocol/feed.ts';
import type { Snapshot } from '../../protocol/snapshot.ts';

type Change = Omit<Delta, 'type' | 'seq' | 'takenAt'>;

/** `/api/events` from a script: readers get what is true now, then every change. */
export class FakeFeed {
  #snapshot: Snapshot;
  readonly #readers = new Set<{ seq: number; write: (message: FeedMessage) => void; end: () => void }>();

  constructor(snapshot: Snapshot) {
    this.#snapshot = snapshot;
  }

  get snapshot(): Snapshot {
    return this.#snapshot;
  }

  get readers(): number {
    return this.#readers.size;
  }

  connect(write: (message: FeedMessage) => void, end: () => void): () => void {
    const reader = { seq: 0, write, end };
    this.#readers.add(reader);
    write({ type: 'snapshot', snapshot: { ...this.#snapshot, seq: 0, takenAt: Date.now() / 1000 } });
    return () => this.#readers.delete(reader);
  }

  /** Changes what is true and tells every reader. */
  change(change: Change): void {
    const { sessions, calls, upstreams, instances } = change;
    const now = this.#snapshot;
    this.#snapshot = {
      ...now,
      daemon: change.daemon ?? now.daemon,
      totals: change.totals ?? now.totals,
      caps: change.caps ?? now.caps,
      savings: change.savings === undefined ? now.savings : change.savings,
      token: change.token ?? now.token,
      problems: change.problems ?? now.problems,
      sessions: after(now.sessions, sessions, ({ key }) => key),
      calls: after(now.calls, calls, ({ callId }) => callId),
      upstreams: after(now.upstreams, upstreams, ({ upstreamId }) => upstreamId),
      instances: after(now.instances, instances, ({ instanceId }) => instanceId),
    };
    for (const reader of this.#readers) {
      reader.seq += 1;
      reader.write({ type: 'delta', seq: reader.seq, takenAt: Date.now() / 1000, ...change });
    }
  }

  heartbeat(): void {
    for (const reader of this.#readers) {
      reader.seq += 1;
      reader.write({ type: 'heartbeat', seq: reader.seq, takenAt: Date.now() / 1000 });
    }
  }

  /** Ends every stream; readers connect again. */
  cut(): void {
    for (const { end } of this.#readers) end();
    this.#readers.clear();
  }
}

function after<Row>(
  rows: readonly Row[],
  change: { put: Row[]; removed: string[] } | undefined,
  keyOf: (row: Row) => string,
): Row[] {
  const result = new Map(rows.map((row) => [keyOf(row), row]));
  for (const row of change?.put ?? []) result.set(keyOf(row), row);
  for (const key of change?.removed ?? []) result.delete(key);
  return [...result.values()];
}
