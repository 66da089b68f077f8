import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger, type Logger } from '../../platform/json-logger.ts';
import { SecretValues } from '../../platform/redaction.ts';
import { EventBus } from './event-bus.ts';
import { Observation } from './observation.ts';
import { sampleCall, sampleSession, sampleStatus } from './sample-data.ts';
import { healthReasons, healthStatus, type StatusSource } from './status.ts';

let stateDir: string;
let logDir: string;
let logged: string[];
let logger: Logger;

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'exai-observe-'));
  logDir = join(stateDir, 'logs');
  logged = [];
  logger = createLogger({ level: 'debug', write: (line) => logged.push(line) });
});

afterEach(() => {
  rmSync(stateDir, { recursive: true, force: true });
});

const config = {
  healthIntervalMs: 10_000,
  logFiles: 5,
  logLevel: 'INFO',
  logMaxBytes: 65_536,
  metricsFiles: 5,
  metricsMaxBytes: 65_536,
} as const;

function observe(secrets = SecretValues.of([])): { bus: EventBus; observation: Observation; source: StatusSource } {
  const bus = new EventBus({ logger });
  const source: StatusSource = { status: () => sampleStatus({ ...observation.readings() }) };
  const observation = new Observation({ config, logDir, stateDir, bus, logger, secrets, status: source });
  return { bus, observation, source };
}

function read(name: string): string {
  return readFileSync(join(logDir, name), 'utf8');
}

describe('Observation', () => {
  it('WIRE-8.1 WIRE-11: all files of a run, private, and only logs left after a clean stop', async () => {
    const { bus, observation } = observe();
    observation.start();
    bus.emit({ type: 'session.connected', session: sampleSession() });
    bus.emit({ type: 'call.started', call: sampleCall() });
    bus.emit({ type: 'call.finished', call: sampleCall() });
    expect(JSON.parse(read('ws_daemon.health.json'))).toMatchObject({ status: 'healthy', warnings: [] });
    expect(await observation.prometheus.text()).toContain('mcp_tool_duration_seconds_count{tool_name="version"} 1');
    observation.flushLogs();
    expect(read('ws_daemon.metrics.jsonl')).toContain('"call":"c_1"');
    bus.emit({ type: 'session.ended', session: sampleSession({ state: 'ended' }), reason: 'daemon stopped' });
    observation.stop();
    observation.stop();
    bus.emit({ type: 'call.finished', call: sampleCall({ callId: 'c_late' }) });
    expect(readdirSync(logDir).toSorted()).toEqual(['mcp_activity.log', 'mcp_server.log', 'ws_daemon.metrics.jsonl']);
    expect(read('mcp_activity.log')).toContain('"callId":"c_1"');
    expect(read('mcp_server.log').trimEnd().split('\n')).toHaveLength(2);
    expect(read('ws_daemon.metrics.jsonl')).not.toContain('c_late');
    if (process.platform !== 'win32') {
      expect(statSync(logDir).mode & 0o777).toBe(0o700);
      for (const name of readdirSync(logDir)) expect(statSync(join(logDir, name)).mode & 0o777).toBe(0o600);
    }
    expect(logged).toEqual([]);
  });

  it('WIRE-F6 PF-L2: known secrets reach no file, in whatever field a client puts them', () => {
    const early = 'exi_early-0123456789abcdef';
    const late = 'exi_later-0123456789abcdef';
    const secrets = SecretValues.of([early]);
    const { bus, observation } = observe(secrets);
    secrets.add(late);
    for (const secret of [early, late]) {
      const clientName = `client ${secret}`;
      bus.emit({ type: 'session.connected', session: sampleSession({ clientName, serverName: secret }) });
      bus.emit({ type: 'call.finished', call: sampleCall({ clientName, tool: secret, isKnownTool: false }) });
    }
    observation.stop();
    const all = readdirSync(logDir).map(read).join('');
    expect(all).toContain('***');
    for (const secret of [early, late]) {
      for (let at = 0; at + 8 <= secret.length; at += 1) expect(all).not.toContain(secret.slice(at, at + 8));
    }
  });

  it('WIRE-8.1: readings carry warnings once, double releases, and a clock that only runs forward', () => {
    const { observation } = observe();
    observation.warn('CALL_JOURNAL_FAILED');
    observation.warn('CALL_JOURNAL_FAILED');
    observation.countDoubleRelease();
    const readings = observation.readings();
    expect(readings).toMatchObject({
      warnings: ['CALL_JOURNAL_FAILED'],
      leaseDoubleReleases: 1,
      metricsLogProblem: null,
    });
    expect(readings.uptimeSeconds).toBeGreaterThanOrEqual(0);
    expect(readings.rssBytes).toBeGreaterThan(1_000_000);
    observation.stop();
  });

  it.skipIf(process.platform !== 'linux')(
    'BAD-full-disk: every log full, calls and answers go on, health says degraded',
    async () => {
      mkdirSync(logDir);
      for (const name of ['ws_daemon.metrics.jsonl', 'mcp_activity.log', 'mcp_server.log'])
        symlinkSync('/dev/full', join(logDir, name));
      const { bus, observation, source } = observe();
      observation.start();
      for (let number = 0; number < 2000; number += 1)
        bus.emit({ type: 'call.finished', call: sampleCall({ callId: `c_${number}` }) });
      bus.emit({ type: 'session.connected', session: sampleSession() });
      observation.flushLogs();
      expect(healthStatus(source.status())).toBe('degraded');
      expect(healthReasons(source.status())).toEqual([
        expect.stringMatching(/^The metrics log cannot be written \(1999 lines lost/),
      ]);
      expect(await observation.prometheus.text()).toContain('exai_calls_total{outcome="ok",provider=""} 2000');
      const reported = logged.map((line) => (JSON.parse(line) as { file: string }).file);
      expect(reported.toSorted()).toEqual(['mcp_activity.log', 'mcp_server.log', 'ws_daemon.metrics.jsonl']);
      observation.stop();
    },
  );
});
