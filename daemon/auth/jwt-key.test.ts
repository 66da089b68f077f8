import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type JwtKeyRead, readJwtKey } from './jwt-key.ts';

const secret = 'k'.repeat(32);
let dir: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'exai-key-'));
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

function put(pem: string): string {
  const path = join(dir, 'key.pem');
  writeFileSync(path, pem);
  return path;
}

function publicPem(key: KeyObject): string {
  return key.export({ type: 'spki', format: 'pem' }).toString();
}

function readFile(algorithm: 'RS256' | 'ES256', publicKeyFile: string): JwtKeyRead {
  return readJwtKey({ algorithm, secret: undefined, publicKeyFile });
}

describe('readJwtKey', () => {
  it('WIRE-H5: HS* takes the secret, the others the key file; neither takes what belongs to the other', () => {
    const publicKeyFile = put(publicPem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey));
    const types = (['HS256', 'HS384', 'HS512', 'ES256'] as const).map((algorithm) => {
      const read = readJwtKey({ algorithm, secret, publicKeyFile });
      return read.type === 'ok' ? read.key.type : read.type;
    });
    expect(types).toEqual(['secret', 'secret', 'secret', 'public']);
    expect(readJwtKey({ algorithm: 'HS256', secret: undefined, publicKeyFile }).type).toBe('none');
    expect(readJwtKey({ algorithm: 'ES256', secret, publicKeyFile: undefined }).type).toBe('none');
  });

  it('WIRE-H5: accepts an RSA key of 2048 bits for RS256', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    expect(readFile('RS256', put(publicPem(publicKey))).type).toBe('ok');
  });

  it('WIRE-H5 MAIN-exit-codes: names what is wrong with a key that does not fit', () => {
    const weak = publicPem(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey);
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const otherCurve = publicPem(generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey);
    const rsa = 'expected an RSA key of at least 2048 bits for JWT_ALGORITHM RS256';
    const ec = 'expected an EC key on the curve P-256 for JWT_ALGORITHM ES256';
    const refused = (algorithm: 'RS256' | 'ES256', pem: string): JwtKeyRead => readFile(algorithm, put(pem));
    expect(refused('RS256', weak)).toEqual({ type: 'invalid', expected: rsa });
    expect(refused('RS256', publicPem(publicKey))).toEqual({ type: 'invalid', expected: rsa });
    expect(refused('ES256', weak)).toEqual({ type: 'invalid', expected: ec });
    expect(refused('ES256', otherCurve)).toEqual({ type: 'invalid', expected: ec });
    const privatePem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    expect(refused('ES256', privatePem)).toEqual({
      type: 'invalid',
      expected: 'expected a public key, found a private one',
    });
    expect(refused('ES256', 'hello')).toEqual({ type: 'invalid', expected: 'expected a public key in PEM form' });
    expect(readFile('ES256', join(dir, 'none.pem'))).toEqual({
      type: 'invalid',
      expected: 'expected a file that can be read (ENOENT)',
    });
  });
});
