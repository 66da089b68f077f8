import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SecretValues } from '../../platform/redaction.ts';
import { RotatingFile } from '../../platform/rotating-file.ts';
import type { FinishedCall } from '../../protocol/events.ts';
import { BatchedLog, type LineSink } from './batched-log.ts';
import { EventBus } from './event-bus.ts';
import { MetricsLog, metricsLine } from './metrics-log.ts';
import { sampleCall, sampleStatus } from './sample-data.ts';
import { healthStatus } from './status.ts';

/** A disk that can be full. */
class FakeDisk implements LineSink {
  readonly writes: string[] = [];
  isFull = false;
  isClosed = false;

  append(lines: string): boolean {
    if (this.isFull) return false;
    this.writes.push(lines);
    return true;
  }

  close(): void {
    this.isClosed = true;
  }

  get lines(): string[] {
    return this.writes.join('').split('\n').slice(0, -1);
  }
}

const secrets = SecretValues.of([]);

let dir: string;
let path: string;

beforeEach(() => {
  vi.useFakeTimers();
  dir = mkdtempSync(join(tmpdir(), 'exai-metrics-'));
  path = join(dir, 'ws_daemon.metrics.jsonl');
});

afterEach(() => {
  vi.useRealTimers();
  rmSync(dir, { recursive: true, force: true });
});

function finish(log: MetricsLog, ...calls: FinishedCall[]): void {
  for (const call of calls) log.observe({ type: 'call.finished', call });
}

function numbered(count: number): FinishedCall[] {
  return Array.from({ length: count }, (_, index) => sampleCall({ callId: `c_${index}` }));
}

describe('metricsLine', () => {
  it('WIRE-8.2: the fields and their order, seconds and bytes', () => {
    expect(metricsLine(sampleCall(), secrets)).toBe(
      '{"t":1790000011.5,"op":"call_tool","lat":1.25,"sess":"vscode-instance-1","name":"version","prov":"","out":"ok","code":"",' +
        '"queued":0,"inst":"inst_abc123","up":"","req":120,"res":340,"call":"c_1"}',
    );
    const refused = sampleCall({
      outcome: 'refused',
      errorCode: 'OVER_CAPACITY',
      refusedScope: 'provider',
      provider: 'GLM',
      upstream: 'files',
      instanceId: null,
      queuedMs: 30_000.5,
      durationMs: 0.1234,
      responseBytes: 0,
    });
    expect(JSON.parse(metricsLine(refused, secrets))).toMatchObject({
      out: 'refused',
      code: 'OVER_CAPACITY',
      prov: 'GLM',
      up: 'files',
      inst: '',
      queued: 30.0005,
      lat: 0.000123,
    });
  });

  it('WIRE-8.2: a name that a client invents stays one short, valid line', () => {
    const line = metricsLine(sampleCall({ tool: `a\n"\u2028\ud800${'x'.repeat(5000)}`, isKnownTool: false }), secrets);
    expect(line).not.toContain('\n');
    expect(line.length).toBeLessThan(500);
    expect(JSON.parse(line)).toMatchObject({ name: `a\n"\u2028\ufffd${'x'.repeat(123)}` });
  });
});

describe('MetricsLog', () => {
  it('WIRE-8.2: calls of any outcome, written together at most a second later, nothing on the call path', () => {
    const disk = new FakeDisk();
    const log = new MetricsLog({ sink: disk, flushMs: 1000, secrets });
    const outcomes = ['ok', 'tool_error', 'error', 'cancelled', 'timeout', 'refused', 'interrupted'] as const;
    finish(log, ...outcomes.map((outcome) => sampleCall({ outcome })));
    expect(disk.writes).toEqual([]);
    vi.advanceTimersByTime(1000);
    expect(disk.writes).toHaveLength(1);
    expect(disk.lines.map((line) => (JSON.parse(line) as { out: string }).out)).toEqual(outcomes);
    finish(log, sampleCall());
    log.close();
    log.close();
    expect(disk.lines).toHaveLength(8);
    expect(disk.isClosed).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('WIRE-8.2: a burst is written before it grows large, in pieces that any rotation size takes', () => {
    const disk = new FakeDisk();
    const log = new MetricsLog({ sink: disk, flushMs: 1000, secrets });
    finish(log, ...numbered(5000));
    expect(disk.lines.length).toBeGreaterThan(4000);
    log.close();
    expect(disk.lines.map((line) => (JSON.parse(line) as { call: string }).call)).toEqual(
      numbered(5000).map(({ callId }) => callId),
    );
    for (const write of disk.writes) expect(Buffer.byteLength(write)).toBeLessThan(65_536);
  });

  it('PF-L3 WIRE-F2: past the limit five files are kept, none too large, the newest lines whole', () => {
    const sink = new RotatingFile({ path, maxBytes: 65_536, files: 5 });
    const log = new MetricsLog({ sink, flushMs: 1000, secrets });
    for (let batch = 0; batch < 40; batch += 1) {
      finish(log, ...Array.from({ length: 100 }, (_, index) => sampleCall({ callId: `c_${batch * 100 + index}` })));
      vi.advanceTimersByTime(1000);
    }
    log.close();
    expect(readdirSync(dir).toSorted()).toEqual(
      ['', '.1', '.2', '.3', '.4', '.5'].map((end) => `ws_daemon.metrics.jsonl${end}`),
    );
    for (const name of readdirSync(dir)) expect(readFileSync(join(dir, name)).length).toBeLessThanOrEqual(65_536);
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(JSON.parse(lines.at(-1) ?? '')).toMatchObject({ call: 'c_3999' });
    expect(log.problem).toBeNull();
  });

  it('BAD-full-disk WIRE-F2: lines are dropped and counted, health degrades, and recovers by itself', () => {
    const disk = new FakeDisk();
    const log = new MetricsLog({ sink: disk, flushMs: 1000, secrets });
    disk.isFull = true;
    finish(log, ...numbered(10));
    expect(log.problem).toBeNull();
    vi.advanceTimersByTime(1000);
    expect(log.problem).toBe('The metrics log cannot be written (9 lines lost so far).');
    expect(healthStatus(sampleStatus({ metricsLogProblem: log.problem }))).toBe('degraded');
    disk.isFull = false;
    vi.advanceTimersByTime(10_000);
    expect(log.problem).toBeNull();
    expect(disk.lines.map((line) => (JSON.parse(line) as { call: string }).call)).toEqual(['c_9']);
    expect(log.droppedLines).toBe(9);
    log.close();
  });

  it('BAD-full-disk: a disk that stays full costs neither memory nor an exception, however long', () => {
    const disk = new FakeDisk();
    disk.isFull = true;
    const log = new MetricsLog({ sink: disk, flushMs: 1000, secrets });
    for (let round = 0; round < 20; round += 1) finish(log, ...numbered(1000));
    vi.advanceTimersByTime(60_000);
    log.close();
    expect(log.droppedLines).toBe(20_000);
    finish(log, sampleCall());
    expect(log.droppedLines).toBe(20_001);
  });

  it.skipIf(process.platform !== 'linux')(
    'BAD-full-disk WIRE-F2: the kernel’s own "no space left" is survived and ends',
    () => {
      symlinkSync('/dev/full', path);
      const errors: unknown[] = [];
      const sink = new RotatingFile({ path, maxBytes: 65_536, files: 5, onError: (error) => errors.push(error) });
      const log = new MetricsLog({ sink, flushMs: 1000, secrets });
      const bus = new EventBus();
      bus.subscribe((event) => log.observe(event));
      bus.emit({ type: 'call.finished', call: sampleCall() });
      bus.emit({ type: 'call.finished', call: sampleCall({ callId: 'c_2' }) });
      vi.advanceTimersByTime(1000);
      expect(errors).toMatchObject([{ code: 'ENOSPC' }]);
      expect(log.problem).toContain('1 lines lost');
      unlinkSync(path);
      vi.advanceTimersByTime(10_000);
      expect(log.problem).toBeNull();
      log.close();
      expect(readFileSync(path, 'utf8')).toContain('"call":"c_2"');
    },
  );
});

describe('BatchedLog', () => {
  it('BAD-full-disk: a refusal in mid-batch counts the rest of the batch as lost, except the newest', () => {
    let accepted = 2;
    const sink: LineSink = {
      append: () => {
        accepted -= 1;
        return accepted >= 0;
      },
      close: () => undefined,
    };
    const log = new BatchedLog<string>({ sink, format: (text) => text, flushMs: 10 });
    for (const name of ['a', 'b', 'c', 'd']) log.add(name.repeat(10_000)); // one piece each
    log.flush();
    expect(log.isFailing).toBe(true);
    expect(log.droppedLines).toBe(1);
    log.close();
    expect(log.droppedLines).toBe(2);
  });

  it('PERF-P11: an idle log has no timer', () => {
    const log = new BatchedLog<string>({ sink: new FakeDisk(), format: (text) => text, flushMs: 10 });
    log.add('a');
    vi.advanceTimersByTime(10);
    expect(vi.getTimerCount()).toBe(0);
    log.close();
  });
});
