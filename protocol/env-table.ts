import { limits } from './limits.ts';

/**
 * Every environment variable of daemon and shim (WIRE §9), once: name, default, unit, range, who reads it.
 * `key` is the name of the effective value in {@link Settings}. Kinds: `seconds` are decimal seconds in the
 * environment and **milliseconds** in the settings; `bytes` and `integer` are whole numbers; `list` is
 * comma-separated and trimmed; `path` must be absolute; `secret` is never printed.
 */
export interface EnvVariable {
  readonly name: string;
  readonly aliases?: readonly string[];
  readonly key: string;
  readonly kind:
    | 'integer'
    | 'number'
    | 'seconds'
    | 'bytes'
    | 'boolean'
    | 'text'
    | 'path'
    | 'secret'
    | 'list'
    | 'choice'
    | 'set';
  /** Default in the unit of the settings (milliseconds for `seconds`). Absent: no value. */
  readonly fallback?: string | number | boolean | readonly string[];
  /** Inclusive range in the unit of the environment. */
  readonly min?: number;
  readonly max?: number;
  /** A value ≤ 0 is allowed and means "off" (0 in the settings). */
  readonly offAtZero?: true;
  readonly choices?: readonly string[];
  readonly readBy: 'daemon' | 'shim' | 'both';
  /** Taken from the process environment only; in a `.env` or settings file it is ignored with a warning (WIRE §9.1). */
  readonly perProcess?: true;
  readonly summary: string;
}

// biome-ignore format: one row per variable is a table that can be read
export const envTable = [
  // 9.2 shared
  { name: 'EXAI_WS_HOST', key: 'host', kind: 'text', fallback: '127.0.0.1', readBy: 'both', summary: 'TCP address of the daemon' },
  { name: 'EXAI_WS_PORT', key: 'port', kind: 'integer', fallback: limits.defaultPort, min: 0, max: 65_535, readBy: 'both', summary: 'TCP port; 0 takes any free one' },
  { name: 'EXAI_WS_TOKEN', key: 'token', kind: 'secret', readBy: 'both', summary: 'shared token, 16–512 printable ASCII characters' },
  { name: 'EXAI_WS_MAX_BYTES', key: 'maxFrameBytes', kind: 'bytes', fallback: limits.maxFrameBytes, min: limits.minFrameBytes, max: limits.maxFrameBytesCeiling, readBy: 'both', summary: 'largest frame, line or body' },
  { name: 'EXAI_WS_PING_INTERVAL', key: 'pingIntervalMs', kind: 'seconds', fallback: limits.pingIntervalMs, min: 1, max: 300, offAtZero: true, readBy: 'both', summary: 'heartbeat interval; 0 switches it off' },
  { name: 'EXAI_WS_PING_TIMEOUT', key: 'pingTimeoutMs', kind: 'seconds', fallback: limits.pingTimeoutMs, min: 1, max: 300, readBy: 'both', summary: 'silence after a ping that ends a connection' },
  { name: 'EXAI_WS_CLOSE_TIMEOUT', key: 'closeTimeoutMs', kind: 'seconds', fallback: limits.closeTimeoutMs, min: 0.1, max: 30, readBy: 'both', summary: 'wait for the peer’s close frame' },
  { name: 'EXAI_STATE_DIR', key: 'stateDirOverride', kind: 'path', perProcess: true, readBy: 'both', summary: 'state directory' },
  { name: 'EXAI_LOG_DIR', key: 'logDirOverride', kind: 'path', readBy: 'both', summary: 'log directory' },
  { name: 'ENV_FILE', key: 'envFileOverride', kind: 'path', perProcess: true, readBy: 'both', summary: '.env file to read instead of <state dir>/.env' },
  { name: 'LOG_LEVEL', key: 'logLevel', kind: 'choice', choices: ['DEBUG', 'INFO', 'WARNING', 'ERROR'], fallback: 'INFO', readBy: 'both', summary: 'least level that is logged' },
  { name: 'EXAI_LOG_MAX_BYTES', key: 'logMaxBytes', kind: 'bytes', min: 65_536, readBy: 'both', summary: 'size at which a log file rotates (daemon 10 MiB, shim 5 MiB)' },
  { name: 'EXAI_LOG_FILES', key: 'logFiles', kind: 'integer', min: 1, max: 100, readBy: 'both', summary: 'rotated log files kept (daemon 5, shim 3)' },

  // 9.3 daemon
  { name: 'EXAI_WS_LISTEN', key: 'listen', kind: 'set', choices: ['tcp', 'local'], fallback: ['tcp', 'local'], readBy: 'daemon', summary: 'listeners to open' },
  { name: 'EXAI_WS_LOCAL_PATH', key: 'localPathOverride', kind: 'text', readBy: 'daemon', summary: 'path of the local socket or named pipe' },
  { name: 'EXAI_WS_ALLOWED_HOSTS', key: 'allowedHosts', kind: 'list', fallback: [], readBy: 'daemon', summary: 'further Host names accepted on TCP' },
  { name: 'EXAI_WS_ALLOWED_ORIGINS', key: 'allowedOrigins', kind: 'list', fallback: [], readBy: 'daemon', summary: 'further browser origins accepted' },
  { name: 'EXAI_WS_ALLOW_OPEN_NETWORK', key: 'allowOpenNetwork', kind: 'boolean', fallback: false, readBy: 'daemon', summary: 'allow a non-loopback address without authentication' },
  { name: 'EXAI_WS_TRUST_PROXY', key: 'trustProxy', kind: 'boolean', fallback: false, readBy: 'daemon', summary: 'take the client address from X-Forwarded-For' },
  { name: 'EXAI_DASHBOARD_PORT', key: 'dashboardPort', kind: 'integer', min: 0, max: 65_535, readBy: 'daemon', summary: 'TCP port of its own for the dashboard (default: none, the daemon’s port serves it); 0 takes any free one' },
  { name: 'EXAI_DASHBOARD_HOST', key: 'dashboardHost', kind: 'text', fallback: '127.0.0.1', readBy: 'daemon', summary: 'TCP address of that port; beyond loopback only when named here' },
  { name: 'EXAI_METRICS_PUBLIC', key: 'metricsPublic', kind: 'boolean', fallback: false, readBy: 'daemon', summary: 'serve /metrics without a credential beyond loopback' },
  { name: 'EXAI_WS_HELLO_TIMEOUT', key: 'helloTimeoutMs', kind: 'seconds', fallback: limits.helloTimeoutMs, min: 1, max: 60, readBy: 'daemon', summary: 'time for the first frame' },
  { name: 'EXAI_WS_HELLO_MAX_BYTES', key: 'helloMaxBytes', kind: 'bytes', fallback: limits.helloMaxBytes, min: 4096, max: 1_048_576, readBy: 'daemon', summary: 'largest first frame' },
  { name: 'EXAI_WS_MAX_UNAUTHENTICATED', key: 'maxUnauthenticated', kind: 'integer', fallback: limits.maxUnauthenticated, min: 1, max: 10_000, readBy: 'daemon', summary: 'sockets that may wait for their first frame at once' },
  { name: 'TOOL_CALL_MAX_SIZE', key: 'toolCallMaxBytes', kind: 'bytes', min: 1024, max: limits.maxFrameBytesCeiling, readBy: 'daemon', summary: 'largest arguments of one call (default: the frame limit)' },
  { name: 'MAX_CONNECTIONS', key: 'maxConnections', kind: 'integer', fallback: limits.maxConnections, min: 1, max: 100_000, readBy: 'daemon', summary: 'open connections' },
  { name: 'MAX_CONNECTIONS_PER_IP', key: 'maxConnectionsPerAddress', kind: 'integer', fallback: limits.maxConnectionsPerAddress, min: 1, max: 100_000, readBy: 'daemon', summary: 'open connections of one non-loopback address' },
  { name: 'RATE_LIMIT_GLOBAL_CAPACITY', key: 'rateGlobalCapacity', kind: 'integer', fallback: 1000, min: 1, max: 1_000_000, readBy: 'daemon', summary: 'burst of request frames, all clients' },
  { name: 'RATE_LIMIT_GLOBAL_REFILL_RATE', key: 'rateGlobalPerSecond', kind: 'number', fallback: 100, min: 0.1, max: 100_000, readBy: 'daemon', summary: 'request frames per second, all clients' },
  { name: 'RATE_LIMIT_IP_CAPACITY', key: 'rateAddressCapacity', kind: 'integer', fallback: 100, min: 1, max: 1_000_000, readBy: 'daemon', summary: 'burst of request frames, one address' },
  { name: 'RATE_LIMIT_IP_REFILL_RATE', key: 'rateAddressPerSecond', kind: 'number', fallback: 10, min: 0.1, max: 100_000, readBy: 'daemon', summary: 'request frames per second, one address' },
  { name: 'RATE_LIMIT_USER_CAPACITY', key: 'rateSessionCapacity', kind: 'integer', fallback: 50, min: 1, max: 1_000_000, readBy: 'daemon', summary: 'burst of request frames, one session' },
  { name: 'RATE_LIMIT_USER_REFILL_RATE', key: 'rateSessionPerSecond', kind: 'number', fallback: 5, min: 0.1, max: 100_000, readBy: 'daemon', summary: 'request frames per second, one session' },
  { name: 'EXAI_WS_CALL_TIMEOUT', key: 'callTimeoutMs', kind: 'seconds', fallback: limits.callTimeoutMs, min: 3, max: 3600, readBy: 'daemon', summary: 'deadline of one call' },
  { name: 'EXAI_CANCEL_GRACE_SECS', key: 'cancelGraceMs', kind: 'seconds', fallback: limits.cancelGraceMs, min: 0, max: 60, readBy: 'daemon', summary: 'how long a cancelled tool may keep its slot' },
  { name: 'EXAI_WS_PROGRESS_INTERVAL_SECS', key: 'progressIntervalMs', kind: 'seconds', fallback: limits.progressIntervalMs, min: 1, max: 60, readBy: 'daemon', summary: 'heartbeat progress of a silent call' },
  { name: 'EXAI_WS_SESSION_MAX_INFLIGHT', key: 'sessionMaxInflight', kind: 'integer', fallback: limits.sessionMaxInflight, min: 1, max: 10_000, readBy: 'daemon', summary: 'calls in flight, one session' },
  { name: 'EXAI_WS_GLOBAL_MAX_INFLIGHT', key: 'globalMaxInflight', kind: 'integer', fallback: limits.globalMaxInflight, min: 1, max: 10_000, readBy: 'daemon', summary: 'calls in flight, all sessions' },
  { name: 'EXAI_WS_KIMI_MAX_INFLIGHT', key: 'kimiMaxInflight', kind: 'integer', fallback: limits.kimiMaxInflight, min: 1, max: 10_000, readBy: 'daemon', summary: 'calls in flight, provider Kimi' },
  { name: 'EXAI_WS_GLM_MAX_INFLIGHT', key: 'glmMaxInflight', kind: 'integer', fallback: limits.glmMaxInflight, min: 1, max: 10_000, readBy: 'daemon', summary: 'calls in flight, provider GLM' },
  { name: 'EXAI_WS_QUEUE_MAX', key: 'queueMax', kind: 'integer', fallback: 0, min: 0, max: 10_000, readBy: 'daemon', summary: 'calls that may wait for a slot; 0 refuses at once' },
  { name: 'EXAI_WS_QUEUE_WAIT_SECS', key: 'queueWaitMs', kind: 'seconds', fallback: limits.queueWaitMs, min: 0.1, max: 600, readBy: 'daemon', summary: 'longest wait for a slot' },
  { name: 'EXAI_WS_RETRY_AFTER_SECS', key: 'retryAfterMs', kind: 'seconds', fallback: limits.retryAfterMs, min: 0.1, max: 60, readBy: 'daemon', summary: 'advice given with a refusal' },
  { name: 'EXAI_WS_RESULT_TTL', key: 'resultTtlMs', kind: 'seconds', fallback: limits.resultTtlMs, min: 0, max: 86_400, readBy: 'daemon', summary: 'how long an ops answer is kept for a repeat' },
  { name: 'EXAI_WS_COALESCE', key: 'coalesce', kind: 'choice', choices: ['auto', 'on', 'off'], fallback: 'auto', readBy: 'daemon', summary: 'joining of equal calls (WIRE §4.5)' },
  { name: 'EXAI_WS_DISABLE_COALESCE_FOR_TOOLS', key: 'neverCoalesceTools', kind: 'list', fallback: [], readBy: 'daemon', summary: 'tools that are never joined' },
  { name: 'EXAI_WS_COMPAT_TEXT', key: 'compatText', kind: 'boolean', fallback: true, readBy: 'daemon', summary: 'add `text` to ops results' },
  { name: 'EX_ENSURE_NONEMPTY_FIRST', key: 'ensureNonEmptyOutput', kind: 'boolean', fallback: false, readBy: 'daemon', summary: 'answer an empty ops result with a diagnostic block' },
  { name: 'EXAI_SESSION_GRACE_SECS', key: 'sessionGraceMs', kind: 'seconds', fallback: limits.sessionGraceMs, min: 0, max: 3600, readBy: 'daemon', summary: 'how long a session outlives its connection' },
  { name: 'EXAI_RESUME_MAX_FRAMES', key: 'resumeMaxFrames', kind: 'integer', fallback: limits.resumeMaxFrames, min: 1, max: 100_000, readBy: 'daemon', summary: 'stored answers, one session' },
  { name: 'EXAI_RESUME_MAX_BYTES', key: 'resumeMaxBytes', kind: 'bytes', fallback: limits.resumeMaxBytes, min: 1_048_576, readBy: 'daemon', summary: 'bytes of stored answers, one session' },
  { name: 'EXAI_RESUME_TOTAL_BYTES', key: 'resumeTotalBytes', kind: 'bytes', fallback: limits.resumeTotalBytes, min: 1_048_576, readBy: 'daemon', summary: 'bytes of stored answers, all sessions' },
  { name: 'SESSION_TIMEOUT_SECS', aliases: ['MCP_SESSION_TIMEOUT'], key: 'sessionTimeoutMs', kind: 'seconds', fallback: limits.sessionTimeoutMs, min: 60, max: 604_800, readBy: 'daemon', summary: 'idle time after which a /mcp session ends' },
  { name: 'SESSION_CLEANUP_INTERVAL', key: 'sessionCleanupMs', kind: 'seconds', fallback: limits.sessionCleanupMs, min: 1, max: 3600, readBy: 'daemon', summary: 'how often idle sessions are looked for' },
  { name: 'SESSION_MAX_CONCURRENT', key: 'sessionMaxConcurrent', kind: 'integer', fallback: limits.sessionMaxConcurrent, min: 1, max: 100_000, readBy: 'daemon', summary: 'sessions at once' },
  { name: 'EXAI_AUTH_POLICY', key: 'authPolicyOverride', kind: 'choice', choices: ['open', 'token', 'jwt', 'both'], readBy: 'daemon', summary: 'what a client must show (default: derived from the keys present)' },
  { name: 'EXAI_TOKEN_GRACE_SECS', key: 'tokenGraceMs', kind: 'seconds', fallback: 0, min: 0, max: 86_400, readBy: 'daemon', summary: 'how long the previous token still opens connections after a rotation' },
  { name: 'MCP_ENABLE_MULTI_USER', key: 'multiUser', kind: 'boolean', fallback: false, readBy: 'daemon', summary: 'separate users by their JWT' },
  { name: 'MCP_MAX_CONNECTIONS_PER_USER', key: 'maxConnectionsPerUser', kind: 'integer', fallback: 5, min: 1, max: 10_000, readBy: 'daemon', summary: 'sessions of one user when multi-user is on' },
  { name: 'JWT_SECRET_KEY', aliases: ['SUPABASE_JWT_SECRET'], key: 'jwtSecret', kind: 'secret', readBy: 'daemon', summary: 'HMAC key of user tokens, at least 32 bytes' },
  { name: 'JWT_PUBLIC_KEY_FILE', key: 'jwtPublicKeyFile', kind: 'path', readBy: 'daemon', summary: 'PEM public key of user tokens' },
  { name: 'JWT_ALGORITHM', key: 'jwtAlgorithm', kind: 'choice', choices: ['HS256', 'HS384', 'HS512', 'RS256', 'ES256'], fallback: 'HS256', readBy: 'daemon', summary: 'the one signature algorithm accepted' },
  { name: 'JWT_ISSUER', key: 'jwtIssuer', kind: 'text', readBy: 'daemon', summary: 'required issuer' },
  { name: 'JWT_AUDIENCE', key: 'jwtAudience', kind: 'text', readBy: 'daemon', summary: 'required audience' },
  { name: 'JWT_GRACE_PERIOD_DAYS', key: 'jwtGraceDays', kind: 'integer', fallback: 0, min: 0, max: 90, readBy: 'daemon', summary: 'days from the first start with a key in which a missing JWT is tolerated' },
  { name: 'EXAI_HEALTH_WRITER_INTERVAL', key: 'healthIntervalMs', kind: 'seconds', fallback: limits.healthIntervalMs, min: 1, max: 60, readBy: 'daemon', summary: 'how often the health file is written' },
  { name: 'EXAI_METRICS_MAX_BYTES', key: 'metricsMaxBytes', kind: 'bytes', fallback: limits.metricsMaxBytes, min: 65_536, readBy: 'daemon', summary: 'size at which the metrics log rotates' },
  { name: 'EXAI_METRICS_FILES', key: 'metricsFiles', kind: 'integer', fallback: limits.metricsFiles, min: 1, max: 100, readBy: 'daemon', summary: 'rotated metrics files kept' },
  { name: 'EXAI_HISTORY', key: 'history', kind: 'boolean', fallback: true, readBy: 'daemon', summary: 'keep finished calls in <state dir>/history.db' },
  { name: 'EXAI_HISTORY_DAYS', key: 'historyDays', kind: 'integer', fallback: limits.historyDays, min: 0, max: 3650, readBy: 'daemon', summary: 'days for which finished calls are kept; 0 = for ever' },
  { name: 'EXAI_HISTORY_ARGUMENTS', key: 'historyArguments', kind: 'boolean', fallback: false, readBy: 'daemon', summary: 'keep the first 200 characters of the arguments of each call, secrets masked' },
  { name: 'EXAI_DRAIN_SECS', key: 'drainMs', kind: 'seconds', fallback: limits.drainMs, min: 0, max: 300, readBy: 'daemon', summary: 'how long running calls may finish at stop' },
  { name: 'EXAI_IDLE_EXIT_SECS', key: 'idleExitMs', kind: 'seconds', fallback: limits.idleExitMs, min: 0, max: 2_147_483, readBy: 'daemon', summary: 'an autostarted daemon with no session for so long stops; 0 = never' },

  { name: 'ENABLED_TOOLS', key: 'enabledTools', kind: 'list', fallback: [], readBy: 'daemon', summary: 'the only tools on offer; empty is all' },
  { name: 'DISABLED_TOOLS', key: 'disabledTools', kind: 'list', fallback: [], readBy: 'daemon', summary: 'tools that are not on offer' },
  { name: 'EXAI_DAEMON_OWNER', key: 'daemonOwner', kind: 'text', perProcess: true, readBy: 'daemon', summary: 'who started the daemon: tray:<pid> or autostart; unset is a person' },

  // 9.4 shim
  { name: 'EXAI_SESSION_ID', key: 'sessionId', kind: 'text', perProcess: true, readBy: 'shim', summary: 'announced session name' },
  { name: 'EXAI_INSTANCE_ID', key: 'instanceId', kind: 'text', perProcess: true, readBy: 'shim', summary: 'id of the configured instance' },
  { name: 'EXAI_SERVER_NAME', key: 'serverName', kind: 'text', perProcess: true, readBy: 'shim', summary: 'name of the window for people' },
  { name: 'MCP_SERVER_ID', key: 'serverId', kind: 'text', fallback: 'ex-ws-shim', perProcess: true, readBy: 'shim', summary: 'serverInfo.name of this window' },
  { name: 'EXAI_LOG_PREFIX', key: 'logPrefix', kind: 'text', perProcess: true, readBy: 'shim', summary: 'middle part of the log file name' },
  { name: 'EXAI_SHIM_ID', key: 'shimLabel', kind: 'text', perProcess: true, readBy: 'shim', summary: 'label in the log only' },
  { name: 'EXAI_SHIM_PARENT_POLL_SECS', key: 'parentPollMs', kind: 'seconds', fallback: limits.shimParentPollMs, min: 0, max: 60, readBy: 'shim', summary: 'how often the parent process is looked for; 0 = never' },
  { name: 'EXAI_WS_TOKEN_FILE', key: 'tokenFile', kind: 'path', readBy: 'shim', summary: 'file with the token, read at every connect' },
  { name: 'EXAI_JWT_TOKEN', key: 'jwt', kind: 'secret', readBy: 'shim', summary: 'user token' },
  { name: 'EXAI_JWT_TOKEN_FILE', key: 'jwtFile', kind: 'path', readBy: 'shim', summary: 'file with the user token, read at every connect' },
  { name: 'EXAI_WS_ENDPOINT', key: 'endpoint', kind: 'choice', choices: ['auto', 'tcp', 'local'], fallback: 'auto', readBy: 'shim', summary: 'which listener to use' },
  { name: 'EXAI_WS_SERVER_PROOF', key: 'serverProof', kind: 'choice', choices: ['auto', 'require', 'off'], fallback: 'auto', readBy: 'shim', summary: 'when the daemon must prove itself (WIRE §10)' },
  { name: 'EXAI_WS_AUTOSTART', key: 'autostart', kind: 'boolean', fallback: true, readBy: 'shim', summary: 'start the daemon when none answers' },
  { name: 'EXAI_WS_CONNECT_TIMEOUT', key: 'connectTimeoutMs', kind: 'seconds', fallback: limits.connectTimeoutMs, min: 1, max: 120, readBy: 'shim', summary: 'one connect and upgrade' },
  { name: 'EXAI_WS_HANDSHAKE_TIMEOUT', key: 'handshakeTimeoutMs', kind: 'seconds', fallback: limits.handshakeTimeoutMs, min: 1, max: 120, readBy: 'shim', summary: 'wait for the hello_ack' },
  { name: 'EXAI_SHIM_RPC_TIMEOUT', key: 'rpcTimeoutMs', kind: 'seconds', fallback: limits.shimRpcTimeoutMs, min: 1, max: 3600, readBy: 'shim', summary: 'silence about a request before the shim asks for it' },
  { name: 'EXAI_SHIM_ACK_GRACE_SECS', key: 'ackGraceMs', kind: 'seconds', fallback: limits.shimAckGraceMs, min: 5, max: 3600, readBy: 'shim', summary: 'margin over the remaining time before the link counts as dead' },
  { name: 'EXAI_SHIM_QUEUE_MAX', key: 'shimQueueMax', kind: 'integer', fallback: limits.shimQueueMax, min: 0, max: 256, readBy: 'shim', summary: 'requests kept while the daemon is away' },
  { name: 'EXAI_SHIM_QUEUE_SECS', key: 'shimQueueMs', kind: 'seconds', fallback: limits.shimQueueMs, min: 0, max: 300, readBy: 'shim', summary: 'how long each is kept' },
  { name: 'EXAI_SHIM_RECONNECT_SECS', key: 'reconnectMs', kind: 'seconds', fallback: limits.shimReconnectMs, min: 0, max: 3600, readBy: 'shim', summary: 'how long a sent request waits for the daemon to come back' },
] as const satisfies readonly EnvVariable[];

type Table = (typeof envTable)[number];

type ValueOf<V> = V extends { kind: 'boolean' }
  ? boolean
  : V extends { kind: 'list' }
    ? readonly string[]
    : V extends { kind: 'set' | 'choice'; choices: readonly (infer C)[] }
      ? V extends { kind: 'set' }
        ? readonly C[]
        : V extends { fallback: unknown }
          ? C
          : C | undefined
      : V extends { kind: 'integer' | 'number' | 'seconds' | 'bytes' }
        ? V extends { fallback: unknown }
          ? number
          : number | undefined
        : V extends { fallback: unknown }
          ? string
          : string | undefined;

/** Effective values of the variables one process reads. Durations in milliseconds, sizes in bytes. */
export type Settings<Reader extends 'daemon' | 'shim'> = {
  readonly [V in Extract<Table, { readBy: Reader | 'both' }> as V['key']]: ValueOf<V>;
};

/** Accepted from the predecessor and ignored with one warning (WIRE §9.3). A trailing `*` matches any rest. */
export const ignoredVariables = [
  'EXAI_WS_INFLIGHT_TTL_SECS',
  'KIMI_SEMAPHORE_TIMEOUT',
  'USE_PER_SESSION_SEMAPHORES',
  'EXAI_SEMAPHORE_HEALTH_CHECK_INTERVAL',
  'EXAI_WS_SKIP_HEALTH_CHECK',
  'EXAI_WS_PING_VALIDATION_TIMEOUT',
  'EXAI_WS_TIMEOUT',
  'EXAI_RECONNECT_DELAY',
  'SHIM_LISTEN_PORT',
  'SIMPLE_TOOL_TIMEOUT_SECS',
  'WORKFLOW_TOOL_TIMEOUT_SECS',
  'RATE_LIMIT_CLEANUP_*',
  'MONITORING_*',
  'HEALTH_CHECK_*',
  'METRICS_PORT',
  'PYTHON*',
] as const;

/** `EXAI_WS_<PROVIDER>_MAX_INFLIGHT`: caps of further providers, the name in upper case. */
export const providerCapPattern = /^EXAI_WS_([A-Z][A-Z0-9_]*)_MAX_INFLIGHT$/;
