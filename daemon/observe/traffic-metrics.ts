import { Gauge, type Registry } from 'prom-client';
import type { DaemonEvent } from '../../protocol/events.ts';
import { BoundedLabels } from './bounded-labels.ts';
import { sizeBuckets } from './call-metrics.ts';
import { TallyCounter } from './tally-counter.ts';
import { TallyHistogram } from './tally-histogram.ts';

/** From an answer out of memory to the longest call that the settings allow by default. */
const latencyBuckets = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300,
];

export interface TrafficMetricsOptions {
  readonly clients: BoundedLabels;
  /** Schemes of resources. */
  readonly schemes: BoundedLabels;
  /** Asked at each scrape. */
  readonly activeRateLimits: () => number;
}

/** Metrics of messages, errors and everything that was turned away (WIRE §8.4). */
export class TrafficMetrics {
  readonly #clients: BoundedLabels;
  readonly #kinds = new BoundedLabels(50);
  readonly #received: TallyCounter;
  readonly #sent: TallyCounter;
  readonly #size: TallyHistogram;
  readonly #errors: TallyCounter;
  readonly #refusals: TallyCounter;
  readonly #probes: TallyCounter;
  readonly #ignored: TallyCounter;
  readonly #schemes: BoundedLabels;
  readonly #latency: TallyHistogram;
  readonly #resources: TallyCounter;
  readonly #resourceErrors: TallyCounter;

  constructor(registry: Registry, { clients, schemes, activeRateLimits }: TrafficMetricsOptions) {
    this.#clients = clients;
    this.#schemes = schemes;
    const counter = (name: string, help: string, labelNames?: readonly string[]): TallyCounter =>
      new TallyCounter(registry, name, help, labelNames);
    this.#received = counter('mcp_messages_received_total', 'Messages from clients.', ['msg_type', 'client_id']);
    this.#sent = counter('mcp_messages_sent_total', 'Messages to clients.', ['msg_type']);
    this.#size = new TallyHistogram(registry, {
      name: 'mcp_message_size_bytes',
      help: 'Size of messages.',
      labelNames: ['direction'],
      buckets: sizeBuckets,
    });
    this.#errors = counter(
      'mcp_jsonrpc_errors_total',
      'JSON-RPC errors answered; error_message is the code of our closed list.',
      ['error_code', 'error_message'],
    );
    this.#refusals = counter('exai_guard_refusals_total', 'Connections and requests refused by a guard.', ['guard']);
    this.#probes = counter('exai_probe_total', 'Connections and requests that were no client of ours.', ['kind']);
    this.#ignored = counter('exai_frames_ignored_total', 'Frames that were understood and not needed.', ['kind']);
    this.#latency = new TallyHistogram(registry, {
      name: 'mcp_message_latency_seconds',
      help: 'Time from the receipt of a request to its answer.',
      buckets: latencyBuckets,
      labelNames: ['msg_type'],
    });
    this.#resources = counter('mcp_resource_accessed_total', 'Resources read, by the scheme of their address.', [
      'resource',
      'client_id',
    ]);
    this.#resourceErrors = counter('mcp_resource_errors_total', 'Resources that could not be read.', [
      'resource',
      'error_type',
    ]);
    const rateLimits = new Gauge({
      name: 'mcp_rate_limit_active',
      help: 'Rate limits that refuse requests now: one for each client address and session that is too fast.',
      registers: [],
      collect() {
        this.set(activeRateLimits());
      },
    });
    registry.registerMetric(rateLimits);
  }

  observe(event: DaemonEvent): void {
    switch (event.type) {
      case 'message.received':
        this.#received.add(this.#kinds.of(event.kind), this.#clients.of(event.clientName));
        this.#size.observe(event.bytes, 'received');
        break;
      case 'message.sent':
        this.#sent.add(this.#kinds.of(event.kind));
        this.#size.observe(event.bytes, 'sent');
        if (event.latencyMs !== undefined)
          this.#latency.observe(event.latencyMs / 1000, this.#kinds.of(event.answerTo ?? ''));
        break;
      case 'resource.read':
        if (event.errorCode === null)
          this.#resources.add(this.#schemes.of(event.scheme), this.#clients.of(event.clientName));
        else this.#resourceErrors.add(this.#schemes.of(event.scheme), event.errorCode);
        break;
      case 'error.answered':
        this.#errors.add(String(event.jsonrpcCode), event.code);
        break;
      case 'guard.refused':
        this.#refusals.add(this.#kinds.of(event.guard));
        break;
      case 'probe.seen':
        this.#probes.add(this.#kinds.of(event.kind));
        break;
      case 'frame.ignored':
        this.#ignored.add(this.#kinds.of(event.kind));
        break;
      default:
        break; // counted elsewhere
    }
  }
}
