import { describe, expect, it } from 'vitest';
import { httpHealth } from './http-health.ts';
import { sampleStatus } from './sample-data.ts';
import { type DaemonStatus, healthReasons, healthStatus, statusWarnings } from './status.ts';

function codes(status: DaemonStatus): Record<string, number> {
  const code = (kind: 'health' | 'live' | 'ready'): number => httpHealth(kind, status, { detailed: false }).statusCode;
  return { health: code('health'), live: code('live'), ready: code('ready') };
}

const up = { health: 200, live: 200, ready: 200 };

describe('httpHealth', () => {
  it('WIRE-F3 PF-G5: no client at all is healthy, and so is a daemon at its limit', () => {
    const idle = sampleStatus({ sessionsConnected: 0, sessionsDetached: 0, openConnections: 0 });
    expect(healthStatus(idle)).toBe('healthy');
    expect(codes(idle)).toEqual(up);
    expect(healthStatus(sampleStatus({ global: { capacity: 24, inflight: 24 }, queued: 8 }))).toBe('healthy');
  });

  it('WIRE-F3: a failed upstream degrades and stays 200; a draining daemon is 503 and alive', () => {
    const degraded = sampleStatus({ upstreams: { total: 3, ready: 2, failed: ['files'] } });
    expect(healthStatus(degraded)).toBe('degraded');
    expect(codes(degraded)).toEqual(up);
    expect(httpHealth('health', degraded, { detailed: true }).body['components']).toMatchObject({
      upstreams: { status: 'degraded', ready: 2, failed: ['files'] },
    });
    const draining = sampleStatus({ isDraining: true });
    expect(healthStatus(draining)).toBe('draining');
    expect(codes(draining)).toEqual({ health: 503, live: 200, ready: 503 });
  });

  it('WIRE-8.3 HIST-degraded: without its history the daemon serves on: degraded, up and ready, and it says why', () => {
    const status = sampleStatus({ store: { kind: 'sqlite', ok: false, code: 'STORE_LOCKED' } });
    expect(healthStatus(status)).toBe('degraded');
    expect(healthReasons(status)).toEqual(['The history of calls cannot be used (STORE_LOCKED); calls go on.']);
    expect(codes(status)).toEqual(up);
    expect(httpHealth('health', status, { detailed: true }).body['components']).toMatchObject({
      store: { status: 'degraded', code: 'STORE_LOCKED' },
    });
  });

  it.each([
    [null, 'healthy'],
    [0.85, 'healthy'],
    [0.851, 'degraded'],
    [0.95, 'degraded'],
    [0.951, 'degraded'],
  ])('WIRE-8.3: a disk %s full is %s', (diskUsedRatio, expected) => {
    expect(healthStatus(sampleStatus({ diskUsedRatio, store: { kind: 'sqlite', ok: true } }))).toBe(expected);
  });

  it('BAD-full-disk: a full disk degrades and no more, with a history and without, since calls go on', () => {
    for (const store of [undefined, { kind: 'sqlite', ok: true }]) {
      const status = sampleStatus({ diskUsedRatio: 0.99, ...(store === undefined ? {} : { store }) });
      expect(healthStatus(status)).toBe('degraded');
      expect(codes(status)).toEqual(up);
    }
  });

  it('BAD-full-disk: a metrics log that loses lines degrades health and says so', () => {
    const status = sampleStatus({ metricsLogProblem: 'The metrics log cannot be written (3 lines lost so far).' });
    expect(healthStatus(status)).toBe('degraded');
    expect(healthReasons(status)).toEqual(['The metrics log cannot be written (3 lines lost so far).']);
    expect(codes(status)).toEqual(up);
  });

  it('BAD-full-disk: a call journal that cannot be written degrades health', () => {
    expect(healthStatus(sampleStatus({ warnings: ['CALL_JOURNAL_FAILED'] }))).toBe('degraded');
    expect(healthStatus(sampleStatus({ warnings: ['TOKEN_ENV_STALE'] }))).toBe('healthy');
  });

  it('WIRE-8.3: the short body has no components; a bearer adds them', () => {
    const short = httpHealth('health', sampleStatus(), { detailed: false });
    expect(short.body).toEqual({
      status: 'healthy',
      service: 'exai-mcp-daemon',
      timestamp: 1_790_000_060.5,
      version: '1.4.0',
      uptime_seconds: 60,
      auth: 'token',
    });
    const detailed = httpHealth('health', sampleStatus({ store: { kind: 'sqlite', ok: true } }), { detailed: true });
    expect(detailed.body['components']).toEqual({
      store: { status: 'healthy' },
      limiter: { status: 'healthy', inflight: 1, limit: 24 },
      sessions: { status: 'healthy', connected: 2, limit: 100 },
      metrics_log: { status: 'healthy' },
      disk: { status: 'healthy', used_ratio: 0.5 },
    });
  });

  it('WIRE-3.5: an open daemon says AUTH_DISABLED to everybody, once, and stays healthy', () => {
    const open = sampleStatus({ authPolicy: 'open', warnings: ['TOKEN_ENV_STALE'] });
    expect(httpHealth('live', open, { detailed: false }).body).toMatchObject({
      auth: 'open',
      warnings: ['AUTH_DISABLED', 'TOKEN_ENV_STALE'],
      status: 'healthy',
    });
    expect(statusWarnings(sampleStatus({ authPolicy: 'open', warnings: ['AUTH_DISABLED'] }))).toEqual([
      'AUTH_DISABLED',
    ]);
  });
});
