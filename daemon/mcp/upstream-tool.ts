import { FailureError } from '../../protocol/errors.ts';
import {
  CallFailedError,
  type JsonSchemaObject,
  RelayedResult,
  type Tool,
  type ToolAnnotations,
  type ToolContext,
  type ToolResult,
} from '../tools/tool.ts';
import { RelayedError } from '../upstreams/calling-window.ts';
import type { Upstreams } from '../upstreams/upstreams.ts';
import { abortable } from './abortable.ts';
import type { OwnedItem } from './aggregate.ts';
import { relayedParams } from './relayed-params.ts';

interface Described {
  readonly title?: unknown;
  readonly description?: unknown;
  readonly inputSchema?: unknown;
  readonly annotations?: unknown;
}

/** A tool of a server. Arguments and result pass as bytes; what the daemon reads of its description is read once. */
export class UpstreamTool implements Tool {
  readonly name: string;
  readonly upstream: string;
  readonly provider?: string;
  readonly #item: OwnedItem;
  readonly #upstreams: Upstreams;
  #described: Described | undefined;

  constructor(name: string, item: OwnedItem, upstreams: Upstreams) {
    this.name = name;
    this.#item = item;
    this.#upstreams = upstreams;
    const { id, provider } = item.entry.config;
    this.upstream = id;
    if (provider !== null) this.provider = provider;
  }

  get title(): string {
    const { title } = this.#description();
    return typeof title === 'string' ? title : this.name;
  }

  get description(): string {
    const { description } = this.#description();
    return typeof description === 'string' ? description : '';
  }

  get inputSchema(): JsonSchemaObject {
    const { inputSchema } = this.#description();
    return typeof inputSchema === 'object' && inputSchema !== null
      ? { ...inputSchema, type: 'object' }
      : { type: 'object' };
  }

  get annotations(): ToolAnnotations {
    const { annotations } = this.#description();
    return typeof annotations === 'object' && annotations !== null ? annotations : {};
  }

  async call(args: unknown, context: ToolContext): Promise<ToolResult> {
    const { entry, ownKey } = this.#item;
    const { relay, signal } = context;
    const instance = this.#upstreams.instanceFor(entry, {
      key: context.sessionKey,
      workspace: context.workspace ?? null,
    });
    this.#upstreams.touched(instance);
    const params = relay?.params ?? Buffer.from(JSON.stringify({ name: ownKey, arguments: args }), 'utf8');
    try {
      // Never without a turn of microtasks: the journal's line comes before the request (`StartedCall.isRelayed`).
      const client = await (instance.running ?? abortable(instance.ready(), signal));
      const result = await client.request({
        method: 'tools/call',
        params: (id) => relayedParams(params, { name: ownKey, progressToken: id }),
        signal,
        window: relay?.window ?? null,
        onProgress: (progress) => context.reportProgress(readProgress(progress)),
      });
      return new RelayedResult(result);
    } catch (error) {
      if (error instanceof RelayedError) throw new CallFailedError(relayedFailure(error.error), error.error);
      if (error instanceof FailureError) throw new CallFailedError(error.failure);
      throw error;
    }
  }

  #description(): Described {
    this.#described ??= parsedObject(this.#item.raw);
    return this.#described;
  }
}

function parsedObject(bytes: Buffer): object {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {}; // the client will judge it too
  }
}

/** Everything of it but the token, which is ours. */
function readProgress(params: Buffer): Record<string, unknown> {
  const { progressToken: _ours, ...rest } = { progressToken: null, ...parsedObject(params) };
  return rest;
}

/** What the daemon's own records say of an error that goes to the client untouched. */
function relayedFailure(error: Buffer): { code: 'EXEC_ERROR'; message: string } {
  const parsed = parsedObject(error);
  const message =
    'message' in parsed && typeof parsed.message === 'string' ? parsed.message : 'The server answered with an error.';
  return { code: 'EXEC_ERROR', message };
}
