import { limits } from '../protocol/limits.ts';
import type { Clock } from './clock.ts';
import { agreedRevision, initializeResult, type KnownFacts, type WindowNames } from './known-facts.ts';

export interface StandInOptions {
  readonly clock: Clock;
  readonly names: WindowNames;
  /** Read when needed: most windows never need them. */
  readonly facts: () => KnownFacts;
  /** Answers the waiting `initialize` with `resultJson`. */
  readonly answer: (resultJson: string, protocolVersion: string) => void;
}

/**
 * Answers `initialize` in the daemon's place when it takes longer than a second (CLIENTS S5), or at once when nobody
 * listens and the daemon has left its tool list behind: some clients give up after 0.8 s (P6).
 */
export class StandIn {
  readonly #options: StandInOptions;
  #facts: KnownFacts | undefined;
  #waitingFor: { readonly revision: unknown } | undefined;
  #cancelTimer: (() => void) | undefined;
  #isDaemonAbsent = false;

  constructor(options: StandInOptions) {
    this.#options = options;
  }

  /** `initialize` has arrived, asking for `revision`. */
  begin(revision: unknown): void {
    this.end();
    this.#waitingFor = { revision };
    if (this.#isDaemonAbsent && this.#knownFacts().tools !== undefined) this.#answer();
    else this.#cancelTimer = this.#options.clock.schedule(() => this.#answer(), limits.initializeFallbackMs);
  }

  /** The daemon has answered, or the request was refused. */
  end(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#waitingFor = undefined;
  }

  /** A connect was refused (`true`), or the daemon is there. */
  setDaemonAbsent(isAbsent: boolean): void {
    this.#isDaemonAbsent = isAbsent;
    if (!isAbsent)
      this.#facts = undefined; // the next absence reads what this daemon left
    else if (this.#waitingFor !== undefined && this.#knownFacts().tools !== undefined) this.#answer();
  }

  /** `result` of `tools/list` as the daemon last gave it; undefined when it never did. */
  toolsResult(): string | undefined {
    const { tools } = this.#knownFacts();
    return tools === undefined ? undefined : JSON.stringify({ tools });
  }

  #answer(): void {
    const waitingFor = this.#waitingFor;
    if (waitingFor === undefined) return;
    this.end();
    const facts = this.#knownFacts();
    const protocolVersion = agreedRevision(facts, waitingFor.revision);
    this.#options.answer(initializeResult(facts, this.#options.names, protocolVersion), protocolVersion);
  }

  #knownFacts(): KnownFacts {
    this.#facts ??= this.#options.facts();
    return this.#facts;
  }
}
