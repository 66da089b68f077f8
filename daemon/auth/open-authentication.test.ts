import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadSettings } from '../../platform/load-settings.ts';
import { type Authentication, openAuthentication } from './open-authentication.ts';

const first = 'first-token-0000000001';
const second = 'second-token-000000002';
const key = 'k'.repeat(32);
const nowMs = 1_790_000_000_000;
const hasModes = process.platform !== 'win32';
let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'exai-open-'));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

type Env = Readonly<Record<string, string>>;

function open(env: Env = {}): ReturnType<typeof openAuthentication> {
  const loaded = loadSettings('daemon', { env: { EXAI_STATE_DIR: dir, ...env } });
  return loaded.type === 'invalid' ? loaded : openAuthentication(loaded, () => nowMs);
}

function accepted(env: Env = {}): Authentication {
  const opened = open(env);
  if (opened.type === 'invalid') throw new Error(opened.message);
  return opened;
}

function refusal(env: Env): string {
  const opened = open(env);
  return opened.type === 'invalid' ? opened.message : 'accepted';
}

describe('openAuthentication', () => {
  it.each<[string, Env, string]>([
    ['15 characters', { EXAI_WS_TOKEN: 'abcdEFGH1234567' }, 'EXAI_WS_TOKEN="***" (from the environment)'],
    ['a placeholder', { EXAI_WS_TOKEN: '<optional-token>' }, 'EXAI_WS_TOKEN="***" (from the environment)'],
    ['blanks', { EXAI_WS_TOKEN: '                ' }, 'EXAI_WS_TOKEN="***" (from the environment)'],
    ['the network without a token', { EXAI_WS_HOST: '0.0.0.0' }, 'EXAI_WS_HOST="0.0.0.0" (from the environment)'],
    ['a policy without its token', { EXAI_AUTH_POLICY: 'token' }, 'EXAI_AUTH_POLICY="token" (from the environment)'],
  ])('WIRE-H16 PF-A1: %s: one line that names the variable, and nothing is written', (_name, env, start) => {
    const message = refusal(env);
    expect(message.startsWith(`exai: ${start}: `)).toBe(true);
    expect(message).not.toContain('\n');
    expect(message).not.toContain('abcdEFGH');
    expect(readdirSync(dir)).toEqual([]);
  });

  it('PF-A1: a weak token does not replace a stored one either', () => {
    accepted({ EXAI_WS_TOKEN: first });
    return accepted({ EXAI_WS_TOKEN: first })
      .authenticator.rotateAsAdmin()
      .then(() => {
        const before = readFileSync(join(dir, 'credentials', 'shared.json'), 'utf8');
        expect(refusal({ EXAI_WS_TOKEN: 'abcdEFGH1234567' })).toContain('EXAI_WS_TOKEN');
        expect(readFileSync(join(dir, 'credentials', 'shared.json'), 'utf8')).toBe(before);
      });
  });

  it('WIRE-H4: opens with nothing set, and says so', () => {
    const { config, authenticator, warnings, secrets, adminSecret } = accepted();
    expect([config.authPolicy, authenticator.policy]).toEqual(['open', 'open']);
    expect(warnings).toEqual([
      'AUTH_DISABLED: authentication is off; every program of this machine can use the daemon',
    ]);
    expect(secrets).toEqual([adminSecret.value]);
    expect(existsSync(join(dir, 'run', 'admin.secret'))).toBe(true);
  });

  it('PF-A6: a token with # in the environment and in .env is the same token', () => {
    const token = 'tok#en-with-#-0001';
    const fromEnvironment = accepted({ EXAI_WS_TOKEN: token });
    expect(fromEnvironment.authenticator.authenticate({ token })).toMatchObject({ principal: 'shared' });
    writeFileSync(join(dir, '.env'), `EXAI_WS_TOKEN=${token}\n`, { mode: 0o600 });
    const fromFile = accepted();
    expect(fromFile.authenticator.authenticate({ token })).toMatchObject({ principal: 'shared' });
    expect(readFileSync(join(dir, 'credentials', 'shared.token'), 'utf8')).toBe(`${token}\n`);
  });

  it('WIRE-O13: after a rotation the old variable is reported and the stored token counts, for the policy too', async () => {
    await accepted({ EXAI_WS_TOKEN: first }).authenticator.rotateAsAdmin();
    const stale = accepted({ EXAI_WS_TOKEN: first });
    expect(stale.warnings).toEqual([
      'TOKEN_ENV_STALE: EXAI_WS_TOKEN (from the environment) is no longer valid, the stored one is used; remove it',
    ]);
    const token = readFileSync(join(dir, 'credentials', 'shared.token'), 'utf8').trim();
    expect(stale.secrets).toEqual([first, token, stale.adminSecret.value]);
    expect(stale.authenticator.authenticate({ token })).toMatchObject({
      principal: 'shared',
      warnings: ['TOKEN_ENV_STALE'],
    });
    expect(stale.authenticator.authenticate({ token: first })).toMatchObject({ error: 'unauthorized' });
    const unset = accepted();
    expect([unset.config.authPolicy, unset.authenticator.policy]).toEqual(['token', 'token']);
    expect(unset.warnings).toEqual([]);
  });

  it('WIRE-O13: a changed variable wins, and says so', async () => {
    await accepted({ EXAI_WS_TOKEN: first }).authenticator.rotateAsAdmin();
    const { authenticator, warnings } = accepted({ EXAI_WS_TOKEN: second });
    expect(authenticator.authenticate({ token: second })).toMatchObject({ tokenGeneration: 3 });
    expect(warnings).toEqual([
      'EXAI_WS_TOKEN (from the environment) has changed and replaces the stored token; clients need the new one',
    ]);
  });

  it('WIRE-O13 WIRE-H16: a cleared token counts for nothing: not for the policy, not for the network', async () => {
    await accepted({ EXAI_WS_TOKEN: first }).authenticator.clearToken();
    const { config, authenticator, warnings } = accepted({ EXAI_WS_TOKEN: first });
    expect([config.authPolicy, authenticator.policy]).toEqual(['open', 'open']);
    expect(warnings).toEqual([
      'AUTH_DISABLED: authentication is off; every program of this machine can use the daemon',
      'TOKEN_ENV_STALE: EXAI_WS_TOKEN (from the environment) is no longer valid, it was cleared since; remove it',
    ]);
    expect(refusal({ EXAI_WS_TOKEN: first, EXAI_WS_HOST: '0.0.0.0' })).toContain('EXAI_WS_HOST="0.0.0.0"');
    expect(refusal({ EXAI_WS_TOKEN: first, EXAI_AUTH_POLICY: 'token' })).toContain('EXAI_AUTH_POLICY="token"');
  });

  it('WIRE-H16: on the network the token cannot be cleared at run time, unless that is allowed', async () => {
    const env = { EXAI_WS_TOKEN: first, EXAI_WS_HOST: '0.0.0.0' };
    await expect(accepted(env).authenticator.clearToken()).rejects.toThrow('can be reached from the network');
    await accepted({ ...env, EXAI_WS_ALLOW_OPEN_NETWORK: 'true' }).authenticator.clearToken();
    await accepted({
      EXAI_WS_TOKEN: second,
      EXAI_WS_HOST: '0.0.0.0',
      EXAI_WS_LISTEN: 'local',
    }).authenticator.clearToken();
  });

  it('WIRE-O12: EXAI_TOKEN_GRACE_SECS and EXAI_AUTH_POLICY reach the authenticator', async () => {
    const { authenticator } = accepted({ EXAI_WS_TOKEN: first, EXAI_TOKEN_GRACE_SECS: '60' });
    await authenticator.rotateAsAdmin();
    expect(authenticator.authenticate({ token: first })).toMatchObject({ principal: 'shared', tokenGeneration: 1 });
    const explicit = accepted({ EXAI_AUTH_POLICY: 'open' });
    expect([explicit.config.authPolicy, explicit.authenticator.policy]).toEqual(['open', 'open']);
  });

  it('PF-A4: the grace of user tokens is told with its end', () => {
    const env = { JWT_SECRET_KEY: key, JWT_GRACE_PERIOD_DAYS: '7' };
    const { authenticator, warnings, secrets } = accepted(env);
    expect(authenticator.policy).toBe('jwt');
    expect(secrets).toContain(key);
    expect(warnings).toEqual([
      `JWT_GRACE: clients without a user token are let in until ${new Date(nowMs + 7 * 86_400_000).toISOString()}`,
    ]);
    expect(accepted({ JWT_SECRET_KEY: key }).warnings).toEqual([]);
  });

  it('WIRE-H5: a public key file that does not fit names its variable', () => {
    const path = join(dir, 'key.pem');
    writeFileSync(
      path,
      generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' }),
    );
    const env = { JWT_PUBLIC_KEY_FILE: path };
    expect(accepted({ ...env, JWT_ALGORITHM: 'ES256' }).authenticator.policy).toBe('jwt');
    expect(refusal({ ...env, JWT_ALGORITHM: 'RS256' })).toBe(
      `exai: JWT_PUBLIC_KEY_FILE="${path}" (from the environment): expected an RSA key of at least 2048 bits for JWT_ALGORITHM RS256`,
    );
  });

  it.skipIf(!hasModes)(
    'BAD-world-readable MAIN-private-state: any exposed credential file stops the start, with the fix',
    async () => {
      const env = { EXAI_WS_TOKEN: first, JWT_SECRET_KEY: key };
      await accepted(env).authenticator.rotateAsAdmin();
      writeFileSync(join(dir, 'credentials', 'instances.json'), '{"instances":[]}', { mode: 0o600 });
      for (const name of ['shared.json', 'shared.token', 'instances.json', 'jwt-grace.json']) {
        const path = join(dir, 'credentials', name);
        chmodSync(path, 0o644);
        expect(refusal(env)).toBe(`exai: other users can access ${path}; run: chmod 600 ${path}`);
        chmodSync(path, 0o600);
      }
      expect(accepted(env).type).toBe('ok');
    },
  );

  it.skipIf(!hasModes)('MAIN-private-state: so does a run directory that others can read', () => {
    accepted();
    chmodSync(join(dir, 'run'), 0o755);
    expect(refusal({})).toContain(`run: chmod 700 ${join(dir, 'run')}`);
  });
});
