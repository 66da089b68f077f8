import { z } from 'zod';
import {
  type IsVariableSet,
  noProvidersNote,
  providerLines,
  providerState,
  providerStates,
} from './known-providers.ts';
import { defineTool, readOnly, type Tool } from './tool.ts';

const output = z.object({
  models: z.array(z.object({ name: z.string(), provider: z.string() })),
  providers: z.array(providerState),
  note: z.string(),
});

export function listmodelsTool(isVariableSet: IsVariableSet): Tool {
  return defineTool({
    name: 'listmodels',
    title: 'List models',
    description: 'Lists the models that the daemon can use, by provider, and what would add more.',
    input: z.object({}),
    output,
    annotations: readOnly,
    run: () => {
      const text = [
        '# Models',
        '',
        noProvidersNote,
        'They will be added by:',
        '',
        ...providerLines(isVariableSet),
      ].join('\n');
      const structuredContent = { models: [], providers: providerStates(isVariableSet), note: noProvidersNote };
      return { content: [{ type: 'text', text }], structuredContent };
    },
  });
}
