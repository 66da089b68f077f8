import { describe, expect, it } from 'vitest';
import { launcherPath, startOfLauncher } from '../../platform/launcher-path.ts';
import { withoutMount } from './appimage-env.ts';
import { helperProgram, type InstallFacts, launcherPlan } from './launcher-plan.ts';

const facts: InstallFacts = {
  platform: 'linux',
  env: {},
  home: '/home/ana',
  program: '/opt/EXAI Tray/exai-tray',
  payload: '/opt/EXAI Tray/resources/bin',
  isPackaged: true,
  node: undefined,
  isInPlace: true,
};

describe('launcherPlan', () => {
  it('DESK-launcher-plan: deb and rpm get a script that names the installed program', () => {
    expect(launcherPlan(facts)).toEqual({
      type: 'script',
      launcher: '/home/ana/.local/share/exai-tray/bin/exai-shim',
      runtime: '/opt/EXAI Tray/exai-tray',
    });
  });

  it('DESK-launcher-plan: an AppImage gets a copy, and no path of its mount', () => {
    const env = { APPIMAGE: '/home/ana/EXAI.AppImage', XDG_DATA_HOME: '/data' };
    const plan = launcherPlan({ ...facts, env, program: '/tmp/.mount_EXAI1/exai-tray' });
    expect(plan).toEqual({
      type: 'copy',
      launcher: '/data/exai-tray/bin/exai-shim',
      copies: '/data/exai-tray/runtime',
      link: false,
    });
    expect(launcherPlan({ ...facts, env: { APPIMAGE: 'relative' } }).type).toBe('script');
  });

  it('DESK-launcher-plan: macOS gets a script that names the helper, and none before the app is in its place', () => {
    const mac = {
      ...facts,
      platform: 'darwin',
      home: '/Users/ana',
      program: '/A/EXAI Tray.app/Contents/MacOS/EXAI Tray',
    };
    expect(launcherPlan({ ...mac, platform: 'darwin' })).toEqual({
      type: 'script',
      launcher: '/Users/ana/.exai-tray/bin/exai-shim',
      runtime: '/A/EXAI Tray.app/Contents/Frameworks/EXAI Tray Helper.app/Contents/MacOS/EXAI Tray Helper',
    });
    expect(launcherPlan({ ...mac, platform: 'darwin', isInPlace: false })).toEqual({ type: 'move-first' });
    expect(helperProgram(mac.program)).not.toContain('MacOS/EXAI Tray/');
  });

  it('DESK-launcher-plan: Windows gets a copy behind a junction, and an entry that says how to run it', () => {
    const env = { LOCALAPPDATA: 'C:\\Users\\Änne B\\AppData\\Local' };
    const plan = launcherPlan({ ...facts, platform: 'win32', env });
    expect(plan).toMatchObject({ type: 'copy', copies: `${env.LOCALAPPDATA}\\exai-tray\\shim`, link: true });
    const launcher = launcherPath('win32', env, 'C:\\Users\\x');
    expect(startOfLauncher('win32', launcher)).toEqual({
      command: `${env.LOCALAPPDATA}\\exai-tray\\shim\\current\\exai-shim.exe`,
      args: [`${env.LOCALAPPDATA}\\exai-tray\\shim\\current\\shim.js`],
      env: { ELECTRON_RUN_AS_NODE: '1' },
    });
    expect(launcherPath('win32', {}, 'C:\\Users\\x')).toContain('C:\\Users\\x\\AppData\\Local\\exai-tray');
  });

  it('DESK-launcher-plan: a checkout is started as it is, by Node where there is one', () => {
    const checkout = { ...facts, isPackaged: false, payload: '/src/dist' };
    expect(launcherPlan({ ...checkout, node: '/usr/bin/node' })).toEqual({
      type: 'checkout',
      start: { command: '/usr/bin/node', args: ['/src/dist/shim.js'], env: {} },
    });
    expect(launcherPlan(checkout)).toMatchObject({
      start: { command: facts.program, env: { ELECTRON_RUN_AS_NODE: '1' } },
    });
  });

  it('DESK-launcher-plan: what outlives an AppImage inherits nothing of its mount', () => {
    const env = {
      APPDIR: '/tmp/.mount_X',
      APPIMAGE: '/home/ana/EXAI.AppImage',
      OWD: '/home/ana',
      LD_LIBRARY_PATH: '/tmp/.mount_X/usr/lib:',
      PATH: '/tmp/.mount_X:/tmp/.mount_X/usr/sbin:/usr/bin:/tmp/.mount_XY',
      HOME: '/home/ana',
    };
    expect(withoutMount(env)).toEqual({ PATH: '/usr/bin:/tmp/.mount_XY', HOME: '/home/ana' });
    expect(withoutMount({ HOME: '/home/ana' })).toEqual({ HOME: '/home/ana' });
  });
});
