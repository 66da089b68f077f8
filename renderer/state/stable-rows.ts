/** One row of a list as it is shown: rows stay a while after their data has gone. */
export interface ShownRow {
  readonly id: string;
  /** `ended`: its data is gone, it rests dimmed. `folding`: it closes. */
  readonly phase: 'live' | 'ended' | 'folding';
  /** When this phase began, in milliseconds. */
  readonly since: number;
}

export interface RowRules {
  /** A row that lives shorter than this is never shown. */
  readonly appearAfterMs: number;
  /** How long an ended row rests. */
  readonly restMs: number;
  readonly foldMs: number;
}

export const sessionRules: RowRules = { appearAfterMs: 0, restMs: 3_000, foldMs: 150 };
export const callRules: RowRules = { appearAfterMs: 300, restMs: 1_000, foldMs: 150 };

export interface StableRows {
  readonly shown: readonly ShownRow[];
  /** Rows that are not shown yet, and since when they exist. */
  readonly waiting: ReadonlyMap<string, number>;
}

export const noRows: StableRows = { shown: [], waiting: new Map() };

export interface StableInput {
  /** Ids that exist now, in their order. */
  readonly live: readonly string[];
  /** Since when a row exists, where that is known better than by having been seen first now. */
  readonly bornAt: (id: string) => number | undefined;
  readonly now: number;
  readonly rules: RowRules;
  /** The row under the pointer: nothing that lives may move at or above it. */
  readonly pointer: string | undefined;
  /** The row with the focus: it and what is above it stay, whether they live or not. */
  readonly focus: string | undefined;
}

export interface StableOutcome {
  readonly rows: StableRows;
  /** When to look again, in milliseconds; undefined: at the next change. */
  readonly nextAt: number | undefined;
}

/** What to show next, given what is shown. Pure; the same objects come back where nothing has changed. */
export function settleRows({ shown, waiting }: StableRows, input: StableInput): StableOutcome {
  const { live, bornAt, now, rules, pointer, focus } = input;
  const isLive = new Set(live);
  const focusIndex = shown.findIndex(({ id }) => id === focus);
  const pointerIndex = shown.findIndex(({ id }) => id === pointer);
  const lastLiveIndex = shown.findLastIndex(({ id }) => isLive.has(id));
  let nextAt: number | undefined;
  const lookAgain = (at: number) => {
    nextAt = nextAt === undefined ? at : Math.min(nextAt, at);
  };

  const next: ShownRow[] = [];
  let kept = 0; // Rows of `next` that must not be moved by an insertion.
  for (const [index, row] of shown.entries()) {
    const stepped = step(row);
    if (stepped !== undefined) next.push(stepped);
    if (index <= Math.max(focusIndex, pointerIndex)) kept = next.length;

    function step(from: ShownRow): ShownRow | undefined {
      if (isLive.has(from.id)) return from.phase === 'live' ? from : { id: from.id, phase: 'live', since: now };
      if (from.phase === 'live') {
        lookAgain(now + rules.restMs);
        return { id: from.id, phase: 'ended', since: now };
      }
      const wait = from.phase === 'ended' ? rules.restMs : rules.foldMs;
      if (now - from.since < wait) {
        lookAgain(from.since + wait);
        return from;
      }
      // Something that lives would slide under the pointer, or the focus would be lost: it goes when they have left.
      if (index <= focusIndex || (index <= pointerIndex && index < lastLiveIndex)) return from;
      if (from.phase === 'folding' || rules.foldMs === 0) return undefined;
      lookAgain(now + rules.foldMs);
      return { id: from.id, phase: 'folding', since: now };
    }
  }

  const stillWaiting = new Map<string, number>();
  const isShown = new Set(next.map(({ id }) => id));
  const placeOf = new Map(live.map((id, index) => [id, index]));
  for (const [place, id] of live.entries()) {
    if (isShown.has(id)) continue;
    const since = waiting.get(id) ?? bornAt(id) ?? now;
    if (now - since < rules.appearAfterMs) {
      lookAgain(since + rules.appearAfterMs);
      stillWaiting.set(id, since);
      continue;
    }
    const at = insertionPoint(next, place, placeOf);
    if (at < kept) stillWaiting.set(id, since);
    else next.splice(at, 0, { id, phase: 'live', since: now });
  }

  const isSame = next.length === shown.length && next.every((row, index) => row === shown[index]);
  return { rows: { shown: isSame ? shown : next, waiting: stillWaiting }, nextAt };
}

/** Behind the last shown row that comes before `place`. */
function insertionPoint(rows: readonly ShownRow[], place: number, placeOf: ReadonlyMap<string, number>): number {
  return rows.findLastIndex(({ id }) => (placeOf.get(id) ?? Number.POSITIVE_INFINITY) < place) + 1;
}
