import { globSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { limits } from '../protocol/limits.ts';

const root = join(import.meta.dirname, '..');
const port = String(limits.defaultPort);

function files(...patterns: string[]): { path: string; text: string }[] {
  return globSync(patterns, { cwd: root })
    .filter((path) => statSync(join(root, path)).isFile())
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

/** Without block comments and comment lines: prose may name the port. */
function codeOf(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
}

it('PF-G4: the default port is written in protocol/limits.ts and nowhere else in the code', () => {
  const sources = files('{protocol,platform,daemon,shim,cli}/**/*.ts').filter(({ path }) => !path.endsWith('.test.ts'));
  const holders = sources
    .filter(({ text }) => /8_?765/.test(codeOf(text)))
    .map(({ path }) => path.replaceAll('\\', '/'));
  expect(sources.length).toBeGreaterThan(10);
  expect(holders).toEqual(['protocol/limits.ts']);
});

it('PF-G4: documents, samples and images name no other port for the daemon', () => {
  const documents = files('*.md', 'docs/**/*.md', 'deploy/**/*', '.env*').filter(
    ({ path }) => !path.endsWith('CHANGELOG.md'),
  );
  const named = documents.flatMap(({ path, text }) =>
    [...text.matchAll(/(?:127\.0\.0\.1|localhost):(\d{2,5})|EXAI_WS_PORT\W{1,4}(\d+)/g)].map((found) => ({
      path,
      port: found[1] ?? found[2],
    })),
  );
  expect(named.filter((found) => found.port !== port && found.port !== '0')).toEqual([]);
});
