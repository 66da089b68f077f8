import { describe, expect, it } from 'vitest';
import { AdminClient } from '../../platform/admin-client.ts';
import { eventually } from '../support/deadline.ts';
import { rawEntry, textFrom, toolNames, writeServers } from '../support/upstream-scene.ts';
import { useScene } from './use-scene.ts';

const scene = useScene();

function openAdmin(): AdminClient {
  const admin = AdminClient.open(scene.home.layout);
  scene.onEnd(() => admin.close());
  return admin;
}

describe('servers in the admin API', () => {
  it('UP-admin: added, stopped, started and removed, without a restart of the daemon or a window', async () => {
    writeServers(scene, { one: rawEntry('one') });
    await scene.startDaemon();
    const admin = openAdmin();
    const window = await scene.openWindow();
    const pid = await textFrom(window, 'pid');
    await admin.send('putUpstream', { params: { upstreamId: 'two' }, body: { entry: rawEntry('two') } });
    await eventually('the tools of two', async () =>
      (await toolNames(window)).includes('only_two') ? true : undefined,
    );
    await admin.send('stopUpstream', { params: { upstreamId: 'two' } });
    const refused = await window.callTool('only_two');
    expect(refused.error?.data).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryable: false });
    await admin.send('startUpstream', { params: { upstreamId: 'two' } });
    expect(await textFrom(window, 'only_two')).toBe('only_two of two');
    await admin.send('removeUpstream', { params: { upstreamId: 'two' } });
    await eventually('the end of two', async () => ((await toolNames(window)).includes('only_two') ? undefined : true));
    expect(await textFrom(window, 'pid')).toBe(pid);
    await expect(admin.send('startUpstream', { params: { upstreamId: 'two' } })).rejects.toMatchObject({
      failure: { code: 'NOT_FOUND' },
    });
    const wrong = admin.send('putUpstream', { params: { upstreamId: 'bad' }, body: { entry: { command: 5 } } });
    await expect(wrong).rejects.toMatchObject({ failure: { code: 'VALIDATION_ERROR' } });
  });

  it('UP-view: process, memory, users, last words and what sharing saves are measured', async () => {
    writeServers(scene, { one: rawEntry('one') });
    await scene.startDaemon();
    const admin = openAdmin();
    const window = await scene.openWindow();
    await scene.openWindow();
    await scene.openWindow();
    const pid = Number(await textFrom(window, 'pid'));
    const measured = await eventually('a measured snapshot', async () => {
      const snapshot = await admin.call('snapshot');
      return snapshot.savings === null ? undefined : snapshot;
    });
    const row = measured.upstreams.find(({ upstreamId }) => upstreamId === 'one');
    expect(row).toMatchObject({ kind: 'stdio', state: 'ready', mode: 'shared', pid, isStale: false });
    expect(row?.usedBy).toHaveLength(3);
    expect(row?.memoryBytes).toBeGreaterThan(1_000_000);
    expect(row?.stderrTail).toContain('server one runs');
    expect(measured.savings).toMatchObject({
      processes: 2,
      sharedUpstreams: 1,
      memoryBytes: 2 * (row?.memoryBytes ?? 0),
    });
    const { sources } = await admin.call('logs');
    expect(sources.map(({ id }) => id)).toContain('upstream:one');
  });
});
