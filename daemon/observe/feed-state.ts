import type { Snapshot } from '../../protocol/snapshot.ts';

/** One part of the snapshot as readers know it: its JSON, made once for all of them. */
class FeedPart {
  #json = 'null';
  #hasChanged = false;

  set(value: unknown): void {
    const json = JSON.stringify(value);
    if (json === this.#json) return;
    this.#json = json;
    this.#hasChanged = true;
  }

  get json(): string {
    return this.#json;
  }

  /** The JSON when it has changed since the last take. */
  take(): string | undefined {
    if (!this.#hasChanged) return undefined;
    this.#hasChanged = false;
    return this.#json;
  }
}

/** Rows of one list as readers know them, in the order in which they came. */
export class FeedRows {
  readonly #rows = new Map<string, string>();
  readonly #put = new Set<string>();
  readonly #removed = new Set<string>();

  /** Looks only at what differs: a row that is as it was is not sent again. */
  put(key: string, row: object): void {
    const json = JSON.stringify(row);
    if (this.#rows.get(key) === json) return;
    this.#rows.set(key, json);
    this.#put.add(key);
  }

  /** A row that no reader has seen yet goes without a word. */
  remove(key: string): void {
    if (!this.#rows.delete(key)) return;
    this.#put.delete(key);
    this.#removed.add(key);
  }

  /** Takes away every row that is not among `keys`. */
  keepOnly(keys: ReadonlySet<string>): void {
    for (const key of this.#rows.keys()) if (!keys.has(key)) this.remove(key);
  }

  get json(): string {
    return `[${[...this.#rows.values()].join(',')}]`;
  }

  take(): string | undefined {
    if (this.#put.size === 0 && this.#removed.size === 0) return undefined;
    const rows = Array.from(this.#put, (key) => this.#rows.get(key) ?? '');
    const removed = JSON.stringify([...this.#removed]);
    this.#put.clear();
    this.#removed.clear();
    return `{"put":[${rows.join(',')}],"removed":${removed}}`;
  }
}

type Part = Exclude<keyof Snapshot, 'seq' | 'takenAt' | 'sessions' | 'calls' | 'upstreams' | 'instances'>;

/** Everything that readers of the feed know, and what has changed since they were last told. */
export class FeedState {
  readonly #parts: Readonly<Record<Part, FeedPart>> = {
    daemon: new FeedPart(),
    totals: new FeedPart(),
    caps: new FeedPart(),
    savings: new FeedPart(),
    token: new FeedPart(),
    problems: new FeedPart(),
  };
  readonly sessions = new FeedRows();
  readonly calls = new FeedRows();
  readonly upstreams = new FeedRows();
  readonly instances = new FeedRows();

  set<Name extends Part>(part: Name, value: Snapshot[Name]): void {
    this.#parts[part].set(value);
  }

  /** The first line of a reader. What was changed and not yet taken is in it as well. */
  snapshotLine(seq: number, takenAt: number): string {
    const fields = this.#entries().map(([name, part]) => `"${name}":${part.json}`);
    return `{"type":"snapshot","snapshot":{"seq":${seq},"takenAt":${takenAt},${fields.join(',')}}}\n`;
  }

  /** The next line of every reader; undefined when nothing has changed. `nextSeq` is only asked for when it is used. */
  takeDeltaLine(nextSeq: () => number, takenAt: number): string | undefined {
    const fields: string[] = [];
    for (const [name, part] of this.#entries()) {
      const json = part.take();
      if (json !== undefined) fields.push(`"${name}":${json}`);
    }
    if (fields.length === 0) return undefined;
    return `{"type":"delta","seq":${nextSeq()},"takenAt":${takenAt},${fields.join(',')}}\n`;
  }

  #entries(): [string, FeedPart | FeedRows][] {
    const { sessions, calls, upstreams, instances } = this;
    return Object.entries({ ...this.#parts, sessions, calls, upstreams, instances });
  }
}
