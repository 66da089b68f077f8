import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { configFingerprint } from './config-fingerprint.ts';

it('WIRE-F5: the fingerprint is pinned: sorted pairs of the eight names, absent ones left out', () => {
  const env = {
    MCP_SERVER_ID: 'exai-ws-vscode1',
    EXAI_SESSION_ID: 'vscode-instance-1',
    EXAI_WS_PORT: '',
    PATH: '/bin',
  };
  const text = '[["EXAI_SESSION_ID","vscode-instance-1"],["EXAI_WS_PORT",""],["MCP_SERVER_ID","exai-ws-vscode1"]]';
  expect(configFingerprint(env)).toBe(createHash('sha256').update(text).digest('hex').slice(0, 16));
  expect(configFingerprint({})).toBe('4f53cda18c2baa0c'); // of `[]`
});

it('WIRE-F5: it changes with each of its names and with nothing else', () => {
  const names = [
    'EXAI_INSTANCE_ID',
    'EXAI_LOG_PREFIX',
    'EXAI_SERVER_NAME',
    'EXAI_SESSION_ID',
    'EXAI_WS_HOST',
    'EXAI_WS_PORT',
    'EXAI_WS_TOKEN_FILE',
    'MCP_SERVER_ID',
  ];
  fc.assert(
    fc.property(
      fc.dictionary(fc.constantFrom(...names), fc.string()),
      fc.constantFrom(...names),
      fc.string(),
      (env, name, value) => {
        const plain = configFingerprint(env);
        expect(plain).toMatch(/^[0-9a-f]{16}$/);
        expect(configFingerprint({ ...env, EXAI_WS_TOKEN: value, HOME: value })).toBe(plain);
        expect(configFingerprint({ ...env, [name]: value }) === plain).toBe(env[name] === value);
      },
    ),
  );
});

it('WIRE-F5: the digest may come from elsewhere', () => {
  expect(configFingerprint({ EXAI_SESSION_ID: 'x' }, (text) => Buffer.from(text).toString('hex'))).toBe(
    '5b5b22455841495f',
  );
});
