import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { Digest } from './digest.ts';

export interface UiSessionsOptions {
  /** Monotonic, in milliseconds. */
  readonly now?: () => number;
  readonly random?: (bytes: number) => Buffer;
}

/** A session without use for so long has ended. An open stream is use. */
export const uiSessionIdleMs = 15 * 60_000;
const maxSessions = 32;
/** Tabs of one browser that signed in with tickets of their own. */
const maxKeys = 16;
const secretBytes = 32;

/** What a browser gets at its sign-in: the value of the cookie, and the key that its page keeps to itself. */
export interface SignIn {
  readonly cookie: string;
  readonly requestKey: string;
  readonly session: UiSession;
}

/** One browser that a ticket has let in. */
export class UiSession {
  /** For logs: tells sessions apart and opens nothing. */
  readonly label: string;
  readonly #ended = new AbortController();
  readonly #now: () => number;
  /** Newest last. */
  readonly #keys: Digest[] = [];
  #usedAt: number;
  #uses = 0;

  constructor(label: string, now: () => number) {
    this.label = label;
    this.#now = now;
    this.#usedAt = now();
  }

  /** Aborts when the session ends, with whatever is still open. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** When it was last used, on the clock of the sessions. */
  get usedAt(): number {
    return this.#uses > 0 ? this.#now() : this.#usedAt;
  }

  addKey(key: string): void {
    this.#keys.push(Digest.of(key));
    if (this.#keys.length > maxKeys) this.#keys.shift();
  }

  /** Constant time for each key. */
  hasKey(candidate: string): boolean {
    const digest = Digest.of(candidate);
    return this.#keys.filter((key) => key.equals(digest)).length > 0;
  }

  /** Keeps the session alive until the returned function is called. */
  use(): () => void {
    this.#uses += 1;
    let isUsed = true;
    return () => {
      if (!isUsed) return;
      isUsed = false;
      this.#uses -= 1;
      this.#usedAt = this.#now();
    };
  }

  /** Safe to call twice. */
  end(): void {
    this.#ended.abort();
  }
}

/**
 * Browsers that a ticket has let in. The cookie alone opens nothing: cookies are shared between all ports of a host, so
 * any other server on this machine is sent it; only the page that signed in knows the key. Cookies and keys are kept as
 * digests and never logged. At most 32 sessions: the one longest without use makes room.
 */
export class UiSessions {
  readonly #now: () => number;
  readonly #random: (bytes: number) => Buffer;
  /** By hex digest of the cookie: what a look-up by it takes tells nothing about any cookie. */
  readonly #sessions = new Map<string, UiSession>();

  constructor({ now = () => performance.now(), random = randomBytes }: UiSessionsOptions = {}) {
    this.#now = now;
    this.#random = random;
  }

  /**
   * A second sign-in of one browser joins its session: the cookie stays, so that a tab that is open goes on working.
   * @param cookies what the browser showed as ours
   */
  signIn(cookies: readonly string[]): SignIn {
    this.#forgetEnded();
    const requestKey = this.#random(secretBytes).toString('base64url');
    const known = cookies.find((cookie) => this.#sessions.has(Digest.of(cookie).hex));
    const cookie = known ?? this.#random(secretBytes).toString('base64url');
    const session = this.#sessions.get(Digest.of(cookie).hex) ?? this.#open(cookie);
    session.addKey(requestKey);
    session.use()();
    return { cookie, requestKey, session };
  }

  /** The session of a cookie, unless it has ended or was not used for {@link uiSessionIdleMs}. */
  find(cookie: string): UiSession | undefined {
    this.#forgetEnded();
    return this.#sessions.get(Digest.of(cookie).hex);
  }

  #open(cookie: string): UiSession {
    if (this.#sessions.size >= maxSessions) {
      const [idlest] = [...this.#sessions.values()].toSorted((left, right) => left.usedAt - right.usedAt);
      idlest?.end();
      this.#forgetEnded();
    }
    const session = new UiSession(this.#random(4).toString('hex'), this.#now);
    this.#sessions.set(Digest.of(cookie).hex, session);
    return session;
  }

  #forgetEnded(): void {
    const now = this.#now();
    for (const [digest, session] of this.#sessions) {
      if (now - session.usedAt >= uiSessionIdleMs) session.end();
      if (session.ended.aborted) this.#sessions.delete(digest);
    }
  }
}
