import { createHmac } from 'node:crypto';

export type Claims = Readonly<Record<string, unknown>>;

/** A user token signed by hand, so that wrong ones can be made as well. Times in epoch seconds. */
export function jsonWebToken(claims: Claims, secret: string, header: Claims = { alg: 'HS256', typ: 'JWT' }): string {
  const unsigned = `${base64url(header)}.${base64url(claims)}`;
  const signature = header['alg'] === 'none' ? '' : createHmac('sha256', secret).update(unsigned).digest('base64url');
  return `${unsigned}.${signature}`;
}

export function epochSeconds(offset = 0): number {
  return Math.floor(Date.now() / 1000) + offset;
}

function base64url(value: Claims): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
