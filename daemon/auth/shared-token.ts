import { performance } from 'node:perf_hooks';
import {
  decideSharedToken,
  isCurrent,
  isEnvTokenStale,
  isRetired,
  type SharedTokenDecision,
  type SharedTokenRecord,
  withoutToken,
  withToken,
} from './decide-shared-token.ts';
import { Digest } from './digest.ts';
import { type SwapOptions, TokenFiles } from './token-files.ts';
import { isStrongToken } from './token-strength.ts';

export interface SharedTokenOptions extends SwapOptions {
  /** Path of `shared.json`; `shared.token` lies beside it. */
  readonly file: string;
  /** Effective `EXAI_WS_TOKEN`. */
  readonly envToken: string | undefined;
  /** How long the previous token stays valid after a rotation, in milliseconds. Kept in memory only. */
  readonly graceMs?: number;
  /** Monotonic, in milliseconds. */
  readonly now?: () => number;
}

export type SharedTokenOpened =
  | { readonly type: 'ok'; readonly sharedToken: SharedToken }
  /** The daemon must not start; `message` says what to do. */
  | { readonly type: 'invalid'; readonly message: string };

export type Rotation =
  | { readonly type: 'ok'; readonly generation: number }
  /** Too short, a placeholder, the valid token itself, or one that was valid before. */
  | { readonly type: 'weak' }
  /** Nothing has changed. */
  | { readonly type: 'failed'; readonly error: Error };

/**
 * The shared daemon token with its files (WIRE §3.5). Every method is synchronous: the check, the files and the memory
 * change within one turn of the event loop, so that two rotations cannot interleave and no handshake sees half of one.
 * This is the one mutex that WIRE §4.2 asks for; it holds as long as nobody puts an `await` between them.
 */
export class SharedToken {
  readonly #files: TokenFiles;
  readonly #options: SharedTokenOptions;
  readonly #now: () => number;
  readonly #unmatchable = Digest.unmatchable();
  /** At this start `EXAI_WS_TOKEN` has replaced the stored token. */
  readonly isChangedByEnv: boolean;
  #record: SharedTokenRecord;
  #digest: Digest;
  #previous: { readonly digest: Digest; readonly generation: number; readonly until: number } | undefined;

  private constructor(files: TokenFiles, options: SharedTokenOptions, decision: SharedTokenDecision) {
    this.#files = files;
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#record = decision.record;
    this.#digest = this.#digestOf(decision.record);
    this.isChangedByEnv = decision.isChanged;
  }

  /** Decides which token is valid, stores a deliberate change and ends a rotation that a crash has interrupted. */
  static open(options: SharedTokenOptions): SharedTokenOpened {
    const { file, envToken } = options;
    if (envToken !== undefined && !isStrongToken(envToken)) {
      return { type: 'invalid', message: 'EXAI_WS_TOKEN is too weak to be used' };
    }
    const files = new TokenFiles(file);
    const stored = files.read();
    if (stored.type === 'invalid') return stored;
    const decision = decideSharedToken(stored.record, envToken);
    const { record, isChanged } = decision;
    const settled = files.settle((isChanged ? stored.record : record)?.token ?? null);
    if (settled.type === 'failed') return { type: 'invalid', message: settled.error.message };
    if (isChanged) {
      const swapped = files.swap(record, stored.record?.token ?? null, options);
      if (swapped.type === 'failed') return { type: 'invalid', message: swapped.error.message };
    }
    return { type: 'ok', sharedToken: new SharedToken(files, options, decision) };
  }

  /** Where shims read the token. */
  get tokenFile(): string {
    return this.#files.tokenFile;
  }

  /** Undefined when there is none. */
  get current(): { readonly generation: number; readonly token: string } | undefined {
    const { generation, token } = this.#record;
    return token === null ? undefined : { generation, token };
  }

  /** Of the current token or, when there is none, of the last one; 0 = there has been none. */
  get generation(): number {
    return this.#record.generation;
  }

  /** Generation of the token that is still accepted by grace. */
  get previousGeneration(): number | undefined {
    return this.#previousInGrace()?.generation;
  }

  /** `EXAI_WS_TOKEN` holds a token that is no longer valid (`TOKEN_ENV_STALE`). */
  get staleEnv(): boolean {
    return isEnvTokenStale(this.#record, this.#options.envToken);
  }

  /** The same work whatever comes in, and whether or not there is a token. */
  matches(candidate: string): 'current' | 'grace' | 'no' {
    const digest = Digest.of(candidate);
    const isTheCurrent = digest.equals(this.#digest);
    const isThePrevious = digest.equals(this.#previousInGrace()?.digest ?? this.#unmatchable);
    if (isTheCurrent) return 'current';
    return isThePrevious ? 'grace' : 'no';
  }

  /** Makes `next` the one valid token: files first, then memory. Also sets the first one. */
  rotate(next: string): Rotation {
    const before = this.#record;
    if (!isStrongToken(next) || isCurrent(before, next) || isRetired(before, next)) return { type: 'weak' };
    const record = withToken(before, next);
    const swapped = this.#files.swap(record, before.token, this.#options);
    if (swapped.type === 'failed') return swapped;
    const { graceMs = 0 } = this.#options;
    this.#previous = { digest: this.#digest, generation: before.generation, until: this.#now() + graceMs };
    this.#adopt(record);
    return { type: 'ok', generation: record.generation };
  }

  /** Forgets the token; what was valid before stays invalid, also when the environment still names it. */
  clear(): { readonly type: 'ok' } | { readonly type: 'failed'; readonly error: Error } {
    if (this.#record.token === null) return { type: 'ok' };
    const record = withoutToken(this.#record);
    const swapped = this.#files.swap(record, this.#record.token, this.#options);
    if (swapped.type === 'failed') return swapped;
    this.#previous = undefined;
    this.#adopt(record);
    return { type: 'ok' };
  }

  #adopt(record: SharedTokenRecord): void {
    this.#record = record;
    this.#digest = this.#digestOf(record);
  }

  #digestOf({ token }: SharedTokenRecord): Digest {
    return token === null ? this.#unmatchable : Digest.of(token);
  }

  #previousInGrace(): { readonly digest: Digest; readonly generation: number } | undefined {
    if (this.#previous !== undefined && this.#now() >= this.#previous.until) this.#previous = undefined;
    return this.#previous;
  }
}
