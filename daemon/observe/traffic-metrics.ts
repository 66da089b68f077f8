import type { Registry } from 'prom-client';
import type { DaemonEvent } from '../../protocol/events.ts';
import { BoundedLabels } from './bounded-labels.ts';
import { sizeBuckets } from './call-metrics.ts';
import { TallyCounter } from './tally-counter.ts';
import { TallyHistogram } from './tally-histogram.ts';

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

  constructor(registry: Registry, clients: BoundedLabels) {
    this.#clients = clients;
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
