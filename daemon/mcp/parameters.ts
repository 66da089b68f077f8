import type { RequestId } from '../../protocol/ids.ts';

/** Reads what the daemon needs of `params` without trusting its shape. */
export class McpParameters {
  readonly #params: unknown;

  constructor(params: unknown) {
    this.#params = params;
  }

  value(name: string): unknown {
    return property(this.#params, name);
  }

  text(name: string): string | undefined {
    return asText(this.value(name));
  }

  /** `requestId` of a cancellation. */
  requestId(): RequestId | undefined {
    return asId(this.value('requestId'));
  }

  /** `_meta.progressToken`. */
  progressToken(): RequestId | undefined {
    return asId(property(this.value('_meta'), 'progressToken'));
  }

  clientInfo(): { name: string; version: string | null } | undefined {
    const info = this.value('clientInfo');
    const name = asText(property(info, 'name'));
    return name === undefined
      ? undefined
      : { name: name.slice(0, 128), version: asText(property(info, 'version'))?.slice(0, 64) ?? null };
  }
}

export function readParameters(params: unknown): McpParameters {
  return new McpParameters(params);
}

function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}

function asText(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function asId(value: unknown): RequestId | undefined {
  return typeof value === 'string' || typeof value === 'number' ? value : undefined;
}
