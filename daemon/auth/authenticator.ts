import { randomBytes } from 'node:crypto';
import { FailureError } from '../../protocol/errors.ts';
import type { AuthPolicy } from '../config.ts';
import { type AuthResult, decideAuth, derivedPolicy, type KnownToken, refusedToken } from './decide-auth.ts';
import type { InstanceTokens } from './instance-tokens.ts';
import { isJwtShaped, type JwtVerifier } from './jwt.ts';
import type { JwtGrace } from './jwt-grace.ts';
import type { SharedToken } from './shared-token.ts';
import { isStrongToken } from './token-strength.ts';

export type { AuthResult } from './decide-auth.ts';

/** What a client has shown. Null and `""` count as absent. */
export interface Credentials {
  /** `hello.token`: shared token, instance token, or a JWT (seed variant). */
  readonly token?: string | null;
  /** `hello.jwt`. */
  readonly jwt?: string | null;
  /** Of the upgrade or HTTP request; stands in for whichever of the two is absent. */
  readonly bearer?: string | null;
}

export interface RotateRequest {
  readonly old: unknown;
  readonly new: unknown;
  /** Of the session that asks. */
  readonly principal: string;
  readonly isAdmin: boolean;
}

export type RotateAnswer =
  | { readonly ok: true; readonly tokenGeneration: number }
  | {
      readonly ok: false;
      readonly error:
        | 'missing_params'
        | 'unauthorized'
        | 'forbidden'
        | 'auth_disabled'
        | 'weak_token'
        | 'persist_failed';
    };

export interface AuthenticatorOptions {
  readonly sharedToken: SharedToken;
  readonly instanceTokens: InstanceTokens;
  /** Present when there is a key. */
  readonly users?: { readonly verifier: JwtVerifier; readonly grace: JwtGrace } | undefined;
  /** `EXAI_AUTH_POLICY`; otherwise the policy follows from what is set, at any moment. */
  readonly policyOverride?: AuthPolicy | undefined;
  /** False where an open daemon would have refused to start (WIRE §1.1): it does not become one at run time either. */
  readonly isOpenAllowed: boolean;
  readonly random?: (bytes: number) => Buffer;
}

const generatedTokenBytes = 32;

/** Who a client is and what it may do (WIRE §3.5), and the rotation of the shared token (WIRE §4.2). */
export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #onNewSecret: ((secret: string) => void)[] = [];
  readonly #onRotated: ((generation: number) => void)[] = [];
  readonly #onFailure: ((message: string, error: unknown) => void)[] = [];

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  /** Told a new token before anything is done with it, so that the logger can mask it. */
  onNewSecret(listener: (secret: string) => void): void {
    this.#onNewSecret.push(listener);
  }

  /** Told after a rotation; new connections need the new token already. */
  onRotated(listener: (generation: number) => void): void {
    this.#onRotated.push(listener);
  }

  /** Told what the daemon's log should say: failures of our own that a client only sees as a refusal. */
  onFailure(listener: (message: string, error: unknown) => void): void {
    this.#onFailure.push(listener);
  }

  get policy(): AuthPolicy {
    const { policyOverride, sharedToken, users } = this.#options;
    return policyOverride ?? derivedPolicy(sharedToken.current !== undefined, users !== undefined);
  }

  /** The shared token itself, for the person who runs the daemon. Never logged. */
  get currentToken(): string | undefined {
    return this.#options.sharedToken.current?.token;
  }

  /** Of the current shared token or, without one, of the last; 0 = there has been none. */
  get tokenGeneration(): number {
    return this.#options.sharedToken.generation;
  }

  /** At once, unless a JWT has to be verified. The promise never rejects. */
  authenticate(credentials: Credentials): AuthResult | Promise<AuthResult> {
    const { policy } = this;
    const { token, jwt } = this.#sort(credentials);
    const { users, sharedToken } = this.#options;
    const facts = {
      policy,
      token,
      isJwtGraceActive: users?.grace.isActive ?? false,
      isEnvTokenStale: sharedToken.staleEnv,
      tokenGeneration: sharedToken.generation,
    };
    if (policy === 'both' && token === undefined) return refusedToken;
    if (policy === 'token' || users === undefined || jwt === undefined)
      return decideAuth({ ...facts, user: undefined });
    return users.verifier.verify(jwt).then((user) => {
      if (user.type === 'unverifiable') this.#failed('user token could not be verified', user.error);
      return decideAuth({ ...facts, user });
    });
  }

  /**
   * The ops verb (WIRE §4.2). Sessions without the right are told so before anything is compared, so that they cannot
   * try out tokens. Two rotations at once: the first wins, for the second `old` is no longer the current token.
   */
  async rotateToken(request: RotateRequest): Promise<RotateAnswer> {
    const { old, new: next, principal, isAdmin } = request;
    const { sharedToken } = this.#options;
    if (!isFilled(old) || !isFilled(next)) return { ok: false, error: 'missing_params' };
    if (this.policy === 'open' || sharedToken.current === undefined) return { ok: false, error: 'auth_disabled' };
    if (principal !== 'shared' && !isAdmin) return { ok: false, error: 'forbidden' };
    if (sharedToken.matches(old) !== 'current') return { ok: false, error: 'unauthorized' };
    if (!isStrongToken(next)) return { ok: false, error: 'weak_token' };
    const rotation = this.#rotate(next);
    if (rotation.type === 'ok') return { ok: true, tokenGeneration: rotation.generation };
    if (rotation.type === 'weak') return { ok: false, error: 'weak_token' };
    this.#failed('token rotation could not be stored', rotation.error);
    return { ok: false, error: 'persist_failed' };
  }

  /**
   * Makes and sets a token of 32 random bytes; where there was none this switches authentication on.
   * @returns its generation, and the file where shims read it
   * @throws FailureError `INTERNAL_ERROR` when it cannot be stored; nothing has changed then
   */
  async rotateAsAdmin(): Promise<{ readonly generation: number; readonly tokenFile: string }> {
    const { sharedToken, random = randomBytes } = this.#options;
    const rotation = this.#rotate(random(generatedTokenBytes).toString('base64url'));
    if (rotation.type !== 'ok') throw notStored(rotation.type === 'failed' ? rotation.error : undefined);
    return { generation: rotation.generation, tokenFile: sharedToken.tokenFile };
  }

  /**
   * Forgets the shared token, for good; without a JWT key this switches authentication off.
   * @param nextPolicyOverride what `EXAI_AUTH_POLICY` says at the next start, which fails when that needs a token
   * @throws FailureError `FORBIDDEN` where that must not happen while the daemon runs, `INTERNAL_ERROR` when it cannot
   * be stored; nothing has changed then
   */
  async clearToken(nextPolicyOverride?: AuthPolicy): Promise<void> {
    const { sharedToken, policyOverride, users, isOpenAllowed } = this.#options;
    if (sharedToken.current === undefined) return;
    const needy = [policyOverride, nextPolicyOverride].find((policy) => policy === 'token' || policy === 'both');
    if (needy !== undefined) {
      throw new FailureError({
        code: 'FORBIDDEN',
        message: `EXAI_AUTH_POLICY=${needy} needs a token.`,
        hint: 'Unset EXAI_AUTH_POLICY and restart the daemon first.',
      });
    }
    if (!isOpenAllowed && policyOverride === undefined && users === undefined) {
      throw new FailureError({
        code: 'FORBIDDEN',
        message: 'This daemon can be reached from the network; without a token everyone there could use it.',
        hint: 'Set EXAI_WS_HOST to 127.0.0.1, or EXAI_WS_ALLOW_OPEN_NETWORK=true, and restart the daemon first.',
      });
    }
    const cleared = sharedToken.clear();
    if (cleared.type === 'failed') throw notStored(cleared.error);
  }

  #failed(message: string, error: unknown): void {
    for (const listener of this.#onFailure) listener(message, error);
  }

  #rotate(next: string): ReturnType<SharedToken['rotate']> {
    for (const listener of this.#onNewSecret) listener(next);
    const rotation = this.#options.sharedToken.rotate(next);
    if (rotation.type === 'ok') {
      for (const listener of this.#onRotated) listener(rotation.generation);
    }
    return rotation;
  }

  /** Tells tokens and JWTs apart. A token that happens to look like a JWT is still a token when it is known. */
  #sort({ token, jwt, bearer }: Credentials): { token: KnownToken | undefined; jwt: string | undefined } {
    const shown = [token, bearer].filter(isFilled);
    const jwts = [jwt].filter(isFilled);
    const tokens: string[] = [];
    let known: KnownToken | undefined;
    for (const credential of shown) {
      const found = this.#find(credential);
      if (found === undefined && isJwtShaped(credential) && jwts.length === 0) jwts.push(credential);
      else if (tokens.length === 0) {
        tokens.push(credential);
        known = found;
      }
    }
    return { token: shown.length === 0 ? this.#find('') : known, jwt: jwts[0] };
  }

  /** The same work whatever comes in. */
  #find(credential: string): KnownToken | undefined {
    const { sharedToken, instanceTokens } = this.#options;
    const match = sharedToken.matches(credential);
    const instance = instanceTokens.find(credential);
    if (match === 'current') return { type: 'shared', generation: sharedToken.generation };
    const { previousGeneration } = sharedToken;
    if (match === 'grace' && previousGeneration !== undefined)
      return { type: 'shared', generation: previousGeneration };
    return instance === undefined
      ? undefined
      : { type: 'instance', instanceId: instance.instanceId, expiresAt: instance.expiresAt };
  }
}

function isFilled(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function notStored(cause: Error | undefined): FailureError {
  return new FailureError(
    {
      code: 'INTERNAL_ERROR',
      message: 'The change of the token could not be stored; everything is as before.',
      hint: 'See the daemon log; often the disk is full.',
    },
    { cause },
  );
}
