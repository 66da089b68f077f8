import {
  appendFileSync,
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hashPayload } from '../../build/bin-hashes.mjs';
import { systemClock } from '../../electron/core/clock.ts';
import { ProcessStarter } from '../../electron/core/daemon-starter.ts';
import { type Installed, installLauncher } from '../../electron/core/editor-launcher.ts';
import { changedPayloadFile } from '../../electron/core/payload-check.ts';
import { switchCurrent } from '../../electron/core/runtime-versions.ts';
import { TestHome } from '../support/daemon-process.ts';
import { RawClient } from '../support/raw-client.ts';

const node = realpathSync(process.execPath);

describe.skipIf(process.platform !== 'linux')('the launcher of an AppImage', () => {
  let home: TestHome;
  let folder: string;
  const editors: RawClient[] = [];

  beforeEach(() => {
    home = new TestHome();
    folder = mkdtempSync(join(tmpdir(), "exai Größe 日本 'q' $x-"));
  });
  afterEach(async () => {
    for (const editor of editors.splice(0)) await editor.stop();
    await home.cleanUp();
    rmSync(folder, { recursive: true });
  });

  const copies = (): string => join(folder, 'data', 'exai-tray', 'runtime');

  /** A mounted AppImage: the program with what lies beside it, and the built payload. */
  async function mount(name: string) {
    const app = join(folder, name);
    const payload = join(app, 'resources', 'bin');
    mkdirSync(join(app, 'locales'), { recursive: true });
    cpSync(node, join(app, 'exai-tray'));
    chmodSync(join(app, 'exai-tray'), 0o755);
    for (const file of ['icudtl.dat', 'AppRun', 'exai-tray.desktop', 'locales/en-US.pak']) {
      writeFileSync(join(app, file), file);
    }
    for (const file of Object.keys(await hashPayload('dist'))) cpSync(join('dist', file), join(payload, file));
    return { program: join(app, 'exai-tray'), payload, hashes: await hashPayload(payload), app };
  }

  function install(mounted: Awaited<ReturnType<typeof mount>>, version: string): Promise<Installed> {
    const { app, ...runtime } = mounted;
    const env = { APPIMAGE: join(folder, 'EXAI.AppImage'), APPDIR: app, XDG_DATA_HOME: join(folder, 'data') };
    return installLauncher({
      ...runtime,
      platform: 'linux',
      env,
      home: home.path,
      isPackaged: true,
      node: undefined,
      isInPlace: true,
      version,
      stateDir: home.stateDir,
    });
  }

  /** An editor whose entry names the launcher and nothing else. */
  async function startEditor({ editor }: Installed, id: string): Promise<RawClient> {
    if (editor === undefined) throw new Error('no launcher');
    const { EXAI_STATE_DIR: _, ...env } = home.env;
    const client = new RawClient({
      command: editor.command,
      args: editor.args,
      env: { ...env, ...editor.env, EXAI_WS_AUTOSTART: 'false', EXAI_SESSION_ID: id },
    });
    editors.push(client);
    await client.initialize();
    return client;
  }

  it('DESK-launcher-upgrade: five shims, one in a call, live through it; the old version goes when they have ended', async () => {
    await home.startDaemon({ testTools: true });
    const first = await mount('mount 1');
    const old = await install(first, '1.0.0');
    expect(old.view).toEqual({ state: 'ready', path: join(folder, 'data', 'exai-tray', 'bin', 'exai-shim') });
    rmSync(first.app, { recursive: true }); // the mount goes with the app
    const five: RawClient[] = [];
    for (const number of [1, 2, 3, 4, 5]) five.push(await startEditor(old, `window-${number}`));
    const [busy] = five;
    if (busy === undefined) throw new Error('no editor');
    const call = busy.request('tools/call', { name: 'sleep', arguments: { ms: 4_000 } });

    const second = await mount('mount 2');
    const fresh = await install(second, '1.1.0');
    expect(fresh.editor).toEqual(old.editor); // nothing changes in an editor's file
    expect(readdirSync(copies()).toSorted()).toEqual(['1.0.0', '1.1.0']); // shims run from it
    expect((await call).error).toBeUndefined();
    for (const editor of five) expect((await editor.request('tools/list')).error).toBeUndefined();
    const sixth = await startEditor(fresh, 'window-6');
    expect((await sixth.request('tools/list')).error).toBeUndefined();
    expect(readFileSync(`/proc/${sixth.pid}/cmdline`, 'utf8')).toContain(join(copies(), '1.1.0', 'shim.js'));

    for (const editor of five) await editor.stop();
    await install(second, '1.1.0');
    expect(readdirSync(copies())).toEqual(['1.1.0']);
  });

  it('DESK-launcher-copy: holds runtime and payload and no more, and is repaired when a file is not what it was', async () => {
    const mounted = await mount('mount');
    const { program, payload } = await install(mounted, '1.0.0');
    expect(program).toBe(join(copies(), '1.0.0', 'exai-shim'));
    const names = readdirSync(payload);
    expect(names).toEqual(expect.arrayContaining(['exai-shim', 'icudtl.dat', 'shim.js', 'daemon.js', 'renderer']));
    for (const name of ['AppRun', 'exai-tray.desktop', 'locales', 'resources']) expect(names).not.toContain(name);
    appendFileSync(join(payload, 'shim.js'), ' ');
    rmSync(join(payload, 'icudtl.dat'));
    await install(mounted, '1.0.0');
    expect(changedPayloadFile(mounted.hashes, payload)).toBeUndefined();
    expect(existsSync(join(payload, 'icudtl.dat'))).toBe(true);
    expect(readdirSync(copies())).toEqual(['1.0.0']);
  });

  it('DESK-launcher-refuses: one flipped byte in the package is named; there is no launcher and no daemon', async () => {
    const mounted = await mount('mount');
    const path = join(mounted.payload, 'daemon.js');
    const bytes = readFileSync(path);
    bytes[100] = (bytes[100] ?? 0) ^ 1;
    writeFileSync(path, bytes);
    const installed = await install(mounted, '1.0.0');
    expect(installed.editor).toBeUndefined();
    expect(installed.view).toMatchObject({ state: 'failed', reason: expect.stringContaining('daemon.js') });
    expect(existsSync(copies())).toBe(false);
    expect(await refusal(installed, mounted.hashes)).toContain('daemon.js is not the file that was installed');
  });

  it('DESK-launcher-refuses: nor is a daemon started from a copy that was changed since', async () => {
    const mounted = await mount('mount');
    const installed = await install(mounted, '1.0.0');
    appendFileSync(join(installed.payload, 'daemon.js'), ' ');
    expect(await refusal(installed, mounted.hashes)).toContain('daemon.js is not the file that was installed');
  });

  /** Why the app does not start its daemon; it must not even have tried. */
  async function refusal(
    { program, payload }: Installed,
    hashes: Readonly<Record<string, string>>,
  ): Promise<string | undefined> {
    const starter = new ProcessStarter({
      clock: systemClock,
      program,
      isElectron: true,
      script: join(payload, 'daemon.js'),
      changedFile: () => changedPayloadFile(hashes, payload),
      env: home.env,
      ownerPid: process.pid,
    });
    const { pid, exited } = starter.start({ stateDir: home.stateDir, port: 0 });
    return pid === 0 ? (await exited).stderrTail[0] : 'it was started';
  }

  it('DESK-launcher-copy: Windows goes through `current`, which is switched to the new version', async () => {
    for (const version of ['1.0.0', '1.1.0']) {
      mkdirSync(join(copies(), version), { recursive: true });
      writeFileSync(join(copies(), version, 'shim.js'), version);
    }
    for (const version of ['1.0.0', '1.1.0', '1.1.0']) {
      switchCurrent(copies(), version);
      expect(readFileSync(join(copies(), 'current', 'shim.js'), 'utf8')).toBe(version);
    }
    expect(readdirSync(copies()).toSorted()).toEqual(['1.0.0', '1.1.0', 'current']);
  });

  it('DESK-launcher-upgrade: deb and rpm name the installed program, and the daemon started from it answers the shim', async () => {
    const { app: _, ...installedApp } = await mount('EXAI Tray');
    const installed = await installLauncher({
      ...installedApp,
      platform: 'linux',
      env: { XDG_DATA_HOME: join(folder, 'data') },
      home: home.path,
      isPackaged: true,
      node: undefined,
      isInPlace: true,
      version: '1.0.0',
      stateDir: home.stateDir,
    });
    expect(installed.program).toBe(installedApp.program);
    expect(existsSync(copies())).toBe(false);
    await home.startDaemon();
    const editor = await startEditor(installed, 'window-1');
    const { result } = await editor.request('tools/list');
    expect(result?.['tools']).toEqual(expect.arrayContaining([expect.objectContaining({ name: 'version' })]));
    expect(editor.strayLines).toEqual([]);
  });
});
