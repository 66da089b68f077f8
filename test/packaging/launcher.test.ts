import { chmodSync, cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { launcherExitCode, launcherScript, launcherSentence } from '../../platform/launcher-script.ts';
import { TestHome } from '../support/daemon-process.ts';
import { RawClient } from '../support/raw-client.ts';

/** As hostile as a folder's name may be for a shell. */
const hostile = `Größe 日本 'zitat" $HOME \`id\` & ; \\`;

describe.skipIf(process.platform === 'win32')('the launcher in the files of editors', () => {
  let home: TestHome;
  let folder: string;
  let launcher: string;
  const clients: RawClient[] = [];

  beforeEach(() => {
    home = new TestHome();
    folder = mkdtempSync(join(tmpdir(), `exai ${hostile}-`));
    launcher = join(folder, '.exai-tray', 'bin', 'exai-shim');
    mkdirSync(dirname(launcher), { recursive: true });
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) await client.stop();
    await home.cleanUp();
    rmSync(folder, { recursive: true });
  });

  /** The installed app of a version: its runtime and its payload. */
  function installApp(version: string): { readonly runtime: string; readonly payload: string } {
    const app = join(folder, `EXAI Tray ${version}`);
    const payload = join(app, 'resources', 'bin');
    mkdirSync(payload, { recursive: true });
    for (const name of ['shim.js', 'package.json']) cpSync(join('dist', name), join(payload, name));
    const runtime = join(app, 'exai-tray');
    symlinkSync(process.execPath, runtime);
    return { runtime, payload };
  }

  function writeLauncher(app: { readonly runtime: string; readonly payload: string }): void {
    const draft = `${launcher}.new`;
    writeFileSync(draft, launcherScript({ ...app, stateDir: home.stateDir }));
    chmodSync(draft, 0o755);
    renameSync(draft, launcher);
  }

  /** What an editor does with its entry; nothing in it names the app. */
  function startEditor(env: Readonly<Record<string, string>> = {}): RawClient {
    const { EXAI_STATE_DIR: _, ...rest } = home.env;
    const client = new RawClient({ command: launcher, args: [], env: { ...rest, EXAI_WS_AUTOSTART: 'false', ...env } });
    clients.push(client);
    return client;
  }

  it('PACK-launcher-quoting: starts a real shim from paths that hold blanks, quotes, dollars and other alphabets', async () => {
    await home.startDaemon();
    writeLauncher(installApp('1.0.0'));
    const editor = startEditor({ EXAI_SESSION_ID: 'vscode-instance-1', NODE_OPTIONS: '--require /nowhere.js' });
    expect((await editor.initialize()).error).toBeUndefined();
    const { result } = await editor.request('tools/list');
    expect(result?.['tools']).toEqual(expect.arrayContaining([expect.objectContaining({ name: 'version' })]));
    expect(editor.strayLines).toEqual([]);
  });

  it('PACK-launcher-updates: the path in the editor stays, also while a shim of the old version runs', async () => {
    await home.startDaemon();
    writeLauncher(installApp('1.0.0'));
    const before = startEditor({ EXAI_SESSION_ID: 'before' });
    await before.initialize();
    writeLauncher(installApp('1.1.0'));
    rmSync(join(folder, 'EXAI Tray 1.0.0'), { recursive: true });
    const after = startEditor({ EXAI_SESSION_ID: 'after' });
    await after.initialize();
    for (const editor of [before, after]) expect((await editor.request('tools/list')).error).toBeUndefined();
  });

  it.each(['exai-tray', 'resources'])(
    'PACK-launcher-moved: without %s it ends with 78 and says what to do',
    async (gone) => {
      writeLauncher(installApp('1.0.0'));
      rmSync(join(folder, 'EXAI Tray 1.0.0', gone), { recursive: true });
      const editor = startEditor();
      expect((await editor.exited).code).toBe(launcherExitCode);
      expect(launcherExitCode).toBe(78);
      expect(editor.stderrText).toBe(`${launcherSentence}\n`);
      expect(editor.lines).toEqual([]);
    },
  );

  it('PACK-launcher-state: its daemon is the one of the app, unless the entry names another', async () => {
    const runtime = join(folder, 'runtime');
    writeFileSync(runtime, '#!/bin/sh\necho "$ELECTRON_RUN_AS_NODE|$EXAI_STATE_DIR|${NODE_OPTIONS-unset}|$2 $3"\n');
    chmodSync(runtime, 0o755);
    const payload = installApp('1.0.0').payload;
    writeFileSync(launcher, launcherScript({ runtime, payload, stateDir: `${folder}/state` }));
    chmodSync(launcher, 0o755);
    const said = async (env: Readonly<Record<string, string>>, args: readonly string[] = []) => {
      const { EXAI_STATE_DIR: _, ...rest } = home.env;
      const client = new RawClient({ command: launcher, args, env: { ...rest, NODE_OPTIONS: '--inspect', ...env } });
      expect((await client.exited).code).toBe(0);
      return client.lines;
    };
    expect(await said({}, ['--flag', 'a b'])).toEqual([`1|${folder}/state|unset|--flag a b`]);
    expect(await said({ EXAI_STATE_DIR: '/another' })).toEqual(['1|/another|unset| ']);
  });

  it('PACK-launcher-quoting: refuses a path that no shell can hold', () => {
    expect(() => launcherScript({ runtime: '/a\0b', payload: '/p', stateDir: '/s' })).toThrow('zero byte');
  });
});
