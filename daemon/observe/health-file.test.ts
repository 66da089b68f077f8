import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { HealthFile, healthBody, uptimeHuman } from './health-file.ts';
import { sampleStatus } from './sample-data.ts';
import type { DaemonStatus } from './status.ts';

let dir: string;
let path: string;
let logged: string[];
const logger = { warn: (msg: string) => logged.push(`warn ${msg}`), info: (msg: string) => logged.push(`info ${msg}`) };

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'exai-health-'));
  path = join(dir, 'ws_daemon.health.json');
  logged = [];
});

afterEach(() => {
  vi.useRealTimers();
  rmSync(dir, { recursive: true, force: true });
});

function healthFile(status: () => DaemonStatus, logDir = dir, intervalMs = 10_000): HealthFile {
  return new HealthFile({ logDir, intervalMs, logger, source: { status } });
}

function readHealth(): Record<string, unknown> {
  return JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
}

describe('uptimeHuman', () => {
  it.each([
    [0, '0:00:00'],
    [59.99, '0:00:59'],
    [60, '0:01:00'],
    [3661, '1:01:01'],
    [86_399, '23:59:59'],
    [86_400, '1 day, 0:00:00'],
    [2 * 86_400 + 60, '2 days, 0:01:00'],
    [400 * 86_400 + 36_000, '400 days, 10:00:00'],
    [-5, '0:00:00'],
  ])('WIRE-8.1: %s s are %s', (seconds, text) => {
    expect(uptimeHuman(seconds)).toBe(text);
  });
});

describe('HealthFile', () => {
  it('WIRE-8.1: every field with its name and type, keys sorted, indent 2', () => {
    const file = healthFile(() => sampleStatus({ warnings: ['JWT_GRACE'] }));
    file.start();
    expect(readFileSync(path, 'utf8')).toBe(`{
  "auth": "token",
  "daemon_run_id": "01J9",
  "event_loop_lag_ms": 1.3,
  "global_capacity": 24,
  "global_inflight": 1,
  "host": "127.0.0.1",
  "local_socket": "/run/exai/daemon.sock",
  "pid": 4242,
  "port": 8765,
  "providers": {
    "GLM": {
      "capacity": 4,
      "inflight": 1
    },
    "KIMI": {
      "capacity": 6,
      "inflight": 0
    }
  },
  "queued": 0,
  "rss_bytes": 50331648,
  "schema": 1,
  "session_capacity": 100,
  "sessions": 2,
  "sessions_detached": 1,
  "started_at": 1790000000.25,
  "status": "healthy",
  "store": {
    "kind": "none",
    "ok": true
  },
  "t": 1790000060.5,
  "token_generation": 3,
  "tool_count": 6,
  "upstreams": {
    "failed": 0,
    "ready": 0,
    "total": 0
  },
  "uptime_human": "0:01:00",
  "version": "1.4.0",
  "warnings": [
    "JWT_GRACE"
  ]
}
`);
    file.stop();
  });

  it('WIRE-8.1: upstreams are counted and the store is named', () => {
    const body = healthBody(
      sampleStatus({ upstreams: { total: 3, ready: 2, failed: ['files'] }, store: { kind: 'sqlite', ok: true } }),
    );
    expect(body.upstreams).toEqual({ total: 3, ready: 2, failed: 1 });
    expect(body.store).toEqual({ kind: 'sqlite', ok: true });
    expect(body.status).toBe('degraded');
  });

  it('WIRE-8.1: the pid beside it, both private, both gone after a clean stop', () => {
    const file = healthFile(() => sampleStatus());
    file.start();
    expect(readFileSync(join(dir, 'ws_daemon.pid'), 'utf8')).toBe('4242\n');
    if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600);
    file.stop();
    file.stop();
    expect(readdirSync(dir)).toEqual([]);
  });

  it('WIRE-F1 PF-G2: is written at start and at every interval, and never once stopped', () => {
    vi.useFakeTimers();
    let now = 1;
    const file = healthFile(() => sampleStatus({ now }));
    file.start();
    expect(readHealth()['t']).toBe(1);
    now = 2;
    vi.advanceTimersByTime(9_999);
    expect(readHealth()['t']).toBe(1);
    vi.advanceTimersByTime(1);
    expect(readHealth()['t']).toBe(2);
    file.stop();
    vi.advanceTimersByTime(60_000);
    expect(existsSync(path)).toBe(false);
  });

  it('WIRE-F1 PF-G2: whoever reads in a tight loop finds a whole and recent file each time', async () => {
    const file = healthFile(() => sampleStatus({ now: Date.now() / 1000 }), dir, 5);
    file.start();
    const reader = new Worker(
      `const { parentPort, workerData } = require('node:worker_threads');
       const { readFileSync } = require('node:fs');
       const seen = new Set();
       let broken = 0, oldest = 0, reads = 0;
       const end = Date.now() + 1000;
       while (Date.now() < end) {
         reads += 1;
         try {
           const { t } = JSON.parse(readFileSync(workerData, 'utf8'));
           seen.add(t);
           oldest = Math.max(oldest, Date.now() / 1000 - t);
         } catch { broken += 1; }
       }
       parentPort.postMessage({ broken, reads, oldest, different: seen.size });`,
      { eval: true, workerData: path },
    );
    const [result] = (await once(reader, 'message')) as [Record<string, number>];
    file.stop();
    expect(result['broken']).toBe(0);
    expect(result['reads']).toBeGreaterThan(100);
    expect(result['different']).toBeGreaterThan(10);
    expect(result['oldest']).toBeLessThan(20);
  });

  it('PF-G1: what a killed daemon left behind is replaced at the start', () => {
    writeFileSync(path, '{"t":1,"pid":1');
    writeFileSync(join(dir, 'ws_daemon.pid'), '1\n');
    const file = healthFile(() => sampleStatus());
    file.start();
    expect(readHealth()['pid']).toBe(4242);
    expect(readFileSync(join(dir, 'ws_daemon.pid'), 'utf8')).toBe('4242\n');
    file.stop();
  });

  it('BAD-read-only-home: a directory that takes no file is reported once, and used again when it does', () => {
    vi.useFakeTimers();
    const logDir = join(dir, 'logs');
    writeFileSync(logDir, 'a file where the directory should be');
    const file = healthFile(() => sampleStatus(), logDir);
    file.start();
    vi.advanceTimersByTime(30_000);
    expect(logged).toEqual(['warn the health file cannot be written; who watches it will take the daemon for dead']);
    rmSync(logDir);
    mkdirSync(logDir);
    vi.advanceTimersByTime(10_000);
    expect(logged.slice(1)).toEqual(['info the health file is written again']);
    expect(readdirSync(logDir).toSorted()).toEqual(['ws_daemon.health.json', 'ws_daemon.pid']);
    file.stop();
  });
});
