import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { acquireLock, type LockOptions, type LockResult } from './exclusive-lock.ts';
import { processStartedAt } from './process-info.ts';

/** Above every pid limit. */
const deadPid = 0x7fff_fff0;
let dir: string;
let path: string;
const children: ChildProcess[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'exai-lock-'));
  path = join(dir, 'daemon.lock');
});

afterEach(async () => {
  await Promise.all(children.splice(0).map(end));
  rmSync(dir, { recursive: true, force: true });
});

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

function spawnModule(
  source: string,
): ChildProcess & { stdin: NonNullable<ChildProcess['stdin']>; stdout: NonNullable<ChildProcess['stdout']> } {
  const lock = JSON.stringify(join(import.meta.dirname, 'exclusive-lock.ts'));
  const script = `import { acquireLock } from ${lock};\n${source}`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  return child;
}

function putRecord(at: string, record: Record<string, unknown>): void {
  writeFileSync(at, JSON.stringify({ generation: 'gen-0', pid: deadPid, acquiredAt: Date.now() / 1000, ...record }), {
    mode: 0o600,
  });
}

function release(result: LockResult): void {
  if (result.type === 'held') result.release();
}

function staleAt(nowMs: number): LockOptions {
  return { now: () => nowMs, staleAfterMs: 15_000 };
}

describe('acquireLock', () => {
  it('PF-G1: is held once, tells who holds it, and is free after release', () => {
    const first = acquireLock(path);
    expect(first.type).toBe('held');
    expect(acquireLock(path)).toEqual({
      type: 'taken',
      pid: process.pid,
      processStartedAt: processStartedAt(process.pid),
    });
    expect(readdirSync(dir)).toEqual(['daemon.lock']);
    release(first);
    release(first);
    expect(readdirSync(dir)).toEqual([]);
    expect(acquireLock(path).type).toBe('held');
  });

  it.skipIf(process.platform === 'win32')(
    'MAIN-private-state: the file is 0600, a missing directory is made 0700',
    () => {
      const inside = join(dir, 'run', 'daemon.lock');
      acquireLock(inside);
      expect([statSync(inside).mode & 0o777, statSync(join(dir, 'run')).mode & 0o777]).toEqual([0o600, 0o700]);
    },
  );

  it('PF-G1 WIRE-M3: after kill -9 of its holder it is had at once', async () => {
    const child = spawnModule(`console.log(acquireLock(${JSON.stringify(path)}).type); setInterval(() => {}, 1000);`);
    expect(String(await once(child.stdout, 'data'))).toBe('held\n');
    expect(acquireLock(path)).toMatchObject({ type: 'taken', pid: child.pid });
    await end(child);
    const mine = acquireLock(path);
    expect(mine.type).toBe('held');
    expect(readdirSync(dir)).toEqual(['daemon.lock']);
    release(mine);
    expect(readdirSync(dir)).toEqual([]);
  });

  it('PF-G1: a pid that now belongs to another process does not hold it', () => {
    const startedAt = processStartedAt(process.pid) ?? 0;
    putRecord(path, { pid: process.pid, processStartedAt: startedAt - 100 });
    const taken = acquireLock(path, { believePid: true });
    expect(taken).toEqual({ type: 'taken', pid: process.pid, processStartedAt: startedAt - 100 });
    expect(acquireLock(path).type).toBe('held');
  });

  it('BAD-clock-jump: a live holder keeps it when the clock was set by an hour', () => {
    const held = acquireLock(path);
    const record = JSON.parse(readFileSync(path, 'utf8')) as { processStartedAt: number; acquiredAt: number };
    writeFileSync(
      path,
      JSON.stringify({
        ...record,
        processStartedAt: record.processStartedAt + 3600,
        acquiredAt: record.acquiredAt + 3600,
      }),
    );
    // Elsewhere start times are absolute and do not move with the clock.
    expect(acquireLock(path, { believePid: process.platform !== 'linux' }).type).toBe('taken');
    release(held);
    expect(readdirSync(dir)).toEqual([]);
  });

  it('PF-R4 PF-R9: with staleAfterMs it is taken over by age, and the old holder’s release leaves the new lock alone', () => {
    const first = acquireLock(path, staleAt(1_000_000));
    expect(acquireLock(path, staleAt(1_015_000)).type).toBe('taken');
    const second = acquireLock(path, staleAt(1_015_001));
    expect(second.type).toBe('held');
    release(first);
    expect(acquireLock(path, staleAt(1_015_002)).type).toBe('taken');
    release(second);
    expect(readdirSync(dir)).toEqual([]);
  });

  it.each(['', '{"pid":', 'null', '{"generation":"../../x","pid":1,"acquiredAt":1}'])(
    'PF-G1: %j counts as being written while it is fresh, and as left behind later',
    (content) => {
      writeFileSync(path, content);
      expect(acquireLock(path)).toEqual({ type: 'taken', pid: 0 });
      const longAgo = Date.now() / 1000 - 60;
      utimesSync(path, longAgo, longAgo);
      expect(acquireLock(path).type).toBe('held');
      expect(readdirSync(dir)).toEqual(['daemon.lock']);
    },
  );

  it('PF-G1: a contender that died while it took the lock over blocks nobody', () => {
    putRecord(path, {});
    putRecord(`${path}.gen-0`, { generation: 'gen-1' });
    putRecord(`${path}.gen-1`, { generation: 'gen-2' });
    expect(acquireLock(path).type).toBe('held');
    expect(readdirSync(dir)).toEqual(['daemon.lock']);
  });

  it('PF-R4: while a live contender takes it over, it is taken', () => {
    putRecord(path, {});
    putRecord(`${path}.gen-0`, { generation: 'gen-1', pid: process.pid });
    expect(acquireLock(path).type).toBe('taken');
    expect(readFileSync(path, 'utf8')).toContain('gen-0');
  });

  it('BAD-read-only-home: a place that cannot be written is an error, not a lock', () => {
    writeFileSync(join(dir, 'file'), '');
    expect(() => acquireLock(join(dir, 'file', 'daemon.lock'))).toThrow(/ENOTDIR|EEXIST|ENOENT/);
  });

  it('PF-R4 PF-G1: of four processes that find 200 locks left behind, exactly one gets each', async () => {
    const count = 200;
    for (let number = 0; number < count; number += 1) {
      const lock = join(dir, `${number}.lock`);
      putRecord(lock, { generation: `gen-${number}` });
      // Every third was left behind in the middle of a take-over.
      if (number % 3 === 0) putRecord(`${lock}.gen-${number}`, { generation: `guard-${number}` });
    }
    const contenders = Array.from({ length: 4 }, () =>
      spawnModule(`
        process.stdin.once('data', () => {
          const won = [];
          for (let number = 0; number < ${count}; number += 1) {
            if (acquireLock(${JSON.stringify(dir)} + '/' + number + '.lock').type === 'held') won.push(number);
          }
          console.log(JSON.stringify(won));
        });
        process.stdin.on('end', () => process.exit(0));
        console.log('ready');`),
    );
    await Promise.all(contenders.map((child) => once(child.stdout, 'data')));
    // All live until all are done, so no lock of theirs counts as left behind.
    const answers = contenders.map((child) => once(child.stdout, 'data'));
    for (const child of contenders) child.stdin.write('go\n');
    const won = (await Promise.all(answers)).map((data) => JSON.parse(String(data)) as number[]);
    const rests = contenders.map((child) => text(child.stdout));
    for (const child of contenders) child.stdin.end();
    expect(await Promise.all(rests)).toEqual(['', '', '', '']);
    expect(won.flat().toSorted((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, number) => number));
    expect(readdirSync(dir)).toHaveLength(count);
  }, 30_000);

  it('PF-R4: four processes that take and free one lock in turn never hold it at once', async () => {
    const contenders = Array.from({ length: 4 }, () =>
      spawnModule(`
        import { mkdirSync, rmdirSync } from 'node:fs';
        let held = 0;
        for (let tries = 0; held < 50 && tries < 1e6; tries += 1) {
          const lock = acquireLock(${JSON.stringify(path)});
          if (lock.type !== 'held') continue;
          mkdirSync(${JSON.stringify(join(dir, 'inside'))});
          rmdirSync(${JSON.stringify(join(dir, 'inside'))});
          lock.release();
          held += 1;
        }
        console.log(held);`),
    );
    expect(await Promise.all(contenders.map((child) => text(child.stdout)))).toEqual(['50\n', '50\n', '50\n', '50\n']);
    expect(readdirSync(dir)).toEqual([]);
  }, 30_000);
});
