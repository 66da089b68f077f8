import { Histogram, type Registry } from 'prom-client';

interface Cell {
  readonly labels: Readonly<Record<string, string>>;
  /** Observations by bucket, not cumulative. Those above the highest bound are in `count` only. */
  readonly buckets: Float64Array;
  sum: number;
  count: number;
}

export interface TallyHistogramOptions {
  readonly name: string;
  readonly help: string;
  /** At most two. */
  readonly labelNames?: readonly string[];
  /** Upper bounds, ascending. */
  readonly buckets: readonly number[];
}

/**
 * A Prometheus histogram for the call path, as `TallyCounter` is a counter: observing adds to plain numbers, and the
 * registry gets the figures when somebody scrapes. The text is the one that the library's own histogram gives.
 */
export class TallyHistogram {
  readonly #labelNames: readonly string[];
  readonly #bounds: readonly number[];
  readonly #byLabels = new Map<string, Map<string, Cell>>();
  /** In the order of their first observation. */
  readonly #cells: Cell[] = [];

  constructor(registry: Registry, { name, help, labelNames = [], buckets }: TallyHistogramOptions) {
    this.#labelNames = labelNames;
    this.#bounds = buckets;
    // Like the library's: without labels the series are there from the beginning.
    if (labelNames.length === 0) this.#newCell('', '');
    registry.registerMetric(
      new TalliedHistogram({ name, help, labelNames: [...labelNames], buckets: [...buckets], registers: [] }, () =>
        this.#cells.flatMap((cell) => seriesOf(name, buckets, cell)),
      ),
    );
  }

  /** Counts `value` for these values of the labels, in the order of their names. Throws when it is not a finite number. */
  observe(value: number, first = '', second = ''): void {
    if (!Number.isFinite(value)) throw new TypeError(`A histogram cannot count ${value}.`);
    const cell = this.#byLabels.get(first)?.get(second) ?? this.#newCell(first, second);
    const bounds = this.#bounds;
    for (let index = 0; index < bounds.length; index += 1) {
      if (value > (bounds[index] ?? 0)) continue;
      cell.buckets[index] = (cell.buckets[index] ?? 0) + 1;
      break;
    }
    cell.sum += value;
    cell.count += 1;
  }

  #newCell(first: string, second: string): Cell {
    const values = [first, second];
    const cell: Cell = {
      labels: Object.fromEntries(this.#labelNames.map((label, index) => [label, values[index] ?? ''])),
      buckets: new Float64Array(this.#bounds.length),
      sum: 0,
      count: 0,
    };
    const bySecond = this.#byLabels.get(first) ?? new Map<string, Cell>();
    this.#byLabels.set(first, bySecond);
    bySecond.set(second, cell);
    this.#cells.push(cell);
    return cell;
  }
}

interface Series {
  readonly metricName: string;
  readonly value: number;
  readonly labels: Record<string, string | number>;
  readonly sharedLabels: Readonly<Record<string, string>>;
}

function seriesOf(name: string, bounds: readonly number[], cell: Cell): Series[] {
  let below = 0;
  const series = (suffix: string, labels: Record<string, string | number>, value: number): Series => ({
    metricName: `${name}_${suffix}`,
    value,
    labels,
    sharedLabels: cell.labels,
  });
  return [
    ...bounds.map((bound, index) => {
      below += cell.buckets[index] ?? 0;
      return series('bucket', { le: bound }, below);
    }),
    series('bucket', { le: '+Inf' }, cell.count),
    series('sum', {}, cell.sum),
    series('count', {}, cell.count),
  ];
}

/** The library's histogram in name and type; its figures are somebody else's. */
class TalliedHistogram extends Histogram {
  readonly #read: () => readonly Series[];
  readonly #about: { readonly name: string; readonly help: string };

  constructor(configuration: ConstructorParameters<typeof Histogram>[0], read: () => readonly Series[]) {
    super(configuration);
    this.#about = { name: configuration.name, help: configuration.help };
    this.#read = read;
  }

  /** Where the library's registry takes the figures of a scrape from, and `get` as well. */
  getForPromString(): Promise<unknown> {
    return Promise.resolve({ ...this.#about, type: 'histogram', values: this.#read(), aggregator: 'sum' });
  }
}
