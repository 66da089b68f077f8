/** Which tools clients see; names as in `DISABLED_TOOLS` and `ENABLED_TOOLS`. */
export interface ToolVisibility {
  /** Empty or absent: all of the profile. */
  readonly enabledTools?: readonly string[];
  /** Wins over `enabledTools`. */
  readonly disabledTools?: readonly string[];
  /** Default `full`. Without effect when `enabledTools` names tools. */
  readonly profile?: 'lean' | 'full';
}

const leanTools: ReadonlySet<string> = new Set(['status', 'chat', 'version', 'listmodels']);

export interface VisibleTools<T> {
  readonly tools: readonly T[];
  /** Names that fit no tool: most likely misspelled, and worth a warning. */
  readonly unknownNames: readonly string[];
}

/** Pure; keeps the order of `tools`. */
export function visibleTools<T extends { readonly name: string }>(
  tools: readonly T[],
  visibility: ToolVisibility,
): VisibleTools<T> {
  const enabled = new Set(visibility.enabledTools ?? []);
  const disabled = new Set(visibility.disabledTools ?? []);
  const isChosen = (name: string): boolean => {
    if (disabled.has(name)) return false;
    if (enabled.size > 0) return enabled.has(name);
    return visibility.profile !== 'lean' || leanTools.has(name);
  };
  const names = new Set(tools.map(({ name }) => name));
  return {
    tools: tools.filter(({ name }) => isChosen(name)),
    unknownNames: [...new Set([...enabled, ...disabled])].filter((name) => !names.has(name)),
  };
}
