import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { requirements } from '../requirements.ts';

const root = join(import.meta.dirname, '..', '..');
const testFiles = globSync(
  [
    '{protocol,platform,daemon,shim,cli,renderer,electron}/**/*.{test,contract}.{ts,tsx}',
    'test/**/*.{test,e2e}.ts',
    'test/e2e-tray/scenarios.ts',
  ],
  {
    cwd: root,
  },
);
const citations = testFiles.flatMap((file) => citedIds(readFileSync(join(root, file), 'utf8')));

/** Ids that a test file names; `WIRE-` with a bare number is a section of the specification and no row. */
function citedIds(source: string): string[] {
  return [
    ...source.matchAll(
      /\b(?:WIRE-[A-Z]|(?:PF|SHIM|BAD|MAIN|TOKEN|LIVE|HIST|UI|ICON|PACK|STOP|TRAY|DESK|UP|HTTP|INTEROP)-)[A-Za-z0-9-]*[A-Za-z0-9]/g,
    ),
  ].map(([id]) => id);
}

describe('requirements', () => {
  it('reads the test files', () => {
    expect(testFiles.length).toBeGreaterThan(40);
  });

  it('has no id twice', () => {
    const ids = requirements.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)]);
  });

  it('finds every promise cited by a test', () => {
    const cited = new Set(citations);
    expect(requirements.filter(({ id }) => !cited.has(id))).toEqual([]);
  });

  it('knows every id that a test cites', () => {
    const known = new Set(requirements.map(({ id }) => id));
    expect([...new Set(citations)].filter((id) => !known.has(id))).toEqual([]);
  });
});
