/**
 * Every number that two processes share, with its unit (WIRE §§1–11). Defaults of the environment table refer to
 * these; nothing else repeats them.
 */
const kib = 1024;
const mib = 1024 * kib;

export const limits = {
  defaultPort: 8765,

  // Guards (WIRE §2)
  maxConnections: 1000,
  maxConnectionsPerAddress: 10,
  maxUnauthenticated: 64,
  helloMaxBytes: 64 * kib,
  helloTimeoutMs: 15_000,
  maxFrameBytes: 32 * mib,
  minFrameBytes: 64 * kib,
  maxFrameBytesCeiling: 1024 * mib,
  authFailureWindowMs: 60_000,
  authFailuresBeforeDelay: 10,
  authFailureDelayMs: 1_000,
  slowReaderBytes: 64 * mib,
  slowReaderMs: 30_000,
  authFailureLogIntervalMs: 10_000,

  // Sessions (WIRE §3)
  sessionGraceMs: 120_000,
  sessionTimeoutMs: 3_600_000,
  sessionCleanupMs: 300_000,
  sessionMaxConcurrent: 100,
  tokenMinChars: 16,
  tokenMaxChars: 512,
  credentialMaxChars: 8192,
  jwtSkewMs: 60_000,
  clientTextMaxChars: 1024,
  clientPathMaxChars: 4096,
  instanceTextMaxChars: 128,
  resumePendingMax: 256,

  // ops (WIRE §4)
  maxPendingRequests: 256,
  requestIdMaxChars: 128,
  progressIntervalMs: 8_000,
  cancelGraceMs: 5_000,
  resultTtlMs: 600_000,
  resultStoreEntries: 512,
  resultStoreBytes: 64 * mib,

  // mcp (WIRE §5)
  pingIntervalMs: 25_000,
  pingTimeoutMs: 10_000,
  closeTimeoutMs: 1_000,
  silentShimMs: 60_000,
  resumeMaxFrames: 256,
  resumeMaxBytes: 64 * mib,
  resumeTotalBytes: 256 * mib,
  rememberedRequestIds: 10_000,
  shimQueueMax: 64,
  shimQueueMs: 20_000,
  shimQueueBytes: 64 * mib,
  shimReconnectMs: 120_000,
  receivedReportMs: 1_000,
  receivedReportEvery: 32,
  rememberedClientResponses: 64,
  initializeFallbackMs: 1_000,
  reconnectFirstMs: 250,
  reconnectMaxMs: 5_000,
  reconnectJitter: 0.1,
  reconnectResetMs: 10_000,
  unauthorizedRetryMs: 30_000,
  startLockStaleMs: 15_000,
  shimParentPollMs: 5_000,
  shimExitMs: 200,
  queryTimeoutMs: 10_000,
  queriesBeforeDead: 3,
  unknownClientLineBytes: 9 * mib,
  oversizedResultTextBytes: 64 * kib,

  // Streamable HTTP (WIRE §1.2)
  /** An answer that comes within it is a JSON body; after it a stream is opened, so that the client can resume. */
  httpJsonWithinMs: 100,
  /** Silence on a stream that is broken with a comment. */
  sseKeepAliveMs: 25_000,
  /** How long a client is asked to wait before it reconnects to a stream. */
  sseRetryMs: 1_000,
  /** Streams of one session without a request of their own. */
  sseStandaloneMax: 8,
  /** How long the events of a stream that has ended can be asked for again. */
  sseReplayMs: 60_000,
  /** Bodies of all requests together while they come in. */
  httpBodiesBytes: 256 * mib,
  /** Without request and stream for so long a session gives its place to a newcomer when the table is full. */
  httpIdleMs: 60_000,

  // Capacity and time (WIRE §7)
  sessionMaxInflight: 8,
  globalMaxInflight: 24,
  kimiMaxInflight: 6,
  glmMaxInflight: 4,
  queueWaitMs: 30_000,
  retryAfterMs: 1_000,
  callTimeoutMs: 120_000,
  toolMarginMs: 2_000,
  shimRpcTimeoutMs: 30_000,
  shimAckGraceMs: 120_000,
  connectTimeoutMs: 10_000,
  handshakeTimeoutMs: 15_000,

  // Upstream servers
  /** A list waits this long for servers whose lists nobody knows yet. */
  upstreamListWaitMs: 5_000,
  upstreamStartMs: 60_000,
  upstreamStopStageMs: 2_000,
  /** After the last window that has used it. */
  upstreamIdleMs: 600_000,
  upstreamLogMaxBytes: 5 * mib,
  upstreamLogFiles: 3,
  exposedNameMaxChars: 40,

  // Health, metrics, logs (WIRE §8, §11)
  healthIntervalMs: 10_000,
  healthFreshMs: 20_000,
  metricsMaxBytes: 10 * mib,
  metricsFiles: 5,
  metricsFlushMs: 1_000,
  daemonLogMaxBytes: 10 * mib,
  daemonLogFiles: 5,
  shimLogMaxBytes: 5 * mib,
  shimLogFiles: 3,
  /** Of shims without a name, after their process is gone. */
  shimLogKeptMs: 7 * 86_400_000,
  shimLogSweepIntervalMs: 3_600_000,
  drainMs: 5_000,
  /** How long a person may let running calls finish before a stop. */
  longestStopWaitMs: 3_600_000,
  idleExitMs: 600_000,
  diskDegradedRatio: 0.85,
  diskUnhealthyRatio: 0.95,

  // Call history
  historyDays: 30,
  historyFlushMs: 250,
  historyBatchRows: 500,
  historyQueueRows: 50_000,
  historyTextChars: 200,

  // Discovery (WIRE §10)
  nonceBytes: 32,
  runKeyBytes: 32,
  processStartToleranceSecs: 2,
} as const;

/** WebSocket and link close codes with their exact reason texts (WIRE §2). */
export const closeCodes = {
  normal: { code: 1000, reason: '' },
  shutdown: { code: 1001, reason: 'shutdown' },
  connectionLimit: { code: 1008, reason: 'connection limit' },
  tooBig: { code: 1009, reason: '' },
  heartbeatLost: { code: 1011, reason: 'keepalive ping timeout' },
  internalError: { code: 1011, reason: 'internal error' },
  sessionLimit: { code: 1013, reason: 'session limit' },
  invalidHello: { code: 4000, reason: 'invalid hello' },
  missingHello: { code: 4001, reason: 'missing hello' },
  helloTimeout: { code: 4002, reason: 'hello timeout or disconnect' },
  unauthorized: { code: 4003, reason: 'unauthorized' },
  jwtRequired: { code: 4003, reason: 'jwt_required' },
  upgradeRequired: { code: 4004, reason: 'upgrade required' },
  superseded: { code: 4005, reason: 'superseded' },
  revoked: { code: 4006, reason: 'revoked' },
  slowConsumer: { code: 4007, reason: 'slow consumer' },
} as const;

export interface CloseReason {
  readonly code: number;
  readonly reason: string;
}
