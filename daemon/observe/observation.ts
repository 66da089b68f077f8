import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { createLogger, type Logger, logLevelOf } from '../../platform/json-logger.ts';
import { SecretValues } from '../../platform/redaction.ts';
import { RotatingFile } from '../../platform/rotating-file.ts';
import { limits } from '../../protocol/limits.ts';
import type { DaemonConfig } from '../config.ts';
import { ActivityLog, activityLogName } from './activity-log.ts';
import { DiskUsage } from './disk-usage.ts';
import type { EventBus } from './event-bus.ts';
import { EventLoopLag } from './event-loop-lag.ts';
import { HealthFile } from './health-file.ts';
import { MetricsLog, metricsLogName } from './metrics-log.ts';
import { PrometheusMetrics } from './prometheus.ts';
import type { DaemonStatus, StatusSource } from './status.ts';
import { TrafficLog, trafficLogName } from './traffic-log.ts';

export interface ObservationOptions {
  readonly config: Pick<
    DaemonConfig,
    'healthIntervalMs' | 'logFiles' | 'logLevel' | 'logMaxBytes' | 'metricsFiles' | 'metricsMaxBytes'
  >;
  readonly logDir: string;
  readonly stateDir: string;
  readonly bus: EventBus;
  readonly logger: Logger;
  readonly status: StatusSource;
  /** Rate limits that refuse requests now. */
  readonly activeRateLimits?: () => number;
  /** Values that are `***` wherever a client brings them in; the set may grow. */
  readonly secrets?: SecretValues;
}

/** How old a figure of the process's memory may be. */
const rssKeptMs = 1_000;

/** The part of the status that only observation knows. */
export type Readings = Pick<
  DaemonStatus,
  | 'diskUsedRatio'
  | 'eventLoopLagMs'
  | 'leaseDoubleReleases'
  | 'metricsLogProblem'
  | 'now'
  | 'rssBytes'
  | 'uptimeSeconds'
  | 'warnings'
>;

/** Everything that looks at the daemon without taking part: metrics, logs of calls and traffic, health file. */
export class Observation {
  readonly prometheus: PrometheusMetrics;
  readonly #metricsLog: MetricsLog;
  readonly #activityLog: ActivityLog;
  readonly #trafficLog: TrafficLog;
  readonly #trafficFile: RotatingFile;
  readonly #healthFile: HealthFile;
  readonly #lag = new EventLoopLag();
  readonly #disk: DiskUsage;
  readonly #warnings = new Set<string>();
  readonly #subscriptions: (() => void)[];
  readonly #startedAtMs = performance.now();
  #doubleReleases = 0;
  #rssBytes = 0;
  #rssAt = -Infinity;

  constructor(options: ObservationOptions) {
    const { config, logDir, stateDir, bus, logger, status, secrets = new SecretValues() } = options;
    const file = (name: string, maxBytes: number, files: number): RotatingFile => {
      const onError = (error: unknown): void => logger.warn('a log file cannot be written', { file: name, error });
      return new RotatingFile({ path: join(logDir, name), maxBytes, files, onError });
    };
    const { logMaxBytes, logFiles } = config;
    const flushMs = limits.metricsFlushMs;
    this.prometheus = new PrometheusMetrics({
      source: status,
      secrets,
      ...(options.activeRateLimits === undefined ? {} : { activeRateLimits: options.activeRateLimits }),
    });
    this.#metricsLog = new MetricsLog({
      sink: file(metricsLogName, config.metricsMaxBytes, config.metricsFiles),
      flushMs,
      secrets,
    });
    this.#activityLog = new ActivityLog({ sink: file(activityLogName, logMaxBytes, logFiles), flushMs, secrets });
    const trafficFile = file(trafficLogName, logMaxBytes, logFiles);
    this.#trafficFile = trafficFile;
    const trafficLogger = createLogger({
      level: logLevelOf(config.logLevel),
      write: (line) => trafficFile.append(line),
      secrets,
    });
    this.#trafficLog = new TrafficLog({ logger: trafficLogger });
    this.#healthFile = new HealthFile({ logDir, source: status, intervalMs: config.healthIntervalMs, logger });
    this.#disk = new DiskUsage({ paths: [logDir, stateDir] });
    const observers = [this.#metricsLog, this.prometheus, this.#activityLog, this.#trafficLog];
    this.#subscriptions = observers.map((observer) => bus.subscribe((event) => observer.observe(event)));
  }

  /** Since the start, from a clock that no one can set. */
  get uptimeSeconds(): number {
    return (performance.now() - this.#startedAtMs) / 1000;
  }

  /** Asking the system costs as much as a whole call, and tools show a status at every call. */
  #memory(): number {
    const now = performance.now();
    if (now - this.#rssAt >= rssKeptMs) {
      this.#rssAt = now;
      this.#rssBytes = process.memoryUsage.rss();
    }
    return this.#rssBytes;
  }

  /** Starts the timers and writes the first health file. The logs work from the beginning. */
  start(): void {
    this.#lag.start();
    this.#disk.start();
    this.#healthFile.start();
  }

  /** Call when all sessions have ended: writes what is pending and removes the health file. Safe to call twice. */
  stop(): void {
    for (const unsubscribe of this.#subscriptions) unsubscribe();
    this.#lag.stop();
    this.#disk.stop();
    this.#metricsLog.close();
    this.#activityLog.close();
    this.#trafficLog.close();
    this.#trafficFile.close();
    this.#healthFile.stop();
  }

  /** Writes the pending lines of metrics and activity log, for who is about to read them. */
  flushLogs(): void {
    this.#metricsLog.flush();
    this.#activityLog.flush();
  }

  /** Shows a code in health, acks' style (WIRE §3.2), until the daemon ends. Safe to call again. */
  warn(code: string): void {
    this.#warnings.add(code);
  }

  countDoubleRelease(): void {
    this.#doubleReleases += 1;
  }

  readings(): Readings {
    return {
      now: Date.now() / 1000,
      uptimeSeconds: this.uptimeSeconds,
      warnings: [...this.#warnings],
      leaseDoubleReleases: this.#doubleReleases,
      metricsLogProblem: this.#metricsLog.problem,
      diskUsedRatio: this.#disk.usedRatio,
      rssBytes: this.#memory(),
      eventLoopLagMs: this.#lag.maxMs,
    };
  }
}
