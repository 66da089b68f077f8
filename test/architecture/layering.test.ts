import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';

/** Raise it as the tree grows: a cruise that reads next to nothing passes every rule. */
const fewestModules = 3;

const cruiseSchema = z.object({
  summary: z.object({
    totalCruised: z.number(),
    violations: z.array(z.object({ from: z.string(), to: z.string(), rule: z.object({ name: z.string() }) })),
  }),
  modules: z.array(
    z.object({
      source: z.string(),
      dependencies: z.array(z.object({ resolved: z.string(), dependencyTypes: z.array(z.string()) })),
    }),
  ),
});

describe('layers', () => {
  let cruise: z.infer<typeof cruiseSchema>;

  beforeAll(async () => {
    cruise = cruiseSchema.parse(JSON.parse(await runDepcruise()));
  });

  test('the cruise has read the sources', () => {
    expect(cruise.summary.totalCruised).toBeGreaterThanOrEqual(fewestModules);
  });

  test('no module imports what its folder may not', () => {
    const found = cruise.summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} → ${to}`);
    expect(found).toEqual([]);
  });

  test('the shim reaches no package but ws and env-paths at run time', () => {
    const edges = new Map(cruise.modules.map(({ source, dependencies }) => [source, dependencies]));
    const open = [...edges.keys()].filter((file) => file.startsWith('shim/') && !/[.](test|contract)[.]ts$/.test(file));
    const pathTo = new Map(open.map((file) => [file, file]));
    for (const file of open) {
      for (const { resolved, dependencyTypes } of edges.get(file) ?? []) {
        if (dependencyTypes.includes('type-only') || dependencyTypes.includes('core') || pathTo.has(resolved)) continue;
        pathTo.set(resolved, `${pathTo.get(file)} → ${resolved}`);
        if (!resolved.startsWith('node_modules/')) open.push(resolved);
      }
    }
    const packages = [...pathTo].filter(([file]) => /^node_modules[/](?!ws[/]|env-paths[/])/.test(file));
    expect(packages.map(([, path]) => path)).toEqual([]);
  });
});

/** Its exit code counts the violations, so a failure still prints the report. */
async function runDepcruise(): Promise<string> {
  const folders = ['protocol', 'platform', 'daemon', 'shim', 'cli', 'electron', 'renderer'];
  const cli = 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs';
  const args = [cli, '--output-type', 'json', ...folders];
  const run = promisify(execFile)(process.execPath, args, { maxBuffer: 64 * 1024 * 1024 });
  try {
    return (await run).stdout;
  } catch (error) {
    if (error instanceof Error && 'stdout' in error && typeof error.stdout === 'string' && error.stdout !== '')
      return error.stdout;
    throw error;
  }
}
