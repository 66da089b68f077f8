import { writeFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { bundlePrograms } from '../support/bundle.ts';
import { Bench, type Measurement } from './bench.ts';
import { bursts, serialCalls } from './measure-calls.ts';
import { httpCalls } from './measure-http.ts';
import { interfaceLoad } from './measure-interface.ts';
import { idle, memory } from './measure-memory.ts';
import { greedyNeighbour, heavyNeighbour } from './measure-neighbours.ts';
import { coldStart, exits, warmStart } from './measure-start.ts';
import { trayApp } from './measure-tray.ts';
import { sharing, upstreamCalls } from './measure-upstreams.ts';
import { type Row, tableMarkdown, tableText, verdictOf } from './report.ts';

const usage = `Usage: npm run bench -- [options]

  --only P1,P5    some of: P1 P2 P3 P4 share P5 P6 P7 P8 P9 P10 P11 HTTP exit UI TRAY
  --rounds N      rounds per figure, 1–20 (default 5); the table shows medians
  --json FILE     write the table as JSON too
  --markdown      print the table for docs/performance.md
  --profile DIR   write CPU profiles of daemon and shims there (slower: do not trust the figures)`;

const measurements: readonly Measurement[] = [
  serialCalls,
  upstreamCalls,
  sharing,
  warmStart,
  coldStart,
  memory,
  greedyNeighbour,
  heavyNeighbour,
  bursts,
  httpCalls,
  idle,
  exits,
  interfaceLoad,
  trayApp,
];

/** A missed target is a word in the table, never an exit code: timed figures wander with the machine. */
async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      json: { type: 'string' },
      markdown: { type: 'boolean', default: false },
      profile: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return print(usage);
  const rounds = Number(values.rounds);
  const wanted = values.only?.split(',').map((id) => id.trim().toLowerCase());
  const chosen = measurements.filter(
    ({ ids }) => wanted === undefined || ids.some((id) => wanted.includes(id.toLowerCase())),
  );
  if (!Number.isInteger(rounds) || rounds < 1 || rounds > 20 || chosen.length === 0) {
    process.stderr.write(`${usage}\n`);
    return 64;
  }
  if (process.platform !== 'linux') {
    process.stderr.write('The benchmark reads memory and processor time from /proc: it runs on Linux only.\n');
    return 64;
  }
  const bundles = await bundlePrograms({
    direct: { input: 'test/bench/programs/direct-server.ts', external: true },
    directHttp: { input: 'test/bench/programs/direct-http-server.ts', external: true },
    hopShim: { input: 'test/bench/programs/hop-shim.ts' },
    hopDaemon: { input: 'test/bench/programs/hop-daemon.ts' },
    hopUpstream: { input: 'test/bench/programs/hop-upstream.ts' },
    testDaemon: { input: 'test/support/test-daemon.ts' },
  });
  const rows: Row[] = [];
  const startedAt = performance.now();
  try {
    const {
      direct = '',
      directHttp = '',
      hopShim = '',
      hopDaemon = '',
      hopUpstream = '',
      testDaemon = '',
    } = bundles.files;
    const bench = new Bench({
      rounds,
      files: { direct, directHttp, hopShim, hopDaemon, hopUpstream, testDaemon },
      profileDir: values.profile,
      say: (line) => {
        if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line} `);
      },
    });
    for (const measurement of chosen) rows.push(...(await measurement.run(bench)));
  } finally {
    if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
    bundles.remove();
  }
  const seconds = Math.round((performance.now() - startedAt) / 1000);
  const machine = `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'processor'}, Node ${process.version}, ${process.platform}`;
  print(`${machine}; ${rounds} rounds, ${seconds} s\n`);
  print(values.markdown ? tableMarkdown(rows) : tableText(rows));
  const missed = rows.filter((row) => verdictOf(row) === 'missed').length;
  print(missed === 0 ? '\nEvery target is met.' : `\n${missed} ${missed === 1 ? 'target is' : 'targets are'} missed.`);
  if (values.json !== undefined) {
    const report = { machine, rounds, seconds, rows: rows.map((row) => ({ ...row, verdict: verdictOf(row) })) };
    writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  }
  return 0;
}

function print(text: string): number {
  process.stdout.write(`${text}\n`);
  return 0;
}

process.exitCode = await main();
