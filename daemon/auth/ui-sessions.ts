import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { Digest } from './digest.ts';
import type { StoredUiSession, UiSessionStore } from './ui-session-file.ts';

export interface UiSessionsOptions {
  /** Monotonic, in milliseconds. */
  readonly now?: () => number;
  /** Epoch milliseconds; of what is stored. */
  readonly wallNow?: () => number;
  readonly random?: (bytes: number) => Buffer;
  /** Where sessions outlive the daemon. Absent: they end with it. */
  readonly store?: UiSessionStore;
}

/** A session without use for so long has ended. An open stream is use. */
export const uiSessionIdleMs = 15 * 60_000;
const maxSessions = 32;
/** Tabs of one browser that signed in with tickets of their own. */
const maxKeys = 16;
const secretBytes = 32;
/** Use is stored at most so often. */
const storeIntervalMs = 60_000;

/** What a browser gets at its sign-in: the value of the cookie, and the key that its page keeps to itself. */
export interface SignIn {
  readonly cookie: string;
  readonly requestKey: string;
  readonly session: UiSession;
}

interface UiSessionParts {
  readonly label: string;
  readonly keys: readonly Digest[];
  readonly usedAt: number;
  readonly now: () => number;
  readonly onUse: () => void;
}

/** One browser that a ticket has let in. */
export class UiSession {
  /** For logs: tells sessions apart and opens nothing. */
  readonly label: string;
  readonly #ended = new AbortController();
  readonly #now: () => number;
  readonly #onUse: () => void;
  /** Newest last. */
  readonly #keys: Digest[];
  #usedAt: number;
  #uses = 0;

  constructor({ label, keys, usedAt, now, onUse }: UiSessionParts) {
    this.label = label;
    this.#keys = [...keys];
    this.#usedAt = usedAt;
    this.#now = now;
    this.#onUse = onUse;
  }

  /** Aborts when the session ends, with whatever is still open. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** When it was last used, on the clock of the sessions. */
  get usedAt(): number {
    return this.#uses > 0 ? this.#now() : this.#usedAt;
  }

  get isInUse(): boolean {
    return this.#uses > 0;
  }

  /** Hex, newest last. */
  get keyDigests(): readonly string[] {
    return this.#keys.map(({ hex }) => hex);
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
    this.#onUse();
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
 * digests and never logged. At most 32 sessions: the one longest without use makes room. Their digests are stored, so that
 * a page goes on after a restart of the daemon.
 */
export class UiSessions {
  readonly #now: () => number;
  readonly #wallNow: () => number;
  readonly #random: (bytes: number) => Buffer;
  readonly #store: UiSessionStore | undefined;
  #storedAt = Number.NEGATIVE_INFINITY;
  #storeTimer: NodeJS.Timeout | undefined;
  /** By hex digest of the cookie: what a look-up by it takes tells nothing about any cookie. */
  readonly #sessions = new Map<string, UiSession>();

  constructor(options: UiSessionsOptions = {}) {
    this.#now = options.now ?? (() => performance.now());
    this.#wallNow = options.wallNow ?? Date.now;
    this.#random = options.random ?? randomBytes;
    this.#store = options.store;
    for (const stored of this.#store?.load() ?? []) this.#restore(stored);
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
    this.#save();
    return { cookie, requestKey, session };
  }

  /** Ends the session, also for the next run. */
  signOut(session: UiSession): void {
    session.end();
    this.#save();
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
    return this.#add(Digest.of(cookie).hex, { label: this.#random(4).toString('hex'), keys: [], usedAt: this.#now() });
  }

  #add(cookieDigest: string, parts: Pick<UiSessionParts, 'label' | 'keys' | 'usedAt'>): UiSession {
    const session = new UiSession({ ...parts, now: this.#now, onUse: () => this.#saveUse() });
    this.#sessions.set(cookieDigest, session);
    return session;
  }

  /** A clock that was set back makes nobody's session longer than it may be. */
  #restore({ label, cookie, keys, lastUsedAt, expiresAt }: StoredUiSession): void {
    const unusedMs = this.#wallNow() - lastUsedAt * 1000;
    const isOver = Math.abs(unusedMs) >= uiSessionIdleMs || this.#wallNow() >= expiresAt * 1000;
    if (isOver || this.#sessions.size >= maxSessions) return;
    const digests = keys.slice(-maxKeys).flatMap((hex) => Digest.parse(hex) ?? []);
    this.#add(cookie, { label, keys: digests, usedAt: this.#now() - Math.max(0, unusedMs) });
  }

  /** At once after a minute without, else when the minute is over; again and again while something is open. */
  #saveUse(): void {
    if (this.#store === undefined || this.#storeTimer !== undefined) return;
    const delayMs = Math.max(0, this.#storedAt + storeIntervalMs - this.#now());
    this.#storeTimer = setTimeout(() => {
      this.#save();
      if ([...this.#sessions.values()].some(({ isInUse }) => isInUse)) this.#saveUse();
    }, delayMs);
    this.#storeTimer.unref();
  }

  #save(): void {
    if (this.#store === undefined) return;
    clearTimeout(this.#storeTimer);
    this.#storeTimer = undefined;
    this.#storedAt = this.#now();
    this.#forgetEnded();
    const sessions = [...this.#sessions].map(([cookie, session]) => {
      const lastUsedAt = (this.#wallNow() - (this.#now() - session.usedAt)) / 1000;
      const { label, keyDigests: keys } = session;
      return { label, cookie, keys: [...keys], lastUsedAt, expiresAt: lastUsedAt + uiSessionIdleMs / 1000 };
    });
    this.#store.save(sessions);
  }

  #forgetEnded(): void {
    const now = this.#now();
    for (const [digest, session] of this.#sessions) {
      if (now - session.usedAt >= uiSessionIdleMs) session.end();
      if (session.ended.aborted) this.#sessions.delete(digest);
    }
  }
}
