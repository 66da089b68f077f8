import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';
import { writeBinHashes } from './bin-hashes.mjs';
import { buildRenderer } from './build-renderer.mjs';
import { buildIcons } from './icons.mjs';

/**
 * Bundles every process into one file of dist/, and the interface into dist/renderer. The bundles need no node_modules. They are CommonJS, because Node starts
 * that faster: the shim starts once per editor window (docs/performance.md).
 * All of it is made in memory and then swapped in file by file, so a process that starts meanwhile never reads half a file.
 */

/**
 * `run`: started as a command. `packages`: what may be bundled; absent means anything. `external`: what is there where it runs.
 */
const entries = [
  { name: 'daemon', input: 'daemon/main.ts', run: false },
  // A thread of the daemon; a file of its own, so that the daemon does not read the query builder at every start.
  { name: 'history-worker', input: 'daemon/store/history-worker.ts', run: false },
  { name: 'shim', input: 'shim/main.ts', run: true, packages: ['ws', 'env-paths', 'is-safe-filename'] },
  { name: 'cli', input: 'cli/main.ts', run: true },
  { name: 'main', input: 'electron/main.ts', run: false, external: ['electron'] },
  // A sandboxed page can load nothing else than one CommonJS file.
  {
    name: 'preload',
    file: 'preload.cjs',
    input: 'electron/preload.ts',
    run: false,
    external: ['electron'],
    packages: [],
  },
];

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
const { version, homepage } = JSON.parse(await readFile('package.json', 'utf8'));

const files = new Map([['package.json', '{"type":"commonjs"}\n']]);
for (const made of await Promise.all(entries.map(bundle))) {
  for (const [name, content] of made) files.set(name, content);
}

await mkdir('dist', { recursive: true });
await buildRenderer();
await buildIcons('dist/resources');
for (const [name, content] of files) {
  const draft = `dist/.${name}.${process.pid}`;
  await writeFile(draft, content);
  if (entries.some((entry) => entry.run && name === `${entry.name}.js`)) await chmod(draft, 0o755);
  await rename(draft, `dist/${name}`);
}
const others = ['renderer', 'resources', 'bin-hashes.json'];
const drafts = /^[.].+[.]\d+$/; // of a build that runs beside this one
for (const name of await readdir('dist')) {
  if (!files.has(name) && !others.includes(name) && !drafts.test(name)) await rm(`dist/${name}`, { recursive: true });
}
await writeBinHashes('dist');

/** @param {{ name: string, file?: string, input: string, run: boolean, packages?: string[], external?: string[] }} entry */
async function bundle({ name, file = `${name}.js`, input, run, packages, external = [] }) {
  const { output } = await build({
    input,
    platform: 'node',
    external: (id) => isBuiltin(id) || external.includes(id),
    transform: {
      define: {
        __EXAI_VERSION__: JSON.stringify(version),
        __EXAI_HOMEPAGE__: JSON.stringify(homepage),
        // ws looks for two native accelerators; without these lines their absence is a warning, their presence a surprise.
        'process.env.WS_NO_BUFFER_UTIL': '"1"',
        'process.env.WS_NO_UTF_8_VALIDATE': '"1"',
      },
    },
    // One file per process, and what is imported on first use is still evaluated on first use.
    output: {
      file: `dist/${file}`,
      format: 'cjs',
      // White space is a third of what the engine has to read at every start; names stay, for the stack traces in logs.
      minify: { compress: false, mangle: false, codegen: { removeWhitespace: true } },
      sourcemap: true,
      codeSplitting: false,
      strictExecutionOrder: true,
      ...(run ? { banner: '#!/usr/bin/env node' } : {}),
    },
    // A warning (an unresolved import, say) would be a bundle that breaks at run time.
    onwarn: (warning) => {
      throw new Error(`${name}: ${warning.message}`);
    },
    write: false,
  });
  const chunks = output.filter((made) => made.type === 'chunk');
  if (chunks.length !== 1) throw new Error(`${name} came out as ${chunks.length} files, not one`);
  for (const id of chunks[0].moduleIds) {
    const found = /.*[/\\]node_modules[/\\]((?:@[^/\\]+[/\\])?[^/\\]+)/.exec(id)?.[1];
    if (packages !== undefined && found !== undefined && !packages.includes(found)) {
      throw new Error(`${name} may bundle only ${packages.join(', ')}, but ${found} is reached (${id})`);
    }
  }
  return output.map((made) => [made.fileName, made.type === 'chunk' ? made.code : made.source]);
}
