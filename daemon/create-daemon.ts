import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { serverProof } from '../platform/discovery.ts';
import type { Logger } from '../platform/json-logger.ts';
import { writePrivateFile } from '../platform/private-file.ts';
import type { SecretValues } from '../platform/redaction.ts';
import type { StateLayout } from '../platform/state-dir.ts';
import { closeCodes, limits } from '../protocol/limits.ts';
import { mcpRevisions, version } from '../protocol/version.ts';
import { adminHandlers } from './api/admin-handlers.ts';
import { HttpRoutes } from './api/http-routes.ts';
import type { AdminSecret } from './auth/admin-secret.ts';
import type { Authenticator } from './auth/authenticator.ts';
import { FailureThrottle } from './auth/failure-throttle.ts';
import { CallJournal, sweepJournals } from './calls/call-journal.ts';
import { Dispatcher } from './calls/dispatcher.ts';
import { Limiter } from './calls/limiter.ts';
import { type ModelCatalogue, providerOfCall } from './calls/provider-of-call.ts';
import { RateLimiter } from './calls/token-bucket.ts';
import type { DaemonConfig } from './config.ts';
import { defaultSlowReader } from './gateway/client-connection.ts';
import { FrameScheduler, type TurnBudget } from './gateway/frame-scheduler.ts';
import { Gateway } from './gateway/gateway.ts';
import { McpGateway } from './gateway/mcp-gateway.ts';
import { OpsGateway } from './gateway/ops-gateway.ts';
import { Listeners, type ListenFailure } from './listen/server.ts';
import { serverCapabilities, serverTitle } from './mcp/mcp-peer.ts';
import { ToolCatalog } from './mcp/tool-catalog.ts';
import { EventBus } from './observe/event-bus.ts';
import { healthBody } from './observe/health-file.ts';
import { Observation } from './observe/observation.ts';
import type { DaemonStatus, StatusSource } from './observe/status.ts';
import { ResumeBudget } from './sessions/resume-buffer.ts';
import { SessionRegistry } from './sessions/session-registry.ts';
import { CallHistory } from './store/call-history.ts';
import { WorkerHistory } from './store/worker-history.ts';
import type { BuiltinSources } from './tools/builtin.ts';
import type { Tool } from './tools/tool.ts';

export interface DaemonOptions {
  readonly config: DaemonConfig;
  readonly layout: StateLayout;
  readonly logDir: string;
  readonly logger: Logger;
  /** Values that no log may show; grows when a token is rotated. */
  readonly secrets: SecretValues;
  readonly authenticator: Authenticator;
  readonly adminSecret: AdminSecret;
  readonly daemonRunId: string;
  readonly localSocket: string | null;
  /** Program of the thread that keeps the history, a bundle or a source. */
  readonly historyWorker: string;
  /** The tools on offer, made for what they may look at. */
  createTools(
    sources: BuiltinSources,
    context: { readonly config: DaemonConfig; readonly logger: Logger },
  ): readonly Tool[];
  /** Whose models are whose. Absent: this daemon serves no models. */
  readonly modelCatalogue?: ModelCatalogue | undefined;
}

/** A daemon that is wired and not yet listening. */
export interface Daemon {
  readonly status: StatusSource;
  readonly registry: SessionRegistry;
  /** Base64url key of the server proof, for the discovery file. */
  readonly runKey: string;
  readonly port: number;
  /** Opens the call journal. Before anything listens: a call that is not in it counts as never started. */
  prepare(): void;
  listenTcp(port: number): Promise<ListenFailure | undefined>;
  listenLocal(path: string): Promise<ListenFailure | undefined>;
  /** Starts what works beside the calls: health file, metrics, sweeps. */
  start(): void;
  /** Refuses new calls, waits for running ones at most the drain time, then says goodbye and closes everything. */
  stop(): Promise<void>;
}

/** What one client may use of a turn of the loop (PERFORMANCE P8, P9). */
const turnBudget: TurnBudget = { frames: 4, burstBytes: 256 * 1024, bytesPerMs: 160 * 1024 };

/** Builds the daemon from its parts; nothing is opened before `listen…` and `start`. */
export function createDaemon(options: DaemonOptions): Daemon {
  const { config, layout, logDir, logger, secrets, authenticator, adminSecret, daemonRunId, localSocket } = options;
  const startedAt = Date.now() / 1000;
  const runKey = randomBytes(limits.runKeyBytes).toString('base64url');
  const bus = new EventBus({ logger });
  const resumeBudget = new ResumeBudget(config.resumeTotalBytes);
  let isDraining = false;

  const limiter = new Limiter({
    caps: { session: config.sessionMaxInflight, global: config.globalMaxInflight, providers: config.providerCaps },
    queue: { max: config.queueMax, waitMs: config.queueWaitMs },
    retryAfterMs: config.retryAfterMs,
    onDoubleRelease: () => observation.countDoubleRelease(),
  });
  const registry = new SessionRegistry({
    graceMs: config.sessionGraceMs,
    maxSessions: config.sessionMaxConcurrent,
    maxPerUser: config.multiUser ? config.maxConnectionsPerUser : null,
    bus,
  });
  const status: StatusSource = { status: () => currentStatus() };
  const catalog = new ToolCatalog(
    options.createTools({ status, registry, logDir, flushLogs: () => observation.flushLogs() }, { config, logger }),
  );
  const observation = new Observation({ config, stateDir: layout.stateDir, logDir, bus, logger, secrets, status });
  const history = config.history
    ? new CallHistory({
        open: ({ isDamaged }) =>
          WorkerHistory.open({ workerFile: options.historyWorker, path: layout.historyFile, isDamaged }),
        bus,
        logger,
        secrets,
        daemonRunId,
        keepDays: config.historyDays,
      })
    : undefined;
  const dispatcher = new Dispatcher({
    tools: catalog,
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
        catalogue: options.modelCatalogue ?? (() => null),
        upstreamProvider,
      }),
  });
  const journal = new CallJournal(layout.callJournalFile(daemonRunId), (error) => {
    logger.error('call journal failed; calls of this run count as "may have run" after a crash', { error });
    observation.warn('CALL_JOURNAL_FAILED');
  });
  authenticator.onRotated((generation) => {
    bus.emit({ type: 'token.rotated', generation });
    logger.info('token rotated', { generation });
  });
  authenticator.onFailure((message, error) => logger.error(message, { error }));
  const mcp = new McpGateway({
    dispatcher,
    catalog,
    registry,
    bus,
    journal,
    daemonRunId,
    resume: {
      limits: {
        maxFrames: config.resumeMaxFrames,
        maxBytes: config.resumeMaxBytes,
        maxRememberedIds: limits.rememberedRequestIds,
      },
      budget: resumeBudget,
    },
    maxFrameBytes: config.maxFrameBytes,
    longestCallMs: config.callTimeoutMs + (config.queueMax > 0 ? config.queueWaitMs : 0),
    journalPath: (runId) => layout.callJournalFile(runId),
  });
  const ops = new OpsGateway({
    dispatcher,
    catalog,
    authenticator,
    bus,
    compatText: config.compatText,
    ensureNonEmptyOutput: config.ensureNonEmptyOutput,
    coalesce: config.coalesce,
    neverCoalesceTools: config.neverCoalesceTools,
    resultTtlMs: config.resultTtlMs,
    sessionGraceMs: config.sessionGraceMs,
    healthBody: () => ({ ...healthBody(currentStatus()) }),
    now: () => performance.now(),
  });
  const rates = new RateLimiter({
    global: { capacity: config.rateGlobalCapacity, refillPerSecond: config.rateGlobalPerSecond },
    address: { capacity: config.rateAddressCapacity, refillPerSecond: config.rateAddressPerSecond },
    session: { capacity: config.rateSessionCapacity, refillPerSecond: config.rateSessionPerSecond },
  });
  bus.subscribe((event) => {
    if (event.type !== 'session.ended') return;
    rates.forgetSession(event.session.key);
    limiter.endSession(event.session.key);
  });
  const gateway = new Gateway({
    daemonRunId,
    authenticator,
    throttle: new FailureThrottle(),
    rates,
    registry,
    mcp,
    ops,
    bus,
    logger,
    helloTimeoutMs: config.helloTimeoutMs,
    maxFrameBytes: config.maxFrameBytes,
    connection: {
      pingIntervalMs: config.pingIntervalMs,
      pingTimeoutMs: config.pingTimeoutMs,
      scheduler: new FrameScheduler(turnBudget),
      ...defaultSlowReader,
    },
    ackLimits: {
      maxFrameBytes: config.maxFrameBytes,
      maxPending: limits.maxPendingRequests,
      sessionMaxInflight: config.sessionMaxInflight,
      queueMax: config.queueMax,
      graceMs: config.sessionGraceMs,
      callTimeoutMs: config.callTimeoutMs,
    },
  });
  const isBearerValid = async (bearer: string): Promise<boolean> => {
    const result = await authenticator.authenticate({ token: null, jwt: null, bearer });
    return result.type === 'accepted' && result.auth !== 'disabled';
  };
  const routes = new HttpRoutes({
    status,
    metrics: observation.prometheus,
    metricsPublic: config.metricsPublic,
    bus,
    isBearerValid,
    admin: {
      handlers: adminHandlers({ status, registry, authenticator, layout, logDir }),
      isAdminSecret: (candidate) => adminSecret.matches(candidate),
      onFailure: (route, error) => logger.error('admin request failed', { route, error }),
    },
  });
  const listeners = new Listeners({
    host: config.host,
    allowedHosts: config.allowedHosts,
    allowedOrigins: config.allowedOrigins,
    trustProxy: config.trustProxy,
    maxConnections: config.maxConnections,
    maxConnectionsPerAddress: config.maxConnectionsPerAddress,
    maxUnauthenticated: config.maxUnauthenticated,
    helloMaxBytes: config.helloMaxBytes,
    maxFrameBytes: config.maxFrameBytes,
    helloTimeoutMs: config.helloTimeoutMs,
    closeTimeoutMs: config.closeTimeoutMs,
    bus,
    proofHeaders: (nonce) => ({ 'X-Exai-Run': daemonRunId, 'X-Exai-Proof': serverProof(runKey, nonce, daemonRunId) }),
    isBearerValid,
    onHttp: (request, response, peer) => {
      routes.serve(request, response, peer).catch((error: unknown) => {
        logger.error('a request could not be answered', { error });
        response.destroy();
      });
    },
    onSocket: (socket, upgrade, authenticated) => gateway.accept(socket, upgrade, authenticated),
  });

  function currentStatus(): DaemonStatus {
    const capacity = limiter.snapshot();
    const sessions = registry.counts();
    return {
      version,
      daemonRunId,
      pid: process.pid,
      startedAt,
      host: config.host,
      port: listeners.port,
      localSocket,
      authPolicy: authenticator.policy,
      tokenGeneration: authenticator.tokenGeneration,
      sessionsConnected: sessions.connected,
      sessionsDetached: sessions.detached,
      sessionCapacity: config.sessionMaxConcurrent,
      global: capacity.global,
      providers: capacity.providers,
      queued: capacity.queued,
      toolCount: catalog.names.length,
      abandonedCalls: dispatcher.abandonedCalls,
      resumeBytes: resumeBudget.bytes,
      openConnections: gateway.openConnections,
      isDraining,
      ...(history === undefined ? {} : { store: history.status }),
      ...observation.readings(),
    };
  }

  /** What a shim answers from while no daemon is there (CLIENTS S5). */
  function writeKnownFacts(): void {
    const facts = {
      schema: 1,
      daemonVersion: version,
      protocolVersions: mcpRevisions,
      capabilities: serverCapabilities,
      title: serverTitle,
      tools: catalog.listed,
    };
    try {
      writePrivateFile(layout.knownFactsFile, `${JSON.stringify(facts)}\n`);
    } catch (error) {
      logger.warn('known facts could not be written', { error });
    }
  }

  let sweepTimer: NodeJS.Timeout | undefined;
  return {
    status,
    registry,
    runKey,
    get port() {
      return listeners.port;
    },
    prepare: () => {
      journal.open();
      sweepJournals(layout.callJournalFile(daemonRunId));
    },
    listenTcp: (port) => listeners.listenTcp(port),
    listenLocal: (path) => listeners.listenLocal(path),
    start: () => {
      writeKnownFacts();
      observation.start();
      history?.start();
      sweepTimer = setInterval(() => {
        for (const session of registry.all()) session.peer?.sweep();
      }, config.sessionCleanupMs);
      sweepTimer.unref();
    },
    stop: async () => {
      isDraining = true;
      bus.emit({ type: 'daemon.draining', maxMs: config.drainMs });
      listeners.stopAccepting();
      mcp.announceDraining(config.drainMs);
      await withDeadline(dispatcher.drain(), config.drainMs);
      await nextTurn(); // the last answers are made now and must leave before the close frames
      await withDeadline(gateway.closeAll(), config.closeTimeoutMs);
      for (const session of registry.all()) registry.end(session, 'daemon stopped', closeCodes.shutdown);
      await nextTurn();
      listeners.closeAll();
      await history?.stop();
      observation.stop();
      clearInterval(sweepTimer);
      limiter.close();
      journal.close();
    },
  };
}

function withDeadline(work: Promise<void>, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    void work.finally(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}

/** Gives frames that were just written their way to the operating system. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(() => setImmediate(resolve));
  });
}
