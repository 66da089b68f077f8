import { join } from 'node:path';
import { errorText } from '../../platform/atomic-file.ts';
import type { LoadedSettings } from '../../platform/load-settings.ts';
import { type SettingsProblem, settingProblem } from '../../protocol/env-resolve.ts';
import { type CheckedConfig, checkDaemonConfig, type DaemonConfig, isLoopbackHost } from '../config.ts';
import { AdminSecret } from './admin-secret.ts';
import { Authenticator, type AuthenticatorOptions } from './authenticator.ts';
import { decideSharedToken } from './decide-shared-token.ts';
import { InstanceTokens } from './instance-tokens.ts';
import { JwtVerifier } from './jwt.ts';
import { JwtGrace } from './jwt-grace.ts';
import { type JwtKeyRead, readJwtKey } from './jwt-key.ts';
import { SharedToken } from './shared-token.ts';
import { TokenFiles } from './token-files.ts';

export interface Authentication {
  readonly type: 'ok';
  readonly config: DaemonConfig;
  readonly authenticator: Authenticator;
  readonly adminSecret: AdminSecret;
  /** What the logger must never write; the authenticator announces later ones. */
  readonly secrets: readonly string[];
  readonly warnings: readonly string[];
}

type Loaded = Pick<LoadedSettings<'daemon'>, 'settings' | 'origins' | 'providerCaps' | 'layout'>;

/**
 * Checks the settings together with the stored credentials and opens the latter. For the holder of the daemon lock,
 * before anything listens. Nothing is written unless every setting is valid.
 * @returns one line for stderr when the daemon must not start; it then exits 78
 */
export function openAuthentication(loaded: Loaded, now: () => number = Date.now): Authentication | SettingsProblem {
  const { settings, layout } = loaded;
  const checked = checkWithCredentials(loaded);
  if (checked.type === 'invalid') return checked;
  const { config } = checked;

  const users = openUsers(loaded, now);
  if (users.type === 'invalid') return users;
  const opened = SharedToken.open({
    file: layout.sharedTokenFile,
    envToken: settings.token,
    graceMs: settings.tokenGraceMs,
  });
  if (opened.type === 'invalid') return problem(opened.message);
  const { sharedToken } = opened;
  const instances = InstanceTokens.open({ file: join(layout.credentialsDir, 'instances.json'), now });
  if (instances.type === 'invalid') return problem(instances.message);
  const adminSecret = createAdminSecret(layout.adminSecretFile);
  if (adminSecret.type === 'invalid') return adminSecret;

  const authenticator = new Authenticator({
    sharedToken,
    instanceTokens: instances.instanceTokens,
    users: users.users,
    policyOverride: settings.authPolicyOverride,
    isOpenAllowed: config.allowOpenNetwork || !config.listen.includes('tcp') || isLoopbackHost(config.host),
  });
  const secrets = [settings.token, sharedToken.current?.token, settings.jwtSecret, adminSecret.secret.value];
  return {
    type: 'ok',
    config,
    authenticator,
    adminSecret: adminSecret.secret,
    secrets: secrets.filter((secret) => secret !== undefined),
    warnings: [...checked.warnings, ...tokenWarnings(loaded, sharedToken), ...graceWarnings(users.users)],
  };
}

/** Whether a daemon with these settings and the credentials of this state directory would start. Writes nothing. */
export function startProblem(loaded: Loaded): SettingsProblem | undefined {
  for (const checked of [checkWithCredentials(loaded), readUsersKey(loaded)]) {
    if (checked.type === 'invalid') return checked;
  }
  return undefined;
}

function checkWithCredentials(loaded: Loaded): CheckedConfig | SettingsProblem {
  const { settings, layout } = loaded;
  const stored = new TokenFiles(layout.sharedTokenFile).read();
  if (stored.type === 'invalid') return problem(stored.message);
  const { token } = decideSharedToken(stored.record, settings.token).record;
  // After `exai token clear` a token that is still in the environment counts for nothing, and so not for the policy.
  const effective = token === null ? { ...loaded, settings: { ...settings, token: undefined } } : loaded;
  return checkDaemonConfig(effective, { hasStoredToken: token !== null });
}

type UsersOpened = { readonly type: 'ok'; readonly users: AuthenticatorOptions['users'] } | SettingsProblem;

function readUsersKey({ settings, origins }: Loaded): Exclude<JwtKeyRead, { type: 'invalid' }> | SettingsProblem {
  const { jwtAlgorithm: algorithm, jwtSecret: secret, jwtPublicKeyFile: publicKeyFile } = settings;
  const read = readJwtKey({ algorithm, secret, publicKeyFile });
  if (read.type !== 'invalid') return read;
  const { name, source } = origins.jwtPublicKeyFile;
  return settingProblem(name, publicKeyFile ?? '', source, read.expected);
}

function openUsers(loaded: Loaded, now: () => number): UsersOpened {
  const { settings, layout } = loaded;
  const read = readUsersKey(loaded);
  if (read.type === 'none') return { type: 'ok', users: undefined };
  if (read.type === 'invalid') return read;
  const { jwtAlgorithm: algorithm } = settings;
  const { jwtIssuer: issuer, jwtAudience: audience, jwtGraceDays: days } = settings;
  const grace = JwtGrace.open({ file: join(layout.credentialsDir, 'jwt-grace.json'), days, now });
  if (grace.type === 'invalid') return problem(grace.message);
  const verifier = new JwtVerifier({ algorithm, key: read.key, issuer, audience, now });
  return { type: 'ok', users: { verifier, grace: grace.jwtGrace } };
}

function createAdminSecret(file: string): { readonly type: 'ok'; readonly secret: AdminSecret } | SettingsProblem {
  try {
    return { type: 'ok', secret: AdminSecret.create(file) };
  } catch (error) {
    return problem(`cannot write ${file}: ${errorText(error)}`);
  }
}

function tokenWarnings({ origins }: Loaded, sharedToken: SharedToken): string[] {
  const { source } = origins.token;
  if (sharedToken.isChangedByEnv) {
    return [`EXAI_WS_TOKEN (from ${source}) has changed and replaces the stored token; clients need the new one`];
  }
  if (!sharedToken.staleEnv) return [];
  const instead = sharedToken.current === undefined ? 'it was cleared since' : 'the stored one is used';
  return [`TOKEN_ENV_STALE: EXAI_WS_TOKEN (from ${source}) is no longer valid, ${instead}; remove it`];
}

function graceWarnings(users: AuthenticatorOptions['users']): string[] {
  const endsAtMs = users?.grace.endsAtMs;
  if (users?.grace.isActive !== true || endsAtMs === undefined) return [];
  return [`JWT_GRACE: clients without a user token are let in until ${new Date(endsAtMs).toISOString()}`];
}

function problem(text: string): SettingsProblem {
  return { type: 'invalid', message: `exai: ${text}` };
}
