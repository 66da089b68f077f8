import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openExclusiveLog, shimLogId } from '../../platform/exclusive-log.ts';
import { createLogger } from '../../platform/json-logger.ts';
import { ShimLogSweep } from './shim-log-sweep.ts';

const dayMs = 86_400_000;
/** Nobody has this pid any more. */
const gone = spawnSync(process.execPath, ['-e', '']).pid;

let dir: string;
let lines: string[];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'exai-sweep-'));
  lines = [];
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function create(now: () => number = Date.now, where = dir): ShimLogSweep {
  const logger = createLogger({ level: 'debug', write: (line) => lines.push(line) });
  return new ShimLogSweep({ dir: where, logger, now });
}

function file(name: string, ageMs: number, text = 'x'): void {
  writeFileSync(join(dir, name), text);
  const at = new Date(Date.now() - ageMs);
  utimesSync(join(dir, name), at, at);
}

function names(): string[] {
  return readdirSync(dir).toSorted();
}

describe('ShimLogSweep', () => {
  it('PF-L1 WIRE-F5: everything of a log without a name goes when its process is gone for more than seven days', async () => {
    for (const end of ['', '.1', '.2', '.lock', '.lock.4-x-y', '.lock.4-x-y.tmp'])
      file(`ws_shim_pid${gone}.log${end}`, 8 * dayMs);
    for (const end of ['-2.log', '-2.log.1', `-pid${gone}.log`]) file(`ws_shim_pid${gone}${end}`, 8 * dayMs);
    await create().sweep();
    expect(names()).toEqual([]);
    expect(lines.join('')).toContain('"files":8');
  });

  it('PF-L1 PF-P8: a pile of them never holds the loop for longer than one takes', async () => {
    for (let number = 1; number <= 60; number += 1) file(`ws_shim_pid${gone}-${number + 1}.log`, 8 * dayMs);
    let turns = 0;
    const counting = setInterval(() => {
      turns += 1;
    }, 0);
    await create().sweep();
    clearInterval(counting);
    expect(names()).toEqual([]);
    expect(turns).toBeGreaterThan(5);
  });

  it('PF-L1: others stay: young ones, those of live processes, those of windows, and what is no log', async () => {
    const others = [
      'ws_daemon.log',
      'ws_shim_vscode1.log',
      'ws_shim_pidgin.log',
      `ws_shim_pid${gone}.txt`,
      `xws_shim_pid${gone}.log`,
    ];
    for (const name of others) file(name, 30 * dayMs);
    file(`ws_shim_pid${process.pid}.log`, 30 * dayMs);
    file(`ws_shim_pid${gone}.log`, 7 * dayMs - 60_000);
    file(`ws_shim_pid${gone}.log.1`, 30 * dayMs);
    mkdirSync(join(dir, `ws_shim_pid${gone}-3.log`));
    symlinkSync(join(dir, 'ws_daemon.log'), join(dir, `ws_shim_pid${gone}-4.log`));
    const before = names();
    await create().sweep();
    expect(names()).toEqual(before);
    expect(lines).toEqual([]);
  });

  it('PF-L1 WIRE-F5: the log of a real shim process stays while it lives, and goes with its lock afterwards', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    const ended = new Promise((resolve) => child.once('exit', resolve));
    const later = (): number => Date.now() + 8 * dayMs;
    try {
      await new Promise((resolve) => child.once('spawn', resolve));
      file(`ws_shim_pid${child.pid}.log`, 0);
      await create(later).sweep();
      expect(names()).toEqual([`ws_shim_pid${child.pid}.log`]);
    } finally {
      child.kill('SIGKILL');
    }
    await ended;
    await create(later).sweep();
    expect(names()).toEqual([]);
  });

  it('WIRE-F5: a log whose lock is held stays, whatever its pid says', async () => {
    const id = shimLogId({ logPrefix: undefined, sessionId: undefined, pid: gone });
    const log = openExclusiveLog({ dir, id, maxBytes: 1_000, files: 1 });
    try {
      log.file.append('{"msg":"alive"}\n');
      await create(() => Date.now() + 8 * dayMs).sweep();
      expect(names()).toEqual([`ws_shim_pid${gone}.log`, `ws_shim_pid${gone}.log.lock`]);
    } finally {
      log.release();
    }
    await create(() => Date.now() + 8 * dayMs).sweep();
    expect(names()).toEqual([]);
  });

  it('PF-L1: looks at most once an hour, and a clock that jumps does not stop it', async () => {
    let now = Date.now();
    const sweep = create(() => now);
    await sweep.sweep();
    file(`ws_shim_pid${gone}.log`, 8 * dayMs);
    now += 3_599_000;
    await sweep.sweep();
    expect(names()).toHaveLength(1);
    now += 1_000;
    await sweep.sweep();
    expect(names()).toEqual([]);
    file(`ws_shim_pid${gone}.log`, 8 * dayMs);
    now -= 7_200_000;
    await sweep.sweep();
    expect(names()).toEqual([]);
  });

  it('BAD-read-only-home: a directory that cannot be read is one warning, and no error', async () => {
    let now = Date.now();
    const sweep = create(() => now, join(dir, 'not-there'));
    await sweep.sweep();
    now += dayMs;
    await sweep.sweep();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('"level":"warn"');
  });
});
