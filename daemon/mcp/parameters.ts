import type { RequestId } from '../../protocol/ids.ts';

/** Reads what the daemon needs of `params` without trusting its shape. */
export interface McpParameters {
  text(name: string): string | undefined;
  value(name: string): unknown;
  /** `requestId` of a cancellation. */
  requestId(): RequestId | undefined;
  /** `_meta.progressToken`. */
  progressToken(): RequestId | undefined;
  clientInfo(): { name: string; version: string | null } | undefined;
}

export function readParameters(params: unknown): McpParameters {
  const value = (name: string): unknown => property(params, name);
  return {
    value,
    text: (name) => asText(value(name)),
    requestId: () => asId(value('requestId')),
    progressToken: () => asId(property(value('_meta'), 'progressToken')),
    clientInfo: () => {
      const info = value('clientInfo');
      const name = asText(property(info, 'name'));
      return name === undefined
        ? undefined
        : { name: name.slice(0, 128), version: asText(property(info, 'version'))?.slice(0, 64) ?? null };
    },
  };
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
