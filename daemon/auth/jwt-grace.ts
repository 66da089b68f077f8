import { errorText } from '../../platform/atomic-file.ts';
import { parseJsonObject } from '../../platform/json-object.ts';
import { readPrivateFile, writePrivateFile } from '../../platform/private-file.ts';
import { limits } from '../../protocol/limits.ts';

export interface JwtGraceOptions {
  /** Path of `credentials/jwt-grace.json`. */
  readonly file: string;
  /** `JWT_GRACE_PERIOD_DAYS`; 0 = strict. */
  readonly days: number;
  /** Epoch milliseconds. */
  readonly now?: () => number;
}

export type JwtGraceOpened =
  | { readonly type: 'ok'; readonly jwtGrace: JwtGrace }
  /** The daemon must not start; `message` says what to do. */
  | { readonly type: 'invalid'; readonly message: string };

const dayMs = 86_400_000;

/**
 * The days in which a missing user token is tolerated, counted from the first start with a key (WIRE §3.5). That date
 * is stored at that start, whatever `days` is then, and never again: neither restarts nor a later setting renew it.
 */
export class JwtGrace {
  readonly #startedAtMs: number | undefined;
  readonly #lengthMs: number;
  readonly #now: () => number;

  private constructor(startedAtMs: number | undefined, { days, now = Date.now }: JwtGraceOptions) {
    this.#startedAtMs = startedAtMs;
    this.#lengthMs = days * dayMs;
    this.#now = now;
  }

  /** To be called only when there is a key. */
  static open(options: JwtGraceOptions): JwtGraceOpened {
    const { file, now = Date.now } = options;
    const read = readPrivateFile(file);
    if (read.type === 'ok') return { type: 'ok', jwtGrace: new JwtGrace(startOf(read.text), options) };
    if (read.type !== 'missing') return { type: 'invalid', message: read.message };
    const startedAtMs = now();
    try {
      writePrivateFile(file, `${JSON.stringify({ startedAt: startedAtMs / 1000 })}\n`);
    } catch (error) {
      return { type: 'invalid', message: `cannot write ${file}: ${errorText(error)}` };
    }
    return { type: 'ok', jwtGrace: new JwtGrace(startedAtMs, options) };
  }

  /** Epoch milliseconds; undefined when the start is not known, which counts as over. */
  get endsAtMs(): number | undefined {
    return this.#startedAtMs === undefined ? undefined : this.#startedAtMs + this.#lengthMs;
  }

  /** A start in the future is a clock that was wrong: no grace until it comes true. */
  get isActive(): boolean {
    const now = this.#now();
    const { endsAtMs } = this;
    if (this.#startedAtMs === undefined || endsAtMs === undefined) return false;
    return now >= this.#startedAtMs - limits.jwtSkewMs && now < endsAtMs;
  }
}

/** A damaged file does not start the grace anew. */
function startOf(text: string): number | undefined {
  const startedAt = parseJsonObject(text)?.['startedAt'];
  return typeof startedAt === 'number' && Number.isFinite(startedAt) ? startedAt * 1000 : undefined;
}
