import { z } from 'zod';
import type { StatusSource } from '../observe/status.ts';
import { type IsVariableSet, noProvidersNote, providerState, providerStates } from './known-providers.ts';
import { defineTool, jsonResult, readOnly, type Tool } from './tool.ts';

export interface ProviderCapabilitiesSources {
  readonly status: StatusSource;
  readonly isVariableSet: IsVariableSet;
  toolNames(): readonly string[];
}

const input = z.object({
  include_tools: z.boolean().default(true).describe('Also list the names of all tools.'),
  show_advanced: z.boolean().default(false).describe('Also show the limits of each provider.'),
  invalidate_cache: z
    .boolean()
    .default(false)
    .describe('Ask the providers again. Nothing is cached yet, so it changes nothing.'),
});

const output = z.object({
  providers: z.array(providerState),
  note: z.string(),
  tools: z.array(z.string()).optional(),
  limits: z.record(z.string(), z.object({ capacity: z.number(), inflight: z.number() })).optional(),
});

export function providerCapabilitiesTool(sources: ProviderCapabilitiesSources): Tool {
  return defineTool({
    name: 'provider_capabilities',
    title: 'Provider capabilities',
    description: 'Shows which model providers are configured and what they offer. Never shows a key.',
    input,
    output,
    annotations: readOnly,
    run: ({ include_tools, show_advanced }) =>
      jsonResult({
        providers: providerStates(sources.isVariableSet),
        note: noProvidersNote,
        ...(include_tools ? { tools: sources.toolNames() } : {}),
        ...(show_advanced ? { limits: sources.status.status().providers } : {}),
      }),
  });
}
