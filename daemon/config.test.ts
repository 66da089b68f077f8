import { type Arbitrary, assert, double, integer, option, property, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveSettings, variablesOf } from '../protocol/env-resolve.ts';
import { type EnvVariable, envTable } from '../protocol/env-table.ts';
import { checkDaemonConfig, isLoopbackHost, toolTimeoutMs } from './config.ts';

const goodToken = 'abcdEFGH12345678';
const goodKey = 'k'.repeat(32);

function load(environment: Readonly<Record<string, string>>) {
  const values = new Map(Object.entries(environment).map(([name, value]) => [name, { value }]));
  const loaded = resolveSettings({
    reader: 'daemon',
    layers: [{ layer: 'environment', label: 'the environment', values }],
    isAbsolutePath: (path) => path.startsWith('/'),
  });
  if (loaded.type === 'invalid') throw new Error(loaded.message);
  return loaded;
}

function check(environment: Readonly<Record<string, string>> = {}, hasStoredToken = false) {
  return checkDaemonConfig(load(environment), { hasStoredToken });
}

function accepted(environment: Readonly<Record<string, string>> = {}, hasStoredToken = false) {
  const result = check(environment, hasStoredToken);
  if (result.type === 'invalid') throw new Error(result.message);
  return result;
}

function refusal(environment: Readonly<Record<string, string>>, hasStoredToken = false): string {
  const result = check(environment, hasStoredToken);
  return result.type === 'invalid' ? result.message : 'accepted';
}

describe('what starts', () => {
  it('PF-T2: the default configuration starts, open, and says so', () => {
    const { config, warnings } = accepted();
    expect(config).toMatchObject({
      authPolicy: 'open',
      providerCaps: { KIMI: 6, GLM: 4 },
      toolCallMaxBytes: 33_554_432,
      logMaxBytes: 10_485_760,
      logFiles: 5,
      callTimeoutMs: 120_000,
    });
    expect(warnings).toEqual([
      'AUTH_DISABLED: authentication is off; every program of this machine can use the daemon',
    ]);
  });

  it('PF-T2: any numbers inside their ranges start, unless WIRE names their conflict', () => {
    const table: readonly EnvVariable[] = variablesOf('daemon');
    const numeric = table.filter(({ kind }) => ['integer', 'bytes', 'number', 'seconds'].includes(kind));
    const texts = record(Object.fromEntries(numeric.map((variable) => [variable.name, textInRange(variable)])));
    assert(
      property(texts, (environment) => {
        const loaded = load(environment);
        const { sessionMaxInflight, globalMaxInflight, toolCallMaxBytes = 0, maxFrameBytes } = loaded.settings;
        const { port, dashboardPort } = loaded.settings;
        const conflicts =
          sessionMaxInflight > globalMaxInflight ||
          toolCallMaxBytes > maxFrameBytes ||
          (port === dashboardPort && port !== 0);
        expect(checkDaemonConfig(loaded, { hasStoredToken: false }).type).toBe(conflicts ? 'invalid' : 'ok');
      }),
      { numRuns: 500 },
    );
  });

  it('PF-T2: the tool ends two seconds before the daemon over the whole range, in exact milliseconds', () => {
    assert(
      property(integer({ min: 3000, max: 3_600_000 }), (milliseconds) => {
        const { config } = accepted({ EXAI_WS_CALL_TIMEOUT: String(milliseconds / 1000) });
        expect(toolTimeoutMs(config.callTimeoutMs)).toBe(milliseconds - 2000);
        expect(toolTimeoutMs(config.callTimeoutMs)).toBeGreaterThan(0);
      }),
    );
  });

  it('PF-T1: a call timeout that leaves the tool no time is refused', () => {
    const loaded = load({});
    const settings = { ...loaded.settings, callTimeoutMs: 2000 };
    expect(checkDaemonConfig({ ...loaded, settings }, { hasStoredToken: false })).toEqual({
      type: 'invalid',
      message: 'exai: EXAI_WS_CALL_TIMEOUT="2" (from default): expected more than the 2000 ms a tool ends earlier',
    });
  });

  it('PF-T3: each setting arrives in the configuration under its own key', () => {
    const loaded = load({
      EXAI_WS_PORT: '0',
      EXAI_LOG_MAX_BYTES: '70000',
      EXAI_LOG_FILES: '9',
      TOOL_CALL_MAX_SIZE: '2048',
      EXAI_WS_KIMI_MAX_INFLIGHT: '1',
      EXAI_WS_GLM_MAX_INFLIGHT: '2',
      EXAI_WS_OPENAI_MAX_INFLIGHT: '3',
    });
    const result = checkDaemonConfig(loaded, { hasStoredToken: false });
    expect(result).toHaveProperty('config.providerCaps', { OPENAI: 3, KIMI: 1, GLM: 2 });
    const { authPolicyOverride: _, ...same } = loaded.settings;
    expect(result).toHaveProperty('config', expect.objectContaining(same));
    expect(Object.keys(same).length).toBe(envTable.filter(({ readBy }) => readBy !== 'shim').length - 1);
  });
});

/** Numbers of the whole range with its edges, or nothing. */
function textInRange({ kind, min = 0, max = 2 ** 40 }: EnvVariable): Arbitrary<string> {
  const whole = integer({ min: Math.ceil(min), max: Math.min(max, 2 ** 31 - 1) }).map(String);
  const fraction = double({ min, max, noNaN: true })
    .map((value) => value.toFixed(3))
    .filter((text) => Number(text) >= min && Number(text) <= max);
  const text = kind === 'number' || kind === 'seconds' ? fraction : whole;
  return option(text, { nil: '' });
}

describe('the shared token', () => {
  it.each([
    ['one character', 'x'],
    ['15 characters', 'a'.repeat(15)],
    ['513 characters', 'a'.repeat(513)],
    ['a space inside', 'abcdefgh ijklmnop'],
    ['a blank at the end', `${goodToken} `],
    ['blanks only', '   '],
    ['a letter outside ASCII', `${goodToken}é`],
  ])('PF-A1 WIRE-H16: a token with %s is refused by name, never shown, never "auth off"', (_what, token) => {
    const line =
      'exai: EXAI_WS_TOKEN="***" (from the environment): expected 16–512 printable ASCII characters without spaces';
    expect(refusal({ EXAI_WS_TOKEN: token })).toBe(line);
    expect(refusal({ EXAI_WS_TOKEN: token }, true)).toBe(line);
    expect(refusal({ EXAI_WS_TOKEN: token, EXAI_AUTH_POLICY: 'open' })).toBe(line);
  });

  it.each(['<optional-token>', ' <your-token-goes-here> ', `<${'x'.repeat(100)}>`])(
    'WIRE-H16: the placeholder %s is refused although it is long enough',
    (token) => {
      expect(refusal({ EXAI_WS_TOKEN: token })).toBe(
        'exai: EXAI_WS_TOKEN="***" (from the environment): expected a value of your own, not a placeholder in <…>',
      );
    },
  );

  it('PF-A1 PF-A6: 16 and 512 characters, # and other signs pass', () => {
    for (const token of [goodToken, 'a'.repeat(512), 'pass#word#123456', '!"#$%&\'()*+,-./:;<=>?@[]^_`{|}~']) {
      expect(accepted({ EXAI_WS_TOKEN: token }).config).toMatchObject({ token, authPolicy: 'token' });
    }
  });
});

describe('the policy', () => {
  it.each([
    [{}, false, 'open'],
    [{}, true, 'token'],
    [{ EXAI_WS_TOKEN: goodToken }, false, 'token'],
    [{ JWT_SECRET_KEY: goodKey }, false, 'jwt'],
    [{ JWT_PUBLIC_KEY_FILE: '/key.pem', JWT_ALGORITHM: 'RS256' }, false, 'jwt'],
    [{ JWT_SECRET_KEY: goodKey }, true, 'both'],
    [{ EXAI_WS_TOKEN: goodToken, SUPABASE_JWT_SECRET: goodKey }, false, 'both'],
    [{ EXAI_WS_TOKEN: goodToken, EXAI_AUTH_POLICY: 'open' }, false, 'open'],
    [{ EXAI_WS_TOKEN: goodToken, JWT_SECRET_KEY: goodKey, EXAI_AUTH_POLICY: 'token' }, false, 'token'],
    [{ EXAI_AUTH_POLICY: 'token' }, true, 'token'],
  ])('WIRE-F4: %j with stored token %j gives %s', (environment, hasStoredToken, policy) => {
    expect(accepted({ ...environment }, hasStoredToken).config.authPolicy).toBe(policy);
  });

  it.each([
    [
      { EXAI_AUTH_POLICY: 'token' },
      'EXAI_AUTH_POLICY="token" (from the environment): expected EXAI_WS_TOKEN to be set too',
    ],
    [
      { EXAI_AUTH_POLICY: 'token', JWT_SECRET_KEY: goodKey },
      'EXAI_AUTH_POLICY="token" (from the environment): expected EXAI_WS_TOKEN to be set too',
    ],
    [
      { EXAI_AUTH_POLICY: 'both', JWT_SECRET_KEY: goodKey },
      'EXAI_AUTH_POLICY="both" (from the environment): expected EXAI_WS_TOKEN to be set too',
    ],
    [
      { EXAI_AUTH_POLICY: 'jwt', EXAI_WS_TOKEN: goodToken },
      'EXAI_AUTH_POLICY="jwt" (from the environment): expected JWT_SECRET_KEY or JWT_PUBLIC_KEY_FILE to be set too',
    ],
    [
      { EXAI_AUTH_POLICY: 'both', EXAI_WS_TOKEN: goodToken },
      'EXAI_AUTH_POLICY="both" (from the environment): expected JWT_SECRET_KEY or JWT_PUBLIC_KEY_FILE to be set too',
    ],
    [
      { MCP_ENABLE_MULTI_USER: 'true', EXAI_WS_TOKEN: goodToken },
      'MCP_ENABLE_MULTI_USER="true" (from the environment): separate users need EXAI_AUTH_POLICY jwt or both and a JWT key; the policy is token',
    ],
    [
      { MCP_ENABLE_MULTI_USER: 'true' },
      'MCP_ENABLE_MULTI_USER="true" (from the environment): separate users need EXAI_AUTH_POLICY jwt or both and a JWT key; the policy is open',
    ],
  ])('WIRE-F4: %j is refused', (environment, line) => {
    expect(refusal({ ...environment })).toBe(`exai: ${line}`);
  });

  it('WIRE-F4: separate users start with a JWT key', () => {
    expect(accepted({ MCP_ENABLE_MULTI_USER: 'true', JWT_SECRET_KEY: goodKey }).config.multiUser).toBe(true);
  });

  it('WIRE-F4: a policy that leaves a known key unused is said', () => {
    expect(accepted({ EXAI_WS_TOKEN: goodToken, EXAI_AUTH_POLICY: 'open' }).warnings).toEqual([
      'AUTH_DISABLED: authentication is off, although a key is set; every program of this machine can use the daemon',
    ]);
  });
});

describe('JWT keys', () => {
  it.each([
    [{ JWT_SECRET_KEY: 'k'.repeat(31) }, 'JWT_SECRET_KEY="***" (from the environment): expected at least 32 bytes'],
    [{ SUPABASE_JWT_SECRET: 'short' }, 'SUPABASE_JWT_SECRET="***" (from the environment): expected at least 32 bytes'],
    [
      { JWT_SECRET_KEY: `<${goodKey}>` },
      'JWT_SECRET_KEY="***" (from the environment): expected a value of your own, not a placeholder in <…>',
    ],
    [
      { JWT_PUBLIC_KEY_FILE: '/key.pem' },
      'JWT_PUBLIC_KEY_FILE="/key.pem" (from the environment): expected JWT_ALGORITHM RS256 or ES256, not HS256',
    ],
    [
      { JWT_SECRET_KEY: goodKey, JWT_ALGORITHM: 'RS256' },
      'JWT_ALGORITHM="RS256" (from the environment): expected JWT_PUBLIC_KEY_FILE beside it, not a secret key',
    ],
  ])('WIRE-F4: %j is refused', (environment, line) => {
    expect(refusal({ ...environment })).toBe(`exai: ${line}`);
  });

  it('WIRE-F4: 32 bytes are bytes, not characters', () => {
    expect(accepted({ JWT_SECRET_KEY: 'é'.repeat(16) }).config.authPolicy).toBe('jwt');
  });

  it('WIRE-F4: of two keys the algorithm takes one, the other is reported', () => {
    const both = { JWT_SECRET_KEY: goodKey, JWT_PUBLIC_KEY_FILE: '/key.pem' };
    expect(accepted(both).warnings).toEqual(['JWT_PUBLIC_KEY_FILE is not used with JWT_ALGORITHM HS256']);
    expect(accepted({ ...both, JWT_ALGORITHM: 'es256' }).warnings).toEqual([
      'JWT_SECRET_KEY is not used with JWT_ALGORITHM ES256',
    ]);
  });
});

describe('addresses', () => {
  it.each(['0.0.0.0', '::', '192.168.1.4', 'gateway.lan'])(
    'WIRE-H16: %s without a token is refused by name',
    (host) => {
      const advice = 'set EXAI_WS_TOKEN, or EXAI_WS_ALLOW_OPEN_NETWORK=true if everyone who can reach it may use it';
      expect(refusal({ EXAI_WS_HOST: host })).toBe(
        `exai: EXAI_WS_HOST="${host}" (from the environment): beyond loopback authentication is needed; ${advice}`,
      );
      expect(refusal({ EXAI_WS_HOST: host, EXAI_WS_TOKEN: goodToken, EXAI_AUTH_POLICY: 'open' })).toContain(
        'EXAI_WS_HOST',
      );
    },
  );

  it('WIRE-H16: it starts with a credential, with the explicit permission, or when only the local socket is open', () => {
    const open = { EXAI_WS_HOST: '0.0.0.0' };
    expect(accepted({ ...open, EXAI_WS_TOKEN: goodToken }).warnings).toEqual([]);
    expect(accepted(open, true).config.authPolicy).toBe('token');
    expect(accepted({ ...open, EXAI_WS_LISTEN: 'local' }).warnings[0]).toContain('every program of this machine');
    expect(accepted({ ...open, EXAI_WS_ALLOW_OPEN_NETWORK: 'true' }).warnings).toEqual([
      'AUTH_DISABLED: authentication is off; everyone on the network can use the daemon',
    ]);
  });

  it.each(['ws://127.0.0.1', '127.0.0.1:8765', '[::1]', 'a b', 'host/', '-x'])(
    'WIRE-F4: host %s is no address',
    (host) => {
      expect(refusal({ EXAI_WS_HOST: host })).toBe(
        `exai: EXAI_WS_HOST="${host}" (from the environment): expected a host name or IP address without scheme, brackets or port`,
      );
    },
  );

  it('LIVE-dashboard-port: the port of the dashboard is its own, at an address that is one', () => {
    expect(accepted().config).toMatchObject({ dashboardHost: '127.0.0.1', dashboardPort: undefined });
    expect(accepted({ EXAI_DASHBOARD_PORT: '8080' }).warnings.join()).not.toContain('DASHBOARD');
    expect(refusal({ EXAI_DASHBOARD_PORT: '9000', EXAI_WS_PORT: '9000' })).toContain('EXAI_DASHBOARD_PORT="9000"');
    expect(refusal({ EXAI_DASHBOARD_HOST: 'http://x' })).toContain('EXAI_DASHBOARD_HOST="http://x"');
    const apart = { EXAI_DASHBOARD_PORT: '9000', EXAI_WS_PORT: '9000' };
    expect(accepted({ ...apart, EXAI_WS_LISTEN: 'local' }).type).toBe('ok');
    expect(accepted({ ...apart, EXAI_DASHBOARD_HOST: '127.0.0.2' }).type).toBe('ok');
    expect(accepted({ ...apart, EXAI_DASHBOARD_HOST: '::1' }).type).toBe('ok');
    expect(accepted({ EXAI_DASHBOARD_PORT: '0', EXAI_WS_PORT: '0' }).type).toBe('ok');
  });

  it.each([
    ['0.0.0.0', '127.0.0.1'],
    ['127.0.0.1', '0.0.0.0'],
    ['0.0.0.0', 'localhost'],
    ['0.0.0.0', 'host.example'],
    ['0.0.0.0', '::ffff:127.0.0.1'],
    ['::', '::1'],
    ['0:0:0:0:0:0:0:0', '::1'],
    ['::', '127.0.0.1'],
    ['::', '0.0.0.0'],
    ['localhost', '127.0.0.1'],
    ['localhost', '::1'],
    ['::1', '0:0:0:0:0:0:0:1'],
    ['Host.example', 'host.example'],
  ])('LIVE-dashboard-port: one port at %s and at %s is refused', (dashboardHost, host) => {
    const sameEnv = { EXAI_DASHBOARD_PORT: '9000', EXAI_WS_PORT: '9000', EXAI_WS_ALLOW_OPEN_NETWORK: 'true' };
    const both = { ...sameEnv, EXAI_DASHBOARD_HOST: dashboardHost, EXAI_WS_HOST: host };
    expect(refusal(both)).toContain('EXAI_DASHBOARD_PORT="9000"');
    expect(accepted({ ...both, EXAI_WS_PORT: '9001' }).type).toBe('ok');
  });

  it('LIVE-dashboard-port: beyond loopback there is a warning, while it is open', () => {
    const named = { EXAI_DASHBOARD_HOST: '192.168.1.5' };
    expect(accepted(named).warnings.join()).not.toContain('DASHBOARD_ON_NETWORK');
    expect(accepted({ ...named, EXAI_DASHBOARD_PORT: '8080' }).warnings).toContainEqual(
      expect.stringMatching(/^DASHBOARD_ON_NETWORK: the dashboard listens on 192\.168\.1\.5/),
    );
  });

  it('WIRE-F4: no listener at all is refused', () => {
    const loaded = load({});
    const settings = { ...loaded.settings, listen: [] };
    expect(checkDaemonConfig({ ...loaded, settings }, { hasStoredToken: false })).toMatchObject({ type: 'invalid' });
  });

  it.each(['127.0.0.1', '127.9.8.7', 'localhost', 'LocalHost', '::1', '[::1]', '0:0:0:0:0:0:0:1', '::ffff:127.0.0.1'])(
    'WIRE-H16: %s is loopback',
    (host) => {
      expect(isLoopbackHost(host)).toBe(true);
    },
  );

  it.each([
    '0.0.0.0',
    '::',
    '128.0.0.1',
    '127.0.0.1.example.org',
    'localhost.example.org',
    '::ffff:10.0.0.1',
    'fe80::1',
    '',
  ])('WIRE-H16: %s is not loopback', (host) => {
    expect(isLoopbackHost(host)).toBe(false);
  });
});

describe('sizes and limits that must fit together', () => {
  it('WIRE-F4: one call is at most as large as one frame', () => {
    expect(accepted({ EXAI_WS_MAX_BYTES: '65536' }).config.toolCallMaxBytes).toBe(65_536);
    expect(accepted({ EXAI_WS_MAX_BYTES: '65536', TOOL_CALL_MAX_SIZE: '65536' }).config.toolCallMaxBytes).toBe(65_536);
    expect(refusal({ EXAI_WS_MAX_BYTES: '65536', TOOL_CALL_MAX_SIZE: '65537' })).toBe(
      'exai: TOOL_CALL_MAX_SIZE="65537" (from the environment): expected at most EXAI_WS_MAX_BYTES, which is 65536',
    );
  });

  it('WIRE-F4: a session limit above the global one is refused under the name that somebody set', () => {
    expect(refusal({ EXAI_WS_SESSION_MAX_INFLIGHT: '25' })).toBe(
      'exai: EXAI_WS_SESSION_MAX_INFLIGHT="25" (from the environment): expected at most EXAI_WS_GLOBAL_MAX_INFLIGHT, which is 24',
    );
    expect(refusal({ EXAI_WS_GLOBAL_MAX_INFLIGHT: '7' })).toBe(
      'exai: EXAI_WS_GLOBAL_MAX_INFLIGHT="7" (from the environment): expected at least EXAI_WS_SESSION_MAX_INFLIGHT, which is 8',
    );
    expect(accepted({ EXAI_WS_GLOBAL_MAX_INFLIGHT: '8' }).config.globalMaxInflight).toBe(8);
  });
});
