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
  const indexOf = new Map(next.map(({ id }, index) => [id, index]));
  /** New rows by the row of `next` that they stand before, last ones first. */
  const arriving = new Map<number, ShownRow[]>();
  // From the end, so that the row behind is known: a new row stands right before the next one that lives, else last.
  let before = next.length;
  for (const id of live.toReversed()) {
    const index = indexOf.get(id);
    if (index !== undefined) {
      before = index;
      continue;
    }
    const since = waiting.get(id) ?? bornAt(id) ?? now;
    const isEarly = now - since < rules.appearAfterMs;
    if (isEarly) lookAgain(since + rules.appearAfterMs);
    if (isEarly || before < kept) {
      stillWaiting.set(id, since);
      continue;
    }
    const group = arriving.get(before);
    const row: ShownRow = { id, phase: 'live', since: now };
    if (group === undefined) arriving.set(before, [row]);
    else group.push(row);
  }
  const rows =
    arriving.size === 0
      ? next
      : [...next.keys(), next.length].flatMap((index) => [
          ...(arriving.get(index)?.toReversed() ?? []),
          ...next.slice(index, index + 1),
        ]);

  const isSame = rows.length === shown.length && rows.every((row, index) => row === shown[index]);
  return { rows: { shown: isSame ? shown : rows, waiting: stillWaiting }, nextAt };
}
