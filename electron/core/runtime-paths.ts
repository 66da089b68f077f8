import { join } from 'node:path';

/** Where the files of this app are. */
export interface RuntimePaths {
  /** Folder of daemon.js, shim.js and the interface; outside the asar. */
  readonly payload: string;
  readonly page: string;
  readonly preload: string;
  readonly pictures: string;
}

/**
 * A checkout has everything beside main.js; a package has the payload in `resources/bin`.
 * @param mainFolder folder of main.js
 * @param resources `process.resourcesPath` of a package, undefined in a checkout
 */
export function runtimePaths(mainFolder: string, resources: string | undefined): RuntimePaths {
  const payload = resources === undefined ? mainFolder : join(resources, 'bin');
  return {
    payload,
    page: join(payload, 'renderer'),
    preload: join(mainFolder, 'preload.cjs'),
    pictures: join(mainFolder, 'resources'),
  };
}
