/** One line of a log as an object; a line that is no JSON object keeps its text under `line`. */
export function logRecord(line: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // a line cut by a crash, or of another program: shown as it is
  }
  return { line };
}
