import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { envTable } from '../../protocol/env-table.ts';
import { TestHome } from '../support/daemon-process.ts';
import { OpsClient } from '../support/ops-client.ts';

describe('settings', () => {
  it('PF-T3: every variable set to another value is read back, and what a client can see has changed with it', async () => {
    const home = new TestHome();
    try {
      const values = otherValues(home);
      const shown = await home.runCli(['config', '--json'], values);
      expect(shown).toMatchObject({ code: 0, stderr: '' });
      const rows = JSON.parse(shown.stdout) as { name: string; value?: string; layer: string }[];
      const expected = envTable.filter(({ readBy }) => readBy !== 'shim').map(({ name }) => name);
      expect(rows.map(({ name }) => name).toSorted()).toEqual(expect.arrayContaining(expected.toSorted()));
      for (const name of expected) {
        const row = rows.find((candidate) => candidate.name === name);
        const secret = name === 'EXAI_WS_TOKEN' || name === 'JWT_SECRET_KEY';
        expect(row).toMatchObject({ name, value: secret ? '***' : values[name], layer: 'environment' });
      }

      const daemon = await home.startDaemon({
        env: {
          ...values,
          EXAI_WS_PORT: '0',
          EXAI_DASHBOARD_PORT: '0',
          EXAI_WS_LISTEN: 'tcp,local',
          EXAI_DAEMON_OWNER: '',
        },
      });
      expect(daemon.localSocket).toBe(values['EXAI_WS_LOCAL_PATH']);
      const client = await OpsClient.connect({ socketPath: daemon.localSocket });
      expect(await client.hello({ token: values['EXAI_WS_TOKEN'] })).toMatchObject({
        ok: true,
        heartbeat: { intervalMs: 26_000, timeoutMs: 11_000 },
        limits: {
          maxFrameBytes: 33_554_433,
          sessionMaxInflight: 9,
          queueMax: 3,
          graceMs: 121_000,
          callTimeoutMs: 121_000,
        },
      });
      client.send({ op: 'list_tools', request_id: 1 });
      const { tools } = (await client.next()) as { tools: { name: string }[] };
      expect(tools.map(({ name }) => name)).toEqual(['version', 'status']);
      const secret = readFileSync(home.layout.adminSecretFile, 'utf8').trim();
      const response = await fetch(new URL('/api/status', daemon.address), {
        headers: { authorization: `Bearer ${secret}` },
      });
      expect(await response.json()).toMatchObject({
        authPolicy: 'token',
        sessions: { capacity: 101 },
        global: { capacity: 25 },
        providers: { KIMI: { capacity: 7 }, GLM: { capacity: 5 } },
        logDir: values['EXAI_LOG_DIR'],
        localSocket: values['EXAI_WS_LOCAL_PATH'],
      });
      expect(existsSync(join(values['EXAI_LOG_DIR'] ?? '', 'ws_daemon.health.json'))).toBe(true);
    } finally {
      await home.cleanUp();
    }
  });
});

/** A value other than the default for every variable that the daemon reads; a new variable needs one here. */
function otherValues(home: TestHome): Record<string, string> {
  const envFile = join(home.path, 'other.env');
  writeFileSync(envFile, '# nothing\n', { mode: 0o600 });
  const keyFile = join(home.path, 'key.pem');
  return {
    EXAI_WS_HOST: '127.0.0.2',
    EXAI_WS_PORT: '8766',
    EXAI_WS_TOKEN: 'golden-token-0123456789',
    EXAI_WS_MAX_BYTES: '33554433',
    EXAI_WS_PING_INTERVAL: '26',
    EXAI_WS_PING_TIMEOUT: '11',
    EXAI_WS_CLOSE_TIMEOUT: '1.5',
    EXAI_STATE_DIR: home.stateDir,
    EXAI_LOG_DIR: join(home.path, 'other-logs'),
    ENV_FILE: envFile,
    LOG_LEVEL: 'WARNING',
    EXAI_LOG_MAX_BYTES: '65537',
    EXAI_LOG_FILES: '6',
    EXAI_WS_LISTEN: 'local',
    EXAI_WS_LOCAL_PATH: join(home.path, 'tmp', 'other.sock'),
    EXAI_WS_ALLOWED_HOSTS: 'one.example,two.example',
    EXAI_WS_ALLOWED_ORIGINS: 'http://one.example',
    EXAI_WS_ALLOW_OPEN_NETWORK: 'true',
    EXAI_WS_TRUST_PROXY: 'true',
    EXAI_DASHBOARD_PORT: '8767',
    EXAI_DASHBOARD_HOST: '127.0.0.3',
    EXAI_METRICS_PUBLIC: 'true',
    EXAI_WS_HELLO_TIMEOUT: '16',
    EXAI_WS_HELLO_MAX_BYTES: '65537',
    EXAI_WS_MAX_UNAUTHENTICATED: '65',
    TOOL_CALL_MAX_SIZE: '1025',
    MAX_CONNECTIONS: '1001',
    MAX_CONNECTIONS_PER_IP: '11',
    RATE_LIMIT_GLOBAL_CAPACITY: '1001',
    RATE_LIMIT_GLOBAL_REFILL_RATE: '101',
    RATE_LIMIT_IP_CAPACITY: '101',
    RATE_LIMIT_IP_REFILL_RATE: '11',
    RATE_LIMIT_USER_CAPACITY: '51',
    RATE_LIMIT_USER_REFILL_RATE: '5.5',
    EXAI_WS_CALL_TIMEOUT: '121',
    EXAI_CANCEL_GRACE_SECS: '6',
    EXAI_WS_PROGRESS_INTERVAL_SECS: '9',
    EXAI_WS_SESSION_MAX_INFLIGHT: '9',
    EXAI_WS_GLOBAL_MAX_INFLIGHT: '25',
    EXAI_WS_KIMI_MAX_INFLIGHT: '7',
    EXAI_WS_GLM_MAX_INFLIGHT: '5',
    EXAI_WS_QUEUE_MAX: '3',
    EXAI_WS_QUEUE_WAIT_SECS: '31',
    EXAI_WS_RETRY_AFTER_SECS: '2',
    EXAI_WS_RESULT_TTL: '601',
    EXAI_WS_COALESCE: 'off',
    EXAI_WS_DISABLE_COALESCE_FOR_TOOLS: 'chat,version',
    EXAI_WS_COMPAT_TEXT: 'false',
    EX_ENSURE_NONEMPTY_FIRST: 'true',
    EXAI_SESSION_GRACE_SECS: '121',
    EXAI_RESUME_MAX_FRAMES: '257',
    EXAI_RESUME_MAX_BYTES: '67108865',
    EXAI_RESUME_TOTAL_BYTES: '268435457',
    SESSION_TIMEOUT_SECS: '3601',
    SESSION_CLEANUP_INTERVAL: '301',
    SESSION_MAX_CONCURRENT: '101',
    EXAI_AUTH_POLICY: 'token',
    EXAI_TOKEN_GRACE_SECS: '1',
    MCP_ENABLE_MULTI_USER: 'false',
    MCP_MAX_CONNECTIONS_PER_USER: '6',
    JWT_SECRET_KEY: 'golden-jwt-secret-0123456789-0123456789',
    JWT_PUBLIC_KEY_FILE: keyFile,
    JWT_ALGORITHM: 'HS384',
    JWT_ISSUER: 'golden-issuer',
    JWT_AUDIENCE: 'golden-audience',
    JWT_GRACE_PERIOD_DAYS: '1',
    EXAI_HEALTH_WRITER_INTERVAL: '11',
    EXAI_METRICS_MAX_BYTES: '65537',
    EXAI_METRICS_FILES: '6',
    EXAI_HISTORY: 'false',
    EXAI_HISTORY_DAYS: '31',
    EXAI_HISTORY_ARGUMENTS: 'true',
    ENABLED_TOOLS: 'version,status,health',
    DISABLED_TOOLS: 'health',
    EXAI_DRAIN_SECS: '6',
    EXAI_IDLE_EXIT_SECS: '601',
    EXAI_DAEMON_OWNER: `tray:${process.pid}`,
  };
}
