import { describe, expect, it } from 'vitest';
import type { PrivateFileResult } from '../platform/private-file.ts';
import { type CredentialSources, readCredentials } from './credentials.ts';

const shared = '/state/credentials/shared.json';

type Overrides = Partial<Omit<CredentialSources, 'settings'>> & {
  readonly settings?: Partial<CredentialSources['settings']>;
};

function read(files: Readonly<Record<string, string | PrivateFileResult>>, more: Overrides = {}) {
  return readCredentials({
    sharedTokenFile: shared,
    isProven: true,
    wasRefused: false,
    ...more,
    settings: { token: undefined, tokenFile: undefined, jwt: undefined, jwtFile: undefined, ...more.settings },
    readFile: (path) => {
      const file = files[path];
      if (file === undefined) return { type: 'missing' };
      return typeof file === 'string' ? { type: 'ok', text: file } : file;
    },
  });
}

describe('the credentials of the next hello', () => {
  it.each([
    ['plain', 'exi_abc\n', 'exi_abc'],
    ['blanks and CRLF', '  exi_abc \r\nsecond line\r\n', 'exi_abc'],
    ['a byte order mark', '\uFEFFexi_abc', 'exi_abc'],
    ['a # inside', 'pass#word#1234567', 'pass#word#1234567'],
    ['blank lines first', '\n\n exi_abc', 'exi_abc'],
    ['the daemon’s own file', '{"generation":3,"token":"s3cret","retired":[]}\n', 's3cret'],
    ['a token that looks like JSON', '{odd', '{odd'],
  ])('PF-A6 WIRE-M9: the token file wins and is read anew: %s', (_what, text, token) => {
    const settings = { tokenFile: '/t', token: 'from the environment' };
    expect(read({ '/t': text }, { settings })).toEqual({ token, jwt: undefined, problem: undefined, source: 'file' });
  });

  it.each<[string, string | PrivateFileResult, string]>([
    ['an empty one', ' \n', 'is empty'],
    ['a missing one', { type: 'missing' }, 'does not exist'],
    [
      'one that others can read',
      { type: 'exposed', message: 'other users can access /t; run: chmod 600 /t' },
      'chmod 600 /t',
    ],
    ['one that cannot be read', { type: 'unreadable', message: 'cannot read /t: EISDIR' }, 'EISDIR'],
    ['one without an end', 'x'.repeat(9_000), 'too long'],
  ])('BAD-empty-token-file BAD-world-readable: %s is not used, and the reason is kept', (_what, file, reason) => {
    const result = read({ '/t': file }, { settings: { tokenFile: '/t', token: 'never the other one' } });
    expect(result.token).toBeUndefined();
    expect(result.problem).toContain(reason);
  });

  it('TOKEN-shims-follow: without a configured token the daemon’s own file is used, towards that daemon alone', () => {
    const files = { [shared]: '{"generation":1,"token":"shared-token","retired":[]}' };
    expect(read(files).token).toBe('shared-token');
    expect(read(files, { isProven: false }).token).toBeUndefined();
    expect(read({})).toEqual({ token: undefined, jwt: undefined, problem: undefined, source: 'file' });
    expect(read({ [shared]: { type: 'exposed', message: 'chmod 600' } }).problem).toContain('chmod 600');
  });

  it('TOKEN-shims-follow: a token of the environment comes first, and the daemon’s own file once that is refused', () => {
    const files = { [shared]: '{"token":"rotated"}' };
    const settings = { token: 'of the environment' };
    expect(read(files, { settings }).token).toBe('of the environment');
    expect(read(files, { settings, wasRefused: true }).token).toBe('rotated');
    expect(read({}, { settings, wasRefused: true }).token).toBe('of the environment');
    expect(read(files, { settings, wasRefused: true, isProven: false }).token).toBe('of the environment');
  });

  it('LIVE-rotation-rows: says whether the next connect reads the token anew', () => {
    const files = { '/t': 'of the file', [shared]: '{"token":"shared"}' };
    expect(read(files, { settings: { tokenFile: '/t' } }).source).toBe('file');
    expect(read({}, { settings: { tokenFile: '/t' } }).source).toBe('file');
    expect(read(files).source).toBe('file');
    expect(read({}).source).toBe('file');
    expect(read({}, { isProven: false }).source).toBe('none');
    expect(read(files, { settings: { token: 'env' } }).source).toBe('env');
    expect(read(files, { settings: { token: 'env' }, wasRefused: true }).source).toBe('file');
  });

  it('WIRE-H5: the user token comes from its file or the environment', () => {
    expect(read({ '/j': 'a.b.c\n' }, { settings: { jwtFile: '/j', jwt: 'x.y.z' } }).jwt).toBe('a.b.c');
    expect(read({}, { settings: { jwt: 'x.y.z' } }).jwt).toBe('x.y.z');
    expect(read({}, { settings: { jwtFile: '/j', jwt: 'x.y.z' } })).toMatchObject({
      jwt: undefined,
      problem: expect.stringContaining('/j'),
    });
  });
});
