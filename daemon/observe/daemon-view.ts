import type { DaemonView } from '../../protocol/snapshot.ts';
import { type DaemonStatus, healthStatus } from './status.ts';

/** Steps in which memory is told: every smaller change would wake all readers. */
const rssStepBytes = 4 * 1024 * 1024;

/** The daemon itself, as surfaces show it. */
export function daemonView(status: DaemonStatus, isPaused: boolean): DaemonView {
  const { host, port, store } = status;
  return {
    state: stateOf(status),
    isPaused,
    pid: status.pid,
    version: status.version,
    runId: status.daemonRunId,
    startedAt: status.startedAt,
    wsUrl: port === 0 ? null : `ws://${host.includes(':') ? `[${host}]` : host}:${port}`,
    localSocket: status.localSocket,
    dashboardUrl: status.dashboardUrl,
    authPolicy: status.authPolicy,
    store: store?.kind === 'sqlite' || store?.kind === 'postgres' ? store.kind : 'none',
    rssBytes: Math.round(status.rssBytes / rssStepBytes) * rssStepBytes,
  };
}

function stateOf(status: DaemonStatus): DaemonView['state'] {
  const health = healthStatus(status);
  if (health === 'draining') return 'draining';
  return health === 'healthy' ? 'ready' : 'degraded';
}
