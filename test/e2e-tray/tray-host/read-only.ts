/** Properties of a D-Bus interface that are only read, by name and type. */
export function readOnly(types: Readonly<Record<string, string>>) {
  return Object.fromEntries(
    Object.entries(types).map(([name, signature]) => [name, { signature, access: 'read' as const }]),
  );
}
