import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { parseJsonObject } from '../../platform/json-object.ts';
import { readPrivateFile, writePrivateFile } from '../../platform/private-file.ts';
import { Digest, digestPattern } from './digest.ts';

/** One issued credential as it is stored: the token itself is nowhere. Times in epoch seconds. */
export interface InstanceCredential {
  readonly instanceId: string;
  /** Hex. */
  readonly sha256: string;
  readonly createdAt: number;
  /** Null = never. */
  readonly expiresAt: number | null;
}

export interface InstanceTokensOptions {
  /** Path of `credentials/instances.json`. */
  readonly file: string;
  /** Epoch milliseconds. */
  readonly now?: () => number;
  readonly random?: (bytes: number) => Buffer;
}

export type InstanceTokensOpened =
  | { readonly type: 'ok'; readonly instanceTokens: InstanceTokens }
  /** The daemon must not start; `message` says what to do. */
  | { readonly type: 'invalid'; readonly message: string };

const tokenPrefix = 'exi_';
const tokenBytes = 32;

const fileSchema = z.object({
  instances: z.array(
    z.object({
      instanceId: z.string().min(1),
      sha256: z.string().regex(digestPattern),
      createdAt: z.number(),
      expiresAt: z.number().nullable(),
    }),
  ),
});

interface Entry {
  readonly credential: InstanceCredential;
  readonly digest: Digest;
}

/** The instance tokens of this state directory (WIRE §3.5), at most one per instance. Read once, written at each change. */
export class InstanceTokens {
  readonly #file: string;
  readonly #now: () => number;
  readonly #random: (bytes: number) => Buffer;
  #entries: readonly Entry[];

  private constructor(options: InstanceTokensOptions, credentials: readonly InstanceCredential[]) {
    this.#file = options.file;
    this.#now = options.now ?? Date.now;
    this.#random = options.random ?? randomBytes;
    this.#entries = toEntries(credentials);
  }

  static open(options: InstanceTokensOptions): InstanceTokensOpened {
    const read = readPrivateFile(options.file);
    if (read.type === 'missing') return { type: 'ok', instanceTokens: new InstanceTokens(options, []) };
    if (read.type !== 'ok') return { type: 'invalid', message: read.message };
    const parsed = fileSchema.safeParse(parseJsonObject(read.text));
    if (parsed.success) return { type: 'ok', instanceTokens: new InstanceTokens(options, parsed.data.instances) };
    const advice = 'restore it from a backup, or remove it and issue the instance tokens again';
    return { type: 'invalid', message: `${options.file} is damaged; ${advice}` };
  }

  /** Without the tokens, which nobody can read back. */
  get credentials(): readonly InstanceCredential[] {
    return this.#entries.map(({ credential }) => credential);
  }

  /**
   * Makes the token of an instance; an earlier one of the same instance is no longer valid. This is the only time the
   * token can be seen.
   * @param expiresAt epoch seconds, null = never
   * @throws Error when it cannot be stored; nothing has changed then
   */
  issue(instanceId: string, expiresAt: number | null = null): string {
    const token = `${tokenPrefix}${this.#random(tokenBytes).toString('base64url')}`;
    const credential = { instanceId, sha256: Digest.of(token).hex, createdAt: this.#now() / 1000, expiresAt };
    this.#store([...this.#without(instanceId), credential]);
    return token;
  }

  /**
   * @returns whether there was one
   * @throws Error when it cannot be stored; the token is then still valid
   */
  revoke(instanceId: string): boolean {
    const rest = this.#without(instanceId);
    if (rest.length === this.#entries.length) return false;
    this.#store(rest);
    return true;
  }

  /** The valid credential of this token. Looks at every stored digest whatever comes in. */
  find(token: string): InstanceCredential | undefined {
    const digest = Digest.of(token);
    const nowSecs = this.#now() / 1000;
    let found: InstanceCredential | undefined;
    for (const entry of this.#entries) {
      const { expiresAt } = entry.credential;
      const isValid = expiresAt === null || nowSecs < expiresAt;
      if (entry.digest.equals(digest) && isValid) found = entry.credential;
    }
    return found;
  }

  #without(instanceId: string): readonly InstanceCredential[] {
    return this.credentials.filter((credential) => credential.instanceId !== instanceId);
  }

  #store(instances: readonly InstanceCredential[]): void {
    writePrivateFile(this.#file, `${JSON.stringify({ instances })}\n`);
    this.#entries = toEntries(instances);
  }
}

function toEntries(credentials: readonly InstanceCredential[]): readonly Entry[] {
  return credentials.map((credential) => ({
    credential,
    digest: Digest.parse(credential.sha256) ?? Digest.unmatchable(),
  }));
}
