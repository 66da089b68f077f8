import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type Bench, closing, type Measurement, perSystem } from './bench.ts';
import { callOf, LineClient } from './line-client.ts';
import { cpuMs, pause, pssMegabytes, settled } from './process-figures.ts';
import type { Row } from './report.ts';
import { median, medianRatio } from './statistics.ts';
import { directSystem, exaiSystem, type System } from './systems.ts';

const clients = 8;

/** P7: what one more window costs, and the daemon alone. */
export const memory: Measurement = {
  ids: ['P7'],
  run: async (bench) => {
    const added = perSystem<number[]>(() => []);
    const alone: number[] = [];
    const bare: number[] = [];
    for (let round = 0; round < Math.min(bench.rounds, 3); round += 1) {
      bench.say(`P7 round ${round + 1}`);
      const { home, daemon } = await bench.shippedDaemon();
      const exai = exaiSystem(home, daemon, []);
      await closing(
        () => exai.close(),
        async () => {
          const before = await settled(() => pssMegabytes(daemon.pid));
          alone.push(before);
          added.exai.push(await perClient(exai, () => pssMegabytes(daemon.pid) - before));
          const direct = directSystem(bench.files.direct, home.env, { textBytes: 200, lineBytes: 300 });
          added.direct.push(await perClient(direct, () => 0));
          bare.push(await idleNode());
        },
      );
    }
    return [
      {
        id: 'P7',
        what: `memory (PSS) per added client, ${clients} clients`,
        unit: 'MB',
        values: { direct: median(added.direct), exai: median(added.exai) },
        note: `${medianRatio(added.exai, added.direct).toFixed(2)} × direct; as many idle Node processes: ${median(bare).toFixed(1)} MB each`,
        target: { atMost: 10, text: '≤ 10 MB' },
      },
      {
        id: 'P7',
        what: 'memory (PSS) of the daemon alone',
        unit: 'MB',
        values: { exai: median(alone) },
        target: { atMost: 45, text: '≤ 45 MB' },
      },
    ];
  },
};

/** What Node itself takes, with as many processes to share its pages: nothing written for Node can be smaller. */
async function idleNode(): Promise<number> {
  const idle = Array.from({ length: clients }, () =>
    spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' }),
  );
  try {
    await pause(500);
    return await settled(() => idle.reduce((sum, { pid = 0 }) => sum + pssMegabytes(pid), 0) / clients);
  } finally {
    await Promise.all(
      idle.map((child) => {
        const ended = once(child, 'exit');
        child.kill('SIGKILL');
        return ended;
      }),
    );
  }
}

/** Starts the clients, lets each make a call, and waits until the memory has settled. */
async function perClient(system: System, growth: () => number): Promise<number> {
  const open: LineClient[] = [];
  try {
    for (let index = 0; index < clients; index += 1) {
      const client = await system.connect();
      open.push(client);
      await client.ask(callOf('version', 'note', 200));
    }
    const all = await settled(() => open.reduce((sum, client) => sum + pssMegabytes(client.pid), 0) + growth());
    return all / clients;
  } finally {
    for (const client of open) await client.stop();
  }
}

const idleSessions = 10;
/** Three health files, more than one ping interval. */
const idleMs = 30_000;

/** P11: what the daemon does while nobody asks for anything. */
export const idle: Measurement = {
  ids: ['P11'],
  run: async (bench: Bench): Promise<readonly Row[]> => {
    const { home, daemon } = await bench.shippedDaemon();
    const exai = exaiSystem(home, daemon, []);
    const open: LineClient[] = [];
    return closing(
      () => exai.close(),
      async () => {
        for (let index = 0; index < idleSessions; index += 1) open.push(await exai.connect());
        await pause(3_000); // what follows a start (reports, collections) is over
        bench.say(`P11 idle for ${idleMs / 1000} s`);
        const shims = () => open.reduce((sum, client) => sum + cpuMs(client.pid), 0);
        const before = { daemon: cpuMs(daemon.pid), shims: shims(), at: performance.now() };
        await pause(idleMs);
        const elapsedMs = performance.now() - before.at;
        const share = (usedMs: number): number => (usedMs / elapsedMs) * 100;
        const result: Row[] = [
          {
            id: 'P11',
            what: `daemon idle with ${idleSessions} sessions, share of a core`,
            unit: '%',
            values: { exai: share(cpuMs(daemon.pid) - before.daemon) },
            target: { atMost: 0.2, text: '≤ 0.2 %' },
          },
          {
            id: '',
            what: `the ${idleSessions} idle shims together`,
            unit: '%',
            values: { exai: share(shims() - before.shims) },
          },
        ];
        for (const client of open) await client.stop();
        return result;
      },
    );
  },
};
