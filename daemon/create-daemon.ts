import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { serverProof } from '../platform/discovery.ts';
import type { Logger } from '../platform/json-logger.ts';
import { writePrivateFile } from '../platform/private-file.ts';
import type { SecretValues } from '../platform/redaction.ts';
import type { StateLayout } from '../platform/state-dir.ts';
import { closeCodes, limits } from '../protocol/limits.ts';
import { mcpRevisions, version } from '../protocol/version.ts';
import { adminHandlers, tokenStatus } from './api/admin-handlers.ts';
import { createAdminApi } from './api/create-admin-api.ts';
import { historyHandlers } from './api/history-handlers.ts';
import { type BearerVerdict, HttpRoutes } from './api/http-routes.ts';
import { liveHandlers } from './api/live-handlers.ts';
import { logHandlers } from './api/log-handlers.ts';
import { settingsHandlers } from './api/settings-handlers.ts';
import { StaticFiles } from './api/static-files.ts';
import type { AdminSecret } from './auth/admin-secret.ts';
import type { Authenticator } from './auth/authenticator.ts';
import { FailureThrottle } from './auth/failure-throttle.ts';
import { startProblem } from './auth/open-authentication.ts';
import { UiSessionFile } from './auth/ui-session-file.ts';
import { CallJournal, sweepJournals } from './calls/call-journal.ts';
import { Dispatcher } from './calls/dispatcher.ts';
import { Limiter } from './calls/limiter.ts';
import { type ModelCatalogue, providerOfCall } from './calls/provider-of-call.ts';
import { RuntimeCaps } from './calls/runtime-caps.ts';
import { RateLimiter } from './calls/token-bucket.ts';
import { type AuthPolicy, type DaemonConfig, isLoopbackHost } from './config.ts';
import { defaultSlowReader } from './gateway/client-connection.ts';
import { FrameScheduler, type TurnBudget } from './gateway/frame-scheduler.ts';
import { Gateway } from './gateway/gateway.ts';
import { McpGateway } from './gateway/mcp-gateway.ts';
import { OpsGateway } from './gateway/ops-gateway.ts';
import { httpAddress } from './listen/http-address.ts';
import type { ListenFailure } from './listen/open-server.ts';
import { portProblem } from './listen/port-problem.ts';
import { Listeners } from './listen/server.ts';
import { serverCapabilities, serverTitle } from './mcp/mcp-peer.ts';
import { ToolCatalog } from './mcp/tool-catalog.ts';
import { previewOf } from './observe/call-view.ts';
import { EventBus } from './observe/event-bus.ts';
import { healthBody } from './observe/health-file.ts';
import { LiveView } from './observe/live-view.ts';
import { Observation } from './observe/observation.ts';
import { ShimLogSweep } from './observe/shim-log-sweep.ts';
import type { DaemonStatus, StatusSource } from './observe/status.ts';
import { ResumeBudget } from './sessions/resume-budget.ts';
import { SessionControl } from './sessions/session-control.ts';
import { SessionRegistry } from './sessions/session-registry.ts';
import { SettingsStore, type SettingsStoreOptions } from './settings/settings-store.ts';
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
  /** What this daemon was started with, and how to load it again. */
  readonly settings: Pick<SettingsStoreOptions, 'running' | 'reload'>;
  /** Folder of the built interface. Absent: `/` says that the daemon runs, and no more. */
  readonly rendererDir?: string | undefined;
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
  /** 0 while the dashboard has no listener of its own. */
  readonly dashboardPort: number;
  /** Opens the call journal. Before anything listens: a call that is not in it counts as never started. */
  prepare(): void;
  listenTcp(port: number): Promise<ListenFailure | undefined>;
  listenLocal(path: string): Promise<ListenFailure | undefined>;
  listenDashboard(port: number): Promise<ListenFailure | undefined>;
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
  /** Ends the streams of the admin API, after everything else has had its say. */
  const stopping = new AbortController();

  const limiter = new Limiter({
    caps: { session: config.sessionMaxInflight, global: config.globalMaxInflight, providers: config.providerCaps },
    queue: { max: config.queueMax, waitMs: config.queueWaitMs },
    retryAfterMs: config.retryAfterMs,
    onDoubleRelease: () => observation.countDoubleRelease(),
  });
  const caps = new RuntimeCaps(limiter, {
    session: config.sessionMaxInflight,
    global: config.globalMaxInflight,
    queue: config.queueMax,
    providers: config.providerCaps,
  });
  const registry = new SessionRegistry({
    graceMs: config.sessionGraceMs,
    maxSessions: config.sessionMaxConcurrent,
    maxPerUser: config.multiUser ? config.maxConnectionsPerUser : null,
    bus,
  });
  const status: StatusSource = { status: () => currentStatus() };
  const run = { run: () => ({ daemonRunId, uptimeSeconds: observation.uptimeSeconds }) };
  const catalog = new ToolCatalog(
    options.createTools(
      { status, run, registry, logDir, flushLogs: () => observation.flushLogs() },
      { config, logger },
    ),
  );
  /** Of a call that has just ended and is not forgotten yet. */
  const argumentsOf = (callId: string): string | null => {
    const call = dispatcher.inflight.find(callId);
    return call === undefined ? null : previewOf(call, secrets.maskText);
  };
  const history = config.history
    ? new CallHistory({
        open: ({ isDamaged }) =>
          WorkerHistory.open({ workerFile: options.historyWorker, path: layout.historyFile, isDamaged }),
        bus,
        logger,
        secrets,
        daemonRunId,
        keepDays: config.historyDays,
        exists: () => existsSync(layout.historyFile),
        previewOf: config.historyArguments ? argumentsOf : undefined,
      })
    : undefined;
  const observation = new Observation({
    config,
    stateDir: layout.stateDir,
    logDir,
    bus,
    logger,
    secrets,
    status,
    activeRateLimits: () => rates.active(),
  });
  if (config.dashboardPort !== undefined && !isLoopbackHost(config.dashboardHost)) {
    observation.warn('DASHBOARD_ON_NETWORK');
  }
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
  const live = new LiveView({
    bus,
    registry,
    dispatcher,
    limiter,
    status,
    authenticator,
    tokenGraceMs: config.tokenGraceMs,
    maskText: secrets.maskText,
    toolCount: () => catalog.names.length,
    configuredCaps: () => caps,
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
    // The queue may be switched on and off while sessions live.
    get longestCallMs() {
      return config.callTimeoutMs + (caps.queue > 0 ? config.queueWaitMs : 0);
    },
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
  const throttle = new FailureThrottle();
  const gateway = new Gateway({
    daemonRunId,
    authenticator,
    throttle,
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
      get sessionMaxInflight() {
        return caps.session;
      },
      get queueMax() {
        return caps.queue;
      },
      graceMs: config.sessionGraceMs,
      callTimeoutMs: config.callTimeoutMs,
    },
  });
  const checkBearer = async (bearer: string): Promise<BearerVerdict> => {
    const result = await authenticator.authenticate({ token: null, jwt: null, bearer });
    // The right token where a JWT is needed as well is no guess.
    if (result.type === 'refused') return result.error === 'unauthorized' ? 'wrong' : 'insufficient';
    return result.auth === 'disabled' ? 'not-needed' : 'valid';
  };
  const nextPolicyOverride = (): AuthPolicy | undefined => {
    const next = options.settings.reload();
    // A file that somebody is just breaking: what runs is still true.
    return next.type === 'ok' ? next.settings.authPolicyOverride : undefined;
  };
  const adminSources = { status, registry, authenticator, layout, logDir, nextPolicyOverride };
  const routes = new HttpRoutes({
    status,
    metrics: observation.prometheus,
    metricsPublic: config.metricsPublic,
    bus,
    checkBearer,
    onWrongBearer: (address) => {
      const { delayMs, shouldLog } = throttle.failed(address);
      if (shouldLog) logger.warn('authentication failed', { address, reason: 'unauthorized' });
      return delayMs;
    },
    isAdminSecret: (candidate) => adminSecret.matches(candidate),
    files: new StaticFiles(options.rendererDir),
    admin: createAdminApi({
      handlers: {
        ...historyHandlers({
          history,
          globalCap: () => limiter.snapshot().global.capacity,
          running: () => dispatcher.inflight.holdingSlots(),
          logger,
        }),
        ...adminHandlers(adminSources),
        ...logHandlers({ logDir, flushLogs: () => observation.flushLogs() }),
        ...settingsHandlers({
          settings: new SettingsStore({
            ...options.settings,
            startProblem,
            caps,
            portProblem,
            ownPorts: () => [listeners.port, listeners.dashboardPort],
          }),
          caps: () => live.caps(),
          onChanged: () => live.changed(),
        }),
        ...liveHandlers({
          live,
          control: new SessionControl({ registry }),
          dispatcher,
          authenticator,
          tokenStatus: () => tokenStatus(adminSources),
        }),
      },
      adminSecret,
      stateDir: layout.stateDir,
      uiSessionStore: new UiSessionFile(layout.uiSessionsFile, logger),
      trustProxy: config.trustProxy,
      stopping: stopping.signal,
      logger,
      dashboardUrl: dashboardAddress,
    }),
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
    isBearerValid: async (bearer) => (await checkBearer(bearer)) === 'valid',
    onHttp: (request, response, peer) => {
      routes.serve(request, response, peer).catch((error: unknown) => {
        logger.error('a request could not be answered', { error });
        response.destroy();
      });
    },
    onSocket: (socket, upgrade, authenticated) => gateway.accept(socket, upgrade, authenticated),
  });

  /** Its own listener before the one for clients, which serves it as well. */
  function dashboardAddress(): string | null {
    const { dashboardPort, port } = listeners;
    if (dashboardPort !== 0) return httpAddress(config.dashboardHost, dashboardPort);
    return port === 0 ? null : httpAddress(config.host, port);
  }

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
      dashboardUrl: dashboardAddress(),
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

  /** Counters of today go on after a restart. */
  async function countEarlier(): Promise<void> {
    if (history === undefined) return;
    try {
      live.countEarlier(await history.countsSince(new Date().setHours(0, 0, 0, 0) / 1000));
    } catch (error) {
      logger.error('calls of earlier runs could not be counted', { error });
    }
  }

  const shimLogs = new ShimLogSweep({ dir: logDir, logger });
  let sweepTimer: NodeJS.Timeout | undefined;
  return {
    status,
    registry,
    runKey,
    get port() {
      return listeners.port;
    },
    get dashboardPort() {
      return listeners.dashboardPort;
    },
    prepare: () => {
      journal.open();
      sweepJournals(layout.callJournalFile(daemonRunId));
    },
    listenTcp: (port) => listeners.listenTcp(port),
    listenLocal: (path) => listeners.listenLocal(path),
    listenDashboard: (port) => listeners.listenDashboard(config.dashboardHost, port),
    start: () => {
      writeKnownFacts();
      observation.start();
      history?.start();
      void countEarlier();
      sweepTimer = setInterval(() => {
        for (const session of registry.all()) session.peer?.sweep();
        void shimLogs.sweep();
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
      live.stop();
      stopping.abort();
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
