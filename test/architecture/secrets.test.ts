import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isStrongToken } from '../../daemon/auth/token-strength.ts';

const root = join(import.meta.dirname, '..', '..');
const tracked = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\0')
  .filter((path) => /\.(?:md|json|ya?ml|ts|mjs|sh|env.*)$|(?:^|\/)\.env/.test(path) && path !== 'package-lock.json');

/** What real credentials look like, by their makers' prefixes and by their form. */
const credentials = [
  /\bsk-[A-Za-z0-9]{32,}/,
  /\bghp_[A-Za-z0-9]{30,}/,
  /\bAKIA[0-9A-Z]{16}\b/,
  /-----BEGIN (?:RSA |EC )?PRIVATE KEY-----\s*[A-Za-z0-9+/]{40}/,
  /\bexi_[A-Za-z0-9_-]{43}\b/,
  /\beyJ[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{20,}/,
];

it('PF-B5: no file of the repository holds a credential', () => {
  expect(tracked.length).toBeGreaterThan(100);
  // Tests make up tokens of the right form.
  const found = tracked
    .filter((path) => !path.endsWith('.test.ts'))
    .flatMap((path) => {
      const text = readFileSync(join(root, path), 'utf8');
      return credentials.filter((pattern) => pattern.test(text)).map((pattern) => `${path}: ${pattern.source}`);
    });
  expect(found).toEqual([]);
});

it('PF-B5: documents show no token that a daemon would accept', () => {
  const documents = tracked.filter((path) => path.endsWith('.md'));
  const shown = documents.flatMap((path) =>
    [
      ...readFileSync(join(root, path), 'utf8').matchAll(/EXAI_WS_TOKEN"?\s*[:=]\s*"?([^\s",]+)|"token":"([^"]+)"/g),
    ].map((match) => match[1] ?? match[2] ?? ''),
  );
  expect(shown.filter((token) => isStrongToken(token))).toEqual([]);
});
