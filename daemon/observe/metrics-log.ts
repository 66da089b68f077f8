import type { SecretValues } from '../../platform/redaction.ts';
import type { DaemonEvent, FinishedCall } from '../../protocol/events.ts';
import { BatchedLog, type LineSink } from './batched-log.ts';

export const metricsLogName = 'ws_daemon.metrics.jsonl';

export interface MetricsLogOptions {
  readonly sink: LineSink;
  /** How long a line waits at most (WIRE §8.2: 1 s). */
  readonly flushMs: number;
  /** Values that are `***` where a client calls a tool so. */
  readonly secrets: SecretValues;
}

/** One line per finished call in `ws_daemon.metrics.jsonl` (WIRE §8.2). Never awaited; a full disk costs lines only. */
export class MetricsLog {
  readonly #log: BatchedLog<FinishedCall>;

  constructor({ sink, flushMs, secrets }: MetricsLogOptions) {
    this.#log = new BatchedLog({ sink, flushMs, format: (call) => metricsLine(call, secrets) });
  }

  /** Why health is degraded, in a sentence; null while lines are written. */
  get problem(): string | null {
    if (!this.#log.isFailing) return null;
    return `The metrics log cannot be written (${this.#log.droppedLines} lines lost so far).`;
  }

  get droppedLines(): number {
    return this.#log.droppedLines;
  }

  observe(event: DaemonEvent): void {
    if (event.type === 'call.finished') this.#log.add(event.call);
  }

  flush(): void {
    this.#log.flush();
  }

  /** Writes what is pending. Safe to call twice. */
  close(): void {
    this.#log.close();
  }
}

/** Names that clients invent are cut here. */
const maxNameChars = 128;

/** Field names are read by programs of others; `""` stands for "none", times are seconds, sizes bytes. */
export function metricsLine(call: FinishedCall, secrets: SecretValues): string {
  const name = call.isKnownTool ? call.tool : secrets.maskText(call.tool);
  return JSON.stringify({
    t: call.finishedAt,
    op: 'call_tool',
    lat: seconds(call.durationMs),
    sess: call.sessionId,
    name: name.slice(0, maxNameChars).toWellFormed(),
    prov: call.provider ?? '',
    out: call.outcome,
    code: call.errorCode ?? '',
    queued: seconds(call.queuedMs),
    inst: call.instanceId ?? '',
    up: call.upstream ?? '',
    req: call.requestBytes,
    res: call.responseBytes,
    call: call.callId,
  });
}

/** Microseconds are enough. */
function seconds(ms: number): number {
  return Math.round(ms * 1000) / 1_000_000;
}
