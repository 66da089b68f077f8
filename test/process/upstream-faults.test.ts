import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { eventually } from '../support/deadline.ts';
import { textOf } from '../support/raw-client.ts';
import { rawEntry, textFrom, toolNames, writeServers } from '../support/upstream-scene.ts';
import { useScene } from './use-scene.ts';

const scene = useScene();

function isAlive(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

async function untilGone(pid: number): Promise<void> {
  await eventually(`the end of process ${pid}`, () => (isAlive(pid) ? undefined : true));
}

describe('a server that fails', () => {
  it('UP-crash: 200 calls that wait fail with exit code and last words; other servers and the next call work', async () => {
    writeServers(scene, { bad: rawEntry('bad'), good: rawEntry('good') });
    await scene.startDaemon({
      EXAI_WS_SESSION_MAX_INFLIGHT: '250',
      EXAI_WS_GLOBAL_MAX_INFLIGHT: '300',
    });
    const window = await scene.openWindow();
    const pid = await textFrom(window, 'bad_pid');
    const waiting = Array.from({ length: 200 }, () => window.callTool('bad_hang'));
    const crash = window.callTool('bad_crash', { afterMs: 300 });
    const answers = await Promise.all([...waiting, crash]);
    const codes = new Set(answers.map(({ error }) => error?.data?.['code']));
    expect(codes).toEqual(new Set(['UPSTREAM_UNAVAILABLE']));
    expect(answers[0]?.error).toMatchObject({
      code: 502,
      data: { mayHaveRun: true, details: { exitCode: 7, upstream: 'bad' } },
    });
    expect(answers[0]?.error?.message).toContain('exit code 7');
    expect(answers[0]?.error?.message).toContain('the reason is 42');
    expect(await textFrom(window, 'good_pid')).toMatch(/^\d+$/);
    expect(await textFrom(window, 'bad_pid')).not.toBe(pid);
  });

  it('UP-hostile: garbage, a flood and 32 MiB of one server reach nobody else', async () => {
    writeServers(scene, { loud: rawEntry('loud', { mode: 'garbage' }), calm: rawEntry('calm') });
    await scene.startDaemon();
    const window = await scene.openWindow();
    const other = await scene.openWindow();
    expect(await textFrom(window, 'loud_garbage')).toBe('after garbage');
    const gush = window.callTool('loud_gush');
    expect(await textFrom(other, 'calm_pid')).toMatch(/^\d+$/);
    expect(textOf(await gush)).toBe('flooded');
    const bytes = 32 * 1024 * 1024 - 1000;
    const big = await window.callTool('loud_big', { bytes }, { timeoutMs: 30_000 });
    expect(JSON.stringify(big.result).length).toBeGreaterThan(1000);
    const tooBig = await window.callTool('loud_big', { bytes: bytes + 200_000 }, { timeoutMs: 30_000 });
    expect(tooBig.error?.data).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    expect(await textFrom(window, 'loud_pid')).toMatch(/^\d+$/);
    expect(other.lines.some((line) => line.includes('no JSON here'))).toBe(false);
  });

  it('UP-hostile UP-lists-survive: one that hangs at start keeps no list from coming', async () => {
    writeServers(scene, { hung: rawEntry('hung', { mode: 'hang' }), calm: rawEntry('calm') });
    await scene.startDaemon();
    const window = scene.startShim();
    await window.initialize();
    const names = await toolNames(window);
    expect(names).toContain('only_calm');
    expect(await textFrom(window, 'only_calm')).toBe('only_calm of calm');
  });

  it('UP-crash-loop UP-lists-survive: it is given up after five falls, its last list stays and is marked', async () => {
    writeServers(scene, { bad: rawEntry('bad'), good: rawEntry('good') });
    const daemon = await scene.startDaemon();
    const first = await scene.openWindow();
    await eventually('the kept lists', () =>
      existsSync(join(scene.home.layout.runDir, 'upstream-lists.json')) ? true : undefined,
    );
    for (let fall = 0; fall < 5; fall += 1) {
      await eventually(`fall ${fall + 1}`, async () =>
        (await first.callTool('bad_crash', { afterMs: 0 })).error === undefined ? undefined : true,
      );
    }
    const { error } = await first.callTool('bad_pid', {}, { timeoutMs: 30_000 });
    expect(error?.data).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryable: false });
    expect(error?.message).toContain('the reason is 42');
    const { result } = await first.request('tools/list');
    expect(result?.['_meta']).toEqual({ 'exai-tray/stale': ['bad'] });
    expect(JSON.stringify(result)).toContain('"bad_pid"');
    expect(await textFrom(first, 'good_pid')).toMatch(/^\d+$/);
    const health = await eventually(
      'the failed server in the health file',
      () => {
        const { upstreams } = daemon.readHealth();
        return JSON.stringify(upstreams).includes('"failed":1') ? upstreams : undefined;
      },
      20_000,
    );
    expect(health).toEqual({ total: 2, ready: 1, failed: 1 });
  }, 60_000);
});

describe('processes', () => {
  it('UP-stop-stages: a stubborn server and the child it has started end with the daemon', async () => {
    writeServers(scene, { stubborn: rawEntry('stubborn', { mode: 'stubborn' }) });
    const daemon = await scene.startDaemon();
    const window = await scene.openWindow();
    const pids = [Number(await textFrom(window, 'pid')), Number(await textFrom(window, 'child'))];
    expect(pids.every(isAlive)).toBe(true);
    daemon.kill('SIGTERM').catch(() => undefined);
    await daemon.exited;
    expect(pids.filter(isAlive)).toEqual([]);
  });

  it('UP-no-orphans: what a killed daemon has left is ended by the next one, children of the dead included', async () => {
    writeServers(scene, { stubborn: rawEntry('stubborn', { mode: 'stubborn' }) });
    const daemon = await scene.startDaemon();
    const window = await scene.openWindow();
    const pids = [Number(await textFrom(window, 'pid')), Number(await textFrom(window, 'child'))];
    await daemon.kill('SIGKILL');
    process.kill(pids[0] ?? 0, 'SIGKILL'); // its child is an orphan of an orphan
    await untilGone(pids[0] ?? 0);
    expect(isAlive(pids[1] ?? 0)).toBe(true);
    await scene.startDaemon();
    for (const pid of pids) await untilGone(pid);
  });

  it('UP-modes: a server per session runs for each window and ends with it', async () => {
    writeServers(scene, { own: rawEntry('own', { exai: { mode: 'per-session' } }) });
    await scene.startDaemon();
    const one = await scene.openWindow();
    const two = await scene.openWindow();
    const [first, second] = [await textFrom(one, 'pid'), await textFrom(two, 'pid')];
    expect(first).not.toBe(second);
    await one.stop();
    await untilGone(Number(first));
    expect(await textFrom(two, 'pid')).toBe(second);
  });

  it('UP-modes: a server per workspace is shared by the windows of it', async () => {
    writeServers(scene, { own: rawEntry('own', { exai: { mode: 'per-workspace' } }) });
    await scene.startDaemon();
    const folder = { cwd: scene.home.stateDir };
    const [one, two, other] = [
      await scene.openWindow({}, folder),
      await scene.openWindow({}, folder),
      await scene.openWindow(),
    ];
    expect(await textFrom(one, 'pid')).toBe(await textFrom(two, 'pid'));
    expect(await textFrom(other, 'pid')).not.toBe(await textFrom(one, 'pid'));
  });
});
