import type { TokenView } from '../../protocol/snapshot.ts';
import type { AuthPolicy } from '../config.ts';
import type { Session } from '../sessions/session.ts';
import type { SessionRegistry } from '../sessions/session-registry.ts';
import { RotationWatch } from './rotation-view.ts';
import { sessionName } from './session-view.ts';

export interface TokenWatchOptions {
  readonly registry: Pick<SessionRegistry, 'confirmed' | 'find'>;
  readonly authenticator: { readonly policy: AuthPolicy; readonly tokenGeneration: number };
  /** How long the token before stays valid after a rotation. */
  readonly graceMs: number;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** The shared token without the token: which one is valid, and who has followed the last rotation of this run. */
export class TokenWatch {
  readonly #options: TokenWatchOptions;
  #rotation: RotationWatch | undefined;
  #rotatedAt: number | null = null;
  /** Nobody holds a token that could be old when there was none before. */
  #hadToken: boolean;

  constructor(options: TokenWatchOptions) {
    this.#options = options;
    this.#hadToken = this.#needsToken;
  }

  get #needsToken(): boolean {
    const { policy } = this.#options.authenticator;
    return policy === 'token' || policy === 'both';
  }

  rotated(generation: number): void {
    const { registry, graceMs } = this.#options;
    const now = this.#seconds();
    this.#rotation = new RotationWatch(generation, registry.confirmed(), sessionName, now);
    this.#oldValidUntil = this.#hadToken && graceMs > 0 ? now + graceMs / 1000 : null;
    this.#rotatedAt = now;
    this.#hadToken = true;
  }

  #oldValidUntil: number | null = null;

  connected(session: Session): void {
    this.#rotation?.connected(session, this.#seconds());
  }

  /** Somebody has connected; who it was is not said. */
  someoneConnected(): void {
    const { registry } = this.#options;
    if (this.#rotation?.isWaiting === true) this.#rotation.lookAgain((key) => registry.find(key), this.#seconds());
  }

  ended(sessionKey: string, reason: string): void {
    this.#rotation?.ended(sessionKey, reason);
  }

  view(): TokenView {
    const { tokenGeneration } = this.#options.authenticator;
    const until = this.#oldValidUntil;
    return {
      generation: tokenGeneration,
      rotatedAt: this.#rotatedAt,
      oldValidUntil: until !== null && until > this.#seconds() ? until : null,
      // After the token was cleared there is nothing to follow.
      rotation: this.#needsToken ? (this.#rotation?.view() ?? null) : null,
    };
  }

  #seconds(): number {
    return this.#options.now() / 1000;
  }
}
