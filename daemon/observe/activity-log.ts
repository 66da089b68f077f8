import type { SecretValues } from '../../platform/redaction.ts';
import type { DaemonEvent, FinishedCall } from '../../protocol/events.ts';
import { BatchedLog, type LineSink } from './batched-log.ts';

export const activityLogName = 'mcp_activity.log';

export interface ActivityLogOptions {
  readonly sink: LineSink;
  readonly flushMs: number;
  /** Values that are `***` wherever a client brings them in. */
  readonly secrets: SecretValues;
}

const maxTextChars = 128;

/**
 * One line per finished call in `mcp_activity.log`, for people and for the tool `activity`: who, what, how long, how
 * it ended. No arguments, no results.
 *
 * Written without the logger, which costs ten times as much per line: only texts that a client chooses are masked.
 */
export class ActivityLog {
  readonly #log: BatchedLog<FinishedCall>;

  constructor({ sink, flushMs, secrets }: ActivityLogOptions) {
    this.#log = new BatchedLog({ sink, flushMs, format: (call) => activityLine(call, secrets) });
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

function activityLine(call: FinishedCall, secrets: SecretValues): string {
  const masked = (text: string): string => secrets.maskName(text).slice(0, maxTextChars).toWellFormed();
  return JSON.stringify({
    t: call.finishedAt,
    level: call.outcome === 'ok' ? 'info' : 'warn',
    msg: 'call finished',
    sessionId: call.sessionId,
    instanceId: call.instanceId,
    client: masked(call.clientName),
    callId: call.callId,
    tool: call.isKnownTool ? call.tool : masked(call.tool),
    provider: call.provider,
    outcome: call.outcome,
    code: call.errorCode,
    durationMs: tenths(call.durationMs),
    queuedMs: tenths(call.queuedMs),
    requestBytes: call.requestBytes,
    responseBytes: call.responseBytes,
  });
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}
