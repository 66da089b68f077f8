import type { AuthKind, HelloWarning } from '../../protocol/hello.ts';
import type { AuthPolicy } from '../config.ts';
import type { JwtResult } from './jwt.ts';

export type AuthResult =
  | {
      readonly type: 'accepted';
      /** `shared`, `instance:<id>`, `user:<sub>` or `open` (WIRE §3.3). */
      readonly principal: string;
      readonly auth: AuthKind;
      readonly instanceId: string | null;
      readonly userId: string | null;
      /** May rotate the token, given that it knows the current one. */
      readonly isAdmin: boolean;
      /** Epoch seconds; null = never. */
      readonly expiresAt: number | null;
      /** Generation of the shared token that was shown; for every other credential the current one. */
      readonly tokenGeneration: number;
      readonly warnings: HelloWarning[];
    }
  | { readonly type: 'refused'; readonly error: 'unauthorized' | 'jwt_required'; readonly hint: string };

/** A token that the daemon knows. */
export type KnownToken =
  | { readonly type: 'shared'; readonly generation: number }
  | { readonly type: 'instance'; readonly instanceId: string; readonly expiresAt: number | null };

export interface AuthFacts {
  readonly policy: AuthPolicy;
  /** Undefined when none was shown, or one that is not valid. */
  readonly token: KnownToken | undefined;
  /** Undefined when none was shown, or none can be checked. */
  readonly user: JwtResult | undefined;
  readonly isJwtGraceActive: boolean;
  readonly isEnvTokenStale: boolean;
  /** Of the current shared token. */
  readonly tokenGeneration: number;
}

/** Applies the policy to what a client has shown (WIRE §3.5). Pure. */
export function decideAuth(facts: AuthFacts): AuthResult {
  const { policy, token, user } = facts;
  if (policy === 'open') return accept(facts, ['AUTH_DISABLED']);
  if (policy !== 'jwt' && token === undefined) return refusedToken;
  if (policy === 'token' || user?.type === 'ok') return accept(facts, []);
  if (user === undefined && facts.isJwtGraceActive) return accept(facts, ['JWT_GRACE']);
  return refusedUser(user);
}

/** The policy when `EXAI_AUTH_POLICY` is not set. */
export function derivedPolicy(hasSharedToken: boolean, hasJwtKey: boolean): AuthPolicy {
  if (hasSharedToken) return hasJwtKey ? 'both' : 'token';
  return hasJwtKey ? 'jwt' : 'open';
}

/** The same for an absent, a wrong and an outdated token: nothing is to be learnt from a refusal. */
export const refusedToken: AuthResult = {
  type: 'refused',
  error: 'unauthorized',
  hint: 'A valid token is needed. Point EXAI_WS_TOKEN_FILE to credentials/shared.token of the daemon; a token from before the last rotation is no longer valid.',
};

function refusedUser(user: JwtResult | undefined): AuthResult {
  const isExpired = user?.type === 'invalid' && user.reason === 'expired';
  const hint = isExpired
    ? 'The user token (JWT) has expired; get a new one.'
    : 'A valid user token (JWT) is needed. Point EXAI_JWT_TOKEN_FILE to a file that holds it.';
  return { type: 'refused', error: 'jwt_required', hint };
}

/**
 * The user, where one is known, is who a session belongs to: the shared token is the same for all of them. For the same
 * reason it makes no user an admin.
 */
function accept(facts: AuthFacts, policyWarnings: readonly HelloWarning[]): AuthResult {
  const { token } = facts;
  const user = facts.user?.type === 'ok' ? facts.user : undefined;
  const instance = token?.type === 'instance' ? token : undefined;
  return {
    type: 'accepted',
    ...identity(token, user?.sub),
    instanceId: instance?.instanceId ?? null,
    userId: user?.sub ?? null,
    isAdmin: user === undefined ? token?.type === 'shared' : user.isAdmin,
    expiresAt: earliest(user?.expiresAt, instance?.expiresAt),
    tokenGeneration: token?.type === 'shared' ? token.generation : facts.tokenGeneration,
    warnings: [...policyWarnings, ...(facts.isEnvTokenStale ? (['TOKEN_ENV_STALE'] as const) : [])],
  };
}

function identity(token: KnownToken | undefined, sub: string | undefined): { principal: string; auth: AuthKind } {
  if (sub !== undefined) return { principal: `user:${sub}`, auth: 'jwt' };
  if (token === undefined) return { principal: 'open', auth: 'disabled' };
  return token.type === 'shared'
    ? { principal: 'shared', auth: 'shared' }
    : { principal: `instance:${token.instanceId}`, auth: 'instance' };
}

function earliest(...times: readonly (number | null | undefined)[]): number | null {
  const set = times.filter((time) => time !== null && time !== undefined);
  return set.length === 0 ? null : Math.min(...set);
}
