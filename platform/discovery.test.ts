import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type DiscoveryFile,
  isProofValid,
  parseDiscovery,
  readDiscovery,
  serverProof,
  writeDiscovery,
} from './discovery.ts';

const running: DiscoveryFile = {
  schema: 1,
  state: 'running',
  pid: 4242,
  processStartedAt: 1_789_999_940,
  daemonRunId: '01J9',
  version: '1.4.0',
  protocol: '1.0',
  runKey: Buffer.alloc(32, 7).toString('base64url'),
  tcp: { host: '127.0.0.1', port: 8765 },
  localSocket: '/home/ana/.local/state/exai-tray/run/daemon.sock',
  owner: { kind: 'tray', pid: 4100 },
  launch: ['/opt/exai/exai-node', 'daemon.js'],
};
const stopped: DiscoveryFile = { schema: 1, state: 'stopped', daemonRunId: '01J9', version: '1.4.0', protocol: '1.0' };

describe('parseDiscovery', () => {
  it.each([
    ['running', running],
    ['stopped', stopped],
    ['running with a dashboard', { ...running, dashboard: { host: '0.0.0.0', port: 8080 } }],
    ['stopped with endpoints', { ...stopped, tcp: { host: '::1', port: 1 }, launch: ['node', 'daemon.js'] }],
  ])('WIRE-H17: reads back a file that is %s', (_name, file) => {
    expect(parseDiscovery(JSON.stringify(file))).toEqual(file);
  });

  it('WIRE-H17: unknown keys are ignored, also inside; a stopped file keeps no pid or run key', () => {
    const more = { ...running, future: 1, tcp: { ...running.tcp, tls: true } };
    expect(parseDiscovery(JSON.stringify(more))).toEqual(running);
    expect(parseDiscovery(JSON.stringify({ ...running, state: 'stopped' }))).not.toHaveProperty('runKey');
    expect(parseDiscovery(JSON.stringify({ ...running, state: 'stopped' }))).not.toHaveProperty('pid');
  });

  it.each([
    { schema: 2 },
    { schema: undefined },
    { state: 'starting' },
    { pid: 0 },
    { pid: -1 },
    { pid: '4242' },
    { pid: 1.5 },
    { processStartedAt: 'x' },
    { processStartedAt: null },
    { runKey: '' },
    { runKey: undefined },
    { daemonRunId: 5 },
    { version: undefined },
    { tcp: { host: '', port: 1 } },
    { tcp: { host: 'h', port: 0 } },
    { tcp: { host: 'h', port: 65_536 } },
    { tcp: [] },
    { localSocket: '' },
    { owner: 'tray' },
    { launch: [] },
    { launch: ['node', 5] },
  ])('BAD-stale-discovery: with %o it is no discovery file', (change) => {
    expect(parseDiscovery(JSON.stringify({ ...running, ...change }))).toBeUndefined();
  });

  it('BAD-stale-discovery: any text is a file or nothing, never an exception', () => {
    const cuts = fc
      .integer({ min: 0, max: JSON.stringify(running).length - 1 })
      .map((at) => JSON.stringify(running).slice(0, at));
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), cuts), (text) => {
        expect(parseDiscovery(text)).toBeUndefined();
      }),
    );
  });
});

describe('discovery file', () => {
  let dir: string;
  let path: string;

  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'exai-discovery-'));
    path = join(dir, 'run', 'daemon.json');
  });

  afterEach(() => {
    rmSync(dir, { recursive: true, force: true });
  });

  it('WIRE-H17: what is written is read back, and a stop takes pid and run key away', () => {
    expect(readDiscovery(path)).toEqual({ type: 'missing' });
    writeDiscovery(path, running);
    expect(readDiscovery(path)).toEqual({ type: 'ok', file: running });
    writeDiscovery(path, stopped);
    expect(readDiscovery(path)).toEqual({ type: 'ok', file: stopped });
    expect(readFileSync(path, 'utf8')).not.toContain('runKey');
  });

  it.skipIf(process.platform === 'win32')(
    'MAIN-private-state: it is 0600, and refused when others can read the run key',
    () => {
      writeDiscovery(path, running);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      chmodSync(path, 0o644);
      const read = readDiscovery(path);
      expect(read).toMatchObject({ type: 'exposed', message: expect.stringContaining(`chmod 600 ${path}`) as string });
      expect(JSON.stringify(read)).not.toContain('BwcH');
    },
  );

  it('BAD-stale-discovery: a damaged file is told from a missing one', () => {
    writeDiscovery(path, running);
    writeFileSync(path, '{"schema":1,');
    expect(readDiscovery(path)).toEqual({ type: 'damaged', message: `${path} is not a discovery file` });
  });
});

describe('server proof', () => {
  const key = Buffer.from(Array.from({ length: 32 }, (_, index) => index)).toString('base64url');
  const nonce = Buffer.alloc(32, 0xff).toString('base64url');

  it('WIRE-H17: is pinned: HMAC-SHA256 with the decoded key, base64url without padding', () => {
    expect(serverProof(key, nonce, '01J9')).toBe('byqDfiP6SW9WYEbgVxHfzDqD00En2g3HEqTuDWB28ec');
  });

  it('WIRE-H17: is valid only for its key, nonce and run, and only as it is spelt', () => {
    const proof = serverProof(key, nonce, '01J9');
    expect(isProofValid(key, nonce, '01J9', proof)).toBe(true);
    const others: readonly (string | undefined)[] = [
      undefined,
      '',
      `${proof}=`,
      proof.slice(0, -1),
      ` ${proof}`,
      'é'.repeat(43),
      proof.toLowerCase(),
    ];
    expect(others.map((other) => isProofValid(key, nonce, '01J9', other))).toEqual(others.map(() => false));
    expect(isProofValid(key, nonce, '01J8', proof)).toBe(false);
    expect(isProofValid(key, `${nonce.slice(0, -1)}A`, '01J9', proof)).toBe(false);
    expect(isProofValid(Buffer.alloc(32).toString('base64url'), nonce, '01J9', proof)).toBe(false);
  });
});
