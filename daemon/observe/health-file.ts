import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { removeQuietly, writeFileReplacing } from '../../platform/atomic-file.ts';
import type { Logger } from '../../platform/json-logger.ts';
import { type DaemonStatus, type HealthState, healthStatus, type StatusSource, statusWarnings } from './status.ts';

/** The snapshot of WIRE §8.1, in the file and in the ops answer `health_res`. Times in epoch seconds. */
export interface HealthBody {
  readonly t: number;
  readonly started_at: number;
  readonly pid: number;
  readonly host: string;
  readonly port: number;
  readonly sessions: number;
  readonly global_capacity: number;
  readonly global_inflight: number;
  readonly tool_count: number;
  /** As Python prints a `timedelta`, see {@link uptimeHuman}. */
  readonly uptime_human: string;
  readonly schema: 1;
  readonly status: HealthState;
  readonly version: string;
  readonly daemon_run_id: string;
  readonly auth: string;
  readonly token_generation: number;
  readonly session_capacity: number;
  readonly queued: number;
  readonly sessions_detached: number;
  readonly rss_bytes: number;
  readonly event_loop_lag_ms: number;
  readonly local_socket: string | null;
  readonly warnings: readonly string[];
  readonly providers: Readonly<Record<string, { readonly capacity: number; readonly inflight: number }>>;
  readonly upstreams: { readonly total: number; readonly ready: number; readonly failed: number };
  /** `kind` is `none` while the daemon keeps no history. */
  readonly store: { readonly kind: string; readonly ok: boolean };
}

export function healthBody(status: DaemonStatus): HealthBody {
  const { upstreams, store } = status;
  return {
    t: status.now,
    started_at: status.startedAt,
    pid: status.pid,
    host: status.host,
    port: status.port,
    sessions: status.sessionsConnected,
    global_capacity: status.global.capacity,
    global_inflight: status.global.inflight,
    tool_count: status.toolCount,
    uptime_human: uptimeHuman(status.uptimeSeconds),
    schema: 1,
    status: healthStatus(status),
    version: status.version,
    daemon_run_id: status.daemonRunId,
    auth: status.authPolicy,
    token_generation: status.tokenGeneration,
    session_capacity: status.sessionCapacity,
    queued: status.queued,
    sessions_detached: status.sessionsDetached,
    rss_bytes: status.rssBytes,
    event_loop_lag_ms: Math.round(status.eventLoopLagMs * 10) / 10,
    local_socket: status.localSocket,
    warnings: statusWarnings(status),
    providers: status.providers,
    upstreams: { total: upstreams?.total ?? 0, ready: upstreams?.ready ?? 0, failed: upstreams?.failed.length ?? 0 },
    store: { kind: store?.kind ?? 'none', ok: store?.ok ?? true },
  };
}

/** Whole seconds as `str(timedelta)` of Python has them: `0:01:00`, `1 day, 0:00:00`, `2 days, 0:01:00`. */
export function uptimeHuman(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const days = Math.floor(whole / 86_400);
  const hours = Math.floor((whole % 86_400) / 3600);
  const minutes = Math.floor((whole % 3600) / 60);
  const clock = `${hours}:${twoDigits(minutes)}:${twoDigits(whole % 60)}`;
  return days === 0 ? clock : `${days} day${days === 1 ? '' : 's'}, ${clock}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

export interface HealthFileOptions {
  readonly logDir: string;
  readonly source: StatusSource;
  readonly intervalMs: number;
  readonly logger: Pick<Logger, 'warn' | 'info'>;
}

const healthFileName = 'ws_daemon.health.json';
const pidFileName = 'ws_daemon.pid';

/**
 * Keeps `ws_daemon.health.json` fresh for whoever looks from outside, and `ws_daemon.pid` for old scripts. A reader
 * always finds a whole file. The timer waits for nothing but the loop: no lock, no call, no earlier tick. A write that
 * fails is logged once and tried again at the next tick.
 */
export class HealthFile {
  readonly #options: HealthFileOptions;
  readonly #path: string;
  readonly #pidPath: string;
  #timer: NodeJS.Timeout | undefined;
  #isPidWritten = false;
  #isFailing = false;

  constructor(options: HealthFileOptions) {
    this.#options = options;
    this.#path = join(options.logDir, healthFileName);
    this.#pidPath = join(options.logDir, pidFileName);
  }

  /** Writes both files at once and goes on until `stop`. Does not keep the process alive. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#write(), this.#options.intervalMs);
    this.#timer.unref();
    this.#write();
  }

  /** Removes both files: who finds one knows that the daemon did not end in order. Safe to call twice. */
  stop(): void {
    if (this.#timer === undefined) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    removeQuietly(this.#path);
    removeQuietly(this.#pidPath);
    this.#isPidWritten = false;
  }

  #write(): void {
    try {
      mkdirSync(this.#options.logDir, { recursive: true, mode: 0o700 });
    } catch {
      // The writes below fail for the same reason, and are reported.
    }
    let reason: unknown;
    const onError = (error: unknown): void => {
      reason = error;
    };
    const body = healthBody(this.#options.source.status());
    let isWritten = writeFileReplacing(this.#path, `${JSON.stringify(sortKeys(body), null, 2)}\n`, { onError });
    if (!this.#isPidWritten) {
      this.#isPidWritten = writeFileReplacing(this.#pidPath, `${body.pid}\n`, { onError });
      isWritten &&= this.#isPidWritten;
    }
    this.#note(isWritten, reason);
  }

  #note(isWritten: boolean, error: unknown): void {
    if (isWritten !== this.#isFailing) return;
    this.#isFailing = !isWritten;
    if (isWritten) this.#options.logger.info('the health file is written again');
    else
      this.#options.logger.warn('the health file cannot be written; who watches it will take the daemon for dead', {
        error,
      });
  }
}

/** A copy whose keys are in alphabetical order at every depth. */
function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  const entries: [string, unknown][] = Object.entries(value);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sortKeys(inner)]));
}
