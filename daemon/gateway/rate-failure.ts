import type { Failure } from '../../protocol/errors.ts';
import type { RateRefusal } from '../calls/token-bucket.ts';

/** What a client over its rate is told (WIRE §2, guard 9). */
export function rateFailure(refusal: RateRefusal): Failure {
  return {
    code: 'RATE_LIMITED',
    message: 'Too many requests.',
    hint: 'Slow down and retry.',
    retryAfterMs: refusal.retryAfterMs,
    details: { scope: refusal.scope, limit: refusal.limit },
  };
}
