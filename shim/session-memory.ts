import { isRecord } from './editor-message.ts';

/** What a new daemon has to be told about a window that is already open (WIRE §5.2, `hello.resume`). */
export interface RememberedSession {
  /** Parameters of `initialize` as the editor sent them; null while it has not been answered. */
  readonly initialize: Readonly<Record<string, unknown>> | null;
  readonly protocolVersion: string | null;
  readonly subscriptions: readonly string[];
  readonly logLevel: string | null;
}

/** Bounds of the fields of `hello.resume`, in characters; no known value comes near them. */
const longestRevision = 64;
const longestLevel = 32;

/** The MCP state of this window, read from what passes through. */
export class SessionMemory {
  #asked: Readonly<Record<string, unknown>> | null = null;
  #isAnswered = false;
  #protocolVersion: string | null = null;
  readonly #subscriptions = new Set<string>();
  #logLevel: string | null = null;

  /** `clientInfo.name`, empty before `initialize`. */
  get clientName(): string {
    const info = this.#asked?.['clientInfo'];
    const name = isRecord(info) ? info['name'] : undefined;
    return typeof name === 'string' ? name : '';
  }

  get isInitialized(): boolean {
    return this.#isAnswered;
  }

  /** The revision that the editor asked for, if it named one. */
  get askedRevision(): unknown {
    return this.#asked?.['protocolVersion'];
  }

  noteInitialize(params: Readonly<Record<string, unknown>> | undefined): void {
    this.#asked = params ?? {};
    this.#isAnswered = false;
  }

  /** `initialize` was answered, by whomever. */
  noteInitialized(protocolVersion: string | undefined): void {
    this.#isAnswered = true;
    this.#protocolVersion =
      protocolVersion !== undefined && protocolVersion.length <= longestRevision ? protocolVersion : null;
  }

  /** A request that changes what a new daemon must know. */
  noteRequest(method: string, params: Readonly<Record<string, unknown>> | undefined): void {
    const { uri, level } = params ?? {};
    if (method === 'resources/subscribe' && typeof uri === 'string') this.#subscriptions.add(uri);
    else if (method === 'resources/unsubscribe' && typeof uri === 'string') this.#subscriptions.delete(uri);
    else if (method === 'logging/setLevel' && typeof level === 'string' && level.length <= longestLevel) {
      this.#logLevel = level;
    }
  }

  remembered(): RememberedSession {
    return {
      initialize: this.#isAnswered ? this.#asked : null,
      protocolVersion: this.#isAnswered ? this.#protocolVersion : null,
      subscriptions: [...this.#subscriptions],
      logLevel: this.#logLevel,
    };
  }
}

/** Requests whose parameters {@link SessionMemory.noteRequest} needs. */
export const rememberedMethods: ReadonlySet<string> = new Set([
  'resources/subscribe',
  'resources/unsubscribe',
  'logging/setLevel',
]);
