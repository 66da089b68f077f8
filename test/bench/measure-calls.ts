import { type Bench, closing, type Measurement, perSystem } from './bench.ts';
import { callOf, type Exchange, type LineClient } from './line-client.ts';
import { allowedCores, bindToCore, cpuMs } from './process-figures.ts';
import type { Row } from './report.ts';
import { median, medianRatio, quantile } from './statistics.ts';
import { exaiSystem, type PerSystem, type System, systemNames } from './systems.ts';

/** Enough for the compiler to have seen every path: a daemon runs for days. */
const warmUpCalls = 20_000;
/** Blocks of one system alternate with those of the others inside a round. */
const blocksPerRound = 6;
const callsPerBlock = 250;

/** P1: one call after another. */
export const serialCalls: Measurement = {
  ids: ['P1'],
  run: (bench) =>
    bench.withSystems({}, async (systems) => {
      const line = callOf('version', 'note', 200);
      const clients = perSystem<LineClient | undefined>(() => undefined);
      for (const name of systemNames) {
        const client = await systems[name].connect();
        clients[name] = client;
        await client.exchange({ line, window: 1, count: warmUpCalls });
      }
      const spread = await serialRounds(bench, systems, clients, 'P1');
      const pids = systemNames.flatMap((name) => [
        ...(clients[name] === undefined ? [] : systems[name].serversOf(clients[name])),
      ]);
      const cores = allowedCores();
      const isBound = bindToCore([process.pid, ...pids], cores.split(/[-,]/)[0] ?? '0');
      const bound = isBound ? await serialRounds(bench, systems, clients, 'P1 on one core') : undefined;
      bindToCore([process.pid], cores);
      for (const name of systemNames) await clients[name]?.stop();
      return [
        {
          id: 'P1',
          what: 'serial call with 200 B of arguments, p50',
          unit: 'ms',
          values: medians(spread.p50),
          ratio: { value: medianRatio(spread.p50.exai, spread.p50.floor), to: 'floor' },
          target: { atMost: 1.2, text: '≤ 1.2 × floor' },
        },
        ...(bound === undefined ? [] : [versusFloor('the same with all processes on one core, p50', bound.p50)]),
        versusFloor('the same on all cores, p99', spread.p99),
        versusFloor('processor time of the servers per such call', spread.cpu),
      ] satisfies Row[];
    }),
};

interface SerialFigures {
  readonly p50: PerSystem<number[]>;
  readonly p99: PerSystem<number[]>;
  readonly cpu: PerSystem<number[]>;
}

async function serialRounds(
  bench: Bench,
  systems: PerSystem<System>,
  clients: PerSystem<LineClient | undefined>,
  what: string,
): Promise<SerialFigures> {
  const line = callOf('version', 'note', 200);
  const figures = {
    p50: perSystem<number[]>(() => []),
    p99: perSystem<number[]>(() => []),
    cpu: perSystem<number[]>(() => []),
  };
  for (let round = 0; round < bench.rounds; round += 1) {
    bench.say(`${what} round ${round + 1}`);
    const latencies = perSystem<number[]>(() => []);
    const used = perSystem(() => 0);
    for (let block = 0; block < blocksPerRound; block += 1) {
      for (const name of bench.order(round + block)) {
        const client = clients[name];
        if (client === undefined) continue;
        const pids = systems[name].serversOf(client);
        const before = total(pids);
        const done = await client.exchange({ line, window: 1, count: callsPerBlock });
        used[name] += total(pids) - before;
        latencies[name].push(...noErrors(done).latenciesMs);
      }
    }
    for (const name of systemNames) {
      figures.p50[name].push(median(latencies[name]));
      figures.p99[name].push(quantile(latencies[name], 0.99));
      figures.cpu[name].push(used[name] / (blocksPerRound * callsPerBlock));
    }
  }
  return figures;
}

function versusFloor(what: string, values: PerSystem<number[]>): Row {
  return {
    id: '',
    what,
    unit: 'ms',
    values: medians(values),
    ratio: { value: medianRatio(values.exai, values.floor), to: 'floor' },
  };
}

const burstCalls = 500;
/** A connection may have 256 requests open (WIRE §5.3), so 500 at once come from two windows. */
const burstClients = 2;

/** P10: 500 calls at once, first with room for all, then with all slots taken. */
export const bursts: Measurement = {
  ids: ['P10'],
  run: async (bench) => [...(await acceptedBurst(bench)), ...(await refusedBurst(bench))],
};

function acceptedBurst(bench: Bench): Promise<readonly Row[]> {
  return bench.withSystems({}, async (systems) => {
    const line = callOf('echo', 'text', 200);
    const clients = perSystem<LineClient[]>(() => []);
    for (const name of systemNames) {
      for (let index = 0; index < burstClients; index += 1) {
        const client = await systems[name].connect();
        await client.exchange({ line, window: 16, count: warmUpCalls });
        clients[name].push(client);
      }
    }
    const totals = perSystem<number[]>(() => []);
    for (let round = 0; round < bench.rounds; round += 1) {
      bench.say(`P10 round ${round + 1}`);
      const times = perSystem<number[]>(() => []);
      for (let repeat = 0; repeat < 5; repeat += 1) {
        for (const name of bench.order(round + repeat)) times[name].push(await burstOf(clients[name], line));
      }
      for (const name of systemNames) totals[name].push(median(times[name]));
    }
    for (const name of systemNames) for (const client of clients[name]) await client.stop();
    return [
      {
        id: 'P10',
        what: `${burstCalls} calls at once from ${burstClients} windows, all accepted: until the last answer`,
        unit: 'ms',
        values: medians(totals),
        ratio: { value: medianRatio(totals.exai, totals.direct), to: 'direct' },
        target: { atMost: 2.5, text: '≤ 2.5 × direct' },
      },
    ];
  });
}

async function burstOf(clients: readonly LineClient[], line: (id: number) => string): Promise<number> {
  const startedAt = performance.now();
  const count = burstCalls / clients.length;
  const all = await Promise.all(clients.map((client) => client.exchange({ line, window: count, count })));
  all.forEach(noErrors);
  return performance.now() - startedAt;
}

/** Default caps (8 calls a window), every slot held by a call that sleeps. */
async function refusedBurst(bench: Bench): Promise<readonly Row[]> {
  const { home, daemon } = await bench.testDaemon();
  const exai = exaiSystem(home, daemon, bench.nodeArgs);
  return closing(
    () => exai.close(),
    async () => {
      const line = callOf('echo', 'text', 200);
      const client = await exai.connect();
      await client.exchange({ line, window: 1, count: warmUpCalls });
      const slotMs = 60_000;
      const fill = (id: number): string =>
        `{"jsonrpc":"2.0","id":${id},"method":"tools/call","params":{"name":"sleep","arguments":{"ms":${slotMs}}}}`;
      client.send(fill, 8);
      const serial: number[] = [];
      const burst: number[] = [];
      const spans: number[] = [];
      let others = 0;
      let refused = 0;
      for (let round = 0; round < bench.rounds; round += 1) {
        const one = await client.exchange({ line, window: 1, count: burstCalls });
        serial.push(quantile(one.latenciesMs, 0.99));
        const all = await client.exchange({ line, window: burstCalls, count: burstCalls });
        burst.push(quantile(all.latenciesMs, 0.99));
        spans.push(all.totalMs / burstCalls);
        for (const done of [one, all]) {
          const over = done.errors.get('OVER_CAPACITY') ?? 0;
          refused += over;
          others += done.answered - over;
        }
      }
      client.kill('SIGKILL');
      await client.exited;
      return [
        {
          id: 'P10',
          what: 'over the caps: a refusal, p99',
          unit: 'ms',
          values: { exai: median(serial) },
          target: { atMost: 2, text: '≤ 2 ms' },
        },
        {
          id: '',
          what: `over the caps, ${burstCalls} at once: the last of them refused after`,
          unit: 'ms',
          values: { exai: median(burst) },
        },
        { id: '', what: 'over the caps, at once: time per refusal', unit: 'ms', values: { exai: median(spans) } },
        {
          id: 'P10',
          what: 'answers over the caps that were not OVER_CAPACITY',
          unit: 'errors',
          values: { exai: refused === 0 ? Number.NaN : others },
          target: { atMost: 0, text: '0' },
        },
      ];
    },
  );
}

export function medians(
  values: Record<(typeof systemNames)[number], number[]>,
): Record<(typeof systemNames)[number], number> {
  return { direct: median(values.direct), floor: median(values.floor), exai: median(values.exai) };
}

export function noErrors(done: Exchange): Exchange {
  if (done.errors.size > 0) throw new Error(`errors where none may be: ${JSON.stringify([...done.errors])}`);
  return done;
}

function total(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + cpuMs(pid), 0);
}
