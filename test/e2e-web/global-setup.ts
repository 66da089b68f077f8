import { execFileSync } from 'node:child_process';
import { bundlePrograms } from '../support/bundle.ts';

/** Builds what is tested, and once for all tests the daemon with the tools of `test-tools.ts`. Returns the clean-up. */
export default async function setUp(): Promise<() => void> {
  execFileSync(process.execPath, ['build/build.mjs'], { stdio: 'inherit' });
  const bundles = await bundlePrograms({ daemon: { input: 'test/support/test-daemon.ts' } });
  process.env['EXAI_TEST_DAEMON'] = bundles.files['daemon'];
  return () => bundles.remove();
}
