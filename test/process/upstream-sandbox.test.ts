import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { rawEntry, textFrom, writeServers } from '../support/upstream-scene.ts';
import { useScene } from './use-scene.ts';

const scene = useScene();

describe('a server in a sandbox', () => {
  it('UP-sandbox: it has its own folder and a reduced environment; what is missing is told', async () => {
    writeServers(scene, { heavy: rawEntry('heavy', { exai: { sandbox: { openFiles: 256 } } }) });
    const daemon = await scene.startDaemon();
    const window = await scene.openWindow();
    const folder = join(scene.home.stateDir, 'sandbox', 'heavy');
    const env: Record<string, string> = JSON.parse(await textFrom(window, 'env'));
    expect(env).toMatchObject({ HOME: folder, TMPDIR: folder });
    expect(Object.keys(env).filter((name) => name.startsWith('XDG_'))).toEqual([]);
    expect(await textFrom(window, 'write', { path: join(folder, 'mine') })).toBe('written');
    const outside = join(scene.home.path, 'outside');
    const wrote = await textFrom(window, 'write', { path: outside });
    const limits = readFileSync(`/proc/${await textFrom(window, 'pid')}/limits`, 'utf8');
    expect(limits).toMatch(/^Max open files +256 +256/m);
    const isConfined = !daemon.stderr.includes('no working bubblewrap');
    expect(wrote === 'written').toBe(!isConfined);
    expect(existsSync(outside)).toBe(!isConfined);
  });

  it('UP-sandbox: one that takes more memory than it may is ended, and its call told', async () => {
    writeServers(scene, { heavy: rawEntry('heavy', { exai: { sandbox: { memoryMb: 150 } } }) });
    const daemon = await scene.startDaemon();
    const window = await scene.openWindow();
    const { error } = await window.callTool('fill', { bytes: 300_000_000 });
    expect(error?.data).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', details: { signal: 'SIGKILL' } });
    expect(daemon.stderr).toContain('more memory than its sandbox allows');
  });
});
