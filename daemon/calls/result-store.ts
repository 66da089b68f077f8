import { type RequestId, requestIdKey } from '../../protocol/ids.ts';
import { limits } from '../../protocol/limits.ts';

export type Coalesce = 'auto' | 'on' | 'off';

/** What a decision looks at. Times are monotonic milliseconds. */
export interface RepeatQuestion {
  /** Undefined when the frame had neither `request_id` nor `id`. */
  readonly requestId: RequestId | undefined;
  /** `canonicalHash` of the call. */
  readonly contentHash: string;
  /** The asking connection is a legacy one that re-attached to this session (WIRE §3.3). */
  readonly isLegacyReattached: boolean;
  readonly coalesce: Coalesce;
  /** The tool is listed in `EXAI_WS_DISABLE_COALESCE_FOR_TOOLS`. */
  readonly toolExcepted: boolean;
  readonly now: number;
  /** In mcp mode ids are not looked at (WIRE §5) and only `coalesce: 'on'` matters. Default `ops`. */
  readonly mode?: 'ops' | 'mcp';
}

export interface RunningCall<Call> {
  readonly state: 'running';
  readonly contentHash: string;
  /** The id it was first asked under. */
  readonly requestId: RequestId | undefined;
  readonly call: Call;
  /** By request id: the connections that still want the result. Empty: all of them are gone. */
  readonly askers: ReadonlyMap<string, object>;
}

export interface StoredResult<Payload> {
  readonly state: 'stored';
  readonly contentHash: string;
  readonly payload: Payload;
  readonly storedAt: number;
  /** From this moment on it is as good as gone. */
  readonly expiresAt: number;
  /** Some asker's connection was there to take it. */
  readonly isDelivered: boolean;
  readonly askers: ReadonlyMap<string, object>;
}

/** One row of the table in WIRE §4.5. */
export type RepeatDecision<Call, Payload> =
  /** Execute it. */
  | { readonly type: 'run' }
  /** Wait for the result of `running`; no lease of its own. */
  | { readonly type: 'join'; readonly running: RunningCall<Call> }
  /** Answer with the stored payload, byte for byte. */
  | { readonly type: 'replay'; readonly stored: StoredResult<Payload> }
  /** A legacy retry takes over what its lost connection had asked for. */
  | { readonly type: 'adopt'; readonly from: RunningCall<Call> | StoredResult<Payload> }
  /** Refuse with `DUPLICATE`. */
  | { readonly type: 'duplicate'; readonly originalRequestId: RequestId };

/** The calls of one session, as the decision sees them. */
export interface KnownCalls<Call, Payload> {
  byRequestId(id: RequestId): RunningCall<Call> | StoredResult<Payload> | undefined;
  /** Oldest first. */
  byContent(contentHash: string): Iterable<RunningCall<Call> | StoredResult<Payload>>;
}

/** Decides what a call is that may repeat an earlier one of the same session. Pure; one branch per row of WIRE §4.5. */
function decideDuplicate<Call, Payload>(
  known: KnownCalls<Call, Payload>,
  question: RepeatQuestion,
): RepeatDecision<Call, Payload> {
  const { requestId, contentHash, now } = question;
  const isOps = question.mode !== 'mcp';
  if (isOps) {
    if (requestId === undefined) return run;
    const earlier = known.byRequestId(requestId);
    if (earlier?.state === 'running') {
      if (earlier.contentHash === contentHash) return { type: 'join', running: earlier };
      return { type: 'duplicate', originalRequestId: earlier.requestId ?? requestId };
    }
    if (earlier?.contentHash === contentHash && now < earlier.expiresAt) return { type: 'replay', stored: earlier };
  }
  if (question.coalesce === 'on' && !question.toolExcepted) return twinOf(known.byContent(contentHash), now);
  if (question.coalesce === 'auto' && isOps && question.isLegacyReattached) {
    for (const from of known.byContent(contentHash)) if (isOrphan(from, now)) return { type: 'adopt', from };
  }
  return run;
}

const run = { type: 'run' } as const;

/** Nobody who asked is there any more, and nobody has had the answer. */
function isOrphan(earlier: RunningCall<unknown> | StoredResult<unknown>, now: number): boolean {
  if (earlier.askers.size > 0) return false;
  return earlier.state === 'running' || (!earlier.isDelivered && now < earlier.expiresAt);
}

function twinOf<Call, Payload>(
  candidates: Iterable<RunningCall<Call> | StoredResult<Payload>>,
  now: number,
): RepeatDecision<Call, Payload> {
  let stored: StoredResult<Payload> | undefined;
  for (const twin of candidates) {
    if (twin.state === 'running') return { type: 'join', running: twin };
    if (now < twin.expiresAt) stored = twin;
  }
  return stored === undefined ? run : { type: 'replay', stored };
}

/** Who asks, under which id; `connection` is any object that stands for the connection. */
export interface Ask {
  readonly requestId: RequestId | undefined;
  readonly contentHash: string;
  readonly connection: object;
}

export interface ResultStoreOptions {
  /** `EXAI_WS_RESULT_TTL` in ms; 0 keeps no delivered result. */
  readonly ttlMs: number;
  /** A result that reached nobody is kept at least this long: the session's grace. */
  readonly undeliveredMs?: number;
  readonly maxEntries?: number;
  readonly maxBytes?: number;
}

interface KnownCall {
  /** Keys under which the call is found by id. */
  readonly ids: Set<string>;
  readonly askers: Map<string, object>;
}
type Running<Call> = RunningCall<Call> & KnownCall;
type Stored<Payload> = StoredResult<Payload> &
  KnownCall & { readonly bytes: number; isDelivered: boolean; expiresAt: number };

/**
 * Running calls and stored successes of one session (WIRE §4.5). One store per session and nothing between stores: the
 * same id or content elsewhere is unrelated. Failures and refusals leave no trace. A call without an id is not keyed.
 *
 * Order of use, all in one synchronous step: `decide`, then `begin` (run) or `attach` (join, replay, adopt).
 */
export class ResultStore<Call, Payload> implements KnownCalls<Call, Payload> {
  readonly #options: Required<ResultStoreOptions>;
  readonly #byId = new Map<string, Running<Call> | Stored<Payload>>();
  readonly #byContent = new Map<string, Set<Running<Call> | Stored<Payload>>>();
  readonly #running = new Map<RunningCall<Call>, Running<Call>>();
  /** Least recently used first. */
  readonly #stored = new Map<StoredResult<Payload>, Stored<Payload>>();
  #bytes = 0;

  constructor(options: ResultStoreOptions) {
    this.#options = {
      undeliveredMs: limits.sessionGraceMs,
      maxEntries: limits.resultStoreEntries,
      maxBytes: limits.resultStoreBytes,
      ...options,
    };
  }

  get size(): { readonly running: number; readonly stored: number; readonly bytes: number } {
    return { running: this.#running.size, stored: this.#stored.size, bytes: this.#bytes };
  }

  decide(question: RepeatQuestion): RepeatDecision<Call, Payload> {
    return decideDuplicate<Call, Payload>(this, question);
  }

  byRequestId(id: RequestId): RunningCall<Call> | StoredResult<Payload> | undefined {
    return this.#byId.get(requestIdKey(id));
  }

  byContent(contentHash: string): Iterable<RunningCall<Call> | StoredResult<Payload>> {
    return this.#byContent.get(contentHash) ?? [];
  }

  /** Marks a call as running, before its lease is asked for. End it with `succeed` or `fail`. */
  begin(ask: Ask, call: Call): RunningCall<Call> {
    const { requestId, contentHash } = ask;
    const entry: Running<Call> = { state: 'running', contentHash, requestId, call, ids: new Set(), askers: new Map() };
    if (requestId === undefined) return entry;
    this.#running.set(entry, entry);
    this.#index(entry);
    this.#attach(entry, ask);
    return entry;
  }

  /** The asker shares the call: its id finds it from now on. Sharing a stored result means it is being sent now. */
  attach(entry: RunningCall<Call> | StoredResult<Payload>, ask: Ask): void {
    const own = this.#own(entry);
    if (own === undefined) return;
    this.#attach(own, ask);
    if (own.state !== 'stored') return;
    own.isDelivered = true;
    own.expiresAt = own.storedAt + this.#options.ttlMs;
    own.askers.clear();
    this.#stored.delete(own);
    this.#stored.set(own, own);
  }

  /** `bytes` is what the payload weighs against the bound. `isDelivered`: a connection was there to send it to. */
  succeed(
    call: RunningCall<Call>,
    result: { payload: Payload; bytes: number; isDelivered: boolean; now: number },
  ): void {
    const entry = this.#running.get(call);
    if (entry === undefined) return;
    this.#drop(entry);
    const { payload, bytes, isDelivered, now } = result;
    const { ttlMs, undeliveredMs, maxEntries, maxBytes } = this.#options;
    const keptMs = isDelivered ? ttlMs : Math.max(ttlMs, undeliveredMs);
    if (keptMs <= 0 || bytes > maxBytes) return;
    const { contentHash, ids, askers } = entry;
    const times = { storedAt: now, expiresAt: now + keptMs };
    if (isDelivered) askers.clear(); // not needed any more, and they keep closed connections in memory
    const stored: Stored<Payload> = {
      state: 'stored',
      contentHash,
      payload,
      bytes,
      ...times,
      isDelivered,
      ids,
      askers,
    };
    for (const id of ids) this.#byId.set(id, stored);
    this.#index(stored);
    this.#stored.set(stored, stored);
    this.#bytes += bytes;
    for (const oldest of this.#stored.values()) {
      if (this.#stored.size <= maxEntries && this.#bytes <= maxBytes) break;
      this.#drop(oldest);
    }
  }

  /** The call failed, was refused, timed out or was cancelled. */
  fail(call: RunningCall<Call>): void {
    const entry = this.#running.get(call);
    if (entry !== undefined) this.#drop(entry);
  }

  /** A connection is gone; its calls run on and can be adopted. */
  connectionGone(connection: object): void {
    for (const entry of [...this.#running.values(), ...this.#stored.values()]) {
      for (const [id, asker] of entry.askers) if (asker === connection) entry.askers.delete(id);
    }
  }

  /** One asker cancels. `isLast`: nobody else wants the call, so abort it and call `fail`. Undefined: nothing runs. */
  cancel(requestId: RequestId): { readonly running: RunningCall<Call>; readonly isLast: boolean } | undefined {
    const id = requestIdKey(requestId);
    for (const running of this.#running.values()) {
      if (!running.askers.has(id) && !running.ids.has(id)) continue;
      running.askers.delete(id);
      running.ids.delete(id);
      this.#byId.delete(id);
      return { running, isLast: running.askers.size === 0 };
    }
    return undefined;
  }

  /** Drops what has expired; nothing depends on it but memory. */
  sweep(now: number): void {
    for (const stored of this.#stored.values()) if (now >= stored.expiresAt) this.#drop(stored);
  }

  #attach(entry: Running<Call> | Stored<Payload>, ask: Ask): void {
    if (ask.requestId === undefined) return;
    const id = requestIdKey(ask.requestId);
    entry.askers.set(id, ask.connection);
    this.#byId.get(id)?.ids.delete(id);
    this.#byId.set(id, entry);
    entry.ids.add(id);
  }

  /** The entry as this store knows it; undefined once it has been dropped. */
  #own(entry: RunningCall<Call> | StoredResult<Payload>): Running<Call> | Stored<Payload> | undefined {
    return entry.state === 'running' ? this.#running.get(entry) : this.#stored.get(entry);
  }

  #index(entry: Running<Call> | Stored<Payload>): void {
    const twins = this.#byContent.get(entry.contentHash);
    if (twins === undefined) this.#byContent.set(entry.contentHash, new Set([entry]));
    else twins.add(entry);
  }

  #drop(entry: Running<Call> | Stored<Payload>): void {
    for (const id of entry.ids) this.#byId.delete(id);
    const twins = this.#byContent.get(entry.contentHash);
    twins?.delete(entry);
    if (twins?.size === 0) this.#byContent.delete(entry.contentHash);
    if (entry.state === 'running') {
      this.#running.delete(entry);
    } else if (this.#stored.delete(entry)) {
      this.#bytes -= entry.bytes;
    }
  }
}
