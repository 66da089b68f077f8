import { adminHandlers, tokenStatus } from './api/admin-handlers.ts';
import { createAdminApi } from './api/create-admin-api.ts';
import { historyHandlers } from './api/history-handlers.ts';
import { type BearerVerdict, HttpRoutes } from './api/http-routes.ts';
import { liveHandlers } from './api/live-handlers.ts';
import { logHandlers } from './api/log-handlers.ts';
import { settingsHandlers } from './api/settings-handlers.ts';
import { StaticFiles } from './api/static-files.ts';
import { upstreamHandlers } from './api/upstream-handlers.ts';
import { startProblem } from './auth/open-authentication.ts';
import { UiSessionFile } from './auth/ui-session-file.ts';
import type { AuthPolicy } from './config.ts';
import type { CallParts } from './create-calls.ts';
import type { DaemonOptions } from './daemon-options.ts';
import type { McpHttp } from './gateway/mcp-http.ts';
import { portProblem } from './listen/port-problem.ts';
import type { EventBus } from './observe/event-bus.ts';
import type { LiveView } from './observe/live-view.ts';
import type { Observation } from './observe/observation.ts';
import type { StatusSource } from './observe/status.ts';
import { SessionControl } from './sessions/session-control.ts';
import type { SessionRegistry } from './sessions/session-registry.ts';
import { SettingsStore } from './settings/settings-store.ts';

export interface RouteOptions {
  readonly daemon: DaemonOptions;
  readonly calls: CallParts;
  readonly registry: SessionRegistry;
  readonly bus: EventBus;
  readonly status: StatusSource;
  readonly observation: Observation;
  readonly live: LiveView;
  readonly mcpHttp: McpHttp;
  /** Aborted when everything else has had its say. */
  readonly stopping: AbortSignal;
  checkBearer(bearer: string): Promise<BearerVerdict>;
  /** Counts a wrong bearer; how long its answer has to wait, in milliseconds. */
  readonly onWrongBearer: (address: string) => number;
  /** Ports that this daemon holds itself; 0 for one that is not open. */
  readonly ownPorts: () => readonly number[];
  dashboardUrl(): string | null;
}

/** Makes everything that is answered over HTTP: health, metrics, admin API, dashboard. */
export function createRoutes(options: RouteOptions): HttpRoutes {
  const { daemon, status, observation, bus } = options;
  const { config, layout, logger, adminSecret } = daemon;
  return new HttpRoutes({
    status,
    metrics: observation.prometheus,
    metricsPublic: config.metricsPublic,
    bus,
    checkBearer: (bearer) => options.checkBearer(bearer),
    onWrongBearer: options.onWrongBearer,
    isAdminSecret: (candidate) => adminSecret.matches(candidate),
    files: new StaticFiles(daemon.rendererDir),
    mcp: options.mcpHttp,
    admin: createAdminApi({
      handlers: createHandlers(options),
      adminSecret,
      stateDir: layout.stateDir,
      uiSessionStore: new UiSessionFile(layout.uiSessionsFile, logger),
      trustProxy: config.trustProxy,
      stopping: options.stopping,
      logger,
      dashboardUrl: () => options.dashboardUrl(),
    }),
  });
}

type Handlers = Parameters<typeof createAdminApi>[0]['handlers'];

function createHandlers({ daemon, calls, registry, status, observation, live, ownPorts }: RouteOptions): Handlers {
  const { authenticator, layout, logDir, logger, settings } = daemon;
  const { caps, dispatcher, history, limiter } = calls;
  const nextPolicyOverride = (): AuthPolicy | undefined => {
    const next = settings.reload();
    // A file that somebody is just breaking: what runs is still true.
    return next.type === 'ok' ? next.settings.authPolicyOverride : undefined;
  };
  const adminSources = { status, registry, authenticator, layout, logDir, nextPolicyOverride };
  return {
    ...historyHandlers({
      history,
      globalCap: () => limiter.snapshot().global.capacity,
      running: () => dispatcher.inflight.holdingSlots(),
      logger,
    }),
    ...adminHandlers(adminSources),
    ...logHandlers({ logDir, flushLogs: () => observation.flushLogs() }),
    ...settingsHandlers({
      settings: new SettingsStore({ ...settings, startProblem, caps, portProblem, ownPorts }),
      caps: () => live.caps(),
      onChanged: () => live.changed(),
    }),
    ...liveHandlers({
      live,
      control: new SessionControl({ registry }),
      dispatcher,
      authenticator,
      tokenStatus: () => tokenStatus(adminSources),
      stop: (waitMs) => daemon.stop.ask('admin', waitMs ?? daemon.config.drainMs),
    }),
    ...upstreamHandlers({
      upstreams: () => live.upstreams(),
      problems: calls.upstreams.problems,
      control: calls.upstreams.control,
    }),
  };
}
