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
import { OpsGateway } from './gateway/ops-gateway.ts';
import type { EventBus } from './observe/event-bus.ts';
import { healthBody } from './observe/health-file.ts';
import type { StatusSource } from './observe/status.ts';
import type { ResumeBudget } from './sessions/resume-budget.ts';
import type { SessionRegistry } from './sessions/session-registry.ts';

export interface GatewayParts {
  readonly gateway: Gateway;
  readonly mcp: McpGateway;
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
}

/** What one client may use of a turn of the loop (PERFORMANCE P8, P9). */
const turnBudget: TurnBudget = { frames: 4, burstBytes: 256 * 1024, bytesPerMs: 160 * 1024 };

/** Makes the ways in that begin with a frame: mcp and ops behind one handshake. */
export function createGateway(options: GatewayPartsOptions): GatewayParts {
  const { daemon, calls, registry, bus, resumeBudget, throttle, rates } = options;
  const { config, layout, logger, authenticator, daemonRunId } = daemon;
  const { dispatcher, catalog, caps, journal } = calls;
  const mcp = new McpGateway({
    dispatcher,
    hub: calls.upstreams.hub,
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
  return { gateway, mcp };
}
