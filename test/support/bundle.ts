import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'rolldown';

const root = fileURLToPath(new URL('../..', import.meta.url));

export interface Bundles {
  /** Path of the bundle of each program. */
  readonly files: Readonly<Record<string, string>>;
  remove(): void;
}

/**
 * Bundles programs as `build/build.mjs` bundles the daemon, so that they start and run like what ships. They lie below
 * the repository, where packages that are left out (`external`) are found.
 */
export async function bundlePrograms(
  programs: Readonly<Record<string, { input: string; external?: boolean }>>,
): Promise<Bundles> {
  const parent = join(root, '.tsbuild');
  mkdirSync(parent, { recursive: true });
  const folder = mkdtempSync(join(parent, 'bundles-'));
  const version = await packageVersion();
  const entries = Object.entries(programs).map(([name, program]) => ({
    ...program,
    name,
    file: join(folder, `${name}.js`),
  }));
  await Promise.all(
    entries.map(({ input, external, file }) =>
      build({
        input: join(root, input),
        platform: 'node',
        external: (id) => isBuiltin(id) || (external === true && /^[a-z@]/.test(id)),
        transform: {
          define: {
            __EXAI_VERSION__: JSON.stringify(version),
            'process.env.WS_NO_BUFFER_UTIL': '"1"',
            'process.env.WS_NO_UTF_8_VALIDATE': '"1"',
          },
        },
        output: { file, format: 'esm', sourcemap: true, codeSplitting: false, strictExecutionOrder: true },
      }),
    ),
  );
  return {
    files: Object.fromEntries(entries.map(({ name, file }) => [name, file])),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function packageVersion(): Promise<string> {
  const parsed: unknown = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  if (typeof parsed !== 'object' || parsed === null || !('version' in parsed)) return '0.0.0';
  return String(parsed.version);
}
