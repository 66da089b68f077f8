import type { FinishedCall, SessionInfo } from '../../protocol/events.ts';
import { limits } from '../../protocol/limits.ts';
import type { DaemonStatus } from './status.ts';

/** A healthy daemon of one minute, for tests; the date is 2026-09-21T14:14:20Z. */
export function sampleStatus(changes: Partial<DaemonStatus> = {}): DaemonStatus {
  return {
    now: 1_790_000_060.5,
    startedAt: 1_790_000_000.25,
    uptimeSeconds: 60.25,
    version: '1.4.0',
    daemonRunId: '01J9',
    pid: 4242,
    host: '127.0.0.1',
    port: limits.defaultPort,
    localSocket: '/run/exai/daemon.sock',
    dashboardUrl: `http://127.0.0.1:${limits.defaultPort}/`,
    authPolicy: 'token',
    tokenGeneration: 3,
    sessionsConnected: 2,
    sessionsDetached: 1,
    sessionCapacity: 100,
    openConnections: 2,
    global: { capacity: 24, inflight: 1 },
    providers: { KIMI: { capacity: 6, inflight: 0 }, GLM: { capacity: 4, inflight: 1 } },
    queued: 0,
    toolCount: 6,
    abandonedCalls: 0,
    leaseDoubleReleases: 0,
    resumeBytes: 0,
    isDraining: false,
    warnings: [],
    metricsLogProblem: null,
    diskUsedRatio: 0.5,
    rssBytes: 50_331_648,
    eventLoopLagMs: 1.26,
    ...changes,
  };
}

export function sampleSession(changes: Partial<SessionInfo> = {}): SessionInfo {
  return {
    key: 'k1',
    sessionId: 'vscode-instance-1',
    state: 'connected',
    transport: 'shim',
    auth: 'shared',
    principal: 'shared',
    tokenGeneration: 3,
    instanceId: 'inst_abc123',
    serverId: 'exai-ws-vscode1',
    serverName: 'EXAI-WS-VSCode1',
    configFingerprint: null,
    shimId: '0b0f3c1e-6c55-4d7e-9c0a-2f1d7a5b9e11',
    clientName: 'Visual Studio Code',
    clientVersion: '1.139.0',
    editor: 'vscode',
    workspace: '/home/ana/shop',
    pid: 5120,
    connectedAt: 1_790_000_000,
    lastActiveAt: 1_790_000_050,
    inflight: 0,
    callsTotal: 0,
    resumes: 0,
    ...changes,
  };
}

export function sampleCall(changes: Partial<FinishedCall> = {}): FinishedCall {
  return {
    callId: 'c_1',
    sessionKey: 'k1',
    sessionId: 'vscode-instance-1',
    instanceId: 'inst_abc123',
    clientName: 'Visual Studio Code',
    tool: 'version',
    isKnownTool: true,
    upstream: null,
    provider: null,
    receivedAt: 1_790_000_010.25,
    requestBytes: 120,
    finishedAt: 1_790_000_011.5,
    queuedMs: 0,
    durationMs: 1250,
    outcome: 'ok',
    errorCode: null,
    refusedScope: null,
    responseBytes: 340,
    ...changes,
  };
}
