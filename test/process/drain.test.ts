import { describe, expect, it } from 'vitest';
import { callTool, inflight } from '../golden/ops-calls.ts';
import { eventually } from '../support/deadline.ts';
import { textOf } from '../support/raw-client.ts';
import { useScene } from './use-scene.ts';

const scene = useScene();

const name = { EXAI_SESSION_ID: 'window', EXAI_LOG_PREFIX: 'w' };
const log = 'ws_shim_w.log';

describe('a daemon that is asked to stop', () => {
  it('MAIN-entry-points: it answers what runs, refuses what is new, and windows go on with the next one', async () => {
    const daemon = await scene.startDaemon();
    const ops = await scene.connectOps(daemon);
    const window = await scene.openWindow(name);
    const running = window.callTool('echo', { text: 'finished', ms: 500 });
    await inflight(ops, 1);
    const ended = daemon.kill('SIGTERM');
    await scene.logLine(log, 'the daemon is about to stop');
    const kept = window.callTool('count', {});
    const refused = await callTool(ops, 'late', 'count');
    expect(refused).toMatchObject({ ok: false, error: { code: 'DAEMON_UNAVAILABLE', retryable: true } });
    expect(textOf(await running)).toBe('finished');
    expect(await ended).toMatchObject({ code: 0 });
    expect(await ops.closed).toEqual({ code: 1001, reason: 'shutdown' });
    expect(scene.executions).toBe(0);
    await scene.startDaemon();
    expect(textOf(await kept)).toBe('1');
  });

  it('MAIN-honest-crash: a call that outlasts the drain may have run', async () => {
    const daemon = await scene.startDaemon({ EXAI_DRAIN_SECS: '0.2' });
    const window = await scene.openWindow(name);
    const answer = window.callTool('count', { ms: 60_000 });
    await scene.executed(1);
    expect(await daemon.kill('SIGTERM')).toMatchObject({ code: 0 });
    await scene.startDaemon();
    expect((await answer).error?.data).toMatchObject({ retryable: false, mayHaveRun: true });
    expect(scene.executions).toBe(1);
  });

  it('MAIN-entry-points: a second signal ends it at once', async () => {
    const daemon = await scene.startDaemon({ EXAI_DRAIN_SECS: '60' });
    const window = await scene.openWindow(name);
    void window.callTool('sleep', { ms: 60_000 }).catch(() => undefined); // the window ends first
    const ops = await scene.connectOps(daemon);
    await inflight(ops, 1);
    process.kill(daemon.pid, 'SIGTERM');
    await scene.logLine('ws_daemon.log', 'daemon stopping');
    // Signals of one moment are one, so the second is repeated until it counts.
    const again = setInterval(() => process.kill(daemon.pid, 'SIGINT'), 40);
    daemon.exited.finally(() => clearInterval(again)).catch(() => undefined);
    expect(await daemon.exited).toMatchObject({ code: 130 });
  });

  it('MAIN-entry-points: one that a window started ends when nobody has used it for a while', async () => {
    await (await scene.startDaemon()).stop(); // leaves its launch command behind: the window starts this program
    const window = scene.startShim({ EXAI_WS_AUTOSTART: 'true', EXAI_WS_PORT: '0', EXAI_IDLE_EXIT_SECS: '1' });
    await window.initialize();
    expect(textOf(await window.callTool('sleep', { ms: 2_200 }))).toBe('slept 2200 ms'); // longer than the idle time
    expect(scene.home.readDiscovery()).toMatchObject({ state: 'running', pid: scene.home.daemonPids()[0] });
    await window.stop();
    await eventually('the end of the daemon', () => (scene.home.daemonPids().length === 0 ? true : undefined));
    expect(await scene.logLine('ws_daemon.log', 'daemon stopping', 2)).toMatchObject({ reason: 'idle' });
    expect(scene.home.readDiscovery()).toMatchObject({ state: 'stopped' });
  });
});
