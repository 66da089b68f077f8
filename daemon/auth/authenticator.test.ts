import { createSecretKey } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FailureError } from '../../protocol/errors.ts';
import type { AuthPolicy } from '../config.ts';
import { Authenticator, type Credentials, type RotateRequest } from './authenticator.ts';
import { InstanceTokens } from './instance-tokens.ts';
import { JwtVerifier } from './jwt.ts';
import { JwtGrace } from './jwt-grace.ts';
import { SharedToken } from './shared-token.ts';

const first = 'first-token-0000000001';
const second = 'second-token-000000002';
const third = 'third-token-0000000003';
const nowSecs = 1_790_000_000;
const key = createSecretKey('an HMAC key of at least 32 bytes!', 'utf8');
let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'exai-auth-'));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

interface Setup {
  readonly token?: string;
  readonly hasJwtKey?: boolean;
  readonly jwtGraceDays?: number;
  readonly tokenGraceMs?: number;
  readonly policyOverride?: AuthPolicy;
  readonly isOpenAllowed?: boolean;
  readonly loadJose?: () => Promise<typeof import('jose')>;
}

const now = (): number => nowSecs * 1000;

function setUp(setup: Setup = {}) {
  const shared = SharedToken.open({
    file: join(dir, 'shared.json'),
    envToken: setup.token,
    graceMs: setup.tokenGraceMs ?? 0,
    now: () => 0,
  });
  const instances = InstanceTokens.open({ file: join(dir, 'instances.json'), now });
  const grace = JwtGrace.open({ file: join(dir, 'jwt-grace.json'), days: setup.jwtGraceDays ?? 0, now });
  if (shared.type === 'invalid' || instances.type === 'invalid' || grace.type === 'invalid') throw new Error('set-up');
  const { instanceTokens } = instances;
  const { loadJose = () => import('jose') } = setup;
  const users = { verifier: new JwtVerifier({ algorithm: 'HS256', key, now, loadJose }), grace: grace.jwtGrace };
  const authenticator = new Authenticator({
    sharedToken: shared.sharedToken,
    instanceTokens,
    users: setup.hasJwtKey === true ? users : undefined,
    policyOverride: setup.policyOverride,
    isOpenAllowed: setup.isOpenAllowed ?? true,
  });
  return { authenticator, instanceTokens };
}

function jwt(payload: Record<string, unknown> = {}): Promise<string> {
  const claims = { sub: 'ana', iat: nowSecs, exp: nowSecs + 3_600, ...payload };
  return new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(key);
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

function unsignedJwt(): string {
  return `${encode({ alg: 'none' })}.${encode({ sub: 'ana', iat: nowSecs, exp: nowSecs + 3_600 })}.`;
}

/** The principal, or the error of the refusal. */
async function outcome(authenticator: Authenticator, credentials: Credentials): Promise<string> {
  const result = await authenticator.authenticate(credentials);
  return result.type === 'accepted' ? result.principal : result.error;
}

function newToken(): string {
  return readFileSync(join(dir, 'shared.token'), 'utf8').trim();
}

function ask(request: Partial<RotateRequest> = {}): RotateRequest {
  return { old: first, new: second, principal: 'shared', isAdmin: true, ...request };
}

describe('authenticate with tokens', () => {
  it('WIRE-H4 BAD-token PF-A3: wrong, absent, one character off, longer: one and the same refusal, at once', () => {
    const { authenticator } = setUp({ token: first });
    const wrong: Credentials[] = [
      { token: 'wrong-token-0000000001' },
      { token: null },
      {},
      { token: '' },
      { token: `${first.slice(0, -1)}2` },
      { token: first.slice(0, -1) },
      { token: `${first}1` },
      { token: first.toUpperCase() },
      { token: ` ${first}` },
      { bearer: 'wrong-token-0000000001' },
      { token: 'exi_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA' },
      { token: 'a.b.c' },
      { token: 'wrong-token-0000000001', bearer: first },
      { jwt: first },
    ];
    const answers = wrong.map((credentials) => authenticator.authenticate(credentials));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(answers[0]).toMatchObject({ type: 'refused', error: 'unauthorized' });
  });

  it('WIRE-H4: the shared token, by hello or by bearer, is accepted at once', () => {
    const { authenticator } = setUp({ token: first });
    expect(authenticator.policy).toBe('token');
    const accepted = {
      type: 'accepted',
      principal: 'shared',
      auth: 'shared',
      isAdmin: true,
      tokenGeneration: 1,
      warnings: [],
    };
    for (const credentials of [
      { token: first },
      { bearer: first },
      { token: '', bearer: first },
      { token: first, bearer: 'x' },
    ]) {
      expect(authenticator.authenticate(credentials)).toMatchObject(accepted);
    }
  });

  it('WIRE-H4: an instance token is that instance, no admin, and only until it is revoked', async () => {
    const { authenticator, instanceTokens } = setUp({ token: first });
    const token = instanceTokens.issue('inst_01', nowSecs + 60);
    const expected = {
      principal: 'instance:inst_01',
      auth: 'instance',
      instanceId: 'inst_01',
      isAdmin: false,
      expiresAt: nowSecs + 60,
    };
    expect(authenticator.authenticate({ token })).toMatchObject(expected);
    expect(authenticator.authenticate({ bearer: token })).toMatchObject(expected);
    instanceTokens.revoke('inst_01');
    expect(await outcome(authenticator, { token })).toBe('unauthorized');
  });

  it('WIRE-H4: a shared token that looks like a JWT is still the shared token', async () => {
    const { authenticator } = setUp({ token: 'shared.token.00000001', hasJwtKey: true, policyOverride: 'token' });
    expect(await outcome(authenticator, { token: 'shared.token.00000001' })).toBe('shared');
  });

  it('WIRE-H4: without any key everybody is accepted and told; a known credential identifies', async () => {
    const { authenticator, instanceTokens } = setUp();
    expect(authenticator.policy).toBe('open');
    for (const credentials of [{}, { token: null }, { token: 'whatever' }, { token: 'a.b.c' }, { bearer: 'x' }]) {
      const result = await authenticator.authenticate(credentials);
      expect(result).toMatchObject({
        principal: 'open',
        auth: 'disabled',
        isAdmin: false,
        warnings: ['AUTH_DISABLED'],
      });
    }
    const token = instanceTokens.issue('inst_01');
    expect(await authenticator.authenticate({ token })).toMatchObject({
      principal: 'instance:inst_01',
      warnings: ['AUTH_DISABLED'],
    });
  });

  it('WIRE-H4: an explicit policy open wins over a token that is set', async () => {
    const { authenticator } = setUp({ token: first, policyOverride: 'open' });
    expect(await outcome(authenticator, {})).toBe('open');
    expect(await outcome(authenticator, { token: first })).toBe('shared');
  });
});

describe('authenticate with JWTs', () => {
  it('WIRE-H5: policy both: first the token, then the JWT', async () => {
    const { authenticator, instanceTokens } = setUp({ token: first, hasJwtKey: true });
    expect(authenticator.policy).toBe('both');
    const good = await jwt();
    const expired = await jwt({ exp: nowSecs - 61, iat: nowSecs - 100 });
    expect(await outcome(authenticator, { token: 'wrong-token-0000000001', jwt: good })).toBe('unauthorized');
    expect(await outcome(authenticator, { jwt: good })).toBe('unauthorized');
    // At once: who has no token makes us verify no signature.
    expect(authenticator.authenticate({ jwt: good })).toMatchObject({ type: 'refused' });
    for (const bad of [undefined, null, '', expired, unsignedJwt(), 'a.b.c', 'x', first]) {
      expect(await outcome(authenticator, { token: first, ...(bad === undefined ? {} : { jwt: bad }) })).toBe(
        'jwt_required',
      );
    }
    expect(await outcome(authenticator, { token: first, jwt: good })).toBe('user:ana');
    const token = instanceTokens.issue('inst_01');
    expect(await authenticator.authenticate({ token, jwt: good })).toMatchObject({
      userId: 'ana',
      instanceId: 'inst_01',
    });
  });

  it('WIRE-H5: policy jwt: by hello.jwt, by bearer, or in hello.token', async () => {
    const { authenticator } = setUp({ hasJwtKey: true });
    expect(authenticator.policy).toBe('jwt');
    const good = await jwt();
    for (const credentials of [{ jwt: good }, { bearer: good }, { token: good }, { token: 'x', jwt: good }]) {
      expect(await outcome(authenticator, credentials)).toBe('user:ana');
    }
    for (const credentials of [{}, { token: unsignedJwt() }, { bearer: unsignedJwt() }, { jwt: 'x', bearer: good }]) {
      expect(await outcome(authenticator, credentials)).toBe('jwt_required');
    }
  });

  it('WIRE-H5: a bearer stands in for the one that is absent', async () => {
    const { authenticator } = setUp({ token: first, hasJwtKey: true });
    const good = await jwt();
    expect(await outcome(authenticator, { token: first, bearer: good })).toBe('user:ana');
    expect(await outcome(authenticator, { jwt: good, bearer: first })).toBe('user:ana');
    expect(await outcome(authenticator, { token: good, bearer: first })).toBe('user:ana');
    expect(await outcome(authenticator, { bearer: first })).toBe('jwt_required');
    expect(await outcome(authenticator, { bearer: good })).toBe('unauthorized');
    expect(await outcome(authenticator, { token: 'a.b.c', jwt: good, bearer: first })).toBe('unauthorized');
  });

  it('WIRE-O12: a role makes an admin', async () => {
    const { authenticator } = setUp({ hasJwtKey: true });
    expect(await authenticator.authenticate({ jwt: await jwt({ role: 'exai_admin' }) })).toMatchObject({
      isAdmin: true,
    });
    expect(await authenticator.authenticate({ jwt: await jwt() })).toMatchObject({
      isAdmin: false,
      expiresAt: nowSecs + 3_600,
    });
  });

  it('PF-A4: in grace an absent JWT is accepted with a warning, an invalid one is refused', async () => {
    const { authenticator } = setUp({ token: first, hasJwtKey: true, jwtGraceDays: 7 });
    expect(authenticator.authenticate({ token: first })).toMatchObject({
      principal: 'shared',
      warnings: ['JWT_GRACE'],
    });
    expect(await outcome(authenticator, { token: first, jwt: unsignedJwt() })).toBe('jwt_required');
    expect(await outcome(authenticator, {})).toBe('unauthorized');
  });

  it('WIRE-H5: a key that fails us lets nobody in and is reported', async () => {
    const reports: string[] = [];
    const { authenticator } = setUp({ hasJwtKey: true, loadJose: () => Promise.reject(new Error('gone')) });
    authenticator.onFailure((message, error) => reports.push(`${message}: ${String(error)}`));
    expect(await outcome(authenticator, { jwt: await jwt() })).toBe('jwt_required');
    expect(reports).toEqual(['user token could not be verified: Error: gone']);
  });
});

describe('rotation over ops', () => {
  it('WIRE-O12: right: the new token is needed at once', async () => {
    const { authenticator } = setUp({ token: first });
    const rotated: number[] = [];
    const secrets: string[] = [];
    authenticator.onRotated((generation) => rotated.push(generation));
    authenticator.onNewSecret((secret) => secrets.push(secret));
    expect(await authenticator.rotateToken(ask())).toEqual({ ok: true, tokenGeneration: 2 });
    expect(await outcome(authenticator, { token: first })).toBe('unauthorized');
    expect(authenticator.authenticate({ token: second })).toMatchObject({ principal: 'shared', tokenGeneration: 2 });
    expect(authenticator.tokenGeneration).toBe(2);
    expect([rotated, secrets]).toEqual([[2], [second]]);
  });

  it.each([
    ['wrong old', { old: third }, 'unauthorized'],
    ['absent old', { old: undefined }, 'missing_params'],
    ['empty new', { new: '' }, 'missing_params'],
    ['new of another type', { new: 12_345_678_901_234_567n }, 'missing_params'],
    ['new of 8 characters', { new: '8-chars!' }, 'weak_token'],
    ['new is a placeholder', { new: '<optional-token>' }, 'weak_token'],
    ['new is the old one', { new: first }, 'weak_token'],
    ['session of an instance token', { principal: 'instance:inst_01', isAdmin: false }, 'forbidden'],
    ['session of a user', { principal: 'user:ana', isAdmin: false }, 'forbidden'],
    ['no right and a wrong old: nothing is compared', { principal: 'open', isAdmin: false, old: third }, 'forbidden'],
  ])('WIRE-O12 PF-A5: %s', async (_name, request, error) => {
    const { authenticator } = setUp({ token: first });
    const secrets: string[] = [];
    authenticator.onNewSecret((secret) => secrets.push(secret));
    expect(await authenticator.rotateToken(ask(request))).toEqual({ ok: false, error });
    expect(await outcome(authenticator, { token: first })).toBe('shared');
    expect(authenticator.tokenGeneration).toBe(1);
    // A short one in the logger's list would mask harmless text.
    expect(secrets.filter((secret) => secret !== first)).toEqual([]);
  });

  it('WIRE-O12: an admin who is a user may', async () => {
    const { authenticator } = setUp({ token: first, hasJwtKey: true });
    const answer = await authenticator.rotateToken(ask({ principal: 'user:root', isAdmin: true }));
    expect(answer).toEqual({ ok: true, tokenGeneration: 2 });
  });

  it.each<[string, Setup]>([
    ['no token', {}],
    ['no token but a JWT key', { hasJwtKey: true }],
    ['an explicit policy open', { token: first, policyOverride: 'open' }],
  ])('WIRE-O12: auth off: %s', async (_name, setup) => {
    const { authenticator } = setUp(setup);
    expect(await authenticator.rotateToken(ask())).toEqual({ ok: false, error: 'auth_disabled' });
  });

  it('WIRE-O12: two at once: one wins, the other has the wrong old token', async () => {
    const { authenticator } = setUp({ token: first });
    const answers = await Promise.all([
      authenticator.rotateToken(ask()),
      authenticator.rotateToken(ask({ new: third })),
    ]);
    expect(answers).toEqual([
      { ok: true, tokenGeneration: 2 },
      { ok: false, error: 'unauthorized' },
    ]);
    expect(newToken()).toBe(second);
  });

  it('WIRE-O12: the token in grace opens connections and rotates nothing', async () => {
    const { authenticator } = setUp({ token: first, tokenGraceMs: 60_000 });
    await authenticator.rotateToken(ask());
    expect(authenticator.authenticate({ token: first })).toMatchObject({ principal: 'shared', tokenGeneration: 1 });
    expect(await authenticator.rotateToken(ask({ new: third }))).toEqual({ ok: false, error: 'unauthorized' });
  });

  it('WIRE-O12: when it cannot be stored nothing changes, and the log learns why', async () => {
    const { authenticator } = setUp({ token: first });
    const reports: string[] = [];
    const rotated: number[] = [];
    authenticator.onFailure((message, error) => reports.push(`${message}: ${String(error)}`));
    authenticator.onRotated((generation) => rotated.push(generation));
    mkdirSync(join(dir, 'shared.json'));
    expect(await authenticator.rotateToken(ask())).toEqual({ ok: false, error: 'persist_failed' });
    expect(await outcome(authenticator, { token: first })).toBe('shared');
    expect(newToken()).toBe(first);
    expect(rotated).toEqual([]);
    expect(reports).toHaveLength(1);
    expect(reports[0]).not.toContain(second);
  });
});

describe('rotation by the admin', () => {
  it('WIRE-O12: makes 32 random bytes and publishes them for the shims', async () => {
    const { authenticator } = setUp({ token: first });
    const answer = await authenticator.rotateAsAdmin();
    expect(answer).toEqual({ generation: 2, tokenFile: join(dir, 'shared.token') });
    expect(newToken()).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(await outcome(authenticator, { token: newToken() })).toBe('shared');
    expect(await outcome(authenticator, { token: first })).toBe('unauthorized');
    expect(JSON.stringify(answer)).not.toContain(newToken());
  });

  it('WIRE-O12: switches authentication on', async () => {
    const { authenticator } = setUp();
    expect(await outcome(authenticator, {})).toBe('open');
    expect((await authenticator.rotateAsAdmin()).generation).toBe(1);
    expect(authenticator.policy).toBe('token');
    expect(await outcome(authenticator, {})).toBe('unauthorized');
    const { authenticator: restarted } = setUp();
    expect(restarted.policy).toBe('token');
  });

  it('WIRE-O12: an explicit policy stays', async () => {
    const { authenticator } = setUp({ policyOverride: 'open' });
    await authenticator.rotateAsAdmin();
    expect(authenticator.policy).toBe('open');
  });

  it('WIRE-O12: tells when it cannot be stored', async () => {
    const { authenticator } = setUp({ token: first });
    mkdirSync(join(dir, 'shared.json'));
    await expect(authenticator.rotateAsAdmin()).rejects.toThrow(FailureError);
    expect(await outcome(authenticator, { token: first })).toBe('shared');
  });
});

describe('clear', () => {
  it('WIRE-O13: is the explicit act that switches authentication off, and outlives a restart', async () => {
    const { authenticator } = setUp({ token: first });
    await authenticator.rotateAsAdmin();
    await authenticator.clearToken();
    expect(authenticator.policy).toBe('open');
    const { authenticator: restarted } = setUp({ token: first });
    expect(await restarted.authenticate({ token: first })).toMatchObject({
      principal: 'open',
      warnings: ['AUTH_DISABLED', 'TOKEN_ENV_STALE'],
    });
  });

  it('WIRE-O13: without a token there is nothing to do', async () => {
    const { authenticator } = setUp({ isOpenAllowed: false });
    await expect(authenticator.clearToken()).resolves.toBeUndefined();
  });

  it.each<[string, Setup]>([
    ['it would open the daemon to the network', { token: first, isOpenAllowed: false }],
    ['the policy needs a token', { token: first, policyOverride: 'token' }],
    ['the policy needs both', { token: first, hasJwtKey: true, policyOverride: 'both' }],
  ])('WIRE-H16: is refused where %s', async (_name, setup) => {
    const { authenticator } = setUp(setup);
    const refused = await authenticator.clearToken().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(refused).toBeInstanceOf(FailureError);
    expect((refused as FailureError).failure.code).toBe('FORBIDDEN');
    expect(await outcome(authenticator, {})).toBe('unauthorized');
  });

  it.each(['token', 'both'] as const)('WIRE-O13: is refused while the next start has the policy %s', async (policy) => {
    const { authenticator } = setUp({ token: first });
    await expect(authenticator.clearToken(policy)).rejects.toMatchObject({
      failure: { code: 'FORBIDDEN', message: `EXAI_AUTH_POLICY=${policy} needs a token.`, hint: expect.any(String) },
    });
    expect(await outcome(authenticator, {})).toBe('unauthorized');
    await authenticator.clearToken('open');
    expect(authenticator.policy).toBe('open');
  });

  it('WIRE-O13: with a JWT key the users stay guarded', async () => {
    const { authenticator } = setUp({ token: first, hasJwtKey: true, isOpenAllowed: false });
    await authenticator.clearToken();
    expect(authenticator.policy).toBe('jwt');
    expect(await outcome(authenticator, {})).toBe('jwt_required');
  });
});
