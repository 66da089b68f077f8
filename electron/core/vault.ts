import { z } from 'zod';
import { errorText } from '../../platform/atomic-file.ts';
import { readPrivateFile, writePrivateFile } from '../../platform/private-file.ts';
import type { VaultView } from '../../protocol/host-desktop.ts';

/** Port: the key ring of the system. Its calls may wait for a person who opens it. */
export interface SecretCipher {
  /** Of the first moment and of each check: a key ring can be locked and opened. */
  look(): Promise<Exclude<VaultView, { state: 'checking' }>>;
  encrypt(text: string): Promise<Buffer>;
  /** `isStale`: the key has changed since; the text should be encrypted again. Rejects when it cannot be read. */
  decrypt(data: Buffer): Promise<{ readonly text: string; readonly isStale: boolean }>;
}

export type SecretResult =
  | { readonly type: 'ok'; readonly value: string }
  | { readonly type: 'missing' }
  /** The key ring does not answer now. */
  | { readonly type: 'locked' }
  /** The file, or this entry of it, cannot be read; it is left as it is. */
  | { readonly type: 'unreadable'; readonly message: string };

export type SecretChange = { readonly type: 'ok' } | Extract<SecretResult, { type: 'locked' | 'unreadable' }>;

const nameRule = /^[a-z0-9][a-z0-9._/-]{0,127}$/;
const maxSecretChars = 64 * 1024;

const entrySchema = z.object({ how: z.enum(['encrypted', 'plain']), data: z.string() });
const fileSchema = z.object({ vaultVersion: z.literal(1), secrets: z.record(z.string(), entrySchema) });
type VaultFile = z.infer<typeof fileSchema>;
type Entry = z.infer<typeof entrySchema>;

/** What an encrypted entry holds: with its name, so that no entry can be passed off as another. */
const sealedSchema = z.tuple([z.string(), z.string()]);

const probeName = 'probe';

/**
 * Secrets of this user by name, in one 0600 file: encrypted by the key ring, or in plain text where there is none, which
 * {@link view} says. A locked key ring never makes a secret plain. Changes are done one after the other.
 */
export class Vault {
  readonly #file: string;
  readonly #cipher: SecretCipher;
  readonly #onChange: () => void;
  #view: VaultView = { state: 'checking' };
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: { readonly file: string; readonly cipher: SecretCipher; readonly onChange: () => void }) {
    this.#file = options.file;
    this.#cipher = options.cipher;
    this.#onChange = options.onChange;
  }

  get view(): VaultView {
    return this.#view;
  }

  /** Once after the start, and when a person asks: writes, reads and compares, and encrypts what was plain until now. */
  check(): Promise<void> {
    return this.#alone(async () => {
      let found: VaultView;
      try {
        found = await this.#cipher.look();
        this.#view = found; // what the round trip goes by
        if (found.state === 'encrypted') found = (await this.#roundTrip()) ? found : locked(found.backend);
      } catch {
        found = locked('');
      }
      this.#view = found;
      if (found.state === 'encrypted') await this.#encryptPlain();
      this.#onChange();
    });
  }

  get(name: string): Promise<SecretResult> {
    checkName(name);
    return this.#alone(() => this.#read(name));
  }

  set(name: string, value: string): Promise<SecretChange> {
    checkName(name);
    if (value.length > maxSecretChars) throw new RangeError(`a secret has at most ${maxSecretChars} characters`);
    return this.#alone(() => this.#write(name, value));
  }

  /** Also while the key ring is locked: what goes need not be read. */
  delete(name: string): Promise<SecretChange> {
    checkName(name);
    return this.#alone(async () => this.#change((secrets) => secrets.delete(name)));
  }

  /** In order of their names. */
  names(): Promise<readonly string[]> {
    return this.#alone(async () => {
      const read = this.#open();
      return read.type === 'ok' ? Object.keys(read.file.secrets).toSorted() : [];
    });
  }

  async #read(name: string): Promise<SecretResult> {
    const opened = this.#open();
    if (opened.type !== 'ok') return opened;
    const entry = Object.hasOwn(opened.file.secrets, name) ? opened.file.secrets[name] : undefined;
    if (entry === undefined) return { type: 'missing' };
    if (entry.how === 'plain') return { type: 'ok', value: entry.data };
    if (this.#view.state === 'locked') return { type: 'locked' };
    try {
      const { text, isStale } = await this.#cipher.decrypt(Buffer.from(entry.data, 'base64'));
      const [sealedName, value] = sealedSchema.parse(JSON.parse(text));
      if (sealedName !== name) return { type: 'unreadable', message: `the entry '${name}' is that of another name` };
      if (isStale) await this.#write(name, value);
      return { type: 'ok', value };
    } catch {
      // The reason may quote what was decrypted.
      return { type: 'unreadable', message: `the entry '${name}' cannot be decrypted` };
    }
  }

  async #write(name: string, value: string): Promise<SecretChange> {
    const { state } = this.#view;
    if (state === 'locked' || state === 'checking') return { type: 'locked' };
    let entry: Entry;
    try {
      entry = state === 'encrypted' ? await this.#sealed(name, value) : { how: 'plain', data: value };
    } catch {
      return { type: 'locked' }; // it was locked since
    }
    return this.#change((secrets) => secrets.set(name, entry));
  }

  async #sealed(name: string, value: string): Promise<Entry> {
    const data = await this.#cipher.encrypt(JSON.stringify([name, value]));
    return { how: 'encrypted', data: data.toString('base64') };
  }

  async #roundTrip(): Promise<boolean> {
    const value = process.hrtime.bigint().toString(36);
    const entry = await this.#sealed(probeName, value);
    if (this.#change((secrets) => secrets.set(probeName, entry)).type !== 'ok') return true; // the file, not the key ring
    const read = await this.#read(probeName);
    this.#change((secrets) => secrets.delete(probeName));
    return read.type === 'ok' && read.value === value;
  }

  async #encryptPlain(): Promise<void> {
    const opened = this.#open();
    if (opened.type !== 'ok') return;
    for (const [name, { how, data }] of Object.entries(opened.file.secrets)) {
      if (how === 'plain') await this.#write(name, data);
    }
  }

  #change(edit: (secrets: Map<string, Entry>) => unknown): SecretChange {
    const opened = this.#open();
    if (opened.type !== 'ok') return opened;
    const secrets = new Map(Object.entries(opened.file.secrets));
    edit(secrets);
    try {
      const file: VaultFile = { vaultVersion: 1, secrets: Object.fromEntries(secrets) };
      writePrivateFile(this.#file, `${JSON.stringify(file, null, 2)}\n`);
      return { type: 'ok' };
    } catch (error) {
      return { type: 'unreadable', message: errorText(error) };
    }
  }

  #open():
    | { readonly type: 'ok'; readonly file: VaultFile }
    | { readonly type: 'unreadable'; readonly message: string } {
    const read = readPrivateFile(this.#file);
    if (read.type === 'missing') return { type: 'ok', file: { vaultVersion: 1, secrets: {} } };
    if (read.type !== 'ok') return { type: 'unreadable', message: read.message };
    try {
      return { type: 'ok', file: fileSchema.parse(JSON.parse(read.text)) };
    } catch {
      return { type: 'unreadable', message: `${this.#file} is no vault of this version` };
    }
  }

  #alone<Result>(work: () => Promise<Result>): Promise<Result> {
    const turn = this.#last.then(work);
    this.#last = turn.catch(() => undefined); // its caller has it
    return turn;
  }
}

function locked(backend: string): VaultView {
  return { state: 'locked', code: 'VAULT_LOCKED', backend };
}

function checkName(name: string): void {
  if (!nameRule.test(name)) throw new RangeError(`'${name}' is no name of a secret`);
}

/**
 * What the answers of the system mean. Plain text is what Electron falls back to on desktops it does not know; it would
 * encrypt with a password that everybody knows, which is no better than a file and is called what it is.
 * @param backend Linux: the key ring chosen; elsewhere undefined
 */
export function vaultState(facts: {
  readonly platform: NodeJS.Platform;
  readonly isAvailable: boolean;
  readonly backend: string | undefined;
}): Exclude<VaultView, { state: 'checking' }> {
  const { platform, isAvailable, backend } = facts;
  const name = platform === 'darwin' ? 'Keychain' : platform === 'win32' ? 'DPAPI' : (backend ?? 'unknown');
  if (platform === 'linux' && backend === 'basic_text') return { state: 'plain', code: 'VAULT_PLAIN', backend: name };
  if (!isAvailable) return { state: 'locked', code: 'VAULT_LOCKED', backend: name };
  return { state: 'encrypted', backend: name };
}
