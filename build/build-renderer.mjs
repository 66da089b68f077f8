import { rename, rm } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';

/** Gzipped, in bytes: what a window loads before it shows anything, and what a wide one loads for its charts. */
const budgets = { firstLoad: 150 * 1024, charts: 30 * 1024 };

/**
 * Builds the interface into dist/renderer: made beside it and then put in its place, so that a daemon that serves it never
 * sends half of it. Fails above the budget.
 */
export async function buildRenderer() {
  process.env.NODE_ENV = 'production'; // under Vitest it is 'test', and React would come out as its development build
  const draft = `dist/.renderer.${process.pid}`;
  const { output } = await build({ logLevel: 'warn', build: { outDir: `../${draft}` } });
  const chunks = new Map(output.filter(({ type }) => type === 'chunk').map((chunk) => [chunk.fileName, chunk]));
  const first = new Set([...chunks.keys()].filter((name) => chunks.get(name).isEntry));
  for (const name of first) for (const next of chunks.get(name).imports) if (chunks.has(next)) first.add(next);
  const charts = [...chunks.keys()].filter((name) => !first.has(name) && /(^|\/)time-chart/.test(name));
  const sizes = { firstLoad: gzipped([...first]), charts: gzipped(charts) };
  for (const [name, size] of Object.entries(sizes)) {
    if (size <= budgets[name]) continue;
    await rm(draft, { recursive: true });
    throw new Error(`renderer: ${name} is ${size} bytes gzipped, over its budget of ${budgets[name]}`);
  }
  await rm('dist/renderer', { recursive: true, force: true });
  await rename(draft, 'dist/renderer');
  return sizes;

  function gzipped(names) {
    return names.reduce((sum, name) => sum + gzipSync(chunks.get(name).code).length, 0);
  }
}
