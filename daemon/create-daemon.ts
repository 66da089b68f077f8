import { randomBytes } from 'node:crypto';
import { serverProof } from '../platform/discovery.ts';
import { writePrivateFile } from '../platform/private-file.ts';
import { closeCodes, limits } from '../protocol/limits.ts';
import { mcpRevisions, version } from '../protocol/version.ts';
import type { BearerVerdict } from './api/http-routes.ts';
import { FailureThrottle } from './auth/failure-throttle.ts';
import { sweepJournals } from './calls/call-journal.ts';
import { RateLimiter } from './calls/token-bucket.ts';
import { isLoopbackHost } from './config.ts';
import { createCalls } from './create-calls.ts';
import { createGateway } from './create-gateway.ts';
import { createRoutes } from './create-routes.ts';
import type { DaemonOptions } from './daemon-options.ts';
import { httpAddress } from './listen/http-address.ts';
import type { ListenFailure } from './listen/open-server.ts';
import { Listeners } from './listen/server.ts';
import { serverCapabilities, serverTitle } from './mcp/mcp-peer.ts';
import { EventBus } from './observe/event-bus.ts';
import { LiveView } from './observe/live-view.ts';
import { Observation } from './observe/observation.ts';
import { ShimLogSweep } from './observe/shim-log-sweep.ts';
import type { DaemonStatus, StatusSource } from './observe/status.ts';
import { ResumeBudget } from './sessions/resume-budget.ts';
import { SessionRegistry } from './sessions/session-registry.ts';

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
  /** Refuses new calls, waits for running ones as long as the request to stop lets it, then says goodbye and closes everything. */
  stop(): Promise<void>;
}

/** Builds the daemon from its parts; nothing is opened before `listen…` and `start`. */
export function createDaemon(options: DaemonOptions): Daemon {
  const { config, layout, logDir, logger, secrets, authenticator, daemonRunId, localSocket } = options;
  const startedAt = Date.now() / 1000;
  const runKey = randomBytes(limits.runKeyBytes).toString('base64url');
  const bus = new EventBus({ logger });
  const resumeBudget = new ResumeBudget(config.resumeTotalBytes);
  let isDraining = false;
  /** Ends the streams of the admin API, after everything else has had its say. */
  const stopping = new AbortController();

  const registry = new SessionRegistry({
    graceMs: config.sessionGraceMs,
    maxSessions: config.sessionMaxConcurrent,
    maxPerUser: config.multiUser ? config.maxConnectionsPerUser : null,
    bus,
  });
  const status: StatusSource = { status: () => currentStatus() };
  const run = { run: () => ({ daemonRunId, uptimeSeconds: observation.uptimeSeconds }) };
  const calls = createCalls({
    daemon: options,
    bus,
    sources: { status, run, registry, logDir, flushLogs: () => observation.flushLogs() },
    onUpstreamsChanged: () => live.changed(),
    onDoubleRelease: () => observation.countDoubleRelease(),
    onJournalFailure: (error) => {
      logger.error('call journal failed; calls of this run count as "may have run" after a crash', { error });
      observation.warn('CALL_JOURNAL_FAILED');
    },
  });
  const { limiter, caps, catalog, upstreams, dispatcher, journal, history } = calls;
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
    upstreams: upstreams.views,
  });
  authenticator.onRotated((generation) => {
    bus.emit({ type: 'token.rotated', generation });
    logger.info('token rotated', { generation });
  });
  authenticator.onFailure((message, error) => logger.error(message, { error }));
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
  const { gateway, mcp, mcpHttp } = createGateway({
    daemon: options,
    calls,
    registry,
    bus,
    status,
    resumeBudget,
    throttle,
    rates,
    isDraining: () => isDraining,
  });
  const checkBearer = async (bearer: string): Promise<BearerVerdict> => {
    const result = await authenticator.authenticate({ token: null, jwt: null, bearer });
    // The right token where a JWT is needed as well is no guess.
    if (result.type === 'refused') return result.error === 'unauthorized' ? 'wrong' : 'insufficient';
    return result.auth === 'disabled' ? 'not-needed' : 'valid';
  };
  const failedDelayMs = (address: string): number => {
    const { delayMs, shouldLog } = throttle.failed(address);
    if (shouldLog) logger.warn('authentication failed', { address, reason: 'unauthorized' });
    return delayMs;
  };
  const routes = createRoutes({
    daemon: options,
    calls,
    registry,
    bus,
    status,
    observation,
    live,
    mcpHttp,
    stopping: stopping.signal,
    checkBearer,
    onWrongBearer: failedDelayMs,
    ownPorts: () => [listeners.port, listeners.dashboardPort],
    dashboardUrl: dashboardAddress,
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
    checkBearer: async (bearer, { address }) => {
      const verdict = await checkBearer(bearer);
      const isCounted = verdict === 'wrong';
      return { isValid: verdict === 'valid', isCounted, delayMs: isCounted ? failedDelayMs(address) : 0 };
    },
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
      ...upstreams.status(),
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
      upstreams.start();
      observation.start();
      history?.start();
      void countEarlier();
      sweepTimer = setInterval(() => {
        for (const session of registry.all()) session.peer?.sweep();
        mcpHttp.sweep();
        void shimLogs.sweep();
      }, config.sessionCleanupMs);
      sweepTimer.unref();
    },
    stop: async () => {
      isDraining = true;
      const maxMs = options.stop.drainMs;
      bus.emit({ type: 'daemon.draining', maxMs });
      listeners.stopAccepting();
      mcp.announceDraining(maxMs);
      await Promise.race([dispatcher.drain(), options.stop.over]);
      await nextTurn(); // the last answers are made now and must leave before the close frames
      await withDeadline(gateway.closeAll(), config.closeTimeoutMs);
      for (const session of registry.all()) registry.end(session, 'daemon stopped', closeCodes.shutdown);
      live.stop();
      await upstreams.stop();
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
