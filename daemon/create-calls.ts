import { existsSync } from 'node:fs';
import { CallJournal } from './calls/call-journal.ts';
import { Dispatcher } from './calls/dispatcher.ts';
import { Limiter } from './calls/limiter.ts';
import { providerOfCall } from './calls/provider-of-call.ts';
import { RuntimeCaps } from './calls/runtime-caps.ts';
import { createUpstreams, type UpstreamParts } from './create-upstreams.ts';
import type { DaemonOptions } from './daemon-options.ts';
import { ToolCatalog } from './mcp/tool-catalog.ts';
import { previewOf } from './observe/call-view.ts';
import type { EventBus } from './observe/event-bus.ts';
import { CallHistory } from './store/call-history.ts';
import { WorkerHistory } from './store/worker-history.ts';
import type { BuiltinSources } from './tools/builtin.ts';

/** What a call passes on its way to a tool, and what remembers it. */
export interface CallParts {
  readonly limiter: Limiter;
  readonly caps: RuntimeCaps;
  readonly catalog: ToolCatalog;
  readonly upstreams: UpstreamParts;
  readonly dispatcher: Dispatcher;
  readonly journal: CallJournal;
  /** Undefined: this daemon keeps none. */
  readonly history: CallHistory | undefined;
}

export interface CallPartsOptions {
  readonly daemon: DaemonOptions;
  readonly bus: EventBus;
  readonly sources: BuiltinSources;
  /** A server, or what it offers, has changed. */
  readonly onUpstreamsChanged: () => void;
  readonly onDoubleRelease: () => void;
  readonly onJournalFailure: (error: unknown) => void;
}

/** Makes limiter, tools, dispatcher, journal and history; nothing is opened yet. */
export function createCalls(options: CallPartsOptions): CallParts {
  const { daemon, bus, sources, onDoubleRelease, onJournalFailure } = options;
  const { config, layout, logger, daemonRunId } = daemon;
  const limiter = new Limiter({
    caps: { session: config.sessionMaxInflight, global: config.globalMaxInflight, providers: config.providerCaps },
    queue: { max: config.queueMax, waitMs: config.queueWaitMs },
    retryAfterMs: config.retryAfterMs,
    onDoubleRelease,
  });
  const caps = new RuntimeCaps(limiter, {
    session: config.sessionMaxInflight,
    global: config.globalMaxInflight,
    queue: config.queueMax,
    providers: config.providerCaps,
  });
  const catalog = new ToolCatalog(daemon.createTools(sources, { config, logger }));
  const upstreams = createUpstreams(daemon, catalog, options.onUpstreamsChanged);
  const dispatcher = new Dispatcher({
    tools: upstreams.hub.aggregate,
    limiter,
    bus,
    callTimeoutMs: config.callTimeoutMs,
    cancelGraceMs: config.cancelGraceMs,
    progressIntervalMs: config.progressIntervalMs,
    retryAfterMs: config.retryAfterMs,
    toolCallMaxBytes: config.toolCallMaxBytes,
    providerOf: (toolName, args, upstreamProvider) =>
      providerOfCall({
        toolName,
        arguments: args,
        catalogue: daemon.modelCatalogue ?? (() => null),
        upstreamProvider,
      }),
  });
  const journal = new CallJournal(layout.callJournalFile(daemonRunId), onJournalFailure);
  return { limiter, caps, catalog, upstreams, dispatcher, journal, history: createHistory(daemon, bus, dispatcher) };
}

function createHistory(
  { config, layout, logger, secrets, daemonRunId, historyWorker }: DaemonOptions,
  bus: EventBus,
  { inflight }: Dispatcher,
): CallHistory | undefined {
  if (!config.history) return undefined;
  /** Of a call that has just ended and is not forgotten yet. */
  const argumentsOf = (callId: string): string | null => {
    const call = inflight.find(callId);
    return call === undefined ? null : previewOf(call, secrets.maskText);
  };
  return new CallHistory({
    open: ({ isDamaged }) => WorkerHistory.open({ workerFile: historyWorker, path: layout.historyFile, isDamaged }),
    bus,
    logger,
    secrets,
    daemonRunId,
    keepDays: config.historyDays,
    exists: () => existsSync(layout.historyFile),
    previewOf: config.historyArguments ? argumentsOf : undefined,
  });
}
