import type { Logger } from '../../platform/json-logger.ts';
import { FailureError } from '../../protocol/errors.ts';
import { limits } from '../../protocol/limits.ts';
import { mcpRevisions, version } from '../../protocol/version.ts';
import type { CallingWindow } from './calling-window.ts';
import { fetchList, type KnownLists, type ListKind, listsChangedBy, listsOf, noLists } from './known-lists.ts';
import { RestartPolicy } from './restart-policy.ts';
import { UpstreamClient } from './upstream-client.ts';
import type { UpstreamConfig } from './upstream-config.ts';
import { cannotStart, isStopped } from './upstream-failures.ts';
import type { LinkEnd, OpenLink } from './upstream-link.ts';

export type UpstreamState = 'stopped' | 'starting' | 'ready' | 'restarting' | 'failed';

export interface HostedUpstreamOptions {
  readonly config: UpstreamConfig;
  /** For people: the id, with the window or workspace that it serves. */
  readonly name: string;
  /** Opens the link anew for every start. Throws a `FailureError` when there is nothing to start. */
  readonly openLink: () => OpenLink;
  /** What the entry knew of the lists before this instance ran. */
  readonly lastLists: KnownLists | null;
  readonly logger: Logger;
  /** Something that surfaces show has changed. */
  onChanged(): void;
  /** Lists are new, or differ from what they were. */
  onListsChanged(kinds: readonly ListKind[]): void;
  /** A notification for those who have asked for it: `resources/updated`. */
  onNotification(method: string, params: Buffer | undefined): void;
  onLog(params: Buffer | undefined, window: CallingWindow | null): void;
  /** A new process knows nothing of levels and subscriptions. */
  onReady(client: UpstreamClient): void;
  /** The one window that it serves, when there is only one. */
  soleWindow(): CallingWindow | null;
  readonly now: () => number;
}

const listChangeMs = 100;
const listTimeoutMs = 30_000;

/** What the server has said about itself. */
export interface ServerFacts {
  readonly capabilities: Readonly<Record<string, unknown>>;
  readonly protocolVersion: string;
}

/**
 * One running copy of a configured server: started when first needed, started again when it has ended by itself, and
 * stopped in order. Everybody who needs it waits for the same start.
 */
export class HostedUpstream {
  readonly #options: HostedUpstreamOptions;
  readonly #policy = new RestartPolicy();
  #state: UpstreamState = 'stopped';
  /** Somebody has stopped it: only a start brings it back. */
  #isHeld = false;
  #client: UpstreamClient | undefined;
  #starting: Promise<UpstreamClient> | undefined;
  #waiting: { wakeUp(): void; giveUp(): void } | undefined;
  #readySince = 0;
  #startedAt = 0;
  #facts: ServerFacts | null = null;
  #lists: KnownLists | null;
  #areListsCurrent = false;
  #listsRead: Promise<void> = Promise.resolve();
  readonly #oldLists = new Set<ListKind>();
  #listTimer: NodeJS.Timeout | undefined;
  #lastEnd: LinkEnd | null = null;
  #failure: string | null = null;
  #restarts = 0;

  constructor(options: HostedUpstreamOptions) {
    this.#options = options;
    this.#lists = options.lastLists;
  }

  get config(): UpstreamConfig {
    return this.#options.config;
  }

  get state(): UpstreamState {
    return this.#state;
  }

  get pid(): number | null {
    return this.#client?.pid ?? null;
  }

  get inflight(): number {
    return this.#client?.inflight ?? 0;
  }

  get restarts(): number {
    return this.#restarts;
  }

  /** Null before its first `initialize`. */
  get facts(): ServerFacts | null {
    return this.#facts;
  }

  /** The last known lists, null when nobody has ever read them. */
  get lists(): KnownLists | null {
    return this.#lists;
  }

  /** The lists are those of the running server. */
  get areListsCurrent(): boolean {
    return this.#areListsCurrent;
  }

  /** Why it does not run; null when it does, or was stopped. */
  get failure(): string | null {
    return this.#failure;
  }

  get lastEnd(): LinkEnd | null {
    return this.#lastEnd;
  }

  get stderrTail(): readonly string[] {
    return this.#client?.stderrTail ?? this.#lastEnd?.stderrTail ?? [];
  }

  /** The server when it is ready. */
  get running(): UpstreamClient | undefined {
    return this.#state === 'ready' ? this.#client : undefined;
  }

  /** The server, started if need be. Rejects with a `FailureError`. */
  ready(): Promise<UpstreamClient> {
    const { running } = this;
    if (running !== undefined) return Promise.resolve(running);
    if (this.#starting !== undefined) return this.#starting;
    const { name } = this.#options;
    if (this.#isHeld) return Promise.reject(new FailureError(isStopped(name)));
    if (this.#state === 'failed' && this.#restarts > 0) {
      return Promise.reject(new FailureError(cannotStart(name, this.#failure ?? 'it failed.', this.stderrTail)));
    }
    return this.#begin(0);
  }

  /** Resolves when the lists are known as well as they can be by now, at the latest `maxMs` after the start began. */
  async listed(maxMs: number): Promise<void> {
    if (this.#areListsCurrent || this.#isHeld) return;
    const isNew = this.#starting === undefined && this.#client === undefined;
    const work = this.ready().then(
      () => this.#listsRead,
      () => undefined,
    );
    // A server that has not come by now keeps nobody waiting twice.
    const spentMs = isNew ? 0 : this.#options.now() - this.#startedAt;
    const leftMs = maxMs - spentMs;
    if (leftMs > 0) await within(work, leftMs);
  }

  /** As if its configuration were new: forgives earlier failures. */
  start(): void {
    this.#isHeld = false;
    this.#policy.reset();
    this.#restarts = 0;
    if (this.#state === 'failed') this.#set('stopped');
    this.#waiting?.wakeUp();
    this.ready().catch(() => undefined); // the state tells
  }

  /** Resolves when the process is gone. With `isHeld` only `start` brings it back. */
  async stop({ isHeld }: { readonly isHeld: boolean }): Promise<void> {
    this.#isHeld = isHeld;
    this.#waiting?.giveUp();
    clearTimeout(this.#listTimer);
    this.#listTimer = undefined;
    const client = this.#client;
    this.#client = undefined;
    this.#starting = undefined;
    this.#areListsCurrent = false;
    this.#failure = null;
    this.#set('stopped');
    await client?.close();
  }

  #begin(delayMs: number): Promise<UpstreamClient> {
    const starting = (delayMs === 0 ? Promise.resolve() : this.#wait(delayMs)).then(() => this.#open());
    this.#starting = starting;
    void starting
      .catch(() => undefined) // who waits for it is told
      .then(() => {
        if (this.#starting === starting) this.#starting = undefined;
      });
    return starting;
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const done = (then: () => void): void => {
        clearTimeout(timer);
        this.#waiting = undefined;
        then();
      };
      const timer = setTimeout(() => done(resolve), ms);
      this.#waiting = {
        wakeUp: () => done(resolve),
        giveUp: () => done(() => reject(new FailureError(isStopped(this.#options.name)))),
      };
    });
  }

  async #open(): Promise<UpstreamClient> {
    const { name, config, openLink, logger, now } = this.#options;
    this.#startedAt = now();
    this.#failure = null;
    this.#set('starting');
    let client: UpstreamClient;
    try {
      client = new UpstreamClient({
        name,
        open: openLink(),
        soleWindow: () => this.#options.soleWindow(),
        onNotification: (method, params) => this.#onNotification(client, method, params),
        onLog: (params, window) => this.#options.onLog(params, window),
        onGarbage: (text) => logger.debug('a server wrote what is no message', { upstream: name, text }),
        onEnded: (end) => this.#onEnded(client, end),
      });
    } catch (error) {
      if (!(error instanceof FailureError)) throw error;
      this.#failure = error.failure.message;
      logger.warn('a server cannot be started', { upstream: name, reason: error.failure.message });
      this.#set('failed');
      throw error;
    }
    this.#client = client;
    const timeout = AbortSignal.timeout(config.startTimeoutMs);
    try {
      const answer = await client.request({
        method: 'initialize',
        params: initializeParams,
        signal: timeout,
        window: null,
      });
      if (this.#client !== client) throw new FailureError(isStopped(name));
      this.#facts = readFacts(answer);
      client.initialized(this.#facts.protocolVersion);
      this.#readySince = now();
      this.#set('ready');
      logger.info('a server is ready', {
        upstream: name,
        pid: client.pid,
        startMs: Math.round(now() - this.#startedAt),
      });
      this.#options.onReady(client);
      this.#listsRead = this.#readLists(client, listsOf(this.#facts.capabilities));
      return client;
    } catch (error) {
      if (this.#client === client && this.#state === 'starting') {
        const reason = timeout.aborted
          ? `it did not answer within ${config.startTimeoutMs / 1000} s.`
          : 'it refused the handshake.';
        void client.close();
        this.#onEnded(client, { message: reason, exitCode: null, signal: null, stderrTail: client.stderrTail });
        throw new FailureError(cannotStart(name, reason, client.stderrTail), { cause: error });
      }
      throw error instanceof FailureError ? error : new FailureError(cannotStart(name, 'it refused the handshake.'));
    }
  }

  #onEnded(client: UpstreamClient, end: LinkEnd): void {
    if (this.#client !== client) return; // stopped on purpose, or followed by another already
    const { logger, name, now } = this.#options;
    const ranMs = this.#state === 'ready' ? now() - this.#readySince : 0;
    this.#client = undefined;
    this.#starting = undefined;
    this.#areListsCurrent = false;
    this.#lastEnd = end;
    this.#failure = end.message;
    this.#restarts += 1;
    const decision = this.#policy.failed(now(), ranMs);
    logger.warn('a server has ended by itself', {
      upstream: name,
      reason: end.message,
      exitCode: end.exitCode,
      stderr: end.stderrTail.slice(-3),
      restart: decision.type === 'wait' ? decision.delayMs : 'given up',
    });
    if (decision.type === 'give-up') {
      this.#set('failed');
      return;
    }
    this.#set('restarting');
    this.#begin(decision.delayMs).catch(() => undefined); // the state tells
  }

  #onNotification(client: UpstreamClient, method: string, params: Buffer | undefined): void {
    const changed = listsChangedBy(method);
    if (changed.length === 0) {
      this.#options.onNotification(method, params);
      return;
    }
    for (const kind of changed) this.#oldLists.add(kind);
    this.#listTimer ??= setTimeout(() => {
      this.#listTimer = undefined;
      const kinds = [...this.#oldLists];
      this.#oldLists.clear();
      if (this.#client === client) this.#listsRead = this.#readLists(client, kinds);
    }, listChangeMs);
  }

  /** One list that cannot be read leaves the others, and its own last state. */
  async #readLists(client: UpstreamClient, kinds: readonly ListKind[]): Promise<void> {
    const signal = AbortSignal.timeout(listTimeoutMs);
    const read = await Promise.all(
      kinds.map(async (kind) => {
        try {
          return [kind, await fetchList(client, kind, signal)] as const;
        } catch {
          return undefined;
        }
      }),
    );
    if (this.#client !== client) return;
    const fresh = read.filter((one) => one !== undefined);
    const before = this.#lists;
    const has = listsOf(this.#facts?.capabilities ?? {});
    const kept = Object.fromEntries(
      Object.entries(before ?? noLists).map(([kind, items]) => [kind, has.some((one) => one === kind) ? items : []]),
    );
    this.#lists = { ...noLists, ...kept, ...Object.fromEntries(fresh) };
    this.#areListsCurrent = fresh.length === kinds.length;
    const changed =
      before === null ? kinds : kinds.filter((kind) => !isSameList(before[kind], this.#lists?.[kind] ?? []));
    if (changed.length > 0) this.#options.onListsChanged(changed);
    this.#options.onChanged();
  }

  #set(state: UpstreamState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#options.onChanged();
  }
}

const initializeParams = JSON.stringify({
  protocolVersion: mcpRevisions[0],
  capabilities: { roots: { listChanged: true }, sampling: {}, elicitation: { form: {}, url: {} } },
  clientInfo: { name: 'exai-tray', title: 'EXAI Tray', version },
});

function readFacts(answer: Buffer): ServerFacts {
  const value: unknown = JSON.parse(answer.toString('utf8'));
  const facts = typeof value === 'object' && value !== null ? value : {};
  const capabilities = 'capabilities' in facts ? facts.capabilities : undefined;
  const revision = 'protocolVersion' in facts ? facts.protocolVersion : undefined;
  return {
    capabilities: typeof capabilities === 'object' && capabilities !== null ? { ...capabilities } : {},
    protocolVersion: typeof revision === 'string' ? revision : mcpRevisions[0],
  };
}

function isSameList(left: KnownLists[ListKind], right: KnownLists[ListKind]): boolean {
  return left.length === right.length && left.every(({ raw }, index) => right[index]?.raw.equals(raw) === true);
}

function within(work: Promise<void>, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, Math.min(ms, limits.upstreamListWaitMs));
    void work.finally(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
