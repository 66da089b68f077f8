import { BlockList, isIP } from 'node:net';
import { type Origin, type ResolvedSettings, type SettingsProblem, settingProblem } from '../protocol/env-resolve.ts';
import type { Settings } from '../protocol/env-table.ts';
import { limits } from '../protocol/limits.ts';
import { addressesOverlap } from './address-overlap.ts';

export type AuthPolicy = 'open' | 'token' | 'jwt' | 'both';

type Resolved = 'authPolicyOverride' | 'toolCallMaxBytes' | 'logMaxBytes' | 'logFiles';

/** The daemon's settings once they fit together. Durations in milliseconds, sizes in bytes. */
export interface DaemonConfig extends Omit<Settings<'daemon'>, Resolved> {
  readonly authPolicy: AuthPolicy;
  /** Calls in flight by provider name in upper case, Kimi and GLM included. */
  readonly providerCaps: Readonly<Record<string, number>>;
  readonly toolCallMaxBytes: number;
  readonly logMaxBytes: number;
  readonly logFiles: number;
}

export interface CheckedConfig {
  readonly type: 'ok';
  readonly config: DaemonConfig;
  readonly warnings: readonly string[];
}

export interface StoredCredentials {
  /** `credentials/shared.json` holds a token, so that a missing EXAI_WS_TOKEN does not mean "open" (WIRE §3.5). */
  readonly hasStoredToken: boolean;
}

type Loaded = Pick<ResolvedSettings<'daemon'>, 'settings' | 'origins' | 'providerCaps'>;

/**
 * Checks what no single variable can tell (WIRE §§1.1, 2, 3.5, 7). Pure. The first conflict is the answer: one line
 * that names a variable; the daemon then exits 78. Whether a key file can be used is for the reader of the file.
 */
export function checkDaemonConfig(loaded: Loaded, credentials: StoredCredentials): CheckedConfig | SettingsProblem {
  const { settings, providerCaps } = loaded;
  const { authPolicyOverride, toolCallMaxBytes, logMaxBytes, logFiles, ...rest } = settings;
  const hasToken = settings.token !== undefined || credentials.hasStoredToken;
  const hasJwtKey = settings.jwtSecret !== undefined || settings.jwtPublicKeyFile !== undefined;
  const authPolicy = authPolicyOverride ?? derivedPolicy(hasToken, hasJwtKey);
  const config: DaemonConfig = {
    ...rest,
    authPolicy,
    providerCaps: { ...providerCaps, KIMI: settings.kimiMaxInflight, GLM: settings.glmMaxInflight },
    toolCallMaxBytes: toolCallMaxBytes ?? settings.maxFrameBytes,
    logMaxBytes: logMaxBytes ?? limits.daemonLogMaxBytes,
    logFiles: logFiles ?? limits.daemonLogFiles,
  };
  const problem =
    listenProblem(loaded) ??
    dashboardProblem(loaded) ??
    tokenProblem(loaded) ??
    jwtKeyProblem(loaded) ??
    policyProblem(loaded, authPolicy, hasToken, hasJwtKey) ??
    openNetworkProblem(loaded, authPolicy) ??
    sizeProblem(loaded) ??
    capacityProblem(loaded) ??
    timeoutProblem(loaded);
  return problem ?? { type: 'ok', config, warnings: warningsOf(config, hasToken || hasJwtKey) };
}

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/** `localhost`, 127.0.0.0/8, ::1 and their IPv4-mapped forms; no other name, whatever it resolves to. */
export function isLoopbackHost(host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  const family = isIP(bare);
  if (family === 0) return bare.toLowerCase() === 'localhost';
  return loopback.check(bare, family === 4 ? 'ipv4' : 'ipv6');
}

function derivedPolicy(hasToken: boolean, hasJwtKey: boolean): AuthPolicy {
  if (hasToken) return hasJwtKey ? 'both' : 'token';
  return hasJwtKey ? 'jwt' : 'open';
}

type Check = SettingsProblem | undefined;

function listenProblem(loaded: Loaded): Check {
  const { host, listen } = loaded.settings;
  if (listen.length === 0) return problemWith(loaded, 'listen', 'expected at least one of tcp, local');
  return isHost(host) ? undefined : problemWith(loaded, 'host', hostExpected);
}

const hostExpected = 'expected a host name or IP address without scheme, brackets or port';

function isHost(host: string): boolean {
  return isIP(host) !== 0 || /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/.test(host);
}

function dashboardProblem(loaded: Loaded): Check {
  const { host, port, listen, dashboardHost, dashboardPort } = loaded.settings;
  if (!isHost(dashboardHost)) return problemWith(loaded, 'dashboardHost', hostExpected);
  const isSamePort = dashboardPort !== undefined && dashboardPort !== 0 && dashboardPort === port;
  if (!isSamePort || !listen.includes('tcp') || !addressesOverlap(dashboardHost, host)) return undefined;
  return problemWith(loaded, 'dashboardPort', 'expected another port than EXAI_WS_PORT, which serves it already');
}

const sharedToken = new RegExp(`^[\\x21-\\x7E]{${limits.tokenMinChars},${limits.tokenMaxChars}}$`);

function tokenProblem(loaded: Loaded): Check {
  const { token } = loaded.settings;
  if (token === undefined) return undefined;
  if (isPlaceholder(token)) return problemWith(loaded, 'token', placeholderAdvice);
  if (sharedToken.test(token)) return undefined;
  const range = `${limits.tokenMinChars}–${limits.tokenMaxChars}`;
  return problemWith(loaded, 'token', `expected ${range} printable ASCII characters without spaces`);
}

const placeholderAdvice = 'expected a value of your own, not a placeholder in <…>';

function isPlaceholder(value: string): boolean {
  return /^<.*>$/s.test(value.trim());
}

const jwtSecretMinBytes = 32;

/** HMAC algorithms take the secret, the others the public key: a mix would verify with the wrong kind of key. */
function jwtKeyProblem(loaded: Loaded): Check {
  const { jwtSecret, jwtPublicKeyFile, jwtAlgorithm } = loaded.settings;
  if (jwtSecret !== undefined) {
    if (isPlaceholder(jwtSecret)) return problemWith(loaded, 'jwtSecret', placeholderAdvice);
    if (Buffer.byteLength(jwtSecret) < jwtSecretMinBytes) {
      return problemWith(loaded, 'jwtSecret', `expected at least ${jwtSecretMinBytes} bytes`);
    }
  }
  const isHmac = jwtAlgorithm.startsWith('HS');
  if (isHmac && jwtSecret === undefined && jwtPublicKeyFile !== undefined) {
    return problemWith(loaded, 'jwtPublicKeyFile', `expected JWT_ALGORITHM RS256 or ES256, not ${jwtAlgorithm}`);
  }
  if (!isHmac && jwtPublicKeyFile === undefined && jwtSecret !== undefined) {
    return problemWith(loaded, 'jwtAlgorithm', 'expected JWT_PUBLIC_KEY_FILE beside it, not a secret key');
  }
  return undefined;
}

function policyProblem(loaded: Loaded, authPolicy: AuthPolicy, hasToken: boolean, hasJwtKey: boolean): Check {
  const needsToken = authPolicy === 'token' || authPolicy === 'both';
  const needsJwtKey = authPolicy === 'jwt' || authPolicy === 'both';
  if (needsToken && !hasToken) return problemWith(loaded, 'authPolicyOverride', 'expected EXAI_WS_TOKEN to be set too');
  if (needsJwtKey && !hasJwtKey) {
    return problemWith(loaded, 'authPolicyOverride', 'expected JWT_SECRET_KEY or JWT_PUBLIC_KEY_FILE to be set too');
  }
  if (loaded.settings.multiUser && !needsJwtKey) {
    const why = `separate users need EXAI_AUTH_POLICY jwt or both and a JWT key; the policy is ${authPolicy}`;
    return problemWith(loaded, 'multiUser', why);
  }
  return undefined;
}

function openNetworkProblem(loaded: Loaded, authPolicy: AuthPolicy): Check {
  const { host, listen, allowOpenNetwork } = loaded.settings;
  if (authPolicy !== 'open' || !listen.includes('tcp') || isLoopbackHost(host) || allowOpenNetwork) return undefined;
  const advice = 'set EXAI_WS_TOKEN, or EXAI_WS_ALLOW_OPEN_NETWORK=true if everyone who can reach it may use it';
  return problemWith(loaded, 'host', `beyond loopback authentication is needed; ${advice}`);
}

function sizeProblem(loaded: Loaded): Check {
  const { toolCallMaxBytes, maxFrameBytes } = loaded.settings;
  if (toolCallMaxBytes === undefined || toolCallMaxBytes <= maxFrameBytes) return undefined;
  return problemWith(loaded, 'toolCallMaxBytes', `expected at most EXAI_WS_MAX_BYTES, which is ${maxFrameBytes}`);
}

/** Blames the one that somebody set. */
function capacityProblem(loaded: Loaded): Check {
  const { sessionMaxInflight, globalMaxInflight } = loaded.settings;
  if (sessionMaxInflight <= globalMaxInflight) return undefined;
  if (loaded.origins.sessionMaxInflight.layer === 'default') {
    const least = `expected at least EXAI_WS_SESSION_MAX_INFLIGHT, which is ${sessionMaxInflight}`;
    return problemWith(loaded, 'globalMaxInflight', least);
  }
  const most = `expected at most EXAI_WS_GLOBAL_MAX_INFLIGHT, which is ${globalMaxInflight}`;
  return problemWith(loaded, 'sessionMaxInflight', most);
}

/** Deadline of a tool's or provider's own request, inside the daemon's deadline for the call (WIRE §7.2). */
export function toolTimeoutMs(callTimeoutMs: number): number {
  return callTimeoutMs - limits.toolMarginMs;
}

/** tool < daemon; the shim's deadline is derived from the daemon's at run time and needs no check here. */
function timeoutProblem(loaded: Loaded): Check {
  if (toolTimeoutMs(loaded.settings.callTimeoutMs) > 0) return undefined;
  return problemWith(loaded, 'callTimeoutMs', `expected more than the ${limits.toolMarginMs} ms a tool ends earlier`);
}

const secretKeys: ReadonlySet<string> = new Set(['token', 'jwtSecret']);

/** Shows the effective value in the unit of the environment; secrets as `***`. */
function problemWith(loaded: Loaded, key: keyof Settings<'daemon'>, expected: string): SettingsProblem {
  const origin: Origin = loaded.origins[key];
  const value = loaded.settings[key];
  const shown = secretKeys.has(key) ? '***' : String(key.endsWith('Ms') ? Number(value) / 1000 : value);
  return settingProblem(origin.name, shown, origin.source, expected);
}

function warningsOf(config: DaemonConfig, hasCredential: boolean): string[] {
  const warnings: string[] = [];
  if (config.authPolicy === 'open') {
    const who =
      isLoopbackHost(config.host) || !config.listen.includes('tcp')
        ? 'every program of this machine'
        : 'everyone on the network';
    const despite = hasCredential ? ', although a key is set' : '';
    warnings.push(`AUTH_DISABLED: authentication is off${despite}; ${who} can use the daemon`);
  }
  if (config.dashboardPort !== undefined && !isLoopbackHost(config.dashboardHost)) {
    const where = `the dashboard listens on ${config.dashboardHost}, beyond this machine`;
    warnings.push(`DASHBOARD_ON_NETWORK: ${where}; sign-in tickets and cookies travel there unencrypted`);
  }
  if (config.jwtSecret !== undefined && config.jwtPublicKeyFile !== undefined) {
    const unused = config.jwtAlgorithm.startsWith('HS') ? 'JWT_PUBLIC_KEY_FILE' : 'JWT_SECRET_KEY';
    warnings.push(`${unused} is not used with JWT_ALGORITHM ${config.jwtAlgorithm}`);
  }
  return warnings;
}
