import { performance } from 'node:perf_hooks';
import type { SecretValues } from '../../platform/redaction.ts';
import type { DaemonEvent, FinishedCall } from '../../protocol/events.ts';
import type { HistoryRow } from '../../protocol/history.ts';
import { limits } from '../../protocol/limits.ts';
import { StoreError } from './history-store.ts';
import { UuidSource } from './uuid-v7.ts';

export interface HistoryWriterOptions {
  readonly daemonRunId: string;
  /** Values that are `***` wherever a client brings them in. */
  readonly secrets: SecretValues;
  /** Rejects with a {@link StoreError} when the same rows should be tried again later. */
  append(rows: readonly HistoryRow[]): Promise<void>;
  /** Rows that no store will ever take; a bug. Told once per batch. */
  onRefused(error: unknown, rows: number): void;
  /** Arguments of a call that has just ended, secrets masked. Absent: none are kept. */
  readonly previewOf?: ((callId: string) => string | null) | undefined;
  readonly flushMs?: number;
  readonly batchRows?: number;
  readonly queueRows?: number;
  readonly retryMs?: number;
}

interface Waiting {
  readonly call: FinishedCall;
  readonly startedAt: number;
  readonly preview: string | null;
}

/** Characters that are looked at: a secret that begins in the part that is kept must be seen to its end. */
const rawChars = limits.historyTextChars + 3 * limits.credentialMaxChars;
const maxRetryMs = 10_000;
/** Wall clock and monotonic clock further apart than this: somebody has set the clock, or the machine has slept. */
const clockStepMs = 5;

/**
 * Writes finished calls in batches, at most `flushMs` and one batch behind. Noting a call costs the call next to nothing:
 * no text is made, nothing is waited for. While the store fails rows wait, the oldest are dropped beyond `queueRows`, and
 * the same batch is tried again; a row has its id before the first try, so no try writes it twice.
 */
export class HistoryWriter {
  readonly #options: HistoryWriterOptions;
  readonly #ids = new UuidSource();
  readonly #queueRows: number;
  #queue: Waiting[] = [];
  /** Where the queue begins; what lies before is done. Shifting an array of this size would cost the call path. */
  #head = 0;
  #batch: readonly HistoryRow[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** True: the batch is done with. */
  #writing: Promise<boolean> | undefined;
  #retryMs: number;
  #dropped = 0;
  /** Rows that were written, refused or dropped. */
  #done = 0;
  #isClosed = false;
  /** Wall clock minus monotonic clock, in milliseconds. */
  #clockOffset = performance.timeOrigin;

  constructor(options: HistoryWriterOptions) {
    this.#options = options;
    this.#queueRows = options.queueRows ?? limits.historyQueueRows;
    this.#retryMs = options.retryMs ?? 1_000;
  }

  /** Rows that wait. */
  get pending(): number {
    return this.#queue.length - this.#head + this.#batch.length;
  }

  /** Rows lost since the start, because the store was away for too long. */
  get dropped(): number {
    return this.#dropped;
  }

  observe(event: DaemonEvent): void {
    if (event.type !== 'call.finished' || this.#isClosed) return;
    const { call } = event;
    const preview = this.#options.previewOf?.(call.callId) ?? null;
    // What a client has made up may be as long as a frame, and must not be kept for as long as a row may wait.
    const kept = call.isKnownTool ? call : { ...call, tool: this.#masked(call.tool) };
    this.#queue.push({ call: kept, startedAt: this.#startOf(call), preview });
    if (this.pending > this.#queueRows) {
      this.#head += 1;
      this.#dropped += 1;
      this.#done += 1;
      this.#compact();
    }
    if (this.#writing === undefined) this.#arm(this.#options.flushMs ?? limits.historyFlushMs);
  }

  /**
   * Calls are stamped in whole milliseconds; a series of short ones would then seem to have run at once. The clock of the
   * durations is finer, so the start is counted back from now.
   */
  #startOf(call: FinishedCall): number {
    const now = performance.now();
    const started = (now + this.#clockOffset - call.durationMs) / 1000;
    if (Math.abs(started - call.receivedAt) * 1000 <= clockStepMs) return started;
    this.#clockOffset = Date.now() - now;
    return call.receivedAt;
  }

  /** Tries to write all that has been noted so far. Resolves when that is done or has failed; never rejects. */
  async flush(): Promise<void> {
    const target = this.#done + this.pending;
    while (this.#done < target) {
      if (!(await (this.#writing ?? this.#write()))) return;
    }
  }

  /** Drops what waits and takes no more. Safe to call twice. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#dropped += this.pending;
    this.#queue = [];
    this.#head = 0;
    this.#batch = [];
  }

  get #batchRows(): number {
    return this.#options.batchRows ?? limits.historyBatchRows;
  }

  #arm(delayMs: number): void {
    if (this.#timer !== undefined || this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#write();
    }, delayMs);
    this.#timer.unref();
  }

  #write(): Promise<boolean> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#writing = this.#writeBatch().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #writeBatch(): Promise<boolean> {
    if (this.#batch.length === 0) this.#batch = this.#nextBatch();
    const batch = this.#batch;
    if (batch.length === 0) return false;
    try {
      await this.#options.append(batch);
      this.#retryMs = this.#options.retryMs ?? 1_000;
    } catch (error) {
      if (this.#isClosed) return false;
      if (error instanceof StoreError) {
        this.#arm(this.#retryMs);
        this.#retryMs = Math.min(this.#retryMs * 2, maxRetryMs);
        return false;
      }
      this.#dropped += batch.length;
      this.#options.onRefused(error, batch.length);
    }
    if (this.#isClosed) return false;
    this.#batch = [];
    this.#done += batch.length;
    // A full batch is waiting: no pause. The answer of the store has come in a turn of its own, so calls had theirs.
    if (this.pending >= this.#batchRows) this.#arm(0);
    else if (this.pending > 0) this.#arm(this.#options.flushMs ?? limits.historyFlushMs);
    return true;
  }

  #nextBatch(): HistoryRow[] {
    const end = Math.min(this.#queue.length, this.#head + this.#batchRows);
    const batch = this.#queue.slice(this.#head, end).map((waiting) => this.#toRow(waiting));
    this.#head = end;
    this.#compact();
    return batch;
  }

  #compact(): void {
    if (this.#head === this.#queue.length) this.#queue = [];
    else if (this.#head >= this.#queueRows) this.#queue = this.#queue.slice(this.#head);
    else return;
    this.#head = 0;
  }

  #toRow({ call, startedAt, preview }: Waiting): HistoryRow {
    return {
      id: this.#ids.next(),
      callId: call.callId,
      startedAt,
      sessionId: call.sessionId,
      instanceId: call.instanceId,
      tool: call.tool,
      upstream: call.upstream,
      provider: call.provider,
      model: null,
      queuedMs: call.queuedMs,
      durationMs: call.durationMs,
      outcome: call.outcome,
      errorCode: call.errorCode,
      requestBytes: call.requestBytes,
      responseBytes: call.responseBytes,
      argumentsPreview: preview === null ? null : this.#masked(preview),
      daemonRunId: this.#options.daemonRunId,
    };
  }

  /** Masked before it is cut, so that no half of a secret is left; a copy, since a part of a text keeps the whole alive. */
  #masked(text: string): string {
    const masked = this.#options.secrets.maskText(text.slice(0, rawChars)).slice(0, limits.historyTextChars);
    return Buffer.from(masked, 'utf8').toString('utf8');
  }
}
