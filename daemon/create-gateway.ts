import { performance } from 'node:perf_hooks';
import { limits } from '../protocol/limits.ts';
import type { FailureThrottle } from './auth/failure-throttle.ts';
import type { RateLimiter } from './calls/token-bucket.ts';
import type { CallParts } from './create-calls.ts';
import type { DaemonOptions } from './daemon-options.ts';
import { defaultSlowReader } from './gateway/client-connection.ts';
import { FrameScheduler, type TurnBudget } from './gateway/frame-scheduler.ts';
import { Gateway } from './gateway/gateway.ts';
import { McpGateway } from './gateway/mcp-gateway.ts';
import { McpHttp } from './gateway/mcp-http.ts';
import { OpsGateway } from './gateway/ops-gateway.ts';
import type { EventBus } from './observe/event-bus.ts';
import { healthBody } from './observe/health-file.ts';
import type { StatusSource } from './observe/status.ts';
import type { ResumeBudget } from './sessions/resume-budget.ts';
import type { SessionRegistry } from './sessions/session-registry.ts';

export interface GatewayParts {
  readonly gateway: Gateway;
  readonly mcp: McpGateway;
  readonly mcpHttp: McpHttp;
}

export interface GatewayPartsOptions {
  readonly daemon: DaemonOptions;
  readonly calls: CallParts;
  readonly registry: SessionRegistry;
  readonly bus: EventBus;
  readonly status: StatusSource;
  readonly resumeBudget: ResumeBudget;
  readonly throttle: FailureThrottle;
  readonly rates: RateLimiter;
  isDraining(): boolean;
}

/** What one client may use of a turn of the loop (PERFORMANCE P8, P9). */
const turnBudget: TurnBudget = { frames: 4, burstBytes: 256 * 1024, bytesPerMs: 160 * 1024 };

/** Makes the ways in: mcp and ops behind one handshake, and MCP over HTTP. */
export function createGateway(options: GatewayPartsOptions): GatewayParts {
  const { daemon, calls, registry, bus, resumeBudget, throttle, rates } = options;
  const { config, layout, logger, authenticator, daemonRunId } = daemon;
  const { dispatcher, catalog, caps, journal } = calls;
  const scheduler = new FrameScheduler(turnBudget);
  const resumeLimits = {
    maxFrames: config.resumeMaxFrames,
    maxBytes: config.resumeMaxBytes,
    maxRememberedIds: limits.rememberedRequestIds,
  };
  const mcp = new McpGateway({
    dispatcher,
    hub: calls.upstreams.hub,
    registry,
    bus,
    journal,
    daemonRunId,
    resume: { limits: resumeLimits, budget: resumeBudget },
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
    healthBody: () => ({ ...healthBody(options.status.status()) }),
    now: () => performance.now(),
  });
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
      scheduler,
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
  const mcpHttp = new McpHttp({
    authenticator,
    throttle,
    rates,
    registry,
    mcp,
    bus,
    logger,
    scheduler,
    resume: { limits: resumeLimits, budget: resumeBudget },
    maxFrameBytes: config.maxFrameBytes,
    allowedOrigins: config.allowedOrigins,
    sessionTimeoutMs: config.sessionTimeoutMs,
    isDraining: () => options.isDraining(),
  });
  return { gateway, mcp, mcpHttp };
}
