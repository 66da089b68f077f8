import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Digest } from './digest.ts';
import { InstanceTokens } from './instance-tokens.ts';

const hasModes = process.platform !== 'win32';
let dir: string;
let file: string;
let nowMs: number;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'exai-instances-'));
  file = join(dir, 'credentials', 'instances.json');
  nowMs = 1_790_000_000_500;
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

function open(): InstanceTokens {
  const opened = InstanceTokens.open({ file, now: () => nowMs });
  if (opened.type === 'invalid') throw new Error(opened.message);
  return opened.instanceTokens;
}

function refusal(): string {
  const opened = InstanceTokens.open({ file, now: () => nowMs });
  return opened.type === 'invalid' ? opened.message : 'accepted';
}

describe('InstanceTokens', () => {
  it('WIRE-H4: issues exi_ and 32 random bytes in base64url, which find the instance, also after a restart', () => {
    const tokens = open();
    const token = tokens.issue('inst_01');
    expect(token).toMatch(/^exi_[A-Za-z0-9_-]{43}$/);
    expect(tokens.issue('inst_02')).not.toBe(token);
    for (const store of [tokens, open()]) {
      expect(store.find(token)).toMatchObject({ instanceId: 'inst_01', expiresAt: null });
    }
  });

  it('MAIN-private-state: stores the digest only', () => {
    const token = open().issue('inst_01');
    const text = readFileSync(file, 'utf8');
    expect(JSON.parse(text)).toEqual({
      instances: [{ instanceId: 'inst_01', sha256: Digest.of(token).hex, createdAt: 1_790_000_000.5, expiresAt: null }],
    });
    expect(text).not.toContain(token.slice(4));
    if (hasModes) expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('WIRE-H4: a wrong, cut, longer, prefix-less or empty token finds nothing', () => {
    const tokens = open();
    const token = tokens.issue('inst_01');
    const wrong = token.endsWith('A') ? 'B' : 'A';
    for (const candidate of [`${token.slice(0, -1)}${wrong}`, token.slice(0, -1), `${token}A`, token.slice(4), '']) {
      expect(tokens.find(candidate)).toBeUndefined();
    }
  });

  it('WIRE-H4: a new token replaces the earlier one of that instance alone', () => {
    const tokens = open();
    const first = tokens.issue('inst_01');
    const other = tokens.issue('inst_02');
    const second = tokens.issue('inst_01');
    expect([first, second, other].map((token) => tokens.find(token)?.instanceId)).toEqual([
      undefined,
      'inst_01',
      'inst_02',
    ]);
    expect(tokens.credentials.map(({ instanceId }) => instanceId)).toEqual(['inst_02', 'inst_01']);
  });

  it('WIRE-H4: a revoked token is invalid at once and after a restart', () => {
    const tokens = open();
    const token = tokens.issue('inst_01');
    expect(tokens.revoke('inst_01')).toBe(true);
    expect(tokens.revoke('inst_01')).toBe(false);
    expect(tokens.find(token)).toBeUndefined();
    expect(open().find(token)).toBeUndefined();
  });

  it('WIRE-H4: a token ends at its time, not before', () => {
    const tokens = open();
    const token = tokens.issue('inst_01', 1_790_000_060);
    nowMs = 1_790_000_059_999;
    expect(tokens.find(token)?.expiresAt).toBe(1_790_000_060);
    nowMs = 1_790_000_060_000;
    expect(tokens.find(token)).toBeUndefined();
    expect(open().find(token)).toBeUndefined();
  });

  it('MAIN-private-state: what cannot be stored is not issued, and not revoked', () => {
    const tokens = open();
    const token = tokens.issue('inst_01');
    rmSync(file);
    mkdirSync(file);
    expect(() => tokens.issue('inst_02')).toThrow('EISDIR');
    expect(() => tokens.revoke('inst_01')).toThrow('EISDIR');
    expect(tokens.credentials).toHaveLength(1);
    expect(tokens.find(token)?.instanceId).toBe('inst_01');
  });

  it('MAIN-private-state: a missing file is an empty store and is not made by reading', () => {
    expect(open().credentials).toEqual([]);
    expect(existsSync(file)).toBe(false);
  });

  it('PF-A1: a damaged file is refused, never taken for an empty one', () => {
    const token = open().issue('inst_01');
    const digest = Digest.of(token).hex;
    for (const text of [
      '',
      '[]',
      '{}',
      `{"instances":[{"instanceId":"","sha256":"${digest}","createdAt":1,"expiresAt":null}]}`,
    ]) {
      writeFileSync(file, text);
      expect(refusal()).toContain(`${file} is damaged`);
    }
  });

  it.skipIf(!hasModes)('MAIN-private-state: a file that others can read is refused, with the fix', () => {
    open().issue('inst_01');
    chmodSync(file, 0o640);
    expect(refusal()).toBe(`other users can access ${file}; run: chmod 600 ${file}`);
  });
});
