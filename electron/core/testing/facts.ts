import type { SupervisorView } from '../../../protocol/host-bridge.ts';
import type { SessionView, Snapshot } from '../../../protocol/snapshot.ts';
import type { TrayFacts } from '../tray-model.ts';

/** A supervisor in this state, without a problem. */
export function supervisor(state: SupervisorView['state'], part: Partial<SupervisorView> = {}): SupervisorView {
  return { state, pid: null, origin: null, nextTryAt: null, problem: null, ...part };
}

export function session(sessionId: string, part: Partial<SessionView> = {}): SessionView {
  return {
    key: sessionId,
    sessionId,
    instanceId: null,
    name: sessionId,
    color: 1,
    clientName: 'Visual Studio Code',
    clientVersion: null,
    editor: null,
    workspaceName: null,
    pid: 1,
    transport: 'shim',
    serverName: null,
    serverId: null,
    logSource: 'shim:1',
    connectionStatus: 'connected',
    connectedAt: 1,
    lastActiveAt: 1,
    endedAt: null,
    inflight: 0,
    cap: 8,
    queued: 0,
    callsToday: 0,
    errorsToday: 0,
    p50Ms: null,
    p95Ms: null,
    lastError: null,
    tokenGeneration: 1,
    credential: 'file',
    hasOldToken: false,
    ...part,
  };
}

/** A ready daemon with a token, nobody connected. */
export function snapshot(part: Partial<Snapshot> = {}): Snapshot {
  return {
    seq: 1,
    takenAt: 1,
    daemon: {
      state: 'ready',
      isPaused: false,
      pid: 10,
      version: '1.0.0',
      runId: 'run',
      startedAt: 1,
      wsUrl: null,
      localSocket: null,
      dashboardUrl: null,
      authPolicy: 'token',
      store: 'none',
      rssBytes: 0,
    },
    totals: { sessions: 0, inflight: 0, queued: 0, refusedLastMinute: 0, callsToday: 0, errorsToday: 0 },
    caps: {
      sessionCap: 8,
      global: { id: 'global', label: 'All', inflight: 0, cap: 24, configuredCap: 24, queued: 0 },
      providers: [],
      queue: null,
    },
    savings: null,
    token: { generation: 1, rotatedAt: null, oldValidUntil: null, rotation: null },
    problems: [],
    sessions: [],
    calls: [],
    upstreams: [],
    instances: [],
    ...part,
  };
}

/** The tray over a ready daemon. */
export function trayFacts(part: Partial<TrayFacts> = {}): TrayFacts {
  return {
    supervisor: supervisor('ready'),
    snapshot: snapshot(),
    now: 10_000,
    workedAt: null,
    loginItem: 'off',
    update: { state: 'idle' },
    profiles: [{ profileId: 'default', name: 'Default', isCurrent: true }],
    asksAtQuit: false,
    ...part,
  };
}
