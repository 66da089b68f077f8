import { describe, expect, it } from 'vitest';
import { resolveSettings, variablesOf } from './env-resolve.ts';
import { type EnvVariable, envTable } from './env-table.ts';

const table: readonly EnvVariable[] = envTable;

/** Name, default and range as WIRE §9 prints them (seconds, not milliseconds). */
const pinned: readonly (readonly [name: string, fallback: unknown, min?: number, max?: number])[] = [
  ['EXAI_WS_HOST', '127.0.0.1'],
  ['EXAI_WS_PORT', 8765, 0, 65_535],
  ['EXAI_WS_TOKEN', undefined],
  ['EXAI_WS_MAX_BYTES', 33_554_432, 65_536, 1_073_741_824],
  ['EXAI_WS_PING_INTERVAL', 25, 1, 300],
  ['EXAI_WS_PING_TIMEOUT', 10, 1, 300],
  ['EXAI_WS_CLOSE_TIMEOUT', 1, 0.1, 30],
  ['EXAI_STATE_DIR', undefined],
  ['EXAI_LOG_DIR', undefined],
  ['ENV_FILE', undefined],
  ['LOG_LEVEL', 'INFO'],
  ['EXAI_LOG_MAX_BYTES', undefined, 65_536],
  ['EXAI_LOG_FILES', undefined, 1, 100],
  ['EXAI_WS_LISTEN', ['tcp', 'local']],
  ['EXAI_WS_LOCAL_PATH', undefined],
  ['EXAI_WS_ALLOWED_HOSTS', []],
  ['EXAI_WS_ALLOWED_ORIGINS', []],
  ['EXAI_WS_ALLOW_OPEN_NETWORK', false],
  ['EXAI_WS_TRUST_PROXY', false],
  ['EXAI_DASHBOARD_PORT', undefined, 0, 65_535],
  ['EXAI_DASHBOARD_HOST', '127.0.0.1'],
  ['EXAI_METRICS_PUBLIC', false],
  ['EXAI_WS_HELLO_TIMEOUT', 15, 1, 60],
  ['EXAI_WS_HELLO_MAX_BYTES', 65_536, 4096, 1_048_576],
  ['EXAI_WS_MAX_UNAUTHENTICATED', 64, 1, 10_000],
  ['TOOL_CALL_MAX_SIZE', undefined, 1024, 1_073_741_824],
  ['MAX_CONNECTIONS', 1000, 1, 100_000],
  ['MAX_CONNECTIONS_PER_IP', 10, 1, 100_000],
  ['RATE_LIMIT_GLOBAL_CAPACITY', 1000, 1, 1_000_000],
  ['RATE_LIMIT_GLOBAL_REFILL_RATE', 100, 0.1, 100_000],
  ['RATE_LIMIT_IP_CAPACITY', 100, 1, 1_000_000],
  ['RATE_LIMIT_IP_REFILL_RATE', 10, 0.1, 100_000],
  ['RATE_LIMIT_USER_CAPACITY', 50, 1, 1_000_000],
  ['RATE_LIMIT_USER_REFILL_RATE', 5, 0.1, 100_000],
  ['EXAI_WS_CALL_TIMEOUT', 120, 3, 3600],
  ['EXAI_CANCEL_GRACE_SECS', 5, 0, 60],
  ['EXAI_WS_PROGRESS_INTERVAL_SECS', 8, 1, 60],
  ['EXAI_WS_SESSION_MAX_INFLIGHT', 8, 1, 10_000],
  ['EXAI_WS_GLOBAL_MAX_INFLIGHT', 24, 1, 10_000],
  ['EXAI_WS_KIMI_MAX_INFLIGHT', 6, 1, 10_000],
  ['EXAI_WS_GLM_MAX_INFLIGHT', 4, 1, 10_000],
  ['EXAI_WS_QUEUE_MAX', 0, 0, 10_000],
  ['EXAI_WS_QUEUE_WAIT_SECS', 30, 0.1, 600],
  ['EXAI_WS_RETRY_AFTER_SECS', 1, 0.1, 60],
  ['EXAI_WS_RESULT_TTL', 600, 0, 86_400],
  ['EXAI_WS_COALESCE', 'auto'],
  ['EXAI_WS_DISABLE_COALESCE_FOR_TOOLS', []],
  ['EXAI_WS_COMPAT_TEXT', true],
  ['EX_ENSURE_NONEMPTY_FIRST', false],
  ['EXAI_SESSION_GRACE_SECS', 120, 0, 3600],
  ['EXAI_RESUME_MAX_FRAMES', 256, 1, 100_000],
  ['EXAI_RESUME_MAX_BYTES', 67_108_864, 1_048_576],
  ['EXAI_RESUME_TOTAL_BYTES', 268_435_456, 1_048_576],
  ['SESSION_TIMEOUT_SECS', 3600, 60, 604_800],
  ['SESSION_CLEANUP_INTERVAL', 300, 1, 3600],
  ['SESSION_MAX_CONCURRENT', 100, 1, 100_000],
  ['EXAI_AUTH_POLICY', undefined],
  ['EXAI_TOKEN_GRACE_SECS', 0, 0, 86_400],
  ['MCP_ENABLE_MULTI_USER', false],
  ['MCP_MAX_CONNECTIONS_PER_USER', 5, 1, 10_000],
  ['JWT_SECRET_KEY', undefined],
  ['JWT_PUBLIC_KEY_FILE', undefined],
  ['JWT_ALGORITHM', 'HS256'],
  ['JWT_ISSUER', undefined],
  ['JWT_AUDIENCE', undefined],
  ['JWT_GRACE_PERIOD_DAYS', 0, 0, 90],
  ['EXAI_HEALTH_WRITER_INTERVAL', 10, 1, 60],
  ['EXAI_METRICS_MAX_BYTES', 10_485_760, 65_536],
  ['EXAI_METRICS_FILES', 5, 1, 100],
  ['EXAI_HISTORY', true],
  ['EXAI_HISTORY_DAYS', 30, 0, 3650],
  ['EXAI_HISTORY_ARGUMENTS', false],
  ['EXAI_DRAIN_SECS', 5, 0, 300],
  // The most a timer of Node can wait; above it a timer fires at once.
  ['EXAI_IDLE_EXIT_SECS', 600, 0, 2_147_483],
  ['ENABLED_TOOLS', []],
  ['DISABLED_TOOLS', []],
  ['EXAI_DAEMON_OWNER', undefined],
  ['EXAI_SESSION_ID', undefined],
  ['EXAI_INSTANCE_ID', undefined],
  ['EXAI_SERVER_NAME', undefined],
  ['MCP_SERVER_ID', 'ex-ws-shim'],
  ['EXAI_LOG_PREFIX', undefined],
  ['EXAI_SHIM_ID', undefined],
  ['EXAI_SHIM_PARENT_POLL_SECS', 5, 0, 60],
  ['EXAI_WS_TOKEN_FILE', undefined],
  ['EXAI_JWT_TOKEN', undefined],
  ['EXAI_JWT_TOKEN_FILE', undefined],
  ['EXAI_WS_ENDPOINT', 'auto'],
  ['EXAI_WS_SERVER_PROOF', 'auto'],
  ['EXAI_WS_AUTOSTART', true],
  ['EXAI_WS_CONNECT_TIMEOUT', 10, 1, 120],
  ['EXAI_WS_HANDSHAKE_TIMEOUT', 15, 1, 120],
  ['EXAI_SHIM_RPC_TIMEOUT', 30, 1, 3600],
  ['EXAI_SHIM_ACK_GRACE_SECS', 120, 5, 3600],
  ['EXAI_SHIM_QUEUE_MAX', 64, 0, 256],
  ['EXAI_SHIM_QUEUE_SECS', 20, 0, 300],
  ['EXAI_SHIM_RECONNECT_SECS', 120, 0, 3600],
];

describe('the table', () => {
  it('WIRE-F4 PF-G4: names, defaults and ranges are those of WIRE §9', () => {
    const rows = table.map(({ name, kind, fallback, min, max }) => {
      const inSeconds = kind === 'seconds' && typeof fallback === 'number' ? fallback / 1000 : fallback;
      return [name, inSeconds, min, max];
    });
    expect(rows).toEqual(pinned.map(([name, fallback, min, max]) => [name, fallback, min, max]));
  });

  it('WIRE-F4: no name and no key of one reader occurs twice', () => {
    const names = table.flatMap(({ name, aliases }) => [name, ...(aliases ?? [])]);
    expect(new Set(names).size).toBe(names.length);
    for (const reader of ['daemon', 'shim'] as const) {
      const keys = variablesOf(reader).map(({ key }) => key);
      expect(new Set(keys).size).toBe(keys.length);
    }
  });

  it.each(['daemon', 'shim'] as const)('PF-T2: the defaults of the %s are inside their own ranges', (reader) => {
    const result = resolveSettings({ reader, layers: [], isAbsolutePath: () => false });
    if (result.type === 'invalid') throw new Error(result.message);
    const settings: Readonly<Record<string, unknown>> = result.settings;
    expect(result.warnings).toEqual([]);
    for (const { key, kind, min, max, fallback } of variablesOf(reader)) {
      const value = settings[key];
      expect(value).toEqual(fallback);
      if (typeof value !== 'number') continue;
      const inUnit = kind === 'seconds' ? value / 1000 : value;
      expect(inUnit >= (min ?? 0) && inUnit <= (max ?? Infinity)).toBe(true);
    }
  });
});
