import { performance } from 'node:perf_hooks';
import type { CapacityRefusal, Failure } from '../../protocol/errors.ts';
import type { CallInfo, CallOutcome, FinishedCall } from '../../protocol/events.ts';
import type { EventBus } from '../observe/event-bus.ts';
import {
  CallFailedError,
  failureResult,
  type RelayedCall,
  RelayedResult,
  resultErrorCode,
  type Tool,
  type ToolProgress,
  type ToolResult,
} from '../tools/tool.ts';
import {
  abortFailure,
  argumentsTooLarge,
  cancelledFailure,
  drainingFailure,
  failureOf,
  outcomeOf,
  overCapacity,
  pausedFailure,
  toolNotFound,
} from './call-failures.ts';
import { CallWatch } from './call-watch.ts';
import { InflightCall } from './inflight-call.ts';
import { InflightCalls } from './inflight-calls.ts';
import type { Lease, Limiter } from './limiter.ts';

/** Who calls; only what a call needs to know of its session. */
export interface Caller {
  readonly key: string;
  readonly sessionId: string;
  readonly instanceId: string | null;
  readonly client: { readonly name: string };
  readonly workspace?: string | null;
}

export interface CallRequest {
  readonly caller: Caller;
  /** Name as the client wrote it. */
  readonly toolName: string;
  readonly arguments: unknown;
  readonly requestBytes: number;
  /** For tools of servers; absent: the call came in another form than MCP. */
  readonly relay?: RelayedCall;
  /** Aborts when the client cancels. */
  readonly cancelled: AbortSignal;
  /** Aborts `cancelled`, for an admin who cancels the call. */
  readonly canceller: { abort(): void };
  /** Aborts when the session ends. */
  readonly sessionGone: AbortSignal;
  onQueued?(position: number): void;
  /** All slots are held and the tool is about to run. `deadlineMs` counts from now. */
  onStarted?(started: StartedCall): void;
  onProgress?(progress: ToolProgress): void;
  /** The call is still running and has been silent for a progress interval; `beats` counts them. */
  onHeartbeat?(beats: number): void;
  onChunk?(text: string): void;
}

export interface StartedCall {
  readonly callId: string;
  readonly deadlineMs: number;
  readonly wasQueued: boolean;
  readonly isSafe: boolean;
  /** The tool is a server's: nothing is sent there in the turn of the loop in which it is started. */
  readonly isRelayed: boolean;
}

export interface CallTiming {
  readonly totalMs: number;
  readonly queuedMs: number;
  readonly processingMs: number;
  readonly provider: string | null;
}

/** How a call ended. A tool's own failure is a `result` with `isError`; ours is a `failure` with a code. */
export type CallReply =
  | { readonly type: 'result'; readonly callId: string; readonly result: ToolResult; readonly timing: CallTiming }
  | {
      readonly type: 'failure';
      readonly callId: string;
      readonly failure: Failure;
      readonly timing: CallTiming;
      /** JSON of the error that a server answered with, to be passed on untouched. */
      readonly relayed?: Buffer;
    };

/** Where tools are looked up. */
export interface ToolSource {
  find(name: string, caller: Caller): Tool | undefined;
}

export interface DispatcherOptions {
  readonly tools: ToolSource;
  readonly limiter: Limiter;
  readonly bus: EventBus;
  readonly callTimeoutMs: number;
  readonly cancelGraceMs: number;
  readonly progressIntervalMs: number;
  readonly retryAfterMs: number;
  readonly toolCallMaxBytes: number;
  providerOf(toolName: string, args: unknown, upstreamProvider: string | null): string | null;
}

/** The predecessor's clients append the server's name to a tool's; one such ending is dropped for the look-up. */
const serverSuffix = /(?:_EXAI-WS|-EXAI-WS|_EXAI_WS|-EXAI_WS)$/;

/**
 * Runs calls: looks the tool up, takes one lease for session, global and provider, watches deadline and cancellation,
 * and gives the lease back exactly once (WIRE §7). Never throws; every way a call can end is a reply.
 */
export class Dispatcher {
  readonly #options: DispatcherOptions;
  readonly inflight = new InflightCalls();
  #nextCall = 1;
  /** Calls that ask for a slot. */
  #waiting = 0;
  #abandoned = 0;
  #isDraining = false;
  #isPaused = false;
  readonly #onIdle: (() => void)[] = [];

  constructor(options: DispatcherOptions) {
    this.#options = options;
  }

  /** Calls whose tool ignored its abort and still runs without a slot. */
  get abandonedCalls(): number {
    return this.#abandoned;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** While paused, new calls are refused; those that wait or run go on. */
  setPaused(isPaused: boolean): void {
    this.#isPaused = isPaused;
  }

  /** Refuses new calls and resolves when the last one, waiting ones included, has ended. Safe to call again. */
  drain(): Promise<void> {
    this.#isDraining = true;
    return new Promise((resolve) => {
      this.#onIdle.push(resolve);
      this.#checkIdle();
    });
  }

  #checkIdle(): void {
    if (this.inflight.size > 0 || this.#waiting > 0) return;
    for (const resolve of this.#onIdle.splice(0)) resolve();
  }

  call(request: CallRequest): Promise<CallReply> {
    const { caller } = request;
    const arrivedAt = performance.now();
    const tool =
      this.#options.tools.find(request.toolName, caller) ??
      this.#options.tools.find(request.toolName.replace(serverSuffix, ''), caller);
    const provider =
      tool === undefined ? null : this.#options.providerOf(tool.name, request.arguments, tool.provider ?? null);
    const info: CallInfo = {
      callId: `c_${(this.#nextCall++).toString(36)}`,
      sessionKey: caller.key,
      sessionId: caller.sessionId,
      instanceId: caller.instanceId,
      clientName: caller.client.name,
      tool: tool?.name ?? request.toolName,
      isKnownTool: tool !== undefined,
      upstream: tool?.upstream ?? null,
      provider,
      receivedAt: Date.now() / 1000,
      requestBytes: request.requestBytes,
    };
    const refusal = this.#refusal(tool, request);
    if (tool === undefined || refusal !== undefined) {
      return Promise.resolve(this.#fail(info, refusal ?? toolNotFound(request.toolName), arrivedAt, arrivedAt));
    }
    const call = new InflightCall(info, tool, request);
    const taken =
      tool.isExempt === true
        ? undefined
        : this.#options.limiter.tryAcquire({ session: info.sessionKey, provider: info.provider });
    // A call that did not wait has waited 0 ms.
    const times = { arrivedAt, startedAt: arrivedAt, wasQueued: false };
    if (taken === undefined || taken.type === 'lease') return this.#run(call, request, taken?.lease, times);
    if (this.#options.limiter.hasQueue) return this.#runQueued(call, request, arrivedAt);
    return Promise.resolve(this.#fail(info, this.#overCapacity(taken.refusal, info), arrivedAt, performance.now()));
  }

  async #runQueued(call: InflightCall, request: CallRequest, arrivedAt: number): Promise<CallReply> {
    this.#waiting += 1;
    const taken = await this.#waitForLease(call, request).finally(() => {
      this.#waiting -= 1;
    });
    if (taken.type === 'failure') {
      this.#checkIdle();
      return this.#fail(call.info, taken.failure, arrivedAt, performance.now());
    }
    return this.#run(call, request, taken.lease, { arrivedAt, startedAt: performance.now(), wasQueued: true });
  }

  #refusal(tool: Tool | undefined, request: CallRequest): Failure | undefined {
    if (this.#isDraining) return drainingFailure;
    if (this.#isPaused) return pausedFailure;
    if (tool === undefined) return toolNotFound(request.toolName);
    const { toolCallMaxBytes } = this.#options;
    if (request.requestBytes > toolCallMaxBytes) return argumentsTooLarge(request.requestBytes, toolCallMaxBytes);
    return undefined;
  }

  async #waitForLease(
    call: InflightCall,
    request: CallRequest,
  ): Promise<{ type: 'lease'; lease: Lease } | { type: 'failure'; failure: Failure }> {
    const { info } = call;
    const key = { session: info.sessionKey, provider: info.provider };
    const signal = AbortSignal.any([request.cancelled, request.sessionGone]);
    const waited = await this.#options.limiter.acquire(key, {
      signal,
      onQueued: (position) => {
        call.queuePosition = position;
        this.inflight.put(call);
        this.#options.bus.emit({ type: 'call.queued', call: info, position });
        request.onQueued?.(position);
      },
    });
    if (waited.type !== 'lease') this.inflight.remove(call);
    switch (waited.type) {
      case 'lease':
        return { type: 'lease', lease: waited.lease };
      case 'refused':
        return { type: 'failure', failure: this.#overCapacity(waited.refusal, info, waited.reason) };
      case 'cancelled':
        return { type: 'failure', failure: { ...cancelledFailure, mayHaveRun: false, callId: info.callId } };
    }
  }

  #overCapacity(refusal: CapacityRefusal, info: CallInfo, reason?: string): Failure {
    const { retryAfterMs } = this.#options;
    return overCapacity(refusal, { provider: info.provider, retryAfterMs, reason });
  }

  async #run(
    inflight: InflightCall,
    request: CallRequest,
    lease: Lease | undefined,
    times: { arrivedAt: number; startedAt: number; wasQueued: boolean },
  ): Promise<CallReply> {
    const { callTimeoutMs, cancelGraceMs, progressIntervalMs, bus } = this.#options;
    const { info, tool } = inflight;
    const watch = new CallWatch({
      deadlineMs: callTimeoutMs,
      startedAt: times.startedAt,
      cancelled: request.cancelled,
      sessionGone: request.sessionGone,
    });
    inflight.started(watch, { deadlineMs: callTimeoutMs, queuedMs: times.startedAt - times.arrivedAt });
    this.inflight.put(inflight);
    bus.emit({ type: 'call.started', call: info });
    let beats = 0;
    const heartbeat =
      request.onHeartbeat === undefined
        ? undefined
        : setInterval(() => {
            beats += 1;
            request.onHeartbeat?.(beats);
          }, progressIntervalMs);
    let isSettled = false;
    let isAbandoned = false;
    let isRunningOn = false;
    const settle = (): void => {
      if (isSettled) return;
      isSettled = true;
      if (!isAbandoned) lease?.release();
      this.inflight.remove(inflight);
      if (isAbandoned) {
        this.#abandoned -= 1;
        bus.emit({ type: 'call.settled-late', callId: info.callId });
      }
      this.#checkIdle();
    };
    const abortReply = (): CallReply =>
      this.#fail(
        info,
        abortFailure(watch.call.reason() ?? 'cancelled', info.callId, callTimeoutMs),
        times.arrivedAt,
        times.startedAt,
      );
    try {
      const isSafe = tool.annotations.readOnlyHint === true || tool.annotations.idempotentHint === true;
      const isRelayed = tool.upstream !== undefined;
      const { wasQueued } = times;
      request.onStarted?.({ callId: info.callId, deadlineMs: callTimeoutMs, wasQueued, isSafe, isRelayed });
      if (watch.isAborted) return abortReply();
      const running = this.#invoke(inflight, request, watch);
      const finished = running instanceof Promise ? await Promise.race([running, aborted(watch.call.signal)]) : running;
      if (finished === abortMark) {
        isRunningOn = true;
        void whenSettled(running).then(settle);
        const graceTimer = setTimeout(() => {
          if (isSettled) return;
          isAbandoned = true;
          this.#abandoned += 1;
          inflight.isAbandoned = true;
          lease?.release();
          this.inflight.changed(inflight);
          bus.emit({ type: 'call.abandoned', callId: info.callId });
        }, cancelGraceMs);
        graceTimer.unref();
        this.inflight.changed(inflight);
        return abortReply();
      }
      if (watch.isAborted) return abortReply();
      return this.#finish(info, finished, times.arrivedAt, times.startedAt);
    } catch (error) {
      if (watch.isAborted) return abortReply(); // the tool has listened: its error is the echo of the abort
      if (error instanceof CallFailedError) return this.#failRelayed(info, error, times);
      return this.#finish(info, failureResult(failureOf(error)), times.arrivedAt, times.startedAt);
    } finally {
      clearInterval(heartbeat);
      watch.dispose();
      if (!isRunningOn) settle();
    }
  }

  #invoke(call: InflightCall, request: CallRequest, watch: CallWatch): ToolResult | Promise<ToolResult> {
    return call.tool.call(request.arguments ?? {}, {
      get signal() {
        return watch.call.signal;
      },
      sessionId: request.caller.sessionId,
      sessionKey: request.caller.key,
      workspace: request.caller.workspace,
      relay: request.relay,
      reportProgress: (progress) => {
        if (watch.isOver) return;
        call.progress = progress;
        this.inflight.changed(call);
        request.onProgress?.(progress);
      },
      streamChunk: (text) => {
        if (!watch.isOver) request.onChunk?.(text);
      },
    });
  }

  #finish(info: CallInfo, result: ToolResult, arrivedAt: number, startedAt: number): CallReply {
    const outcome: CallOutcome = result.isError === true ? 'tool_error' : 'ok';
    const timing = timingOf(info, arrivedAt, startedAt);
    this.#announce(info, timing, outcome, {
      errorCode: resultErrorCode(result),
      responseBytes: approximateBytes(result),
    });
    return { type: 'result', callId: info.callId, result, timing };
  }

  #fail(info: CallInfo, failure: Failure, arrivedAt: number, startedAt: number): CallReply {
    const timing = timingOf(info, arrivedAt, startedAt);
    this.#announce(info, timing, outcomeOf(failure), {
      errorCode: failure.code,
      refusedScope: failure.capacity?.scope ?? null,
      responseBytes: 0,
    });
    return { type: 'failure', callId: info.callId, failure, timing };
  }

  #failRelayed(info: CallInfo, error: CallFailedError, times: { arrivedAt: number; startedAt: number }): CallReply {
    const failure = { ...error.failure, callId: info.callId };
    const reply = this.#fail(info, failure, times.arrivedAt, times.startedAt);
    return reply.type === 'failure' && error.relayed !== undefined ? { ...reply, relayed: error.relayed } : reply;
  }

  #announce(
    info: CallInfo,
    timing: CallTiming,
    outcome: CallOutcome,
    rest: Pick<FinishedCall, 'errorCode' | 'responseBytes'> & { refusedScope?: FinishedCall['refusedScope'] },
  ): void {
    this.#options.bus.emit({
      type: 'call.finished',
      call: {
        ...info,
        finishedAt: Date.now() / 1000,
        queuedMs: timing.queuedMs,
        durationMs: timing.totalMs,
        outcome,
        errorCode: rest.errorCode,
        refusedScope: rest.refusedScope ?? null,
        responseBytes: rest.responseBytes,
      },
    });
  }
}

function timingOf(info: CallInfo, arrivedAt: number, startedAt: number): CallTiming {
  const now = performance.now();
  return {
    totalMs: now - arrivedAt,
    queuedMs: startedAt - arrivedAt,
    processingMs: now - startedAt,
    provider: info.provider,
  };
}

/** Size of the text content in characters: good enough for a metric, and free. */
function approximateBytes(result: ToolResult): number {
  if (result instanceof RelayedResult) return result.raw.length;
  let size = 0;
  for (const block of result.content) if (typeof block['text'] === 'string') size += block['text'].length;
  return size;
}

const abortMark = Symbol('aborted');

function aborted(signal: AbortSignal): Promise<typeof abortMark> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(abortMark);
    else signal.addEventListener('abort', () => resolve(abortMark), { once: true });
  });
}

async function whenSettled(running: unknown): Promise<void> {
  try {
    await running;
  } catch {
    // a late failure of a call that was already answered has nobody to go to
  }
}
