import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { type Bundles, bundlePrograms } from '../support/bundle.ts';
import { Scene } from '../support/scene.ts';

/** Registers the hooks of the enclosing file; every test has a scene of its own. */
export function useScene(): Scene {
  let bundles: Bundles | undefined;
  const scene = new Scene(() => {
    if (bundles === undefined) throw new Error('nothing is bundled yet');
    return bundles;
  });
  beforeAll(async () => {
    bundles = await bundlePrograms({ daemon: { input: 'test/support/test-daemon.ts' } });
  });
  afterAll(() => bundles?.remove());
  beforeEach(() => scene.begin());
  afterEach(() => scene.end());
  return scene;
}
