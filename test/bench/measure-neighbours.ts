import { type Bench, type Measurement, perSystem } from './bench.ts';
import { callOf, type LineClient } from './line-client.ts';
import { LoadProcess } from './load-process.ts';
import { noErrors } from './measure-calls.ts';
import type { Row } from './report.ts';
import { median, quantile } from './statistics.ts';
import { type PerSystem, type System, systemNames } from './systems.ts';

/** How long each of the three parts of a block lasts: polite alone, greedy alone, both. */
const partMs = 250;
/** Parts are short and come again and again, so that a slow second of the machine hits all of them alike. */
const blocksPerRound = 4;

interface Neighbours {
  /** Polite client beside the greedy one, as a multiple of alone. */
  readonly p50: number[];
  readonly p99: number[];
  /** Rate of the greedy one beside the polite one, as a share of alone. */
  readonly greedyRate: number[];
  readonly aloneMs: number[];
  readonly besideMs: number[];
}

/** P8: a window that calls one by one beside one that keeps 64 calls open. */
export const greedyNeighbour: Measurement = {
  ids: ['P8'],
  run: async (bench) => {
    const found = await neighbours(bench, 'P8', { window: 64, textBytes: 200 });
    return [
      {
        id: 'P8',
        what: 'polite client beside a greedy one (64 open), p50, times alone',
        unit: '×',
        values: pick(found, 'p50'),
        target: { atMost: 2, text: '≤ 2 × alone' },
        note: shift(found),
      },
      {
        id: 'P8',
        what: 'the same, p99',
        unit: '×',
        values: pick(found, 'p99'),
        target: { atMost: 5, text: '≤ 5 × alone' },
      },
      {
        id: 'P8',
        what: 'rate of the greedy one, share of its rate alone',
        unit: '×',
        values: pick(found, 'greedyRate'),
        target: { atLeast: 0.8, text: '≥ 0.8 × alone' },
      },
    ] satisfies Row[];
  },
};

/** P9: the same beside one that moves megabytes. */
export const heavyNeighbour: Measurement = {
  ids: ['P9'],
  run: async (bench) => {
    const found = await neighbours(bench, 'P9', { window: 8, textBytes: 1_000_000 });
    return [
      {
        id: 'P9',
        what: 'polite client beside one that keeps 8 × 1 MB moving, p50, times alone',
        unit: '×',
        values: pick(found, 'p50'),
        target: { atMost: 5, text: '≤ 5 × alone' },
        note: shift(found),
      },
      { id: '', what: 'the same, p99', unit: '×', values: pick(found, 'p99') },
      { id: '', what: 'rate of the heavy one, share of its rate alone', unit: '×', values: pick(found, 'greedyRate') },
    ] satisfies Row[];
  },
};

function neighbours(
  bench: Bench,
  id: string,
  greedy: { window: number; textBytes: number },
): Promise<PerSystem<Neighbours>> {
  return bench.withSystems({}, async (systems) => {
    const found = perSystem<Neighbours>(() => ({ p50: [], p99: [], greedyRate: [], aloneMs: [], besideMs: [] }));
    const polite = perSystem<LineClient | undefined>(() => undefined);
    const floods = perSystem<LoadProcess | undefined>(() => undefined);
    for (const name of systemNames) {
      polite[name] = await systems[name].connect();
      floods[name] = await LoadProcess.connect(systems[name].command());
    }
    for (let round = 0; round <= bench.rounds; round += 1) {
      bench.say(round === 0 ? `${id} warm-up` : `${id} round ${round}`);
      for (const name of bench.order(round)) {
        const client = polite[name];
        const flood = floods[name];
        if (client === undefined || flood === undefined) continue;
        const once = await oneRound(systems[name], client, flood, greedy);
        if (round === 0) continue; // the processes were cold
        found[name].aloneMs.push(once.aloneMs);
        found[name].besideMs.push(once.besideMs);
        found[name].p50.push(once.p50);
        found[name].p99.push(once.p99);
        found[name].greedyRate.push(once.greedyRate);
      }
    }
    for (const name of systemNames) {
      await polite[name]?.stop();
      await floods[name]?.stop();
    }
    return found;
  });
}

async function oneRound(
  system: System,
  polite: LineClient,
  flood: LoadProcess,
  greedy: { window: number; textBytes: number },
): Promise<{ p50: number; p99: number; greedyRate: number; aloneMs: number; besideMs: number }> {
  const line = callOf('echo', 'text', 200);
  const alone: number[] = [];
  const beside: number[] = [];
  const aloneRates: number[] = [];
  const besideRates: number[] = [];
  for (let block = 0; block < blocksPerRound; block += 1) {
    alone.push(...noErrors(await polite.exchange({ line, window: 1, durationMs: partMs })).latenciesMs);
    const greedyAlone = await (await flood.run({ ...greedy, durationMs: partMs })).done;
    // The flood begins before and ends after, so that every polite call meets it.
    const running = await flood.run({ ...greedy, durationMs: partMs + 50 });
    beside.push(...noErrors(await polite.exchange({ line, window: 1, durationMs: partMs })).latenciesMs);
    const greedyBeside = await running.done;
    if (greedyAlone.errors + greedyBeside.errors > 0) throw new Error(`the greedy client of ${system.name} got errors`);
    aloneRates.push(greedyAlone.perSecond);
    besideRates.push(greedyBeside.perSecond);
  }
  return {
    p50: median(beside) / median(alone),
    p99: quantile(beside, 0.99) / quantile(alone, 0.99),
    greedyRate: median(besideRates) / median(aloneRates),
    aloneMs: median(alone),
    besideMs: median(beside),
  };
}

function pick(found: PerSystem<Neighbours>, figure: keyof Neighbours): PerSystem<number> {
  return { direct: median(found.direct[figure]), floor: median(found.floor[figure]), exai: median(found.exai[figure]) };
}

function shift(found: PerSystem<Neighbours>): string {
  return `exai ${median(found.exai.aloneMs).toFixed(2)} → ${median(found.exai.besideMs).toFixed(2)} ms`;
}
