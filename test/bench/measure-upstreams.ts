import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bench, closing, type Measurement, perSystem } from './bench.ts';
import { callOf, LineClient } from './line-client.ts';
import { childrenOf, cpuMs, pause, pssMegabytes, settled } from './process-figures.ts';
import type { Row } from './report.ts';
import { median, medianRatio } from './statistics.ts';
import { exaiSystem, type PerSystem, systemNames } from './systems.ts';

const warmUpCalls = 10_000;
const windows = 10;
const servers = ['one', 'two', 'three', 'four', 'five'];

/**
 * P2, P3, P4: calls through shim and daemon to a server behind it, which is the same program as `direct`. It is behind
 * the raw hops of `floor` too: what the server takes for itself is no part of the ratio.
 */
export const upstreamCalls: Measurement = {
  ids: ['P2', 'P3', 'P4'],
  run: (bench) =>
    bench.withSystems({ upstream: bench.files.direct }, async (systems) => {
      const { args, env } = systems.direct.command();
      await configure(systems.exai.command().env['EXAI_STATE_DIR'] ?? '', {
        up: { command: process.execPath, args, env: { BENCH_ANSWER_TEXT_BYTES: env['BENCH_ANSWER_TEXT_BYTES'] } },
      });
      const clients = perSystem<LineClient | undefined>(() => undefined);
      for (const name of systemNames) {
        clients[name] = await systems[name].connect();
        await clients[name].exchange({ line: toolOf(name, 200), window: 8, count: warmUpCalls });
      }
      const daemonPid = systems.exai.serversOf(clients.exai ?? unopened())[1] ?? 0;
      const serversOf = (name: keyof typeof systems): readonly number[] => {
        const client = clients[name] ?? unopened();
        const own = systems[name].serversOf(client);
        return name === 'exai' ? [...own, ...childrenOf(daemonPid)] : own;
      };
      const measure = async (bytes: number, count: number, window: number) => {
        const p50 = perSystem<number[]>(() => []);
        const cpu = perSystem<number[]>(() => []);
        const rate = perSystem<number[]>(() => []);
        for (let round = 0; round < bench.rounds; round += 1) {
          bench.say(`upstream calls of ${bytes} B, round ${round + 1}`);
          for (const name of bench.order(round)) {
            const pids = serversOf(name);
            const before = total(pids);
            const done = await (clients[name] ?? unopened()).exchange({ line: toolOf(name, bytes), window, count });
            if (done.errors.size > 0) throw new Error(`${name}: ${JSON.stringify([...done.errors])}`);
            cpu[name].push((total(pids) - before) / count);
            p50[name].push(median(done.latenciesMs));
            rate[name].push((done.answered * 1000) / done.totalMs);
          }
        }
        return { p50, cpu, rate };
      };
      const small = await measure(200, 1_500, 1);
      const middle = await measure(10_000, 500, 1);
      const large = await measure(1_000_000, 20, 1);
      const many = await measure(200, 4_000, 32);
      for (const name of systemNames) await clients[name]?.stop();
      return [
        row('P2', 'serial call to a server, 200 B, p50', small.p50, 'floor', { atMost: 1.5, text: '≤ 1.5 × floor' }),
        row('', 'processor time of all servers per such call', small.cpu, 'direct', {
          atMost: 1.8,
          text: '≤ 1.8 × direct',
        }),
        row('P3', 'the same with 10 KB', middle.p50, 'floor', { atMost: 1.4, text: '≤ 1.4 × floor' }),
        row('', 'the same with 1 MB', large.p50, 'direct', { atMost: 1.6, text: '≤ 1.6 × direct' }),
        {
          id: 'P4',
          what: 'one client, 32 outstanding',
          unit: 'calls/s',
          values: medians(many.rate),
          ratio: { value: medianRatio(many.rate.exai, many.rate.direct), to: 'direct' },
          target: { atLeast: 0.75, text: '≥ 0.75 × direct' },
        },
      ] satisfies Row[];
    }),
};

/** Ten windows with five servers: shared here, one each where editors start them. */
export const sharing: Measurement = {
  ids: ['share'],
  run: async (bench) => {
    const { home, daemon } = await bench.shippedDaemon();
    const exai = exaiSystem(home, daemon, []);
    const shared = await closing(
      () => exai.close(),
      async () => {
        const entry = { command: process.execPath, args: [bench.files.direct] };
        await configure(home.stateDir, Object.fromEntries(servers.map((id) => [id, entry])));
        const open: LineClient[] = [];
        for (let index = 0; index < windows; index += 1) open.push(await exai.connect());
        const hosted = childrenOf(daemon.pid);
        const pids = [daemon.pid, ...hosted, ...open.map(({ pid }) => pid)];
        const memory = await settled(() => sumOfMemory(pids));
        for (const client of open) await client.stop();
        return { hosted: hosted.length, processes: pids.length, memory };
      },
    );
    const direct = await startedDirectly(bench);
    return [
      {
        id: 'share',
        what: `memory (PSS) of ${windows} windows × ${servers.length} servers`,
        unit: 'MB',
        values: { direct: direct.memory, exai: shared.memory },
        ratio: { value: shared.memory / direct.memory, to: 'direct' },
        target: { atMost: 0.28, text: '≤ 0.28 × direct' },
        note: `${shared.hosted} server processes (${shared.processes} with daemon and shims) in place of ${direct.processes}`,
      },
    ];
  },
};

async function startedDirectly(bench: Bench): Promise<{ processes: number; memory: number }> {
  const command = { command: process.execPath, args: [bench.files.direct], env: {} };
  const open: LineClient[] = [];
  try {
    for (let index = 0; index < windows * servers.length; index += 1) {
      const client = new LineClient(command);
      open.push(client);
      await client.start();
    }
    return { processes: open.length, memory: await settled(() => sumOfMemory(open.map(({ pid }) => pid))) };
  } finally {
    for (const client of open) await client.stop();
  }
}

/** The daemon looks for changes once a second. */
async function configure(stateDir: string, entries: Readonly<Record<string, unknown>>): Promise<void> {
  writeFileSync(join(stateDir, 'mcp.json'), JSON.stringify({ mcpServers: entries }));
  await pause(3_000);
}

/** `version` of the server behind the daemon has a name of its own there, since the daemon has one too. */
function toolOf(name: keyof PerSystem<unknown>, bytes: number): ReturnType<typeof callOf> {
  return callOf(name === 'exai' ? 'up_version' : 'version', 'note', bytes);
}

function row(
  id: string,
  what: string,
  values: PerSystem<number[]>,
  to: 'floor' | 'direct',
  target: NonNullable<Row['target']>,
): Row {
  return {
    id,
    what,
    unit: 'ms',
    values: medians(values),
    ratio: { value: medianRatio(values.exai, values[to]), to },
    target,
  };
}

function medians(values: PerSystem<number[]>): PerSystem<number> {
  return { direct: median(values.direct), floor: median(values.floor), exai: median(values.exai) };
}

function total(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + cpuMs(pid), 0);
}

function sumOfMemory(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + pssMegabytes(pid), 0);
}

function unopened(): never {
  throw new Error('a client has not been opened');
}
