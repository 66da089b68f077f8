import { limits } from '../../protocol/limits.ts';
import type { AuthPolicy } from '../config.ts';

export interface Capacity {
  readonly capacity: number;
  readonly inflight: number;
}

/** Every figure of the daemon at one moment; health file, `/health`, `/metrics`, tools and admin API show parts of it. */
export interface DaemonStatus {
  /** Epoch seconds at which the figures were taken. */
  readonly now: number;
  readonly startedAt: number;
  /** Since the start, from a clock that no one can set. */
  readonly uptimeSeconds: number;
  readonly version: string;
  readonly daemonRunId: string;
  readonly pid: number;
  readonly host: string;
  /** 0 while there is no TCP listener. */
  readonly port: number;
  readonly localSocket: string | null;
  /** Where a browser of this machine finds the dashboard, with a `/` at its end; null while nothing listens on TCP. */
  readonly dashboardUrl: string | null;
  readonly authPolicy: AuthPolicy;
  readonly tokenGeneration: number;
  readonly sessionsConnected: number;
  readonly sessionsDetached: number;
  readonly sessionCapacity: number;
  readonly openConnections: number;
  readonly global: Capacity;
  /** By upper-case name; providers with a cap only. */
  readonly providers: Readonly<Record<string, Capacity>>;
  readonly queued: number;
  readonly toolCount: number;
  /** Calls whose tool ignored its abort and still runs without a slot. */
  readonly abandonedCalls: number;
  /** Must stay 0 (WIRE §7.1). */
  readonly leaseDoubleReleases: number;
  /** Stored answers that wait for a session to come back. */
  readonly resumeBytes: number;
  readonly isDraining: boolean;
  /** Codes, as in the ack (WIRE §3.2), of what went wrong and was survived. See {@link statusWarnings}. */
  readonly warnings: readonly string[];
  /** Why the metrics log loses lines, or null. */
  readonly metricsLogProblem: string | null;
  /** Of the fuller one of log and state directory, 0–1; null while it is unknown. */
  readonly diskUsedRatio: number | null;
  readonly rssBytes: number;
  /** The longest delay of the loop in the last seconds. */
  readonly eventLoopLagMs: number;
  /** The history of calls. `code` says why it is not ok. Absent: this daemon keeps no history. */
  readonly store?: { readonly kind: string; readonly ok: boolean; readonly code?: string };
  /** Absent: no upstream is configured. `failed` holds their names. */
  readonly upstreams?: { readonly total: number; readonly ready: number; readonly failed: readonly string[] };
}

/** Whoever can say how the daemon is. Called at every health request and health file tick; not for every call. */
export interface StatusSource {
  status(): DaemonStatus;
}

/** Whoever can say which run of the daemon this is, and nothing of what it does: costs a call next to nothing. */
export interface RunSource {
  run(): Pick<DaemonStatus, 'daemonRunId' | 'uptimeSeconds'>;
}

export type HealthState = 'healthy' | 'degraded' | 'unhealthy' | 'draining';

/**
 * WIRE §8.3. No connection is healthy, and running calls are never a leak. `unhealthy` is for what keeps calls from being
 * served; nothing that a daemon goes on with is that.
 */
export function healthStatus(status: DaemonStatus): HealthState {
  if (status.isDraining) return 'draining';
  return findings(status).length > 0 ? 'degraded' : 'healthy';
}

/** One sentence for each thing that keeps {@link healthStatus} from `healthy`; no paths, no names of users. */
export function healthReasons(status: DaemonStatus): readonly string[] {
  const reasons = findings(status);
  return status.isDraining ? ['The daemon is stopping and takes no new calls.', ...reasons] : reasons;
}

/** What a person should know although the daemon works: `AUTH_DISABLED` and the codes it was told. */
export function statusWarnings(status: DaemonStatus): readonly string[] {
  const isOpen = status.authPolicy === 'open' && !status.warnings.includes('AUTH_DISABLED');
  return isOpen ? ['AUTH_DISABLED', ...status.warnings] : status.warnings;
}

/** Warnings that are a loss of quality, not only news. */
const degradingWarnings: Readonly<Record<string, string>> = {
  CALL_JOURNAL_FAILED: 'The call journal cannot be written: after a crash every call counts as "may have run".',
};

function findings(status: DaemonStatus): readonly string[] {
  const found: string[] = [];
  if (status.store?.ok === false) {
    // No call needs its history: a daemon that is restarted or left out for this would be the greater loss.
    const code = status.store.code === undefined ? '' : ` (${status.store.code})`;
    found.push(`The history of calls cannot be used${code}; calls go on.`);
  }
  const disk = status.diskUsedRatio ?? 0;
  if (disk > limits.diskDegradedRatio) {
    // A full disk costs logs and history: calls go on.
    found.push(`The disk of logs and state is ${Math.floor(disk * 100)} % full.`);
  }
  if (status.metricsLogProblem !== null) found.push(status.metricsLogProblem);
  const failed = status.upstreams?.failed ?? [];
  if (failed.length > 0) found.push(`Upstream servers failed: ${failed.join(', ')}.`);
  for (const warning of status.warnings) {
    const reason = degradingWarnings[warning];
    if (reason !== undefined) found.push(reason);
  }
  return found;
}
