import { z } from 'zod';

/** A model provider that a later version will serve, and what will switch it on. */
export interface KnownProvider {
  /** As in `EXAI_WS_<NAME>_MAX_INFLIGHT`. */
  readonly name: string;
  readonly title: string;
  /** Any one of them. */
  readonly variables: readonly string[];
}

/** In the order in which providers are asked. */
const knownProviders: readonly KnownProvider[] = [
  { name: 'KIMI', title: 'Kimi (Moonshot)', variables: ['KIMI_API_KEY', 'MOONSHOT_API_KEY'] },
  { name: 'GLM', title: 'GLM (Z.ai)', variables: ['GLM_API_KEY', 'ZHIPUAI_API_KEY'] },
  { name: 'CUSTOM', title: 'any server with the OpenAI API, such as Ollama', variables: ['CUSTOM_API_URL'] },
];

/** Tells whether the daemon was given a variable; never its value. */
export type IsVariableSet = (name: string) => boolean;

export const providerState = z.object({
  name: z.string(),
  title: z.string(),
  /** Whether its models can be used now. */
  available: z.boolean(),
  variables: z.array(z.string()),
  variables_set: z.array(z.string()),
});

/** Nothing is served yet, whatever is set. */
export function providerStates(isVariableSet: IsVariableSet): z.output<typeof providerState>[] {
  return knownProviders.map(({ name, title, variables }) => ({
    name,
    title,
    available: false,
    variables: [...variables],
    variables_set: variables.filter(isVariableSet),
  }));
}

export const noProvidersNote =
  'This version serves no model provider, so there are no models. Providers arrive in a later version.';

/** One line for each provider: what will add it, and whether that is set already. */
export function providerLines(isVariableSet: IsVariableSet): readonly string[] {
  return providerStates(isVariableSet).map(({ title, variables, variables_set }) => {
    const [first = '', ...others] = variables.map((variable) => `\`${variable}\``);
    const names = others.length === 0 ? first : `${first} (or ${others.join(', ')})`;
    const state = variables_set.length === 0 ? 'not set' : 'set, not used yet';
    return `- ${title}: ${names}, ${state}`;
  });
}
