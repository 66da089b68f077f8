import { describe, expect, it } from 'vitest';
import { type AuthFacts, type AuthResult, decideAuth, derivedPolicy, type KnownToken } from './decide-auth.ts';
import type { JwtResult } from './jwt.ts';

const shared: KnownToken = { type: 'shared', generation: 3 };
const instance: KnownToken = { type: 'instance', instanceId: 'inst_01', expiresAt: null };
const ana: JwtResult = { type: 'ok', sub: 'ana', expiresAt: 1_790_003_600, isAdmin: false };
const admin: JwtResult = { ...ana, sub: 'root', isAdmin: true };
const expired: JwtResult = { type: 'invalid', reason: 'expired' };
const forged: JwtResult = { type: 'invalid', reason: 'signature' };
const unverifiable: JwtResult = { type: 'unverifiable', error: new Error('x') };

function decide(facts: Partial<AuthFacts>): AuthResult {
  return decideAuth({
    policy: 'token',
    token: undefined,
    user: undefined,
    isJwtGraceActive: false,
    isEnvTokenStale: false,
    tokenGeneration: 3,
    ...facts,
  });
}

/** The principal, or the error of the refusal. */
function outcome(facts: Partial<AuthFacts>): string {
  const result = decide(facts);
  return result.type === 'accepted' ? result.principal : result.error;
}

function hint(user: JwtResult | undefined): string {
  const result = decide({ policy: 'jwt', user });
  return result.type === 'refused' ? result.hint : '';
}

describe('decideAuth', () => {
  it.each<[AuthFacts['policy'], KnownToken | undefined, JwtResult | undefined, string]>([
    ['open', undefined, undefined, 'open'],
    ['open', undefined, forged, 'open'],
    ['open', shared, undefined, 'shared'],
    ['open', instance, expired, 'instance:inst_01'],
    ['open', instance, ana, 'user:ana'],
    ['token', undefined, undefined, 'unauthorized'],
    ['token', undefined, ana, 'unauthorized'],
    ['token', shared, undefined, 'shared'],
    ['token', instance, undefined, 'instance:inst_01'],
    ['jwt', undefined, undefined, 'jwt_required'],
    ['jwt', shared, undefined, 'jwt_required'],
    ['jwt', shared, forged, 'jwt_required'],
    ['jwt', undefined, ana, 'user:ana'],
    ['both', undefined, undefined, 'unauthorized'],
    ['both', undefined, ana, 'unauthorized'],
    ['both', shared, undefined, 'jwt_required'],
    ['both', shared, expired, 'jwt_required'],
    ['both', shared, forged, 'jwt_required'],
    ['both', shared, unverifiable, 'jwt_required'],
    ['both', shared, ana, 'user:ana'],
    ['both', instance, ana, 'user:ana'],
  ])('WIRE-H4 WIRE-H5: policy %s, token %j, user %j: %s', (policy, token, user, expected) => {
    expect(outcome({ policy, token, user })).toBe(expected);
  });

  it.each<[AuthFacts['policy'], KnownToken | undefined, JwtResult | undefined, string]>([
    ['jwt', undefined, undefined, 'open'],
    ['jwt', instance, undefined, 'instance:inst_01'],
    ['jwt', undefined, forged, 'jwt_required'],
    ['jwt', undefined, unverifiable, 'jwt_required'],
    ['both', shared, undefined, 'shared'],
    ['both', shared, expired, 'jwt_required'],
    ['both', undefined, undefined, 'unauthorized'],
  ])(
    'PF-A4: in grace an absent JWT passes, an invalid one does not: policy %s, token %j, user %j: %s',
    (policy, token, user, expected) => {
      expect(outcome({ policy, token, user, isJwtGraceActive: true })).toBe(expected);
    },
  );

  it('WIRE-H5: says everything that a session needs to know of its owner', () => {
    const expiring: KnownToken = { type: 'instance', instanceId: 'inst_01', expiresAt: 1_790_000_060 };
    expect(decide({ policy: 'both', token: expiring, user: ana })).toEqual({
      type: 'accepted',
      principal: 'user:ana',
      auth: 'jwt',
      instanceId: 'inst_01',
      userId: 'ana',
      isAdmin: false,
      expiresAt: 1_790_000_060,
      tokenGeneration: 3,
      warnings: [],
    });
    expect(decide({ policy: 'open' })).toEqual({
      type: 'accepted',
      principal: 'open',
      auth: 'disabled',
      instanceId: null,
      userId: null,
      isAdmin: false,
      expiresAt: null,
      tokenGeneration: 3,
      warnings: ['AUTH_DISABLED'],
    });
    expect(decide({ token: shared })).toMatchObject({ auth: 'shared', isAdmin: true, userId: null, expiresAt: null });
    expect(decide({ token: instance })).toMatchObject({ auth: 'instance', isAdmin: false, instanceId: 'inst_01' });
    expect(decide({ policy: 'jwt', user: ana })).toMatchObject({ auth: 'jwt', expiresAt: 1_790_003_600 });
  });

  it('WIRE-O12: where users have names, the role makes the admin and not the token that all of them share', () => {
    expect(decide({ policy: 'both', token: shared, user: ana })).toMatchObject({ isAdmin: false });
    expect(decide({ policy: 'both', token: instance, user: admin })).toMatchObject({ isAdmin: true });
  });

  it('WIRE-O12: a token accepted by grace carries its own generation', () => {
    expect(decide({ token: { type: 'shared', generation: 2 } })).toMatchObject({ tokenGeneration: 2 });
    expect(decide({ token: instance })).toMatchObject({ tokenGeneration: 3 });
  });

  it('WIRE-O13: warnings: open, grace and a stale variable', () => {
    expect(decide({ policy: 'open', isEnvTokenStale: true })).toMatchObject({
      warnings: ['AUTH_DISABLED', 'TOKEN_ENV_STALE'],
    });
    expect(decide({ policy: 'jwt', isJwtGraceActive: true })).toMatchObject({ warnings: ['JWT_GRACE'] });
    expect(decide({ policy: 'jwt', isJwtGraceActive: true, user: ana })).toMatchObject({ warnings: [] });
    expect(decide({ token: shared, isEnvTokenStale: true })).toMatchObject({ warnings: ['TOKEN_ENV_STALE'] });
  });

  it('WIRE-H5: tells an expired user token from others, which are all the same', () => {
    expect(hint(expired)).toContain('has expired');
    expect(new Set([undefined, forged, unverifiable].map(hint)).size).toBe(1);
  });
});

describe('derivedPolicy', () => {
  it.each([
    [false, false, 'open'],
    [true, false, 'token'],
    [false, true, 'jwt'],
    [true, true, 'both'],
  ] as const)('WIRE-H5: shared token %s, JWT key %s: %s', (hasSharedToken, hasJwtKey, policy) => {
    expect(derivedPolicy(hasSharedToken, hasJwtKey)).toBe(policy);
  });
});
