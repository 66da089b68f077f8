/** One waiting call. Identity matters: hand the same object back to `remove`. */
export interface QueueEntry<Value> {
  readonly session: string;
  readonly provider: string | null;
  readonly value: Value;
}

export type QueueAdmission<Value> =
  | { readonly type: 'queued'; readonly entry: QueueEntry<Value> }
  /** `limit` is the bound that was hit, `queued` how many calls wait under it. */
  | { readonly type: 'full'; readonly limit: number; readonly queued: number };

/** Who may start a call now. Asked several times per `take`; answers must not change in between. */
export interface Room {
  hasSessionRoom(session: string): boolean;
  hasProviderRoom(provider: string | null): boolean;
}

/**
 * The order in which waiting calls start (WIRE §7.1). Knows nothing of caps: `take` is told who has room.
 *
 * Calls of one session to one provider form a lane and start in the order they came. Each lane holds a turn; the oldest
 * turn whose session and provider have room goes first. A served session hands in the turns of all its lanes that could
 * have started, and queues up again behind everybody: so sessions take turns, however many lanes they have. A lane that
 * its full provider kept from starting keeps its turn, so it cannot starve behind its own session's other calls.
 * Consequence, held by tests: between two starts of one session's startable call, every other session starts at most
 * one call, or one per lane that a provider had held back.
 *
 * Cost: `add` and `remove` O(1); `take` O(providers + sessions at their cap).
 */
export class FairQueue<Value> {
  #max: number;
  readonly #sessions = new Map<string, WaitingSession<Value>>();
  /** Lanes by provider, oldest turn first. Empty rings stay: providers are few. */
  readonly #rings = new Map<string | null, Set<Lane<Value>>>();
  #size = 0;
  #nextTurn = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get max(): number {
    return this.#max;
  }

  /** A quarter of `max`, at least 1. */
  get maxPerSession(): number {
    return Math.max(1, Math.floor(this.#max / 4));
  }

  /** For calls that come from now on; what waits stays, also when it is more. */
  setMax(max: number): void {
    this.#max = max;
  }

  get size(): number {
    return this.#size;
  }

  sizeOf(session: string): number {
    return this.#sessions.get(session)?.size ?? 0;
  }

  /** Sessions with waiting calls, and how many. */
  *sizes(): Generator<readonly [session: string, size: number]> {
    for (const session of this.#sessions.values()) yield [session.name, session.size];
  }

  /** Providers with waiting calls, and how many; null stands for none. */
  sizesByProvider(): ReadonlyMap<string | null, number> {
    const sizes = new Map<string | null, number>();
    for (const [provider, lanes] of this.#rings) {
      let size = 0;
      for (const lane of lanes) size += lane.entries.size;
      if (size > 0) sizes.set(provider, size);
    }
    return sizes;
  }

  add(session: string, provider: string | null, value: Value): QueueAdmission<Value> {
    if (this.#size >= this.max) return { type: 'full', limit: this.max, queued: this.#size };
    const waiting = this.#sessions.get(session);
    if (waiting !== undefined && waiting.size >= this.maxPerSession) {
      return { type: 'full', limit: this.maxPerSession, queued: waiting.size };
    }
    const lane = this.#lane(waiting ?? this.#addSession(session), provider);
    const entry: QueueEntry<Value> = { session, provider, value };
    lane.entries.add(entry);
    lane.session.size += 1;
    this.#size += 1;
    return { type: 'queued', entry };
  }

  /** False when the entry does not wait (any more). */
  remove(entry: QueueEntry<Value>): boolean {
    const session = this.#sessions.get(entry.session);
    const lane = session?.lanes.find((candidate) => candidate.provider === entry.provider);
    if (lane === undefined || !lane.entries.delete(entry)) return false;
    this.#forget(lane);
    return true;
  }

  /** Removes and returns everything that waits for this session, or everything there is. */
  removeAll(session?: string): QueueEntry<Value>[] {
    const removed: QueueEntry<Value>[] = [];
    for (const waiting of session === undefined ? this.#sessions.values() : [this.#sessions.get(session)]) {
      for (const lane of waiting?.lanes ?? []) removed.push(...lane.entries);
    }
    for (const entry of removed) this.remove(entry);
    return removed;
  }

  /** Removes and returns the call that starts next; undefined when no waiting call can. */
  take(room: Room): QueueEntry<Value> | undefined {
    let next: Lane<Value> | undefined;
    for (const [provider, ring] of this.#rings) {
      if (!room.hasProviderRoom(provider)) continue;
      for (const lane of ring) {
        if (next !== undefined && lane.turn > next.turn) break;
        if (!room.hasSessionRoom(lane.session.name)) continue;
        next = lane;
        break;
      }
    }
    if (next === undefined) return undefined;
    const [entry] = next.entries;
    if (entry === undefined) throw new Error('An empty lane was left in the queue.');
    next.entries.delete(entry);
    this.#passTurn(next, room);
    this.#forget(next);
    return entry;
  }

  /**
   * Place in line, from 1, if every session took its turn and no provider were full. An estimate: it grows when another
   * session joins ahead of a long lane.
   */
  positionOf(entry: QueueEntry<Value>): number {
    const own = this.#sessions.get(entry.session)?.lanes.find((lane) => lane.provider === entry.provider);
    if (own === undefined) return 0;
    let ahead = 0;
    for (const waiting of own.entries) {
      if (waiting === entry) break;
      ahead += 1;
    }
    let position = ahead + 1;
    for (const ring of this.#rings.values()) {
      for (const lane of ring) {
        if (lane !== own) position += Math.min(lane.entries.size, ahead + (lane.turn < own.turn ? 1 : 0));
      }
    }
    return position;
  }

  /** All waiting calls by place in line; the n-th one's `positionOf` is n. O(n). */
  inLine(): QueueEntry<Value>[] {
    const line: QueueEntry<Value>[] = [];
    let rows = [...this.#rings.values()]
      .flatMap((ring) => [...ring])
      .toSorted((left, right) => left.turn - right.turn)
      .map((lane) => lane.entries.values());
    while (rows.length > 0) {
      rows = rows.filter((row) => {
        const step = row.next();
        if (step.done === true) return false;
        line.push(step.value);
        return true;
      });
    }
    return line;
  }

  #addSession(name: string): WaitingSession<Value> {
    const session: WaitingSession<Value> = { name, size: 0, lanes: [] };
    this.#sessions.set(name, session);
    return session;
  }

  #lane(session: WaitingSession<Value>, provider: string | null): Lane<Value> {
    const existing = session.lanes.find((lane) => lane.provider === provider);
    if (existing !== undefined) return existing;
    const lane: Lane<Value> = { session, provider, entries: new Set(), turn: this.#nextTurn++ };
    session.lanes.push(lane);
    const ring = this.#rings.get(provider);
    if (ring === undefined) this.#rings.set(provider, new Set([lane]));
    else ring.add(lane);
    return lane;
  }

  /** The served lane goes last among its session's, so that these take turns as well. */
  #passTurn(served: Lane<Value>, room: Room): void {
    const { lanes } = served.session;
    const movable = lanes.filter((lane) => lane === served || room.hasProviderRoom(lane.provider));
    movable.sort((left, right) => (left === served ? 1 : right === served ? -1 : left.turn - right.turn));
    for (const lane of movable) {
      lane.turn = this.#nextTurn++;
      const ring = this.#rings.get(lane.provider);
      ring?.delete(lane);
      ring?.add(lane);
    }
  }

  /** Bookkeeping after one entry has left `lane`; empty lanes and sessions are dropped. */
  #forget(lane: Lane<Value>): void {
    const { session } = lane;
    this.#size -= 1;
    session.size -= 1;
    if (lane.entries.size > 0) return;
    session.lanes.splice(session.lanes.indexOf(lane), 1);
    this.#rings.get(lane.provider)?.delete(lane);
    if (session.size === 0) this.#sessions.delete(session.name);
  }
}

interface WaitingSession<Value> {
  readonly name: string;
  size: number;
  readonly lanes: Lane<Value>[];
}

interface Lane<Value> {
  readonly session: WaitingSession<Value>;
  readonly provider: string | null;
  readonly entries: Set<QueueEntry<Value>>;
  /** When this lane last went to the back of its ring; a ring is sorted by it. */
  turn: number;
}
