import { writeSync } from 'node:fs';

/** One line for whoever looks at the editor's server output (CLIENTS S9: one at start, one at the end, no more). */
export function writeStderrLine(line: string): void {
  try {
    writeSync(2, `${line}\n`);
  } catch {
    // Nobody reads it; the log has the same line.
  }
}
