import { execFileSync } from 'node:child_process';

/** Vitest global set-up of the process tests: they start the bundles, so the bundles must be those of this source. */
export function setup() {
  execFileSync(process.execPath, ['build/build.mjs'], { stdio: 'inherit' });
}
