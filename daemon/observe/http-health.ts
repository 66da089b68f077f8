import { limits } from '../../protocol/limits.ts';
import { type DaemonStatus, healthReasons, healthStatus, statusWarnings } from './status.ts';

export type HealthKind = 'health' | 'live' | 'ready';

export interface HttpHealth {
  readonly statusCode: 200 | 503;
  readonly body: Readonly<Record<string, unknown>>;
}

/**
 * Answers of `/health`, `/healthz` (`health`), `/health/live` and `/health/ready` (WIRE §8.3). The body is the same for
 * all, only the status code differs in what it asks. `detailed` adds `components` and `reasons`.
 */
export function httpHealth(
  kind: HealthKind,
  status: DaemonStatus,
  { detailed }: { readonly detailed: boolean },
): HttpHealth {
  const state = healthStatus(status);
  const warnings = statusWarnings(status);
  return {
    statusCode: isUp(kind, status) ? 200 : 503,
    body: {
      status: state,
      service: 'exai-mcp-daemon',
      timestamp: status.now,
      version: status.version,
      uptime_seconds: Math.floor(status.uptimeSeconds),
      auth: status.authPolicy,
      ...(warnings.length === 0 ? {} : { warnings }),
      ...(detailed ? { components: components(status), reasons: healthReasons(status) } : {}),
    },
  };
}

function isUp(kind: HealthKind, status: DaemonStatus): boolean {
  if (kind === 'live') return true; // answering at all is the proof
  if (kind === 'ready') return !status.isDraining;
  const state = healthStatus(status);
  return state === 'healthy' || state === 'degraded';
}

function components(status: DaemonStatus): Record<string, unknown> {
  const failed = status.upstreams?.failed ?? [];
  return {
    ...(status.store === undefined ? {} : { store: storeState(status.store) }),
    limiter: { status: 'healthy', inflight: status.global.inflight, limit: status.global.capacity },
    sessions: { status: 'healthy', connected: status.sessionsConnected, limit: status.sessionCapacity },
    metrics_log: { status: status.metricsLogProblem === null ? 'healthy' : 'degraded' },
    ...(status.diskUsedRatio === null
      ? {}
      : { disk: { status: diskState(status), used_ratio: round(status.diskUsedRatio) } }),
    ...(status.upstreams === undefined
      ? {}
      : { upstreams: { status: failed.length === 0 ? 'healthy' : 'degraded', ready: status.upstreams.ready, failed } }),
  };
}

function storeState({ ok, code }: NonNullable<DaemonStatus['store']>): Record<string, unknown> {
  return { status: ok ? 'healthy' : 'degraded', ...(code === undefined ? {} : { code }) };
}

function diskState(status: DaemonStatus): string {
  const ratio = status.diskUsedRatio ?? 0;
  if (ratio > limits.diskUnhealthyRatio) return 'unhealthy';
  return ratio > limits.diskDegradedRatio ? 'degraded' : 'healthy';
}

function round(ratio: number): number {
  return Math.round(ratio * 1000) / 1000;
}
