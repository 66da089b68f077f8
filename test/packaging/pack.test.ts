import { spawnSync } from 'node:child_process';
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashPayload } from '../../build/bin-hashes.mjs';
import { ProjectCopy } from './project-copy.ts';

const slow = 120_000;

describe.skipIf(process.platform !== 'linux')('a package for Linux, around a stand-in for Electron', () => {
  let project: ProjectCopy;
  beforeAll(() => {
    project = new ProjectCopy();
  });
  afterAll(() => project.remove());

  it(
    'PACK-contents PACK-fuses: it holds exactly the listed files, with their hashes, and the fuses are set',
    () => {
      const { status, stdout, stderr } = project.run('pack-check.mjs');
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
      expect(stdout).toMatch(/^pack ok: \d+ entries in app.asar, \d+ files in resources\/bin\n$/);
    },
    slow,
  );

  it(
    'PACK-smoke: its program runs shim, daemon and dashboard as Node, with node:sqlite',
    () => {
      const { stdout, stderr } = project.run('pack-smoke.mjs', project.app);
      expect({ stdout, stderr }).toEqual({
        stdout: [
          'ok   bin-hashes.json fits resources/bin',
          'ok   fuses',
          'ok   the program is Node 24 or later',
          'ok   node:sqlite keeps a row',
          'ok   the daemon starts',
          'ok   the dashboard answers',
          'ok   health is good, history included',
          'ok   the shim says hello and calls a tool',
          'ok   both end in order',
          'smoke ok',
          '',
        ].join('\n'),
        stderr: '',
      });
    },
    slow,
  );

  it('PACK-command: the exai command of deb and rpm runs on the packed program', () => {
    const script = readFileSync(join('resources', 'linux', 'exai'), 'utf8').replaceAll('/opt/EXAI Tray', project.app);
    const command = join(project.path, 'exai');
    writeFileSync(command, script, { mode: 0o755 });
    const env = {
      PATH: [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter),
      NODE_OPTIONS: '--nothing',
    };
    const { status, stdout, stderr } = spawnSync(command, ['--help'], { encoding: 'utf8', env });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toContain('Usage: exai <command>');
  });

  it('PACK-hashes: a changed byte outside the asar is found', () => {
    appendFileSync(join(project.app, 'resources', 'bin', 'shim.js'), ' ');
    const { status, stdout } = project.run('pack-smoke.mjs', project.app);
    expect({ status, stdout }).toEqual({ status: 1, stdout: 'FAIL bin-hashes.json fits resources/bin\n' });
  });

  it(
    'PACK-contents PACK-fuses: a file too many, one too few and a wrong fuse are each named',
    () => {
      writeFileSync(join(project.path, 'dist', 'renderer', 'stray.js'), '');
      rmSync(join(project.path, 'dist', 'history-worker.js'));
      const config = join(project.path, 'electron-builder.yml');
      writeFileSync(
        config,
        readFileSync(config, 'utf8').replace('onlyLoadAppFromAsar: true', 'onlyLoadAppFromAsar: false'),
      );
      const { status, stderr } = project.run('pack-check.mjs');
      expect(status).toBe(1);
      expect(stderr.split('\n')).toEqual(
        expect.arrayContaining([
          'resources/bin: renderer/stray.js should not be there',
          'resources/bin: history-worker.js is missing',
          'fuse OnlyLoadAppFromAsar is off',
        ]),
      );
    },
    slow,
  );
});

describe('bin-hashes.json', () => {
  it('PACK-hashes: names every file that runs outside the asar, and fits the build it lies in', async () => {
    const written: unknown = JSON.parse(readFileSync('dist/bin-hashes.json', 'utf8'));
    const hashes = await hashPayload('dist');
    expect(written).toEqual(hashes);
    expect(Object.keys(hashes)).toEqual(
      expect.arrayContaining([
        'cli.js',
        'daemon.js',
        'history-worker.js',
        'package.json',
        'renderer/index.html',
        'shim.js',
      ]),
    );
    expect(Object.keys(hashes).filter((name) => name.endsWith('.map'))).toEqual([]);
  });
});
