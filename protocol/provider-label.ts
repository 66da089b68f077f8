const labels: Readonly<Record<string, string>> = { KIMI: 'Kimi', GLM: 'GLM' };

/** A provider as people write it; `name` is in upper case, as in settings and events. Names nobody knows stay as they are. */
export function providerLabel(name: string): string {
  return labels[name] ?? name;
}
