import { describe, expect, it } from 'vitest';
import { rawEntry, textFrom, toolNames, writeServers } from '../support/upstream-scene.ts';
import { useScene } from './use-scene.ts';

const scene = useScene();

describe('servers behind the daemon', () => {
  it('UP-shared: ten windows use one process of each server', async () => {
    writeServers(scene, { files: rawEntry('files'), notes: rawEntry('notes') });
    await scene.startDaemon();
    const windows = await Promise.all(Array.from({ length: 10 }, () => scene.openWindow()));
    const pids = await Promise.all(windows.map((window) => textFrom(window, 'files_pid')));
    expect(new Set(pids).size).toBe(1);
  });

  it('UP-names: a name stays its own unless two have it or it is too long; our own tools always keep theirs', async () => {
    writeServers(scene, { files: rawEntry('files'), notes: rawEntry('notes') });
    await scene.startDaemon();
    const names = await toolNames(await scene.openWindow());
    expect(names).toEqual(
      expect.arrayContaining(['version', 'only_files', 'only_notes', 'files_odd', 'notes_odd', 'files_version']),
    );
    expect(names).not.toContain('odd');
    expect(names.every((name) => name.length <= 40)).toBe(true);
    expect(new Set(names).size).toBe(names.length);
  });
});
