import type { CallInfo } from '../../protocol/events.ts';
import type { Tool, ToolProgress } from '../tools/tool.ts';
import type { CallWatch } from './call-watch.ts';

/** What a call in flight was asked with; kept as long as it runs anyway. */
export interface InflightRequest {
  readonly arguments: unknown;
  readonly canceller: { abort(): void };
}

/**
 * A call that waits or runs, for whoever looks at it. The dispatcher notes what it knows as it goes; nothing is computed
 * before somebody asks.
 */
export class InflightCall {
  readonly info: CallInfo;
  readonly tool: Tool;
  readonly request: InflightRequest;
  /** Place in line, from 1; 0 when it does not wait. */
  queuePosition = 0;
  /** Epoch seconds from which on it holds its slots; null while it waits. */
  startedAt: number | null = null;
  /** From `startedAt`. */
  deadlineMs = 0;
  queuedMs = 0;
  progress: ToolProgress | null = null;
  /** Its tool runs on without a slot, after its answer has been given. */
  isAbandoned = false;
  #watch: CallWatch | null = null;
  #isCancelled = false;

  constructor(info: CallInfo, tool: Tool, request: InflightRequest) {
    this.info = info;
    this.tool = tool;
    this.request = request;
  }

  get state(): 'queued' | 'running' | 'cancelling' {
    if (this.#isCancelled || this.#watch?.isAborted === true) return 'cancelling';
    return this.startedAt === null ? 'queued' : 'running';
  }

  /** It holds its slots, and its tool is about to run. */
  started(watch: CallWatch, { deadlineMs, queuedMs }: { deadlineMs: number; queuedMs: number }): void {
    this.#watch = watch;
    this.startedAt = Date.now() / 1000;
    this.deadlineMs = deadlineMs;
    this.queuedMs = queuedMs;
    this.queuePosition = 0;
  }

  /** As if its client had cancelled it. */
  cancel(): void {
    this.#isCancelled = true;
    this.request.canceller.abort();
  }
}
