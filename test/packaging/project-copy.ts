import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What a build leaves and packing reads, in a folder of its own, so that a test can pack, change and break it. */
export class ProjectCopy {
  readonly path = mkdtempSync(join(tmpdir(), 'exai-pack-'));
  readonly app = join(this.path, 'release', 'linux-unpacked');

  constructor() {
    for (const name of ['package.json', 'electron-builder.yml', 'build', 'dist', 'resources']) {
      cpSync(join(root, name), join(this.path, name), { recursive: true });
    }
    symlinkSync(join(root, 'node_modules'), join(this.path, 'node_modules'));
    // Packing is about files: without the app's own bundles any will do.
    for (const name of ['main.js', 'preload.cjs']) {
      const file = join(this.path, 'dist', name);
      if (!existsSync(file)) writeFileSync(file, "'use strict';\n");
    }
  }

  /** Runs a script of build/ to its end, in the copy. */
  run(script: string, ...args: string[]): SpawnSyncReturns<string> {
    const PATH = [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter);
    return spawnSync(process.execPath, [join('build', script), ...args], {
      cwd: this.path,
      encoding: 'utf8',
      env: { ...process.env, PATH },
    });
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
