import { FailureError } from '../../protocol/errors.ts';
import type { RequestId } from '../../protocol/ids.ts';
import { memberOf, scalarMember, textMember } from '../../protocol/json-slices.ts';
import type { CallingWindow } from '../upstreams/calling-window.ts';
import type { HostedUpstream } from '../upstreams/hosted-upstream.ts';
import type { ListKind } from '../upstreams/known-lists.ts';
import type { UpstreamEntry, UpstreamUser } from '../upstreams/upstream-entry.ts';
import type { Upstreams } from '../upstreams/upstreams.ts';
import { abortable } from './abortable.ts';
import type { Aggregate, MergedView } from './aggregate.ts';
import { ClientRequests, messageBytes } from './client-requests.ts';
import { mcpFailures, unknownMethod } from './mcp-failures.ts';
import { relayedParams, withRefName } from './relayed-params.ts';
import { resourceOwner } from './resource-owner.ts';
import type { SharedInterests } from './shared-interests.ts';

/** How a session's client is reached. `relatedTo` is the client's own request that a message belongs to. */
export interface ClientChannel {
  sendRelayed(bytes: Buffer, kind: 'request' | 'notification', relatedTo?: RequestId): void;
}

/** One request of a client on its way to a server. */
export interface RoutedRequest {
  readonly id: RequestId;
  readonly method: string;
  readonly params: Buffer;
  readonly signal: AbortSignal;
  readonly onProgress: ((params: Record<string, unknown>) => void) | undefined;
}

export interface SessionRouterOptions {
  readonly user: UpstreamUser;
  readonly channel: ClientChannel;
  readonly aggregate: Aggregate;
  readonly upstreams: Upstreams;
  readonly interests: SharedInterests;
}

const routedMethods: ReadonlySet<string> = new Set([
  'tools/list',
  'prompts/list',
  'prompts/get',
  'resources/list',
  'resources/templates/list',
  'resources/read',
  'resources/subscribe',
  'resources/unsubscribe',
  'completion/complete',
  'logging/setLevel',
]);

const capabilityOf: Readonly<Record<string, string>> = {
  'sampling/createMessage': 'sampling',
  'elicitation/create': 'elicitation',
  'roots/list': 'roots',
};

/** Routes what one client asks to the servers that have it, and what servers ask during its calls to this client. */
export class SessionRouter {
  readonly #options: SessionRouterOptions;
  readonly #requests: ClientRequests;
  #capabilities: Readonly<Record<string, unknown>> = {};
  #relatedTo: RequestId | undefined;
  #isEnded = false;
  /** The lists as the client was given them last. */
  readonly #served = new Map<ListKind, string>();

  constructor(options: SessionRouterOptions) {
    this.#options = options;
    this.#requests = new ClientRequests((bytes, kind) => options.channel.sendRelayed(bytes, kind, this.#relatedTo));
  }

  /** `capabilities` of the client's `initialize`. */
  identified(capabilities: unknown): void {
    this.#capabilities = typeof capabilities === 'object' && capabilities !== null ? { ...capabilities } : {};
  }

  handles(method: string): boolean {
    return routedMethods.has(method);
  }

  /** JSON or bytes of the result. Rejects with a `RelayedError` or a `FailureError`. */
  async request(request: RoutedRequest): Promise<string | Buffer> {
    const { user, aggregate } = this.#options;
    switch (request.method) {
      case 'logging/setLevel':
        return this.#setLevel(request);
      case 'tools/list':
      case 'prompts/list':
      case 'resources/list':
      case 'resources/templates/list': {
        await abortable(aggregate.prepare(user), request.signal);
        return this.listNow(request.method);
      }
      default: {
        await abortable(aggregate.prepare(user), request.signal);
        return this.#route(request, aggregate.view(user));
      }
    }
  }

  /** A list of what is known now. */
  listNow(method: string): string {
    const kind = listKindOf(method);
    const list = this.#options.aggregate.view(this.#options.user).results[kind];
    this.#served.set(kind, list);
    return list;
  }

  /** Whether the client has not been given this list as it is now. */
  hasNews(kind: ListKind): boolean {
    return this.#served.get(kind) !== this.#options.aggregate.view(this.#options.user).results[kind];
  }

  /** Whether waiting for servers could bring no tool that is not known already. */
  knowsTool(name: string): boolean {
    const { aggregate, user } = this.#options;
    return (
      aggregate.isEmpty || aggregate.isOwn(name) || aggregate.isComplete(user) || aggregate.view(user).tools.has(name)
    );
  }

  /** Waits for servers whose tools nobody knows yet. */
  prepareCall(signal: AbortSignal): Promise<void> {
    return abortable(this.#options.aggregate.prepare(this.#options.user), signal);
  }

  onNotification(method: string, params: Buffer | undefined): void {
    if (method !== 'notifications/roots/list_changed') return;
    // Only a server that serves this window alone can ask whose roots they are.
    for (const entry of this.#options.upstreams.entries) {
      if (entry.config.mode === 'shared') continue;
      const instance = this.#options.upstreams.instanceFor(entry, this.#options.user);
      if (instance.state === 'ready') void instance.ready().then((client) => client.notify(method, params));
    }
  }

  /** False when the answer belongs to no request of ours. */
  onResponse(id: RequestId, result: Buffer | undefined, error: Buffer | undefined): boolean {
    return this.#requests.answered(id, result, error);
  }

  /** What servers see of this window while its request `id` runs. */
  window(id: RequestId | undefined): CallingWindow {
    return {
      sessionKey: this.#options.user.key,
      request: (method, params, signal) => {
        const capability = capabilityOf[method];
        if (capability === undefined) return Promise.reject(new FailureError(unknownMethod(method)));
        if (this.#isEnded || this.#capabilities[capability] === undefined) {
          return Promise.reject(new FailureError(cannotDo(capability)));
        }
        return this.#relating(id, () => this.#requests.request(method, params, signal));
      },
      notify: (method, params) => {
        if (this.#isEnded) return;
        if (method === 'notifications/message' && !this.#wants(params)) return;
        this.#options.channel.sendRelayed(
          messageBytes(`"method":${JSON.stringify(method)}`, params),
          'notification',
          id,
        );
      },
    };
  }

  resumed(): void {
    this.#requests.sendAgain();
  }

  /** The session is over: its subscriptions and open questions with it. */
  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#requests.end();
    for (const { instance, uri } of this.#options.interests.endSession(this.#options.user.key)) {
      void askIfRunning(instance, 'resources/unsubscribe', Buffer.from(JSON.stringify({ uri })));
    }
    this.#options.upstreams.sessionEnded(this.#options.user.key);
  }

  async #route(request: RoutedRequest, view: MergedView): Promise<Buffer | string> {
    const { method, params } = request;
    switch (method) {
      case 'prompts/get': {
        const prompt = view.prompts.get(textMember(params, 0, 'name') ?? '');
        if (prompt === undefined) throw new FailureError(mcpFailures.noSuchPrompt);
        return this.#ask(prompt.entry, {
          ...request,
          params: Buffer.concat(relayedParams(params, { name: prompt.ownKey })),
        });
      }
      case 'completion/complete':
        return this.#complete(request, view);
      case 'resources/read':
        return this.#ask(ownerOf(view, params), request);
      case 'resources/subscribe':
        return this.#subscribe(request, ownerOf(view, params));
      case 'resources/unsubscribe':
        return this.#unsubscribe(request, ownerOf(view, params));
      default:
        throw new FailureError(unknownMethod(method));
    }
  }

  #complete(request: RoutedRequest, view: MergedView): Promise<Buffer> {
    const { params } = request;
    const ref = memberOf(params, 0, 'ref');
    const type = ref === undefined ? undefined : textMember(params, ref.start, 'type');
    if (ref !== undefined && type === 'ref/prompt') {
      const prompt = view.prompts.get(textMember(params, ref.start, 'name') ?? '');
      if (prompt === undefined) return Promise.reject(new FailureError(mcpFailures.noSuchPrompt));
      return this.#ask(prompt.entry, { ...request, params: withRefName(params, prompt.ownKey) });
    }
    const uri = ref === undefined ? undefined : textMember(params, ref.start, 'uri');
    const template = view.templates.find(({ ownKey }) => ownKey === uri);
    const entry = template?.entry ?? (uri === undefined ? undefined : resourceOwner(view, uri));
    if (entry === undefined) return Promise.reject(new FailureError(mcpFailures.noSuchResource));
    return this.#ask(entry, request);
  }

  async #subscribe(request: RoutedRequest, entry: UpstreamEntry): Promise<Buffer | string> {
    const { interests, upstreams, user } = this.#options;
    const uri = textMember(request.params, 0, 'uri') ?? '';
    const instance = upstreams.instanceFor(entry, user);
    if (!interests.subscribe(instance, uri, user.key)) return '{}';
    try {
      return await this.#ask(entry, request);
    } catch (error) {
      interests.unsubscribe(instance, uri, user.key);
      throw error;
    }
  }

  async #unsubscribe(request: RoutedRequest, entry: UpstreamEntry): Promise<Buffer | string> {
    const { interests, upstreams, user } = this.#options;
    const uri = textMember(request.params, 0, 'uri') ?? '';
    const isLast = interests.unsubscribe(upstreams.instanceFor(entry, user), uri, user.key);
    return isLast ? this.#ask(entry, request) : '{}';
  }

  /** A level is this window's own; servers are told the lowest that any window wants. */
  #setLevel(request: RoutedRequest): string {
    const { interests, upstreams, user } = this.#options;
    const level = textMember(request.params, 0, 'level');
    if (level === undefined) return '{}';
    const before = interests.lowestLevel;
    interests.setLevel(user.key, level);
    if (interests.lowestLevel === before) return '{}';
    for (const instance of upstreams.entries.flatMap((entry) => entry.instances)) {
      if (instance.state === 'ready') void instance.ready().then((client) => interests.tellLevel(instance, client));
    }
    return '{}';
  }

  async #ask(entry: UpstreamEntry, { id, method, params, signal, onProgress }: RoutedRequest): Promise<Buffer> {
    const { upstreams, user } = this.#options;
    const instance = upstreams.instanceFor(entry, user);
    upstreams.touched(instance);
    const client = await abortable(instance.ready(), signal);
    return client.request({
      method,
      params: (token) => relayedParams(params, { progressToken: token }),
      signal,
      window: this.window(id),
      onProgress: onProgress === undefined ? undefined : (progress) => onProgress(progressOf(progress)),
    });
  }

  #relating<T>(id: RequestId | undefined, work: () => T): T {
    this.#relatedTo = id;
    try {
      return work();
    } finally {
      this.#relatedTo = undefined;
    }
  }

  #wants(params: Buffer | undefined): boolean {
    const level = params === undefined ? undefined : scalarMember(params, 0, 'level');
    return this.#options.interests.wants(this.#options.user.key, level);
  }
}

function ownerOf(view: MergedView, params: Buffer): UpstreamEntry {
  const entry = resourceOwner(view, textMember(params, 0, 'uri') ?? '');
  if (entry === undefined) throw new FailureError(mcpFailures.noSuchResource);
  return entry;
}

function listKindOf(method: string): ListKind {
  switch (method) {
    case 'tools/list':
      return 'tools';
    case 'prompts/list':
      return 'prompts';
    case 'resources/list':
      return 'resources';
    default:
      return 'resourceTemplates';
  }
}

function progressOf(params: Buffer): Record<string, unknown> {
  const value: unknown = JSON.parse(params.toString('utf8'));
  const { progressToken: _ours, ...rest } = { progressToken: null, ...(typeof value === 'object' ? value : {}) };
  return rest;
}

function cannotDo(capability: string): { code: 'METHOD_NOT_FOUND'; message: string } {
  return { code: 'METHOD_NOT_FOUND', message: `The client of this window does not support ${capability}.` };
}

async function askIfRunning(instance: HostedUpstream, method: string, params: Buffer): Promise<void> {
  if (instance.state !== 'ready') return;
  try {
    await (await instance.ready()).request({ method, params, window: null });
  } catch {
    // it has gone meanwhile, and with it what was to be undone
  }
}
