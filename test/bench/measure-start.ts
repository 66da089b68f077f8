import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { programs, TestHome } from '../support/daemon-process.ts';
import { eventually } from '../support/deadline.ts';
import { type Bench, closing, type Measurement, perSystem } from './bench.ts';
import { callOf, LineClient } from './line-client.ts';
import { medians } from './measure-calls.ts';
import type { Row } from './report.ts';
import { median, medianRatio } from './statistics.ts';
import { systemNames } from './systems.ts';

const startsPerRound = 5;

/** P5: from spawn to the list of tools, while the daemon runs. */
export const warmStart: Measurement = {
  ids: ['P5'],
  run: (bench) =>
    bench.withSystems({}, async (systems) => {
      const times = perSystem<number[]>(() => []);
      const bare: number[] = [];
      for (let round = 0; round < bench.rounds; round += 1) {
        bench.say(`P5 round ${round + 1}`);
        const inRound = perSystem<number[]>(() => []);
        const bareInRound: number[] = [];
        for (let start = 0; start < startsPerRound; start += 1) {
          for (const name of bench.order(round + start)) {
            const client = new LineClient(systems[name].command());
            inRound[name].push(await client.start());
            await client.stop();
          }
          bareInRound.push(await bareNode(systems.direct.command().env));
        }
        for (const name of systemNames) times[name].push(median(inRound[name]));
        bare.push(median(bareInRound));
      }
      return [
        {
          id: 'P5',
          what: 'spawn to tools/list, daemon running',
          unit: 'ms',
          values: medians(times),
          ratio: { value: medianRatio(times.exai, times.direct), to: 'direct' },
          target: { atMost: 0.36, text: '≤ 0.36 × direct' },
        },
        {
          id: 'P5',
          what: 'the same beside a bare node -e 0',
          note: `that takes ${median(bare).toFixed(1)} ms`,
          unit: 'ms',
          values: { exai: median(times.exai) },
          ratio: { value: medianRatio(times.exai, bare), to: 'bare' },
          target: { atMost: 1.3, text: '≤ 1.3 × bare' },
        },
      ] satisfies Row[];
    }),
};

async function bareNode(env: Readonly<Record<string, string>>): Promise<number> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, ['-e', '0'], { env: { ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  await once(child, 'exit');
  return performance.now() - startedAt;
}

/** P6: the same when the shim has to start the daemon. */
export const coldStart: Measurement = {
  ids: ['P6'],
  run: async (bench) => {
    const { home, daemon } = await bench.shippedDaemon();
    return closing(
      () => home.cleanUp(),
      async () => {
        await daemon.kill('SIGTERM'); // leaves its launch command and the known facts behind
        const rows: Row[] = [];
        for (const [what, burners] of [
          ['idle machine', 0],
          ['two busy processes beside it', 2],
        ] as const) {
          bench.say(`P6 ${what}`);
          rows.push(...(await withBurners(burners, () => coldStarts(bench, home, what))));
        }
        return rows;
      },
    );
  },
};

async function coldStarts(bench: Bench, home: TestHome, what: string): Promise<Row[]> {
  const known: number[] = [];
  const unknown: number[] = [];
  const firstCall: number[] = [];
  for (let round = 0; round < bench.rounds; round += 1) {
    rmSync(home.layout.knownFactsFile, { force: true });
    unknown.push((await coldStartOnce(home)).listMs);
    const again = await coldStartOnce(home);
    known.push(again.listMs);
    firstCall.push(again.callMs);
  }
  return [
    {
      id: 'P6',
      what: `spawn to tools/list, no daemon, nothing known of it; ${what}`,
      unit: 'ms',
      values: { exai: median(unknown) },
      target: { atMost: 700, text: '≤ 700 ms' },
    },
    {
      id: 'P6',
      what: `the same from the last known facts; ${what}`,
      unit: 'ms',
      values: { exai: median(known) },
      target: { atMost: 700, text: '≤ 700 ms' },
    },
    {
      id: '',
      what: `… and until the new daemon has answered a call; ${what}`,
      unit: 'ms',
      values: { exai: median(firstCall) },
    },
  ];
}

async function coldStartOnce(home: TestHome): Promise<{ listMs: number; callMs: number }> {
  const client = new LineClient({ command: process.execPath, args: [programs.shim], env: home.env });
  let listMs: number;
  let callMs: number;
  try {
    listMs = await client.start();
    await client.ask(callOf('version', 'note', 200));
    callMs = performance.now() - client.spawnedAtMs;
  } finally {
    await client.stop();
  }
  for (const pid of home.daemonPids()) process.kill(pid, 'SIGTERM');
  await eventually('the end of the daemon', () => (home.daemonPids().length === 0 ? true : undefined));
  return { listMs, callMs };
}

async function withBurners<T>(count: number, work: () => Promise<T>): Promise<T> {
  const burners = Array.from({ length: count }, () =>
    spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
  );
  try {
    return await work();
  } finally {
    await Promise.all(
      burners.map((burner) => {
        const ended = once(burner, 'exit');
        burner.kill('SIGKILL');
        return ended;
      }),
    );
  }
}

/** How fast the editor is rid of its server. */
export const exits: Measurement = {
  ids: ['exit'],
  run: (bench) =>
    bench.withSystems({}, async (systems) => {
      const rows: Row[] = [];
      for (const how of ['EOF', 'SIGINT', 'SIGTERM'] as const) {
        const worst = perSystem<number[]>(() => []);
        for (let round = 0; round < bench.rounds; round += 1) {
          for (const name of bench.order(round)) {
            const inRound: number[] = [];
            for (let repeat = 0; repeat < 3; repeat += 1) {
              const client = await systems[name].connect();
              const askedAt = performance.now();
              if (how === 'EOF') client.closeInput();
              else client.kill(how);
              inRound.push((await client.exited) - askedAt);
            }
            worst[name].push(Math.max(...inRound));
          }
        }
        rows.push({
          id: 'exit',
          what: how === 'EOF' ? 'exit after stdin EOF, slowest of all' : `exit after ${how}, slowest of all`,
          unit: 'ms',
          values: { direct: Math.max(...worst.direct), floor: Math.max(...worst.floor), exai: Math.max(...worst.exai) },
          target: { atMost: 200, text: '≤ 200 ms' },
        });
      }
      return rows;
    }),
};
