import { Gauge, type Registry } from 'prom-client';
import type { CallInfo, DaemonEvent, FinishedCall } from '../../protocol/events.ts';
import type { BoundedLabels } from './bounded-labels.ts';
import { TallyCounter } from './tally-counter.ts';
import { TallyHistogram } from './tally-histogram.ts';

const durationBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];
/** The predecessor's, so that its boards keep their scale. */
const requestBuckets = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];
const waitBuckets = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600];
export const sizeBuckets = [256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 4_194_304, 16_777_216, 33_554_432];

/** Metrics of calls: ours, the public MCP dashboard's, and the predecessor's (WIRE §8.4). */
export class CallMetrics {
  readonly #clients: BoundedLabels;
  readonly #running = new Map<string, string>();
  readonly #queued = new Set<string>();
  readonly #calls: TallyCounter;
  readonly #refusals: TallyCounter;
  readonly #joined: TallyCounter;
  readonly #replayed: TallyCounter;
  readonly #queueWait: TallyHistogram;
  readonly #toolCalls: TallyCounter;
  readonly #toolErrors: TallyCounter;
  readonly #unknownTools: TallyCounter;
  readonly #invalidParams: TallyCounter;
  readonly #toolDuration: TallyHistogram;
  readonly #resultSize: TallyHistogram;
  readonly #rateLimited: TallyCounter;
  readonly #requests: TallyCounter;
  readonly #requestDuration: TallyHistogram;
  readonly #inflight: Gauge<'tool_name'>;
  readonly #inflightTotal: Gauge;

  constructor(registry: Registry, clients: BoundedLabels) {
    this.#clients = clients;
    const registers = [registry];
    const counter = (name: string, help: string, labelNames?: readonly string[]): TallyCounter =>
      new TallyCounter(registry, name, help, labelNames);
    this.#calls = counter('exai_calls_total', 'Finished calls.', ['outcome', 'provider']);
    this.#refusals = counter('exai_refusals_total', 'Calls refused for lack of capacity.', ['scope']);
    this.#joined = counter('exai_calls_joined_total', 'Calls that joined an equal running one.');
    this.#replayed = counter('exai_results_replayed_total', 'Answers given from the store.');
    this.#queueWait = new TallyHistogram(registry, {
      name: 'exai_queue_wait_seconds',
      help: 'Time in the queue of calls that had to wait.',
      labelNames: ['provider'],
      buckets: waitBuckets,
    });
    this.#toolCalls = counter('mcp_tool_calls_total', 'Tool calls.', ['tool_name', 'status', 'client_id']);
    this.#toolErrors = counter('mcp_tool_errors_total', 'Failed tool calls.', ['tool_name', 'error_type']);
    this.#unknownTools = counter('mcp_tool_hallucination_total', 'Calls of tools that do not exist.', [
      'attempted_tool',
      'client_id',
    ]);
    this.#invalidParams = counter('mcp_tool_invalid_params_total', 'Calls with arguments outside the schema.', [
      'tool_name',
    ]);
    this.#toolDuration = new TallyHistogram(registry, {
      name: 'mcp_tool_duration_seconds',
      help: 'Time from receipt to result.',
      labelNames: ['tool_name'],
      buckets: durationBuckets,
    });
    this.#resultSize = new TallyHistogram(registry, {
      name: 'mcp_tool_result_size_bytes',
      help: 'Size of results.',
      labelNames: ['tool_name'],
      buckets: sizeBuckets,
    });
    this.#rateLimited = counter('mcp_rate_limit_total', 'Calls refused by a rate or capacity limit.', [
      'client_id',
      'tool_name',
    ]);
    this.#requests = counter('mcp_requests_total', 'Finished calls, with the labels of the predecessor.', [
      'method',
      'endpoint',
      'status',
    ]);
    this.#requestDuration = new TallyHistogram(registry, {
      name: 'mcp_request_duration_seconds',
      help: 'Time from receipt to result, with the labels of the predecessor.',
      labelNames: ['method', 'endpoint'],
      buckets: requestBuckets,
    });
    this.#inflight = new Gauge({
      name: 'mcp_tool_inflight',
      help: 'Calls that run now.',
      labelNames: ['tool_name'],
      registers,
    });
    this.#inflightTotal = new Gauge({
      name: 'mcp_tool_inflight_total',
      help: 'Calls that run now, all tools.',
      registers,
    });
  }

  observe(event: DaemonEvent): void {
    switch (event.type) {
      case 'call.queued':
        this.#queued.add(event.call.callId);
        break;
      case 'call.started':
        this.#running.set(event.call.callId, toolLabel(event.call));
        break;
      case 'call.finished':
        this.#finished(event.call);
        break;
      case 'call.joined':
        this.#joined.add();
        break;
      case 'result.replayed':
        this.#replayed.add();
        break;
      default:
        break; // not about calls
    }
  }

  /** Brings the gauges up to date for a scrape. */
  update(): void {
    this.#inflight.reset();
    for (const tool_name of this.#running.values()) this.#inflight.inc({ tool_name });
    this.#inflightTotal.set(this.#running.size);
  }

  #finished(call: FinishedCall): void {
    const tool_name = toolLabel(call);
    const client_id = this.#clients.of(call.clientName);
    const provider = call.provider ?? '';
    const seconds = call.durationMs / 1000;
    const status = call.outcome === 'ok' ? 'success' : 'error';
    this.#running.delete(call.callId);
    if (this.#queued.delete(call.callId)) this.#queueWait.observe(call.queuedMs / 1000, provider);
    this.#calls.add(call.outcome, provider);
    this.#toolCalls.add(tool_name, status, client_id);
    this.#toolDuration.observe(seconds, tool_name);
    this.#requests.add(method, tool_name, status);
    this.#requestDuration.observe(seconds, method, tool_name);
    if (call.outcome === 'ok' || call.outcome === 'tool_error') this.#resultSize.observe(call.responseBytes, tool_name);
    if (call.outcome !== 'ok') this.#failed(call, tool_name, client_id);
  }

  #failed(call: FinishedCall, tool_name: string, client_id: string): void {
    this.#toolErrors.add(tool_name, call.errorCode ?? call.outcome);
    if (call.refusedScope !== null) this.#refusals.add(call.refusedScope);
    if (call.outcome === 'refused') this.#rateLimited.add(client_id, tool_name);
    if (call.errorCode === 'VALIDATION_ERROR') this.#invalidParams.add(tool_name);
    if (!call.isKnownTool) this.#unknownTools.add(unknownTool, client_id);
  }
}

const method = 'tools/call';
const unknownTool = 'unknown';

function toolLabel(call: CallInfo): string {
  return call.isKnownTool ? call.tool : unknownTool;
}
