import { Registry } from 'prom-client';
import type { SecretValues } from '../../platform/redaction.ts';
import type { DaemonEvent } from '../../protocol/events.ts';
import { BoundedLabels } from './bounded-labels.ts';
import { CallMetrics } from './call-metrics.ts';
import { SessionMetrics } from './session-metrics.ts';
import type { StatusSource } from './status.ts';
import { type CpuTime, StatusMetrics } from './status-metrics.ts';
import { TrafficMetrics } from './traffic-metrics.ts';

export interface PrometheusOptions {
  readonly source: StatusSource;
  /** Values that are `***` in the name of a client. */
  readonly secrets: SecretValues;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  readonly cpuTime?: () => CpuTime;
  /** Rate limits that refuse requests now; asked at each scrape. */
  readonly activeRateLimits?: () => number;
}

/** Distinct MCP clients that get a label of their own (WIRE §8.4). */
const maxClients = 50;
/** Distinct schemes of resources that get a label of their own. */
const maxSchemes = 20;

/**
 * Everything of `/metrics` (WIRE §8.4). Counters follow the events, gauges are read from the status when somebody
 * scrapes. Labels are bounded and never hold sessions, users, paths or texts.
 */
export class PrometheusMetrics {
  readonly #registry = new Registry();
  readonly #source: StatusSource;
  readonly #calls: CallMetrics;
  readonly #sessions: SessionMetrics;
  readonly #traffic: TrafficMetrics;
  readonly #status: StatusMetrics;

  constructor(options: PrometheusOptions) {
    const { source, secrets, now = Date.now, cpuTime = () => process.cpuUsage(), activeRateLimits = () => 0 } = options;
    const clients = new BoundedLabels(maxClients, secrets.maskText);
    this.#source = source;
    this.#calls = new CallMetrics(this.#registry, clients);
    this.#sessions = new SessionMetrics(this.#registry, { clients, now });
    this.#traffic = new TrafficMetrics(this.#registry, {
      clients,
      schemes: new BoundedLabels(maxSchemes, secrets.maskText),
      activeRateLimits,
    });
    this.#status = new StatusMetrics(this.#registry, { cpuTime });
  }

  /** Text format 0.0.4. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  observe(event: DaemonEvent): void {
    this.#calls.observe(event);
    this.#sessions.observe(event);
    this.#traffic.observe(event);
  }

  text(): Promise<string> {
    this.#calls.update();
    this.#sessions.update();
    this.#status.update(this.#source.status());
    return this.#registry.metrics();
  }
}
