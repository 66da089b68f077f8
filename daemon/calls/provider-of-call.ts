/** The provider that serves a model, or null for a model nobody serves. */
export type ModelCatalogue = (model: string) => string | null;

export interface ProviderQuestion {
  /** Name of the tool, without a server's prefix. */
  readonly toolName: string;
  readonly arguments: unknown;
  /** What `auto` was resolved to, when the caller has resolved it; goes before the argument. */
  readonly resolvedModel?: string;
  readonly catalogue: ModelCatalogue;
  /** The provider configured for the upstream that owns the tool. */
  readonly upstreamProvider: string | null;
}

/**
 * Whose cap a call counts against (WIRE §7.1): the prefix of the tool's name, else the model, else the upstream's
 * setting. Upper case, as the caps are named; null when the call belongs to no provider.
 */
export function providerOfCall(question: ProviderQuestion): string | null {
  if (question.toolName.startsWith('kimi_')) return 'KIMI';
  if (question.toolName.startsWith('glm_')) return 'GLM';
  const model = question.resolvedModel ?? modelOf(question.arguments);
  const provider = (model === undefined ? null : question.catalogue(model)) ?? question.upstreamProvider;
  return provider === null || provider === '' ? null : provider.toUpperCase();
}

function modelOf(args: unknown): string | undefined {
  if (typeof args !== 'object' || args === null || !('model' in args)) return undefined;
  return typeof args.model === 'string' && args.model !== '' ? args.model : undefined;
}
