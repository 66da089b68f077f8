import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { _electron, type ElectronApplication } from '@playwright/test';
import { killQuietly } from '../support/processes.ts';
import { test } from './fixtures.ts';
import { type AppUnderTest, scenarios } from './scenarios.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folders = [process.env['ELECTRON_OVERRIDE_DIST_PATH'], join(root, 'node_modules', 'electron', 'dist')];
const names = { darwin: 'Electron.app/Contents/MacOS/Electron', win32: 'electron.exe' } as Record<string, string>;
const binary = folders
  .filter((folder) => folder !== undefined)
  .map((folder) => join(folder, names[process.platform] ?? 'electron'))
  .find((file) => existsSync(file));

const whyNot =
  'the scenarios on a real Electron are skipped: no program in ELECTRON_OVERRIDE_DIST_PATH or node_modules/electron/dist';
if (binary === undefined && process.env['TEST_WORKER_INDEX'] === undefined) process.stdout.write(`${whyNot}\n`);

/** The app on Electron itself. */
class ElectronProcess implements AppUnderTest {
  readonly #app: Promise<ElectronApplication>;
  readonly exited: Promise<number | null>;
  #pid = 0;

  constructor(app: Promise<ElectronApplication>) {
    this.#app = app;
    this.exited = app.then(async (started) => {
      this.#pid = started.process().pid ?? 0;
      const [code]: (number | null)[] = await once(started.process(), 'exit');
      return code ?? null;
    });
  }

  get pid(): number {
    return this.#pid;
  }

  async page() {
    return await (await this.#app).firstWindow();
  }

  async isWindowVisible(): Promise<boolean> {
    const app = await this.#app;
    return await app.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows().some((window) => window.isVisible()),
    );
  }

  async closeWindow(): Promise<void> {
    const app = await this.#app;
    await app.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.close());
  }

  async end(): Promise<void> {
    if (this.#pid !== 0) killQuietly(this.#pid, 'SIGTERM');
    await this.exited.catch(() => undefined); // it never started: the test has said so
  }
}

for (const { title, run } of scenarios) {
  test(`on Electron: ${title}`, async ({ desktop }) => {
    test.skip(binary === undefined, whyNot);
    const started: ElectronProcess[] = [];
    try {
      await run({
        home: desktop.home,
        start(args = []) {
          const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
          const env = { ...desktop.home.env, ...desktop.env };
          const launch = { executablePath: binary ?? '', args: [root, ...sandbox, ...args], env };
          const app = new ElectronProcess(_electron.launch(launch));
          started.push(app);
          return app;
        },
      });
    } finally {
      for (const app of started) await app.end();
    }
  });
}
