import { createSecretKey, generateKeyPairSync } from 'node:crypto';
import { assert, asyncProperty, constantFrom, oneof, string, stringMatching, tuple } from 'fast-check';
import { type JWTPayload, SignJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { isJwtShaped, type JwtAlgorithm, type JwtResult, JwtVerifier, type JwtVerifierOptions } from './jwt.ts';

const nowSecs = 1_790_000_000;
const secret = createSecretKey('an HMAC key of at least 32 bytes!', 'utf8');
const claims = { sub: 'ana', iat: nowSecs - 10, exp: nowSecs + 3_600 };

type Key = Parameters<SignJWT['sign']>[0];

function sign(payload: JWTPayload, algorithm: JwtAlgorithm = 'HS256', key: Key = secret): Promise<string> {
  return new SignJWT(payload).setProtectedHeader({ alg: algorithm }).sign(key);
}

function verifier(options: Partial<JwtVerifierOptions> = {}): JwtVerifier {
  return new JwtVerifier({ algorithm: 'HS256', key: secret, now: () => nowSecs * 1000, ...options });
}

async function verify(payload: JWTPayload, options?: Partial<JwtVerifierOptions>): Promise<JwtResult> {
  return verifier(options).verify(await sign(payload));
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** By hand: the library signs no such thing. */
function unsigned(header: object, payload: object = claims): string {
  return `${encode(header)}.${encode(payload)}.`;
}

describe('JwtVerifier', () => {
  it('WIRE-H5: gives the user, the end and no admin right', async () => {
    expect(await verify(claims)).toEqual({ type: 'ok', sub: 'ana', expiresAt: nowSecs + 3_600, isAdmin: false });
  });

  it.each([
    ['exai_admin', true],
    ['service_role', true],
    ['authenticated', false],
    [['exai_admin'], false],
    [undefined, false],
  ])('WIRE-O12: role %j: admin %s', async (role, isAdmin) => {
    expect(await verify({ ...claims, role })).toMatchObject({ type: 'ok', isAdmin });
  });

  it.each([
    ['expired beyond the skew', { ...claims, exp: nowSecs - 60 }, 'expired'],
    ['not yet valid', { ...claims, nbf: nowSecs + 61 }, 'claims'],
    ['issued in the future', { ...claims, iat: nowSecs + 61 }, 'claims'],
    ['without exp', { sub: 'ana', iat: nowSecs }, 'claims'],
    ['without iat', { sub: 'ana', exp: nowSecs + 60 }, 'claims'],
    ['without sub', { iat: nowSecs, exp: nowSecs + 60 }, 'claims'],
    ['with an empty sub', { ...claims, sub: '' }, 'claims'],
  ])('WIRE-H5: %s is invalid', async (_name, payload, reason) => {
    expect(await verify(payload)).toEqual({ type: 'invalid', reason });
  });

  it.each([
    ['exp', { exp: String(nowSecs + 60) }],
    ['iat', { iat: 'now' }],
    ['sub', { sub: 7 }],
  ])('WIRE-H5: %s of the wrong type is invalid', async (_name, wrong) => {
    expect(await verify({ ...claims, ...wrong } as unknown as JWTPayload)).toEqual({
      type: 'invalid',
      reason: 'claims',
    });
  });

  it('WIRE-H5: clocks may differ by 60 s', async () => {
    expect(await verify({ ...claims, exp: nowSecs - 59 })).toMatchObject({ type: 'ok', expiresAt: nowSecs - 59 });
    expect(await verify({ ...claims, iat: nowSecs + 60, nbf: nowSecs + 60 })).toMatchObject({ type: 'ok' });
  });

  it('WIRE-H5: issuer and audience are required when configured, and only then', async () => {
    const options = { issuer: 'https://auth.example', audience: 'exai' };
    const good = { ...claims, iss: 'https://auth.example', aud: ['other', 'exai'] };
    expect(await verify(good, options)).toMatchObject({ type: 'ok' });
    expect(await verify(good)).toMatchObject({ type: 'ok' });
    for (const payload of [claims, { ...good, iss: 'https://evil.example' }, { ...good, aud: 'other' }]) {
      expect(await verify(payload, options)).toEqual({ type: 'invalid', reason: 'claims' });
    }
  });

  it('WIRE-H5: a signature by another key, or a changed token, is invalid', async () => {
    const foreign = await sign(claims, 'HS256', createSecretKey('x'.repeat(32), 'utf8'));
    const [header, , signature] = (await sign(claims)).split('.');
    const changed = `${header}.${encode({ ...claims, sub: 'bob' })}.${signature}`;
    for (const token of [foreign, changed]) {
      expect(await verifier().verify(token)).toEqual({ type: 'invalid', reason: 'signature' });
    }
  });

  it.each(['none', 'None', 'NONE', 'nOnE', ''])('WIRE-H5: alg %j is never accepted', async (alg) => {
    expect((await verifier().verify(unsigned({ alg }))).type).toBe('invalid');
    expect((await verifier().verify(unsigned({ alg, typ: 'JWT' }).slice(0, -1))).type).toBe('invalid');
  });

  it('WIRE-H5: only the configured algorithm counts, also among those that fit the key', async () => {
    const token = await sign(claims, 'HS512', createSecretKey('k'.repeat(64), 'utf8'));
    const options = { key: createSecretKey('k'.repeat(64), 'utf8') };
    expect(await verifier({ ...options, algorithm: 'HS512' }).verify(token)).toMatchObject({ type: 'ok' });
    expect(await verifier({ ...options, algorithm: 'HS256' }).verify(token)).toEqual({
      type: 'invalid',
      reason: 'algorithm',
    });
  });

  it.each([
    ['RS256', generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['ES256', generateKeyPairSync('ec', { namedCurve: 'P-256' })],
  ] as const)(
    'WIRE-H5: %s with the public key; the public key is no HMAC secret',
    async (algorithm, { publicKey, privateKey }) => {
      const options = { algorithm, key: publicKey };
      expect(await verifier(options).verify(await sign(claims, algorithm, privateKey))).toMatchObject({ type: 'ok' });
      const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
      const forged = await sign(claims, 'HS256', createSecretKey(pem, 'utf8'));
      expect(await verifier(options).verify(forged)).toEqual({ type: 'invalid', reason: 'algorithm' });
    },
  );

  it('WIRE-H5: whatever is not a token is invalid, without an exception and without an error of ours', async () => {
    const part = oneof(
      string(),
      stringMatching(/^[A-Za-z0-9_-]{0,20}$/),
      constantFrom('e30', encode({ alg: 'HS256' }), encode(claims)),
    );
    const header = constantFrom<object>(
      { alg: 'HS256' },
      { alg: 'HS256', crit: ['x'] },
      { alg: 'HS256', b64: false, crit: ['b64'] },
      { alg: 7 },
      {},
    );
    const jwt = oneof(
      string({ unit: 'binary' }),
      tuple(part, part, part).map((parts) => parts.join('.')),
      tuple(header.map(encode), part, part).map((parts) => parts.join('.')),
    );
    await assert(
      asyncProperty(jwt, async (text) => {
        expect((await verifier().verify(text)).type).toBe('invalid');
      }),
      { numRuns: 500 },
    );
  });

  it('WIRE-H5: loads the library with the first token, not before', async () => {
    let loads = 0;
    const lazy = verifier({
      loadJose: () => {
        loads += 1;
        return import('jose');
      },
    });
    expect(loads).toBe(0);
    expect((await lazy.verify(await sign(claims))).type).toBe('ok');
    expect(loads).toBe(1);
  });

  it('WIRE-H5: when the library cannot be loaded nobody gets in, and the cause is kept for the log', async () => {
    const error = new Error('not installed');
    const broken = verifier({ loadJose: () => Promise.reject(error) });
    expect(await broken.verify(await sign(claims))).toEqual({ type: 'unverifiable', error });
  });
});

describe('isJwtShaped', () => {
  it.each([
    ['a.b.c', true],
    ['a.b.', true],
    ['a.b', false],
    ['a.b.c.d', false],
    ['', false],
    ['exi_9fVq', false],
  ])('WIRE-H5: %j: %s', (text, isShaped) => {
    expect(isJwtShaped(text)).toBe(isShaped);
  });
});
