import { hmacSha256, isEqualInConstantTime } from './sha256.ts';

/**
 * Value of `X-Exai-Proof` (WIRE §10.2). The same function as `serverProof` of platform/discovery.ts without
 * `node:crypto` (see sha256.ts); a test holds the two together.
 * @param runKey base64url, from the discovery file
 * @param nonce as it was sent
 */
export function serverProofOf(runKey: string, nonce: string, daemonRunId: string): string {
  const message = Buffer.from(`exai-proof-v1\n${nonce}\n${daemonRunId}`);
  return Buffer.from(hmacSha256(Buffer.from(runKey, 'base64url'), message)).toString('base64url');
}

/** Compares in constant time; an absent proof is wrong. */
export function isSameProof(expected: string, given: string | undefined): boolean {
  return given !== undefined && isEqualInConstantTime(Buffer.from(expected), Buffer.from(given));
}
