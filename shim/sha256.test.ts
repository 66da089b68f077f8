import { createHash, createHmac } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { isProofValid, serverProof } from '../platform/discovery.ts';
import { isSameProof, serverProofOf } from './server-proof.ts';
import { hmacSha256, isEqualInConstantTime, sha256 } from './sha256.ts';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

it('WIRE-H17: the digest is SHA-256 at every length around the block size', () => {
  expect(hex(sha256(Buffer.from('abc')))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  for (let length = 0; length <= 200; length++) {
    const message = Buffer.alloc(length, length);
    expect(hex(sha256(message))).toBe(createHash('sha256').update(message).digest('hex'));
  }
});

it('WIRE-H17: digest and HMAC agree with node:crypto on any bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 150 }), (message, key) => {
      expect(hex(sha256(message))).toBe(createHash('sha256').update(message).digest('hex'));
      expect(hex(hmacSha256(key, message))).toBe(createHmac('sha256', key).update(message).digest('hex'));
    }),
  );
});

it('WIRE-H17: the comparison looks at every byte', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (left, right) => {
      expect(isEqualInConstantTime(left, right)).toBe(Buffer.from(left).equals(Buffer.from(right)));
      expect(isEqualInConstantTime(left, Uint8Array.from(left))).toBe(true);
    }),
  );
});

it('WIRE-H17: the proof is the one that the daemon gives, and no other passes', () => {
  const key = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('base64url'));
  const word = fc.string({
    unit: fc.constantFrom('a', 'b', 'X', 'Z', '0', '9', '-', '_'),
    minLength: 1,
    maxLength: 43,
  });
  fc.assert(
    fc.property(key, word, word, (runKey, nonce, runId) => {
      const proof = serverProofOf(runKey, nonce, runId);
      expect(proof).toBe(serverProof(runKey, nonce, runId));
      expect(isProofValid(runKey, nonce, runId, proof)).toBe(true);
      expect(isSameProof(proof, proof)).toBe(true);
      expect(isSameProof(proof, undefined)).toBe(false);
      expect(isSameProof(proof, `${proof}A`)).toBe(false);
      expect(isSameProof(serverProofOf(runKey, nonce, `${runId}x`), proof)).toBe(false);
    }),
  );
});
