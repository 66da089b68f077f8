import type { KeyObject } from 'node:crypto';
import { errorCode } from '../../platform/atomic-file.ts';
import { limits } from '../../protocol/limits.ts';

export type JwtAlgorithm = 'HS256' | 'HS384' | 'HS512' | 'RS256' | 'ES256';

type JwtInvalidReason = 'malformed' | 'algorithm' | 'signature' | 'expired' | 'claims';

export type JwtResult =
  | {
      readonly type: 'ok';
      readonly sub: string;
      /** Epoch seconds, the `exp` of the token without skew. */
      readonly expiresAt: number;
      /** The claim `role` is `exai_admin` or `service_role`. */
      readonly isAdmin: boolean;
    }
  | { readonly type: 'invalid'; readonly reason: JwtInvalidReason }
  /** Not the token but our side failed; such a token counts as invalid too. */
  | { readonly type: 'unverifiable'; readonly error: unknown };

export interface JwtVerifierOptions {
  readonly algorithm: JwtAlgorithm;
  /** A secret key for HS*, else a public key. */
  readonly key: KeyObject;
  /** Required when given. */
  readonly issuer?: string | undefined;
  readonly audience?: string | undefined;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  /** The library, loaded when the first token arrives: most daemons never see one. */
  readonly loadJose?: () => Promise<Jose>;
}

type Jose = Pick<typeof import('jose'), 'jwtVerify'>;

const skewSecs = limits.jwtSkewMs / 1000;
const adminRoles: ReadonlySet<unknown> = new Set(['exai_admin', 'service_role']);

/** Checks user tokens (WIRE §3.5): signature by the one configured algorithm, `exp`, `iat`, `sub`, `iss`, `aud`. */
export class JwtVerifier {
  readonly #options: JwtVerifierOptions;

  constructor(options: JwtVerifierOptions) {
    this.#options = options;
  }

  /** Never rejects. */
  async verify(jwt: string): Promise<JwtResult> {
    const { algorithm, key, issuer, audience, now = Date.now, loadJose = () => import('jose') } = this.#options;
    const nowMs = now();
    try {
      const { jwtVerify } = await loadJose();
      const { payload } = await jwtVerify(jwt, key, {
        algorithms: [algorithm],
        clockTolerance: skewSecs,
        currentDate: new Date(nowMs),
        ...(issuer === undefined ? {} : { issuer }),
        ...(audience === undefined ? {} : { audience }),
      });
      const { exp, iat, sub, role } = payload;
      if (!isTime(exp) || !isTime(iat) || iat > nowMs / 1000 + skewSecs) return { type: 'invalid', reason: 'claims' };
      if (typeof sub !== 'string' || sub === '') return { type: 'invalid', reason: 'claims' };
      return { type: 'ok', sub, expiresAt: exp, isAdmin: adminRoles.has(role) };
    } catch (error) {
      const reason = reasonOf(error);
      return reason === undefined ? { type: 'unverifiable', error } : { type: 'invalid', reason };
    }
  }
}

/** Three dot-separated parts; an unsigned token has an empty third one and is one all the same. */
export function isJwtShaped(credential: string): boolean {
  return /^[^.]*\.[^.]*\.[^.]*$/.test(credential);
}

function isTime(value: unknown): value is number {
  return Number.isFinite(value);
}

function reasonOf(error: unknown): JwtInvalidReason | undefined {
  switch (errorCode(error)) {
    case 'ERR_JWT_EXPIRED':
      return 'expired';
    case 'ERR_JWT_CLAIM_VALIDATION_FAILED':
      return 'claims';
    case 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED':
      return 'signature';
    case 'ERR_JOSE_ALG_NOT_ALLOWED':
      return 'algorithm';
    case 'ERR_JWS_INVALID':
    case 'ERR_JWT_INVALID':
    case 'ERR_JOSE_NOT_SUPPORTED':
      return 'malformed';
    default:
      return undefined;
  }
}
