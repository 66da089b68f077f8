import { Counter, Gauge, type Registry } from 'prom-client';
import type { DaemonStatus } from './status.ts';

export interface CpuTime {
  /** Microseconds since the start of the process. */
  readonly user: number;
  readonly system: number;
}

export interface StatusMetricsOptions {
  readonly cpuTime: () => CpuTime;
}

/** The metrics that are readings of the daemon's status, brought up to date for each scrape (WIRE §8.4). */
export class StatusMetrics {
  readonly #cpuTime: () => CpuTime;
  readonly #gauges: ReturnType<typeof createGauges>;
  readonly #doubleReleases: Counter;
  #lastCpuMicros = 0;
  #lastUptimeSeconds = 0;

  constructor(registry: Registry, { cpuTime }: StatusMetricsOptions) {
    this.#cpuTime = cpuTime;
    this.#gauges = createGauges([registry]);
    this.#doubleReleases = new Counter({
      name: 'exai_lease_double_release_total',
      help: 'Leases released twice; must stay 0.',
      registers: [registry],
    });
  }

  update(status: DaemonStatus): void {
    const gauges = this.#gauges;
    gauges.buildInfo.set({ version: status.version }, 1);
    gauges.uptime.set(status.uptimeSeconds);
    gauges.authEnabled.set(status.authPolicy === 'open' ? 0 : 1);
    gauges.tokenGeneration.set(status.tokenGeneration);
    gauges.eventLoopLag.set(status.eventLoopLagMs / 1000);
    gauges.inflight.reset();
    gauges.capacity.reset();
    const scopes = Object.entries(status.providers).map(([name, figures]) => ({ scope: 'provider', name, figures }));
    for (const { scope, name, figures } of [{ scope: 'global', name: 'global', figures: status.global }, ...scopes]) {
      gauges.inflight.set({ scope, name }, figures.inflight);
      gauges.capacity.set({ scope, name }, figures.capacity);
    }
    gauges.queueDepth.set(status.queued);
    gauges.abandoned.set(status.abandonedCalls);
    gauges.sessions.set({ state: 'connected' }, status.sessionsConnected);
    gauges.sessions.set({ state: 'detached' }, status.sessionsDetached);
    gauges.resumeBytes.set(status.resumeBytes);
    gauges.activeSessions.set(status.sessionsConnected);
    gauges.activeConnections.set(status.openConnections);
    gauges.memory.set(status.rssBytes / 1_048_576);
    this.#doubleReleases.reset();
    this.#doubleReleases.inc(status.leaseDoubleReleases);
    this.#updateCpu(status.uptimeSeconds);
  }

  /** Per cent of one core since the last scrape; since the start at the first. */
  #updateCpu(uptimeSeconds: number): void {
    const { user, system } = this.#cpuTime();
    const elapsed = uptimeSeconds - this.#lastUptimeSeconds;
    if (elapsed <= 0) return;
    this.#gauges.cpu.set(((user + system - this.#lastCpuMicros) / (elapsed * 1_000_000)) * 100);
    this.#lastCpuMicros = user + system;
    this.#lastUptimeSeconds = uptimeSeconds;
  }
}

function createGauges(registers: Registry[]) {
  const gauge = <Label extends string = never>(
    name: string,
    help: string,
    labelNames: readonly Label[] = [],
  ): Gauge<Label> => new Gauge({ name, help, labelNames, registers });
  return {
    buildInfo: gauge('exai_build_info', 'Always 1; the version is a label.', ['version']),
    uptime: gauge('exai_uptime_seconds', 'Time since the start of the daemon.'),
    authEnabled: gauge('exai_auth_enabled', '0 when any program may connect.'),
    tokenGeneration: gauge('exai_token_generation', 'Counts rotations of the shared token.'),
    eventLoopLag: gauge('exai_event_loop_lag_seconds', 'Longest delay of the event loop in the last 10 s.'),
    inflight: gauge('exai_inflight', 'Calls that hold a slot.', ['scope', 'name']),
    capacity: gauge('exai_capacity', 'Slots.', ['scope', 'name']),
    queueDepth: gauge('exai_queue_depth', 'Calls that wait for a slot.'),
    abandoned: gauge(
      'exai_calls_abandoned',
      'Calls whose tool ignored its cancellation and still runs without a slot.',
    ),
    sessions: gauge('exai_sessions', 'Sessions.', ['state']),
    resumeBytes: gauge('exai_resume_bytes', 'Stored answers that wait for a client to come back.'),
    activeSessions: gauge('mcp_active_sessions', 'Connected sessions.'),
    activeConnections: gauge('mcp_active_connections', 'Open connections.'),
    cpu: gauge('mcp_cpu_usage_percent', 'Per cent of one core, since the last scrape.'),
    memory: gauge('mcp_memory_usage_mb', 'Resident memory in MiB.'),
  };
}
