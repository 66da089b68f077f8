import type { CallView, SessionView, Snapshot } from '../../protocol/snapshot.ts';

const day = 86_400;

/** A session as a snapshot shows it: connected two hours ago, nothing in flight. */
export function fakeSession(part: Partial<SessionView> & { readonly sessionId: string }): SessionView {
  const now = Date.now() / 1000;
  return {
    key: part.sessionId,
    instanceId: null,
    name: part.sessionId,
    color: 1,
    clientName: 'Visual Studio Code',
    clientVersion: '1.120.0',
    editor: 'VS Code',
    workspaceName: null,
    pid: 4242,
    transport: 'shim',
    serverName: null,
    serverId: null,
    logSource: null,
    connectionStatus: 'connected',
    connectedAt: now - 7_300,
    lastActiveAt: now - 4,
    endedAt: null,
    inflight: 0,
    cap: 8,
    queued: 0,
    callsToday: 0,
    errorsToday: 0,
    p50Ms: null,
    p95Ms: null,
    lastError: null,
    tokenGeneration: 7,
    credential: 'file',
    hasOldToken: false,
    ...part,
  };
}

/** A call that has been running for `ageSeconds`. */
export function fakeCall(
  part: Partial<CallView> & { readonly callId: string; readonly sessionId: string },
  ageSeconds = 12,
): CallView {
  const now = Date.now() / 1000;
  return {
    sessionKey: part.sessionId,
    tool: 'chat',
    upstream: null,
    provider: 'kimi',
    state: 'running',
    receivedAt: now - ageSeconds,
    startedAt: now - ageSeconds,
    queuedMs: 0,
    queuePosition: null,
    deadlineAt: now - ageSeconds + 120,
    progress: null,
    argumentsPreview: '{"prompt":"Review the change"}',
    ...part,
  };
}

/** A daemon that has been up for 2 h 14 m and to which nobody is connected. */
export function emptySnapshot(): Snapshot {
  const now = Date.now() / 1000;
  return {
    seq: 0,
    takenAt: now,
    daemon: {
      state: 'ready',
      isPaused: false,
      pid: 4100,
      version: '1.4.0',
      runId: 'run-1',
      startedAt: now - 8_070,
      wsUrl: 'ws://127.0.0.1:8765',
      localSocket: '/run/user/1000/exai/daemon.sock',
      dashboardUrl: 'http://127.0.0.1:8765/',
      authPolicy: 'token',
      store: 'sqlite',
      rssBytes: 96_000_000,
    },
    totals: { sessions: 0, inflight: 0, queued: 0, refusedLastMinute: 0, callsToday: 0, errorsToday: 0 },
    caps: {
      sessionCap: 8,
      global: { id: 'global', label: 'All', inflight: 0, cap: 24, configuredCap: 24, queued: 0 },
      providers: [
        { id: 'kimi', label: 'Kimi', inflight: 0, cap: 6, configuredCap: 6, queued: 0 },
        { id: 'glm', label: 'GLM', inflight: 0, cap: 4, configuredCap: 4, queued: 0 },
      ],
      queue: null,
    },
    savings: null,
    token: { generation: 7, rotatedAt: null, oldValidUntil: null, rotation: null },
    problems: [],
    sessions: [],
    calls: [],
    upstreams: [{ upstreamId: 'builtin', name: 'built-in', kind: 'builtin', state: 'ready', tools: 29, inflight: 0 }],
    instances: [],
  };
}

/** Four windows, three calls, Kimi at its limit: the drawing of UI.md §3.3. */
export function busySnapshot(): Snapshot {
  const base = emptySnapshot();
  const now = Date.now() / 1000;
  const shop = fakeSession({
    sessionId: 'vscode-instance-1',
    name: 'EXAI-WS-VSCode1',
    workspaceName: 'shop-api',
    serverName: 'EXAI-WS-VSCode1',
    serverId: 'exai-ws-vscode1',
    logSource: 'shim:vscode1',
    inflight: 2,
    callsToday: 148,
    errorsToday: 3,
    p50Ms: 412,
    p95Ms: 2_140,
    lastError: { code: 'OVER_CAPACITY', at: now - 130 },
  });
  const billing = {
    ...shop,
    key: 'vscode-instance-1#2',
    sessionId: 'vscode-instance-1#2',
    workspaceName: 'billing',
    logSource: 'shim:vscode1-2',
    inflight: 0,
    callsToday: 12,
    errorsToday: 0,
    p95Ms: 430,
    connectedAt: now - 3_700,
    lastError: null,
  };
  const notes = fakeSession({
    sessionId: 'auggie-1',
    name: 'Auggie',
    color: 2,
    clientName: 'auggie',
    editor: 'Auggie',
    workspaceName: 'notes',
    connectionStatus: 'detached',
    connectedAt: now - 1_900,
  });
  const box = fakeSession({
    sessionId: 'build-box-with-a-rather-long-session-id-that-has-no-end',
    name: 'Build box in the cellar with a long name',
    color: 3,
    clientName: 'mcp-cli',
    editor: null,
    pid: null,
    transport: 'ws',
    credential: 'inline',
    hasOldToken: true,
    tokenGeneration: 6,
    inflight: 8,
    connectedAt: now - 2 * day,
  });
  return {
    ...base,
    totals: { sessions: 4, inflight: 6, queued: 3, refusedLastMinute: 1, callsToday: 1_160, errorsToday: 4 },
    caps: {
      sessionCap: 8,
      global: { id: 'global', label: 'All', inflight: 6, cap: 24, configuredCap: 24, queued: 0 },
      providers: [
        { id: 'kimi', label: 'Kimi', inflight: 6, cap: 6, configuredCap: 6, queued: 3 },
        { id: 'glm', label: 'GLM', inflight: 1, cap: 4, configuredCap: 4, queued: 0 },
      ],
      queue: { id: 'queue', label: 'Queue', inflight: 3, cap: 64, configuredCap: 64, queued: 0 },
    },
    savings: { processes: 26, memoryBytes: 1_900_000_000, sharedUpstreams: 8, measuredAt: now - 12 },
    problems: [
      {
        problemId: 'over-kimi',
        code: 'OVER_CAPACITY',
        severity: 'warning',
        scope: { kind: 'provider', id: 'kimi' },
        since: now - 20,
        params: {},
      },
      {
        problemId: 'unauthorized',
        code: 'UNAUTHORIZED',
        severity: 'warning',
        scope: { kind: 'daemon', id: 'daemon' },
        since: now - 50,
        params: {},
      },
    ],
    sessions: [shop, billing, notes, box],
    calls: [
      fakeCall({
        callId: 'call-1',
        sessionId: shop.sessionId,
        progress: { value: 2, total: 4, message: null },
      }),
      fakeCall(
        { callId: 'call-2', sessionId: billing.sessionId, tool: 'read_file', provider: null, upstream: 'github' },
        3,
      ),
      fakeCall(
        {
          callId: 'call-3',
          sessionId: shop.sessionId,
          tool: 'thinkdeep',
          state: 'queued',
          startedAt: null,
          queuePosition: 3,
        },
        2,
      ),
    ],
  };
}
