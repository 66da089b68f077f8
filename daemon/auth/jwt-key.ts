import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { errorCode } from '../../platform/atomic-file.ts';
import type { JwtAlgorithm } from './jwt.ts';

export interface JwtKeySource {
  readonly algorithm: JwtAlgorithm;
  /** For HS*. */
  readonly secret: string | undefined;
  /** PEM file with a public key, for RS256 and ES256. */
  readonly publicKeyFile: string | undefined;
}

export type JwtKeyRead =
  | { readonly type: 'ok'; readonly key: KeyObject }
  /** Users have no tokens here. */
  | { readonly type: 'none' }
  /** The public key file cannot be used; `expected` ends a sentence about it. */
  | { readonly type: 'invalid'; readonly expected: string };

const rsaMinBits = 2048;

/** The key that user tokens are verified with, or why there is none. Reads the key file once. */
export function readJwtKey({ algorithm, secret, publicKeyFile }: JwtKeySource): JwtKeyRead {
  if (algorithm === 'RS256' || algorithm === 'ES256') {
    return publicKeyFile === undefined ? { type: 'none' } : readPublicKey(publicKeyFile, algorithm);
  }
  return secret === undefined ? { type: 'none' } : { type: 'ok', key: createSecretKey(secret, 'utf8') };
}

function readPublicKey(path: string, algorithm: 'RS256' | 'ES256'): JwtKeyRead {
  let pem: string;
  try {
    pem = readFileSync(path, 'utf8');
  } catch (error) {
    return { type: 'invalid', expected: `expected a file that can be read (${errorCode(error) ?? 'unknown error'})` };
  }
  // Node would derive the public key from it; but what signs tokens has no place where they are only checked.
  if (pem.includes('PRIVATE KEY')) return { type: 'invalid', expected: 'expected a public key, found a private one' };
  let key: KeyObject;
  try {
    key = createPublicKey(pem);
  } catch {
    // The library's message is about its own parser; what is wanted helps more.
    return { type: 'invalid', expected: 'expected a public key in PEM form' };
  }
  return fits(key, algorithm) ? { type: 'ok', key } : { type: 'invalid', expected: wanted[algorithm] };
}

const wanted = {
  RS256: `expected an RSA key of at least ${rsaMinBits} bits for JWT_ALGORITHM RS256`,
  ES256: 'expected an EC key on the curve P-256 for JWT_ALGORITHM ES256',
} as const;

function fits({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject, algorithm: 'RS256' | 'ES256'): boolean {
  if (algorithm === 'ES256') return asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1';
  return asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) >= rsaMinBits;
}
