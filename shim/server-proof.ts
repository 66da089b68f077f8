import { hmacSha256, isEqualInConstantTime } from './sha256.ts';

/**
 * Whether an answer to an upgrade proves knowledge of the run key (WIRE §10.2); compares in constant time. The same
 * function as `isProofValid` of platform/discovery.ts without `node:crypto`; a test holds them together.
 * @param runKey base64url, from the discovery file
 * @param nonce as it was sent
 */
export function isServerProofValid(
  runKey: string,
  nonce: string,
  daemonRunId: string | undefined,
  proof: string | undefined,
): boolean {
  if (daemonRunId === undefined || proof === undefined) return false;
  const message = Buffer.from(`exai-proof-v1\n${nonce}\n${daemonRunId}`);
  const expected = Buffer.from(hmacSha256(Buffer.from(runKey, 'base64url'), message)).toString('base64url');
  return isEqualInConstantTime(Buffer.from(expected), Buffer.from(proof));
}
