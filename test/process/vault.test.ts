import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type SecretCipher, Vault, vaultState } from '../../electron/core/vault.ts';
import { KeyRing } from '../support/key-ring.ts';

const secret = 'sk-äöü-日本-0123456789';

describe('the vault, on a key ring that really encrypts', () => {
  let folder: string;
  let file: string;
  let cipher: SecretCipher;
  let ring: KeyRing;
  let backend: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'exai-vault-'));
    file = join(folder, 'credentials', 'vault.json');
    ring = new KeyRing(join(folder, 'keys'));
    backend = 'kwallet6';
    cipher = {
      look: async () => vaultState({ platform: 'linux', isAvailable: await ring.isAvailable(), backend }),
      encrypt: (text) => ring.encrypt(text),
      decrypt: async (data) => ({ text: await ring.decrypt(data), isStale: false }),
    };
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  async function open(): Promise<Vault> {
    const vault = new Vault({ file, cipher, onChange: () => undefined });
    await vault.check();
    return vault;
  }

  const lock = (): void => writeFileSync(ring.lockFile, '');
  const unlock = (): void => rmSync(ring.lockFile);

  it('DESK-vault: keeps, gives back over a restart, replaces and deletes; the file is 0600 and holds no secret', async () => {
    const vault = await open();
    expect(vault.view).toEqual({ state: 'encrypted', backend: 'kwallet6' });
    expect(await vault.set('provider/kimi', secret)).toEqual({ type: 'ok' });
    await Promise.all([vault.set('a', '1'), vault.set('b', '2'), vault.set('a', '3')]);
    const text = readFileSync(file, 'utf8');
    expect(text).not.toContain(secret);
    expect(text).not.toContain(Buffer.from(secret).toString('base64').slice(4, 20));
    expect(statSync(file).mode & 0o777).toBe(0o600);

    const next = await open();
    expect(await next.names()).toEqual(['a', 'b', 'provider/kimi']); // nothing of the check is left
    expect(await next.get('provider/kimi')).toEqual({ type: 'ok', value: secret });
    expect(await next.get('a')).toEqual({ type: 'ok', value: '3' });
    await next.delete('provider/kimi');
    expect(await next.get('provider/kimi')).toEqual({ type: 'missing' });
  });

  it('DESK-vault-plain: without a key ring it says VAULT_PLAIN, keeps in a 0600 file, and encrypts it when there is one', async () => {
    backend = 'basic_text';
    const plain = await open();
    expect(plain.view).toMatchObject({ state: 'plain', code: 'VAULT_PLAIN' });
    await plain.set('a', secret);
    expect(readFileSync(file, 'utf8')).toContain(secret);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    backend = 'kwallet6';
    const vault = await open();
    expect(readFileSync(file, 'utf8')).not.toContain(secret);
    expect(await vault.get('a')).toEqual({ type: 'ok', value: secret });
  });

  it('DESK-vault-locked: a locked key ring is said, gives and takes nothing, and never makes a secret plain', async () => {
    await (await open()).set('a', secret);
    const before = readFileSync(file, 'utf8');
    lock();
    const vault = await open();
    expect(vault.view).toMatchObject({ state: 'locked', code: 'VAULT_LOCKED' });
    expect(await vault.get('a')).toEqual({ type: 'locked' });
    expect(await vault.set('b', secret)).toEqual({ type: 'locked' });
    expect(readFileSync(file, 'utf8')).toBe(before);
    unlock();
    await vault.check();
    expect(await vault.get('a')).toEqual({ type: 'ok', value: secret });
    lock(); // since the check
    expect(await vault.set('b', secret)).toEqual({ type: 'locked' });
    expect(readFileSync(file, 'utf8')).not.toContain(secret);
  });

  it('DESK-vault-locked: a key ring that is there but gives back something else counts as locked', async () => {
    const honest = cipher;
    cipher = { ...honest, decrypt: async () => ({ text: '["probe","other"]', isStale: false }) };
    expect((await open()).view).toMatchObject({ state: 'locked', code: 'VAULT_LOCKED' });
  });

  it('DESK-vault: what was encrypted with an older key is encrypted again when it is read', async () => {
    await (await open()).set('a', secret);
    const before = readFileSync(file, 'utf8');
    cipher = { ...cipher, decrypt: async (data) => ({ text: await ring.decrypt(data), isStale: true }) };
    expect(await (await open()).get('a')).toEqual({ type: 'ok', value: secret });
    expect(readFileSync(file, 'utf8')).not.toBe(before);
  });

  it('DESK-vault: an entry under another name, another key, and a file that is none are refused and left as they are', async () => {
    const vault = await open();
    await vault.set('a', secret);
    const stored: { secrets: Record<string, unknown> } = JSON.parse(readFileSync(file, 'utf8'));
    stored.secrets['b'] = stored.secrets['a'];
    writeFileSync(file, JSON.stringify(stored), { mode: 0o600 });
    expect(await vault.get('b')).toMatchObject({ type: 'unreadable' });
    writeFileSync(ring.keyFile, randomBytes(32));
    expect(await vault.get('a')).toEqual({ type: 'unreadable', message: "the entry 'a' cannot be decrypted" });
    writeFileSync(file, '{"vaultVersion":2}');
    expect(await vault.set('a', 'x')).toMatchObject({ type: 'unreadable' });
    expect(readFileSync(file, 'utf8')).toBe('{"vaultVersion":2}');
    expect(() => vault.set('../a', 'x')).toThrow('no name of a secret');
  });
});
