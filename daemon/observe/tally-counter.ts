import { Counter, type Registry } from 'prom-client';

interface Cell {
  /** Values of the labels, in the order of their names. */
  readonly labels: readonly string[];
  count: number;
}

/**
 * A Prometheus counter for the call path: adding costs a few look-ups, and the registry gets the figures when somebody
 * scrapes. The library's own counter builds and hashes an object at every step, five times as dear.
 */
export class TallyCounter {
  readonly #cells = new Map<string, Map<string, Map<string, Cell>>>();

  /** At most three labels. */
  constructor(registry: Registry, name: string, help: string, labelNames: readonly string[] = []) {
    const cells = this.#cells;
    const counter = new Counter({
      name,
      help,
      labelNames,
      registers: [],
      collect() {
        this.reset();
        for (const { labels, count } of leaves(cells)) {
          if (labelNames.length === 0) this.inc(count);
          else this.inc(Object.fromEntries(labelNames.map((label, index) => [label, labels[index] ?? ''])), count);
        }
      },
    });
    registry.registerMetric(counter);
  }

  /** Counts one for these values of the labels, in the order of their names. */
  add(first = '', second = '', third = ''): void {
    this.#cell(first, second, third).count += 1;
  }

  /** Counts several at once, for a counter without labels. */
  addMany(count: number): void {
    this.#cell('', '', '').count += count;
  }

  #cell(first: string, second: string, third: string): Cell {
    return this.#cells.get(first)?.get(second)?.get(third) ?? this.#newCell(first, second, third);
  }

  #newCell(first: string, second: string, third: string): Cell {
    const cell: Cell = { labels: [first, second, third], count: 0 };
    inner(inner(this.#cells, first), second).set(third, cell);
    return cell;
  }
}

function inner<Value>(map: Map<string, Map<string, Value>>, key: string): Map<string, Value> {
  const found = map.get(key) ?? new Map<string, Value>();
  map.set(key, found);
  return found;
}

function* leaves(cells: ReadonlyMap<string, ReadonlyMap<string, ReadonlyMap<string, Cell>>>): Generator<Cell> {
  for (const second of cells.values()) for (const third of second.values()) yield* third.values();
}
